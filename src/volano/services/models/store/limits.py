"""Rows of limits, of money spent, and of money held for answers under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.models.model import Limit

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = "account, scope, subject, requests_per_minute, tokens_per_minute, day_nano, month_nano"


async def select_limits(reader: Reader, account: str, limit: int) -> list[Limit]:
    """By scope and subject."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM models_limit WHERE account = ? ORDER BY scope, subject LIMIT ?",
        account,
        limit,
    )
    return [_to_limit(row) for row in rows]


async def upsert_limit(tx: Tx, limit: Limit) -> None:
    await tx.execute(
        f"INSERT INTO models_limit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, scope, subject) DO UPDATE SET "
        "requests_per_minute = excluded.requests_per_minute, "
        "tokens_per_minute = excluded.tokens_per_minute, day_nano = excluded.day_nano, "
        "month_nano = excluded.month_nano",
        limit.account,
        limit.scope,
        limit.subject,
        limit.requests_per_minute,
        limit.tokens_per_minute,
        limit.day_nano,
        limit.month_nano,
    )


async def delete_limit(tx: Tx, account: str, scope: str, subject: str) -> int:
    return await tx.execute(
        "DELETE FROM models_limit WHERE account = ? AND scope = ? AND subject = ?",
        account,
        scope,
        subject,
    )


async def select_spent(reader: Reader, limit: Limit, period: str) -> int:
    """Billionths spent in a day or month."""
    row = await reader.row(
        "SELECT spent_nano FROM models_spent WHERE account = ? AND scope = ? AND subject = ? "
        "AND period = ? LIMIT 1",
        limit.account,
        limit.scope,
        limit.subject,
        period,
    )
    return 0 if row is None else int(row[0])


async def add_spent(tx: Tx, limit: Limit, period: str, nano: int) -> None:
    await tx.execute(
        "INSERT INTO models_spent (account, scope, subject, period, spent_nano) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, scope, subject, period) "
        "DO UPDATE SET spent_nano = models_spent.spent_nano + excluded.spent_nano",
        limit.account,
        limit.scope,
        limit.subject,
        period,
        nano,
    )


async def delete_spent(tx: Tx, before_month: str) -> int:
    """Forget the periods before a month."""
    return await tx.execute("DELETE FROM models_spent WHERE period < ?", before_month)


async def select_held(reader: Reader, limit: Limit, now_us: int) -> int:
    """Billionths held for answers under way."""
    row = await reader.row(
        "SELECT COALESCE(SUM(held_nano), 0) FROM models_hold WHERE account = ? AND scope = ? "
        "AND subject = ? AND expires_us > ? LIMIT 1",
        limit.account,
        limit.scope,
        limit.subject,
        now_us,
    )
    return 0 if row is None else int(row[0])


async def insert_hold(tx: Tx, limit: Limit, id: str, nano: int, expires_us: int) -> None:
    await tx.execute(
        "INSERT INTO models_hold (account, scope, subject, id, held_nano, expires_us) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        limit.account,
        limit.scope,
        limit.subject,
        id,
        nano,
        expires_us,
    )


async def delete_hold(tx: Tx, limit: Limit, id: str) -> int:
    return await tx.execute(
        "DELETE FROM models_hold WHERE account = ? AND scope = ? AND subject = ? AND id = ?",
        limit.account,
        limit.scope,
        limit.subject,
        id,
    )


async def delete_expired_holds(tx: Tx, now_us: int) -> int:
    return await tx.execute("DELETE FROM models_hold WHERE expires_us <= ?", now_us)


def _to_limit(row: Row) -> Limit:
    return Limit(
        account=row[0],
        scope=row[1],
        subject=row[2],
        requests_per_minute=row[3],
        tokens_per_minute=row[4],
        day_nano=row[5],
        month_nano=row[6],
    )
