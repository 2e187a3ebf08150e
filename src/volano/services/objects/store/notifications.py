"""Rows of s3_hook and s3_notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.model import Hook, Notice

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_HOOK = "account, name, url, secret, created_us"
_NOTICE = "id, account, hook, body, attempts, due_us, created_us"


async def select_hook(reader: Reader, account: str, name: str) -> Hook | None:
    row = await reader.row(
        f"SELECT {_HOOK} FROM s3_hook WHERE account = ? AND name = ?", account, name
    )
    return None if row is None else _hook(row)


async def select_hooks(reader: Reader, account: str, *, after: str, limit: int) -> list[Hook]:
    """Hooks of an account by name."""
    rows = await reader.rows(
        f"SELECT {_HOOK} FROM s3_hook WHERE account = ? AND name > ? ORDER BY name LIMIT ?",
        account,
        after,
        limit,
    )
    return [_hook(row) for row in rows]


async def count_hooks(reader: Reader, account: str) -> int:
    row = await reader.row("SELECT count(*) FROM s3_hook WHERE account = ?", account)
    return int(row[0]) if row else 0


async def upsert_hook(tx: Tx, hook: Hook) -> None:
    await tx.execute(
        f"INSERT INTO s3_hook ({_HOOK}) VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, name) "
        "DO UPDATE SET url = excluded.url, secret = excluded.secret",
        hook.account,
        hook.name,
        hook.url,
        hook.secret,
        hook.created_us,
    )


async def delete_hook(tx: Tx, account: str, name: str) -> int:
    """The hook with what is on its way to it."""
    await tx.execute("DELETE FROM s3_notice WHERE account = ? AND hook = ?", account, name)
    return await tx.execute("DELETE FROM s3_hook WHERE account = ? AND name = ?", account, name)


async def insert_notice(tx: Tx, notice: Notice) -> None:
    await tx.execute(
        f"INSERT INTO s3_notice ({_NOTICE}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        notice.id,
        notice.account,
        notice.hook,
        notice.body,
        notice.attempts,
        notice.due_us,
        notice.created_us,
    )


async def select_due_notices(reader: Reader, *, now_us: int, limit: int) -> list[Notice]:
    rows = await reader.rows(
        f"SELECT {_NOTICE} FROM s3_notice WHERE due_us <= ? ORDER BY due_us, id LIMIT ?",
        now_us,
        limit,
    )
    return [_notice(row) for row in rows]


async def update_notice(tx: Tx, notice_id: str, *, attempts: int, due_us: int) -> None:
    await tx.execute(
        "UPDATE s3_notice SET attempts = ?, due_us = ? WHERE id = ?", attempts, due_us, notice_id
    )


async def delete_notice(tx: Tx, notice_id: str) -> None:
    await tx.execute("DELETE FROM s3_notice WHERE id = ?", notice_id)


def _hook(row: Row) -> Hook:
    return Hook(account=row[0], name=row[1], url=row[2], secret=bytes(row[3]), created_us=row[4])


def _notice(row: Row) -> Notice:
    return Notice(
        id=row[0],
        account=row[1],
        hook=row[2],
        body=bytes(row[3]),
        attempts=row[4],
        due_us=row[5],
        created_us=row[6],
    )
