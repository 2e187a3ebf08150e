"""Rows of kms_key, kms_material and kms_alias."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.ids import AccountId
from volano.services.kms.model import Alias, Key, KeyState, Material

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_KEY = "account, id, description, state, policy, tags, version, created_us, deletion_us"
_ALIAS = "account, name, key_id, created_us, updated_us"
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


async def select_keys_due(reader: Reader, *, before_us: int, limit: int, region: str) -> list[Key]:
    """Keys whose waiting time before deletion is over."""
    rows = await reader.rows(
        f"SELECT {_KEY} FROM kms_key WHERE deletion_us <= ? ORDER BY deletion_us LIMIT ?",
        before_us,
        limit,
    )
    return [_key(row, region) for row in rows]


async def count_keys(reader: Reader, account: str) -> int:
    row = await reader.row("SELECT count(*) FROM kms_key WHERE account = ?", account)
    return int(row[0]) if row else 0


async def insert_key(tx: Tx, key: Key) -> None:
    await tx.execute(
        f"INSERT INTO kms_key ({_KEY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        key.account,
        key.id,
        key.description,
        key.state.value,
        key.policy,
        _encode(dict(key.tags)).decode(),
        key.version,
        key.created_us,
        key.deletion_us,
    )


async def update_key(tx: Tx, key: Key) -> None:
    """Write everything that may change of a key."""
    await tx.execute(
        "UPDATE kms_key SET description = ?, state = ?, policy = ?, tags = ?, version = ?, "
        "deletion_us = ? WHERE account = ? AND id = ?",
        key.description,
        key.state.value,
        key.policy,
        _encode(dict(key.tags)).decode(),
        key.version,
        key.deletion_us,
        key.account,
        key.id,
    )


async def delete_key(tx: Tx, key: Key) -> None:
    """The key with its material and aliases: what it encrypted is lost."""
    for table, column in (("kms_material", "key_id"), ("kms_alias", "key_id"), ("kms_key", "id")):
        await tx.execute(
            f"DELETE FROM {table} WHERE account = ? AND {column} = ?", key.account, key.id
        )


async def insert_material(tx: Tx, key: Key, material: Material) -> None:
    await tx.execute(
        "INSERT INTO kms_material (account, key_id, version, sealed, created_us) "
        "VALUES (?, ?, ?, ?, ?)",
        key.account,
        key.id,
        material.version,
        material.sealed,
        material.created_us,
    )


async def select_material(reader: Reader, key: Key, version: int) -> Material | None:
    row = await reader.row(
        "SELECT version, sealed, created_us FROM kms_material "
        "WHERE account = ? AND key_id = ? AND version = ?",
        key.account,
        key.id,
        version,
    )
    if row is None:
        return None
    return Material(version=row[0], sealed=bytes(row[1]), created_us=row[2])


async def select_alias(reader: Reader, account: str, name: str) -> Alias | None:
    row = await reader.row(
        f"SELECT {_ALIAS} FROM kms_alias WHERE account = ? AND name = ?", account, name
    )
    return None if row is None else _alias(row)


async def select_aliases(
    reader: Reader, account: str, *, key_id: str | None, after: str, limit: int
) -> list[Alias]:
    """Aliases by name: of the account, or of one key."""
    of_key = "" if key_id is None else "AND key_id = ? "
    values = () if key_id is None else (key_id,)
    rows = await reader.rows(
        f"SELECT {_ALIAS} FROM kms_alias WHERE account = ? AND name > ? {of_key}"
        "ORDER BY name LIMIT ?",
        account,
        after,
        *values,
        limit,
    )
    return [_alias(row) for row in rows]


async def insert_alias(tx: Tx, alias: Alias) -> None:
    await tx.execute(
        f"INSERT INTO kms_alias ({_ALIAS}) VALUES (?, ?, ?, ?, ?)",
        alias.account,
        alias.name,
        alias.key_id,
        alias.created_us,
        alias.updated_us,
    )


async def update_alias(tx: Tx, alias: Alias) -> None:
    await tx.execute(
        "UPDATE kms_alias SET key_id = ?, updated_us = ? WHERE account = ? AND name = ?",
        alias.key_id,
        alias.updated_us,
        alias.account,
        alias.name,
    )


async def delete_alias(tx: Tx, account: str, name: str) -> None:
    await tx.execute("DELETE FROM kms_alias WHERE account = ? AND name = ?", account, name)


def _key(row: Row, region: str) -> Key:
    account, key_id, description, state, policy, tags, version, created_us, deletion_us = row
    return Key(
        account=AccountId(account),
        region=region,
        id=key_id,
        description=description,
        state=KeyState(state),
        policy=policy,
        tags=_decode_tags(tags),
        version=version,
        created_us=created_us,
        deletion_us=deletion_us,
    )


def _alias(row: Row) -> Alias:
    account, name, key_id, created_us, updated_us = row
    return Alias(
        account=AccountId(account),
        name=name,
        key_id=key_id,
        created_us=created_us,
        updated_us=updated_us,
    )
