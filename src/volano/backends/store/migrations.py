"""Numbered migrations: found as files, applied once, in order, each in one transaction.

A database that knows a migration this program does not is newer than the program: it is refused,
untouched. A migration whose text changed after it was applied is refused too.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.errors import Internal

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")


class NewerSchema(Internal):
    """The data folder or database was written by a newer Volano."""

    code = "NewerSchema"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file: `area` is the service's name, `number` counts from 1 inside the area."""

    area: str
    number: int
    sql: str

    @property
    def key(self) -> str:
        return f"{self.area}/{self.number:04d}"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()[:16]


def find_migrations(package: Path) -> list[Migration]:
    """Every `services/*/schema/NNNN_*.sql` under the `volano` package, in order of area."""
    found: list[Migration] = []
    for path in sorted((package / "services").glob("*/schema/*.sql")):
        match = _NAME.match(path.name)
        if match is None:
            raise Internal(f"{path.name} is not a migration's name (NNNN_words.sql)")
        area = path.parent.parent.name
        found.append(Migration(area=area, number=int(match[1]), sql=path.read_text()))
    return found


def plan(applied: dict[str, str], wanted: list[Migration]) -> list[Migration]:
    """The migrations still to run. `applied` maps key to digest; raises NewerSchema."""
    by_key = {migration.key: migration for migration in wanted}
    unknown = sorted(set(applied) - set(by_key))
    if unknown:
        raise NewerSchema(
            f"The data was written by a newer Volano (it has {unknown[0]}). "
            "Start that version, or restore a backup made with this one."
        )
    for key, digest in applied.items():
        if by_key[key].digest != digest:
            raise NewerSchema(
                f"Migration {key} differs from the one that made this data. "
                "Use the Volano release that wrote it, or a new data folder."
            )
    return [migration for migration in wanted if migration.key not in applied]
