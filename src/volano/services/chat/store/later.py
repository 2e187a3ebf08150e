"""What happens later: reminders and scheduled messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.chat.model.items import Reminder, Scheduled

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_REMINDER = "id, account, creator, user_id, text, recurring, due_us, told_us, complete_us"
_SCHEDULED = "id, account, user_id, principal_id, channel_id, post_us, draft, created_us"


async def find_reminder(reader: Reader, account: str, reminder_id: str) -> Reminder | None:
    row = await reader.row(
        f"SELECT {_REMINDER} FROM chat_reminder WHERE id = ? AND account = ?", reminder_id, account
    )
    return None if row is None else _reminder(row)


async def select_reminders(reader: Reader, user_id: str) -> list[Reminder]:
    """The user's, by when they are due; at most 1,000."""
    rows = await reader.rows(
        f"SELECT {_REMINDER} FROM chat_reminder WHERE user_id = ? ORDER BY due_us LIMIT 1000",
        user_id,
    )
    return [_reminder(row) for row in rows]


async def select_due_reminders(reader: Reader, now_us: int, limit: int) -> list[Reminder]:
    rows = await reader.rows(
        f"SELECT {_REMINDER} FROM chat_reminder WHERE told_us = 0 AND complete_us = 0 "
        "AND due_us <= ? ORDER BY due_us LIMIT ?",
        now_us,
        limit,
    )
    return [_reminder(row) for row in rows]


async def upsert_reminder(tx: Tx, item: Reminder) -> None:
    await tx.execute(
        f"INSERT INTO chat_reminder ({_REMINDER}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET due_us = excluded.due_us, told_us = excluded.told_us, "
        "complete_us = excluded.complete_us",
        item.id,
        item.account,
        item.creator,
        item.user_id,
        item.text,
        item.recurring,
        item.due_us,
        item.told_us,
        item.complete_us,
    )


async def delete_reminder(tx: Tx, reminder_id: str) -> None:
    await tx.execute("DELETE FROM chat_reminder WHERE id = ?", reminder_id)


async def insert_scheduled(tx: Tx, item: Scheduled) -> None:
    await tx.execute(
        f"INSERT INTO chat_scheduled ({_SCHEDULED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        item.id,
        item.account,
        item.user_id,
        item.principal_id,
        item.channel_id,
        item.post_us,
        json.dumps(item.draft),
        item.created_us,
    )


async def find_scheduled(reader: Reader, user_id: str, scheduled_id: str) -> Scheduled | None:
    row = await reader.row(
        f"SELECT {_SCHEDULED} FROM chat_scheduled WHERE id = ? AND user_id = ?",
        scheduled_id,
        user_id,
    )
    return None if row is None else _scheduled(row)


async def select_scheduled(
    reader: Reader, user_id: str, *, channel_id: str, after_us: int, before_us: int, limit: int
) -> list[Scheduled]:
    """The user's, by when they are posted; `channel_id` '' is every channel."""
    rows = await reader.rows(
        f"SELECT {_SCHEDULED} FROM chat_scheduled WHERE user_id = ? AND (? = '' OR channel_id = ?) "
        "AND post_us > ? AND post_us < ? ORDER BY post_us, id LIMIT ?",
        user_id,
        channel_id,
        channel_id,
        after_us,
        before_us,
        limit,
    )
    return [_scheduled(row) for row in rows]


async def select_due_scheduled(reader: Reader, now_us: int, limit: int) -> list[Scheduled]:
    rows = await reader.rows(
        f"SELECT {_SCHEDULED} FROM chat_scheduled WHERE post_us <= ? ORDER BY post_us LIMIT ?",
        now_us,
        limit,
    )
    return [_scheduled(row) for row in rows]


async def delete_scheduled(tx: Tx, scheduled_id: str) -> bool:
    changed = await tx.execute("DELETE FROM chat_scheduled WHERE id = ?", scheduled_id)
    return changed == 1


def _reminder(row: Row) -> Reminder:
    return Reminder(
        id=row[0],
        account=row[1],
        creator=row[2],
        user_id=row[3],
        text=row[4],
        recurring=row[5],
        due_us=row[6],
        told_us=row[7],
        complete_us=row[8],
    )


def _scheduled(row: Row) -> Scheduled:
    return Scheduled(
        id=row[0],
        account=row[1],
        user_id=row[2],
        principal_id=row[3],
        channel_id=row[4],
        post_us=row[5],
        draft=json.loads(row[6]),
        created_us=row[7],
    )
