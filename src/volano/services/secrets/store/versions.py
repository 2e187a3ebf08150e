"""Rows of secrets_version and secrets_stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.secrets.model import MAX_STAGES, MAX_VERSIONS, Version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Row, Tx
    from volano.services.secrets.model import Secret

_VERSION = "id, data_key, sealed, is_binary, digest, kms_key, created_us, accessed_us"
_MAX_STAGE_ROWS = MAX_STAGES * (MAX_VERSIONS + 1)


async def select_stages(reader: Reader, secret: Secret) -> dict[str, str]:
    """Stage to version id."""
    rows = await reader.rows(
        "SELECT stage, version_id FROM secrets_stage WHERE account = ? AND name = ? "
        "ORDER BY stage LIMIT ?",
        secret.account,
        secret.name,
        _MAX_STAGE_ROWS,
    )
    return {row[0]: row[1] for row in rows}


async def select_stages_of(
    reader: Reader, account: str, names: Sequence[str]
) -> dict[str, dict[str, list[str]]]:
    """Of each secret named: version id to stages."""
    marks = ", ".join("?" * len(names))
    rows = await reader.rows(
        "SELECT name, version_id, stage FROM secrets_stage WHERE account = ? "
        f"AND name IN ({marks}) ORDER BY name, stage LIMIT ?",
        account,
        *names,
        _MAX_STAGE_ROWS * len(names),
    )
    found: dict[str, dict[str, list[str]]] = {name: {} for name in names}
    for name, version_id, stage in rows:
        found[name].setdefault(version_id, []).append(stage)
    return found


async def find_version(reader: Reader, secret: Secret, version_id: str) -> Version | None:
    row = await reader.row(
        f"SELECT {_VERSION} FROM secrets_version WHERE account = ? AND name = ? AND id = ?",
        secret.account,
        secret.name,
        version_id,
    )
    if row is None:
        return None
    stages = await select_stages(reader, secret)
    return _version(row, stages)


async def select_versions(reader: Reader, secret: Secret) -> list[Version]:
    """All versions that are kept, the newest first."""
    rows = await reader.rows(
        f"SELECT {_VERSION} FROM secrets_version WHERE account = ? AND name = ? "
        "ORDER BY created_us DESC, id LIMIT ?",
        secret.account,
        secret.name,
        MAX_VERSIONS + 1,
    )
    stages = await select_stages(reader, secret)
    return [_version(row, stages) for row in rows]


async def put_version(tx: Tx, secret: Secret, version: Version) -> None:
    """Store a version; one that was only announced gets its value. Stages are left alone."""
    await tx.execute(
        f"INSERT INTO secrets_version (account, name, {_VERSION}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, name, id) DO UPDATE SET "
        "data_key = excluded.data_key, sealed = excluded.sealed, is_binary = excluded.is_binary, "
        "digest = excluded.digest, kms_key = excluded.kms_key",
        secret.account,
        secret.name,
        version.id,
        version.data_key,
        version.sealed,
        int(version.is_binary),
        version.digest,
        version.kms_key,
        version.created_us,
        version.accessed_us,
    )


async def update_accessed(tx: Tx, secret: Secret, version_id: str, day_us: int) -> None:
    await tx.execute(
        "UPDATE secrets_version SET accessed_us = ? WHERE account = ? AND name = ? AND id = ?",
        day_us,
        secret.account,
        secret.name,
        version_id,
    )


async def delete_version(tx: Tx, secret: Secret, version_id: str) -> None:
    await tx.execute(
        "DELETE FROM secrets_version WHERE account = ? AND name = ? AND id = ?",
        secret.account,
        secret.name,
        version_id,
    )


async def put_stage(tx: Tx, secret: Secret, stage: str, version_id: str) -> None:
    """Let the stage name that version, and no other any more."""
    await tx.execute(
        "INSERT INTO secrets_stage (account, name, stage, version_id) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (account, name, stage) DO UPDATE SET version_id = excluded.version_id",
        secret.account,
        secret.name,
        stage,
        version_id,
    )


async def delete_stage(tx: Tx, secret: Secret, stage: str) -> None:
    await tx.execute(
        "DELETE FROM secrets_stage WHERE account = ? AND name = ? AND stage = ?",
        secret.account,
        secret.name,
        stage,
    )


def _version(row: Row, stages: dict[str, str]) -> Version:
    return Version(
        id=row[0],
        data_key=bytes(row[1]),
        sealed=bytes(row[2]),
        is_binary=bool(row[3]),
        digest=bytes(row[4]),
        kms_key=row[5],
        created_us=row[6],
        accessed_us=row[7],
        stages=tuple(stage for stage, version_id in stages.items() if version_id == row[0]),
    )
