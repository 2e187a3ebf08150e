"""SQL of the models service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.models.model import Model, Task

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = "account, name, task, source, licence, note, size_bytes, created_us, owned_by"
MAX_MODELS = 1000


async def select_models(reader: Reader, account: str) -> list[Model]:
    """The account's models and the built-in ones, by name."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM models_model WHERE account IN ('', ?) ORDER BY name LIMIT ?",
        account,
        MAX_MODELS,
    )
    return [_to_model(row) for row in rows]


async def select_model(reader: Reader, account: str, name: str) -> Model | None:
    """The account's own model of that name, else the built-in one."""
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM models_model WHERE account IN ('', ?) AND name = ? "
        "ORDER BY account DESC LIMIT 1",
        account,
        name,
    )
    return None if row is None else _to_model(row)


async def upsert_model(tx: Tx, model: Model) -> None:
    await tx.execute(
        f"INSERT INTO models_model ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, name) DO UPDATE SET task = excluded.task, "
        "source = excluded.source, licence = excluded.licence, note = excluded.note, "
        "size_bytes = excluded.size_bytes, owned_by = excluded.owned_by",
        model.account,
        model.name,
        model.task.value,
        model.source,
        model.licence,
        model.note,
        model.size_bytes,
        model.created_us,
        model.owned_by,
    )


async def delete_model(tx: Tx, account: str, name: str) -> int:
    return await tx.execute(
        "DELETE FROM models_model WHERE account = ? AND name = ?", account, name
    )


def _to_model(row: Row) -> Model:
    return Model(
        account=row[0],
        name=row[1],
        task=Task(row[2]),
        source=row[3],
        licence=row[4],
        note=row[5],
        size_bytes=row[6],
        created_us=row[7],
        owned_by=row[8],
    )
