"""Rows of kms_alias."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.ids import AccountId
from volano.services.kms.model import Alias

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_ALIAS = "account, name, key_id, created_us, updated_us"


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


def _alias(row: Row) -> Alias:
    account, name, key_id, created_us, updated_us = row
    return Alias(
        account=AccountId(account),
        name=name,
        key_id=key_id,
        created_us=created_us,
        updated_us=updated_us,
    )
