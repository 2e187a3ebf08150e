"""Rows of secrets_secret and secrets_rotation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.ids import AccountId
from volano.services.secrets.model import Rotation, Secret

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx, Value

_COLUMNS = (
    "account, name, suffix, description, kms_key, policy, tags, created_us, changed_us, "
    "accessed_us, deleted_us, deletion_us, rotation_on, rotation_hook, rotation_rules, rotated_us, "
    "rotation_us"
)
_SORTS = {
    "created": "created_us",
    "changed": "changed_us",
    "accessed": "accessed_us",
    "name": "created_us * 0",
}
_decode_tags = msgspec.json.Decoder(dict[str, str]).decode


async def find_secret(reader: Reader, account: str, name: str, *, region: str) -> Secret | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM secrets_secret WHERE account = ? AND name = ?", account, name
    )
    return None if row is None else _secret(row, region)


async def count_secrets(reader: Reader, account: str) -> int:
    row = await reader.row("SELECT count(*) FROM secrets_secret WHERE account = ?", account)
    return int(row[0]) if row else 0


async def insert_secret(tx: Tx, secret: Secret) -> None:
    await tx.execute(
        f"INSERT INTO secrets_secret ({_COLUMNS}) VALUES ({', '.join('?' * 17)})",
        secret.account,
        secret.name,
        secret.suffix,
        *_changing(secret)[:4],
        secret.created_us,
        *_changing(secret)[4:],
    )


async def update_secret(tx: Tx, secret: Secret) -> None:
    """Write everything that may change of a secret."""
    await tx.execute(
        "UPDATE secrets_secret SET description = ?, kms_key = ?, policy = ?, tags = ?, "
        "changed_us = ?, accessed_us = ?, deleted_us = ?, deletion_us = ?, rotation_on = ?, "
        "rotation_hook = ?, rotation_rules = ?, rotated_us = ?, rotation_us = ? "
        "WHERE account = ? AND name = ?",
        *_changing(secret),
        secret.account,
        secret.name,
    )


async def update_accessed(tx: Tx, secret: Secret, day_us: int) -> None:
    await tx.execute(
        "UPDATE secrets_secret SET accessed_us = ? WHERE account = ? AND name = ?",
        day_us,
        secret.account,
        secret.name,
    )


def _changing(secret: Secret) -> tuple[Value, ...]:
    return (
        secret.description,
        secret.kms_key,
        secret.policy,
        msgspec.json.encode(dict(secret.tags)).decode(),
        secret.changed_us,
        secret.accessed_us,
        secret.deleted_us,
        secret.deletion_us,
        int(secret.rotation_on),
        secret.rotation_hook,
        secret.rotation_rules,
        secret.rotated_us,
        secret.rotation_us,
    )


async def delete_secret(tx: Tx, secret: Secret) -> None:
    """The secret with all its versions."""
    for table in ("secrets_rotation", "secrets_stage", "secrets_version", "secrets_secret"):
        await tx.execute(
            f"DELETE FROM {table} WHERE account = ? AND name = ?", secret.account, secret.name
        )


async def select_secrets(
    reader: Reader,
    account: str,
    *,
    sort: str,
    descending: bool,
    after: tuple[int, str] | None,
    limit: int,
    region: str,
) -> list[Secret]:
    """A page of an account's secrets by `created`, `changed`, `accessed` or `name`."""
    column = _SORTS[sort]
    way, order = ("<", "DESC") if descending else (">", "ASC")
    value = f"coalesce({column}, 0)" if column == "accessed_us" else column
    bound: list[Value] = [account]
    clause = ""
    if after is not None:
        clause = f"AND ({value}, name) {way} (?, ?) "
        bound += [*after]
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM secrets_secret WHERE account = ? {clause}"
        f"ORDER BY {value} {order}, name {order} LIMIT ?",
        *bound,
        limit,
    )
    return [_secret(row, region) for row in rows]


async def select_due(
    reader: Reader, column: str, *, before_us: int, limit: int, region: str
) -> list[Secret]:
    """Secrets whose `deletion_us` or `rotation_us` has come, the oldest first."""
    assert column in ("deletion_us", "rotation_us"), column
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM secrets_secret WHERE {column} <= ? ORDER BY {column} LIMIT ?",
        before_us,
        limit,
    )
    return [_secret(row, region) for row in rows]


async def put_rotation(tx: Tx, rotation: Rotation) -> None:
    """Write where a rotation stands; it replaces what was there."""
    await tx.execute(
        "INSERT INTO secrets_rotation (account, name, version_id, step, attempts, due_us) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account, name) DO UPDATE SET "
        "version_id = excluded.version_id, step = excluded.step, attempts = excluded.attempts, "
        "due_us = excluded.due_us",
        rotation.account,
        rotation.name,
        rotation.version_id,
        rotation.step,
        rotation.attempts,
        rotation.due_us,
    )


async def find_rotation(reader: Reader, account: str, name: str) -> Rotation | None:
    row = await reader.row(
        "SELECT account, name, version_id, step, attempts, due_us FROM secrets_rotation "
        "WHERE account = ? AND name = ?",
        account,
        name,
    )
    return None if row is None else _rotation(row)


async def select_rotations_due(reader: Reader, *, before_us: int, limit: int) -> list[Rotation]:
    rows = await reader.rows(
        "SELECT account, name, version_id, step, attempts, due_us FROM secrets_rotation "
        "WHERE due_us <= ? ORDER BY due_us LIMIT ?",
        before_us,
        limit,
    )
    return [_rotation(row) for row in rows]


async def delete_rotation(tx: Tx, account: str, name: str) -> None:
    await tx.execute("DELETE FROM secrets_rotation WHERE account = ? AND name = ?", account, name)


def _rotation(row: Row) -> Rotation:
    return Rotation(
        account=AccountId(row[0]),
        name=row[1],
        version_id=row[2],
        step=row[3],
        attempts=row[4],
        due_us=row[5],
    )


def _secret(row: Row, region: str) -> Secret:
    return Secret(
        account=AccountId(row[0]),
        region=region,
        name=row[1],
        suffix=row[2],
        description=row[3],
        kms_key=row[4],
        policy=row[5],
        tags=_decode_tags(row[6]),
        created_us=row[7],
        changed_us=row[8],
        accessed_us=row[9],
        deleted_us=row[10],
        deletion_us=row[11],
        rotation_on=bool(row[12]),
        rotation_hook=row[13],
        rotation_rules=row[14],
        rotated_us=row[15],
        rotation_us=row[16],
    )
