"""Rows of the account's settings and of what people spent in a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.assistants.model import Settings

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx


async def find_settings(reader: Reader, account: str) -> Settings:
    """The account's, or those of an account that chose nothing."""
    row = await reader.row(
        "SELECT model, may_act, tokens_per_day FROM assistants_settings WHERE account = ?", account
    )
    if row is None:
        return Settings(account=account)
    return Settings(account=account, model=row[0], may_act=bool(row[1]), tokens_per_day=row[2])


async def upsert_settings(tx: Tx, settings: Settings) -> None:
    await tx.execute(
        "INSERT INTO assistants_settings (account, model, may_act, tokens_per_day) "
        "VALUES (?, ?, ?, ?) ON CONFLICT (account) DO UPDATE SET model = excluded.model, "
        "may_act = excluded.may_act, tokens_per_day = excluded.tokens_per_day",
        settings.account,
        settings.model,
        int(settings.may_act),
        settings.tokens_per_day,
    )


async def add_spend(tx: Tx, account: str, principal_id: str, day: str, tokens: int) -> None:
    await tx.execute(
        "INSERT INTO assistants_spend (account, principal_id, day, tokens) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (account, principal_id, day) "
        "DO UPDATE SET tokens = assistants_spend.tokens + excluded.tokens",
        account,
        principal_id,
        day,
        tokens,
    )


async def find_spend(reader: Reader, account: str, principal_id: str, day: str) -> int:
    row = await reader.row(
        "SELECT tokens FROM assistants_spend WHERE account = ? AND principal_id = ? AND day = ?",
        account,
        principal_id,
        day,
    )
    return row[0] if row else 0
