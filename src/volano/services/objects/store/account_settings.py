"""Rows of s3_account_setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.ids import AccountId
    from volano.kernel.store import Reader, Tx


async def select_setting(reader: Reader, account: AccountId, kind: str) -> str | None:
    row = await reader.row(
        "SELECT document FROM s3_account_setting WHERE account = ? AND kind = ? LIMIT 1",
        account,
        kind,
    )
    return None if row is None else str(row[0])


async def upsert_setting(tx: Tx, account: AccountId, kind: str, document: str) -> None:
    await tx.execute(
        "INSERT INTO s3_account_setting (account, kind, document) VALUES (?, ?, ?) "
        "ON CONFLICT (account, kind) DO UPDATE SET document = excluded.document",
        account,
        kind,
        document,
    )


async def delete_setting(tx: Tx, account: AccountId, kind: str) -> None:
    await tx.execute("DELETE FROM s3_account_setting WHERE account = ? AND kind = ?", account, kind)
