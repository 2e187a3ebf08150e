"""Accounts, quotas and sign-in attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.ids import AccountId
from volano.services.identity.model.principals import Account

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_ACCOUNT = "id, alias, name, created_us"


def _account(row: Row) -> Account:
    return Account(id=AccountId(row[0]), alias=row[1], name=row[2], created_us=row[3])


async def insert_account(tx: Tx, account: Account) -> None:
    await tx.execute(
        f"INSERT INTO identity_account ({_ACCOUNT}) VALUES (?, ?, ?, ?)",
        account.id,
        account.alias,
        account.name,
        account.created_us,
    )


async def find_account(reader: Reader, account: str) -> Account | None:
    row = await reader.row(f"SELECT {_ACCOUNT} FROM identity_account WHERE id = ?", account)
    return _account(row) if row else None


async def find_account_by_alias(reader: Reader, alias: str) -> Account | None:
    row = await reader.row(f"SELECT {_ACCOUNT} FROM identity_account WHERE alias = ?", alias)
    return _account(row) if row else None


async def select_accounts(reader: Reader, *, limit: int) -> list[Account]:
    """The oldest first."""
    rows = await reader.rows(
        f"SELECT {_ACCOUNT} FROM identity_account ORDER BY created_us, id LIMIT ?", limit
    )
    return [_account(row) for row in rows]


async def update_alias(tx: Tx, account: AccountId, alias: str | None) -> None:
    await tx.execute("UPDATE identity_account SET alias = ? WHERE id = ?", alias, account)


async def select_quotas(reader: Reader, account: str) -> dict[str, int]:
    rows = await reader.rows(
        "SELECT name, value FROM identity_quota WHERE account = ? ORDER BY name", account
    )
    return {row[0]: row[1] for row in rows}


async def find_quota(reader: Reader, account: str, name: str) -> int | None:
    row = await reader.row(
        "SELECT value FROM identity_quota WHERE account = ? AND name = ?", account, name
    )
    return row[0] if row else None


async def upsert_quota(tx: Tx, account: str, name: str, value: int) -> None:
    await tx.execute(
        "INSERT INTO identity_quota (account, name, value) VALUES (?, ?, ?) "
        "ON CONFLICT (account, name) DO UPDATE SET value = excluded.value",
        account,
        name,
        value,
    )


async def delete_quota(tx: Tx, account: str, name: str) -> None:
    await tx.execute("DELETE FROM identity_quota WHERE account = ? AND name = ?", account, name)


async def count_attempt(tx: Tx, key: str, *, now_us: int, window_us: int) -> int:
    """One more attempt under `key`; returns how many there were in the current window."""
    row = await tx.row(
        "SELECT attempts, window_us FROM identity_sign_in_attempt WHERE attempt_key = ?", key
    )
    if row is None or now_us - row[1] >= window_us:
        attempts, began_us = 1, now_us
    else:
        attempts, began_us = row[0] + 1, row[1]
    await tx.execute(
        "INSERT INTO identity_sign_in_attempt (attempt_key, attempts, window_us) VALUES (?, ?, ?) "
        "ON CONFLICT (attempt_key) DO UPDATE SET attempts = excluded.attempts, "
        "window_us = excluded.window_us",
        key,
        attempts,
        began_us,
    )
    return attempts


async def take_attempt_back(tx: Tx, key: str) -> None:
    await tx.execute(
        "UPDATE identity_sign_in_attempt SET attempts = attempts - 1 "
        "WHERE attempt_key = ? AND attempts > 0",
        key,
    )


async def delete_attempts(tx: Tx, key: str) -> None:
    await tx.execute("DELETE FROM identity_sign_in_attempt WHERE attempt_key = ?", key)


async def delete_old_attempts(tx: Tx, *, before_us: int) -> None:
    await tx.execute("DELETE FROM identity_sign_in_attempt WHERE window_us < ?", before_us)
