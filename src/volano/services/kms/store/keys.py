"""Rows of kms_key and kms_material."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.ids import AccountId
from volano.services.kms.model import Key, KeyState, Material

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_KEY = (
    "account, id, description, state, policy, tags, version, created_us, deletion_us, spec, usage, "
    "origin, key_manager, multi_region, rotation_days, rotation_us, expires_us"
)
_MATERIAL = "version, sealed, created_us, made_by, digest"
_encode = msgspec.json.Encoder().encode
_decode_tags = msgspec.json.Decoder(dict[str, str]).decode


async def select_key(reader: Reader, account: str, key_id: str, *, region: str) -> Key | None:
    row = await reader.row(
        f"SELECT {_KEY} FROM kms_key WHERE account = ? AND id = ?", account, key_id
    )
    return None if row is None else _key(row, region)


async def select_keys(
    reader: Reader, account: str, *, after: str, limit: int, region: str
) -> list[Key]:
    rows = await reader.rows(
        f"SELECT {_KEY} FROM kms_key WHERE account = ? AND id > ? ORDER BY id LIMIT ?",
        account,
        after,
        limit,
    )
    return [_key(row, region) for row in rows]


async def select_keys_due(
    reader: Reader, column: str, *, before_us: int, limit: int, region: str
) -> list[Key]:
    """Keys whose `deletion_us`, `rotation_us` or `expires_us` has come, the oldest first."""
    assert column in ("deletion_us", "rotation_us", "expires_us"), column
    rows = await reader.rows(
        f"SELECT {_KEY} FROM kms_key WHERE {column} <= ? ORDER BY {column} LIMIT ?",
        before_us,
        limit,
    )
    return [_key(row, region) for row in rows]


async def count_keys(reader: Reader, account: str) -> int:
    row = await reader.row("SELECT count(*) FROM kms_key WHERE account = ?", account)
    return int(row[0]) if row else 0


async def insert_key(tx: Tx, key: Key) -> None:
    await tx.execute(
        f"INSERT INTO kms_key ({_KEY}) VALUES ({', '.join('?' * 17)})",
        key.account,
        key.id,
        key.description,
        key.state.value,
        key.policy,
        _encode(dict(key.tags)).decode(),
        key.version,
        key.created_us,
        key.deletion_us,
        key.spec,
        key.usage,
        key.origin,
        key.key_manager,
        int(key.multi_region),
        key.rotation_days,
        key.rotation_us,
        key.expires_us,
    )


async def update_key(tx: Tx, key: Key) -> None:
    """Write everything that may change of a key."""
    await tx.execute(
        "UPDATE kms_key SET description = ?, state = ?, policy = ?, tags = ?, version = ?, "
        "deletion_us = ?, rotation_days = ?, rotation_us = ?, expires_us = ? "
        "WHERE account = ? AND id = ?",
        key.description,
        key.state.value,
        key.policy,
        _encode(dict(key.tags)).decode(),
        key.version,
        key.deletion_us,
        key.rotation_days,
        key.rotation_us,
        key.expires_us,
        key.account,
        key.id,
    )


_PARTS = (
    ("kms_material", "key_id"),
    ("kms_alias", "key_id"),
    ("kms_grant", "key_id"),
    ("kms_import", "key_id"),
    ("kms_key", "id"),
)


async def delete_key(tx: Tx, key: Key) -> None:
    """The key with all that belongs to it: what it encrypted is lost."""
    for table, column in _PARTS:
        await tx.execute(
            f"DELETE FROM {table} WHERE account = ? AND {column} = ?", key.account, key.id
        )


async def insert_material(tx: Tx, key: Key, material: Material) -> None:
    """Store a version of the key's bytes; one that is there already is replaced (an import)."""
    await tx.execute(
        f"INSERT INTO kms_material (account, key_id, {_MATERIAL}) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, key_id, version) DO UPDATE SET sealed = excluded.sealed, "
        "created_us = excluded.created_us, digest = excluded.digest",
        key.account,
        key.id,
        material.version,
        material.sealed,
        material.created_us,
        material.made_by,
        material.digest,
    )


async def empty_material(tx: Tx, key: Key) -> None:
    """Delete the bytes of all versions; what they were is known by the digest."""
    sql = "UPDATE kms_material SET sealed = ? WHERE account = ? AND key_id = ?"
    await tx.execute(sql, b"", key.account, key.id)


async def select_material(reader: Reader, key: Key, version: int) -> Material | None:
    row = await reader.row(
        f"SELECT {_MATERIAL} FROM kms_material WHERE account = ? AND key_id = ? AND version = ?",
        key.account,
        key.id,
        version,
    )
    return None if row is None else _material(row)


async def select_rotations(reader: Reader, key: Key, *, after: int, limit: int) -> list[Material]:
    """What rotations made, the oldest first; their `sealed` is left out."""
    rows = await reader.rows(
        "SELECT version, created_us, made_by FROM kms_material "
        "WHERE account = ? AND key_id = ? AND made_by <> '' AND version > ? "
        "ORDER BY version LIMIT ?",
        key.account,
        key.id,
        after,
        limit,
    )
    return [Material(version=r[0], sealed=b"", created_us=r[1], made_by=r[2]) for r in rows]


async def count_rotations(reader: Reader, key: Key, made_by: str) -> int:
    row = await reader.row(
        "SELECT count(*) FROM kms_material WHERE account = ? AND key_id = ? AND made_by = ?",
        key.account,
        key.id,
        made_by,
    )
    return int(row[0]) if row else 0


def _material(row: Row) -> Material:
    version, sealed, created_us, made_by, digest = row
    return Material(
        version=version,
        sealed=bytes(sealed),
        created_us=created_us,
        made_by=made_by,
        digest=None if digest is None else bytes(digest),
    )


def _key(row: Row, region: str) -> Key:
    return Key(
        account=AccountId(row[0]),
        region=region,
        id=row[1],
        description=row[2],
        state=KeyState(row[3]),
        policy=row[4],
        tags=_decode_tags(row[5]),
        multi_region=bool(row[13]),
        rotation_days=row[14],
        rotation_us=row[15],
        expires_us=row[16],
        version=row[6],
        created_us=row[7],
        deletion_us=row[8],
        spec=row[9],
        usage=row[10],
        origin=row[11],
        key_manager=row[12],
    )
