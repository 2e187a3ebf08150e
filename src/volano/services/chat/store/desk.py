"""Drafts, saved messages, followed threads, mentions, revisions and preferences of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.model.desk import (
    Follow,
    KeptDraft,
    Mention,
    Preferences,
    Revision,
    Saved,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Tx

MAX_DRAFTS = 200
MAX_REVISIONS = 100
MAX_FOLLOWERS = 5000
MAX_PEOPLE = 10_000


async def upsert_draft(tx: Tx, user_id: str, item: KeptDraft) -> None:
    await tx.execute(
        "INSERT INTO chat_draft (user_id, channel_id, thread_us, text, updated_us) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id, channel_id, thread_us) "
        "DO UPDATE SET text = excluded.text, updated_us = excluded.updated_us",
        user_id,
        item.channel_id,
        item.thread_us,
        item.text,
        item.updated_us,
    )


async def delete_draft(tx: Tx, user_id: str, channel_id: str, thread_us: int) -> None:
    await tx.execute(
        "DELETE FROM chat_draft WHERE user_id = ? AND channel_id = ? AND thread_us = ?",
        user_id,
        channel_id,
        thread_us,
    )


async def select_drafts(reader: Reader, user_id: str) -> list[KeptDraft]:
    """The newest first."""
    rows = await reader.rows(
        "SELECT channel_id, thread_us, text, updated_us FROM chat_draft WHERE user_id = ? "
        "ORDER BY updated_us DESC LIMIT ?",
        user_id,
        MAX_DRAFTS,
    )
    return [
        KeptDraft(channel_id=row[0], thread_us=row[1], text=row[2], updated_us=row[3])
        for row in rows
    ]


async def upsert_saved(tx: Tx, user_id: str, item: Saved) -> None:
    await tx.execute(
        "INSERT INTO chat_saved (user_id, channel_id, ts_us, saved_us, done_us) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id, channel_id, ts_us) "
        "DO UPDATE SET done_us = excluded.done_us",
        user_id,
        item.channel_id,
        item.ts_us,
        item.saved_us,
        item.done_us,
    )


async def delete_saved(tx: Tx, user_id: str, channel_id: str, ts_us: int) -> None:
    await tx.execute(
        "DELETE FROM chat_saved WHERE user_id = ? AND channel_id = ? AND ts_us = ?",
        user_id,
        channel_id,
        ts_us,
    )


async def is_saved(reader: Reader, user_id: str, channel_id: str, ts_us: int) -> bool:
    rows = await reader.rows(
        "SELECT 1 FROM chat_saved WHERE user_id = ? AND channel_id = ? AND ts_us = ? LIMIT 1",
        user_id,
        channel_id,
        ts_us,
    )
    return bool(rows)


async def select_saved(reader: Reader, user_id: str, *, limit: int) -> list[Saved]:
    """The newest first."""
    rows = await reader.rows(
        "SELECT channel_id, ts_us, saved_us, done_us FROM chat_saved WHERE user_id = ? "
        "ORDER BY saved_us DESC LIMIT ?",
        user_id,
        limit,
    )
    return [Saved(channel_id=row[0], ts_us=row[1], saved_us=row[2], done_us=row[3]) for row in rows]


async def insert_follow(tx: Tx, user_id: str, item: Follow) -> bool:
    """False when the person decided about this thread before."""
    changed = await tx.execute(
        "INSERT INTO chat_follow (user_id, channel_id, thread_us, following, last_read_us) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        user_id,
        item.channel_id,
        item.thread_us,
        int(item.following),
        item.last_read_us,
    )
    return changed == 1


async def upsert_follow(tx: Tx, user_id: str, item: Follow) -> None:
    await tx.execute(
        "INSERT INTO chat_follow (user_id, channel_id, thread_us, following, last_read_us) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id, channel_id, thread_us) "
        "DO UPDATE SET following = excluded.following",
        user_id,
        item.channel_id,
        item.thread_us,
        int(item.following),
        item.last_read_us,
    )


async def update_thread_read(
    tx: Tx, user_id: str, channel_id: str, thread_us: int, ts_us: int
) -> None:
    """The pointer of a followed thread only goes forward."""
    await tx.execute(
        "UPDATE chat_follow SET last_read_us = ? WHERE user_id = ? AND channel_id = ? "
        "AND thread_us = ? AND last_read_us < ?",
        ts_us,
        user_id,
        channel_id,
        thread_us,
        ts_us,
    )


async def update_threads_read(tx: Tx, user_id: str) -> None:
    """Every followed thread is read to its end."""
    await tx.execute(
        "UPDATE chat_follow SET last_read_us = (SELECT t.latest_reply_us FROM chat_message t "
        "WHERE t.channel_id = chat_follow.channel_id AND t.ts_us = chat_follow.thread_us) "
        "WHERE user_id = ? AND EXISTS (SELECT 1 FROM chat_message t "
        "WHERE t.channel_id = chat_follow.channel_id AND t.ts_us = chat_follow.thread_us "
        "AND t.latest_reply_us > chat_follow.last_read_us)",
        user_id,
    )


async def find_follow(
    reader: Reader, user_id: str, channel_id: str, thread_us: int
) -> Follow | None:
    row = await reader.row(
        "SELECT channel_id, thread_us, following, last_read_us FROM chat_follow "
        "WHERE user_id = ? AND channel_id = ? AND thread_us = ?",
        user_id,
        channel_id,
        thread_us,
    )
    return None if row is None else _follow(row)


async def select_followers(reader: Reader, channel_id: str, thread_us: int) -> list[str]:
    """Members of the channel who follow the thread."""
    rows = await reader.rows(
        "SELECT f.user_id FROM chat_follow f JOIN chat_member m ON m.channel_id = f.channel_id "
        "AND m.user_id = f.user_id WHERE f.channel_id = ? AND f.thread_us = ? AND f.following = 1 "
        "ORDER BY f.user_id LIMIT ?",
        channel_id,
        thread_us,
        MAX_FOLLOWERS,
    )
    return [row[0] for row in rows]


async def select_followed(reader: Reader, user_id: str, *, limit: int) -> list[Follow]:
    """Threads that the person follows in channels of hers, the one answered last first."""
    rows = await reader.rows(
        "SELECT f.channel_id, f.thread_us, f.following, f.last_read_us FROM chat_follow f "
        "JOIN chat_member m ON m.channel_id = f.channel_id AND m.user_id = f.user_id "
        "JOIN chat_message t ON t.channel_id = f.channel_id AND t.ts_us = f.thread_us "
        "WHERE f.user_id = ? AND f.following = 1 AND t.reply_count > 0 "
        "ORDER BY t.latest_reply_us DESC LIMIT ?",
        user_id,
        limit,
    )
    return [_follow(row) for row in rows]


async def count_unread_threads(reader: Reader, user_id: str, *, limit: int) -> int:
    row = await reader.row(
        "SELECT count(*) FROM (SELECT 1 FROM chat_follow f JOIN chat_member m "
        "ON m.channel_id = f.channel_id AND m.user_id = f.user_id "
        "JOIN chat_message t ON t.channel_id = f.channel_id AND t.ts_us = f.thread_us "
        "WHERE f.user_id = ? AND f.following = 1 AND t.latest_reply_us > f.last_read_us "
        "AND t.reply_count > 0 LIMIT ?) AS unread",
        user_id,
        limit,
    )
    return int(row[0]) if row else 0


async def insert_mention(tx: Tx, user_id: str, item: Mention) -> bool:
    """False when the message called this person already."""
    changed = await tx.execute(
        "INSERT INTO chat_mention (user_id, channel_id, ts_us, thread_us, reason) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        user_id,
        item.channel_id,
        item.ts_us,
        item.thread_us,
        item.reason,
    )
    return changed == 1


async def delete_mentions(tx: Tx, channel_id: str, ts_us: int) -> None:
    await tx.execute(
        "DELETE FROM chat_mention WHERE channel_id = ? AND ts_us = ?", channel_id, ts_us
    )


async def select_mentions(
    reader: Reader, user_id: str, *, before_us: int, limit: int
) -> list[Mention]:
    """What called the person in channels of hers, the newest first."""
    rows = await reader.rows(
        "SELECT n.channel_id, n.ts_us, n.thread_us, n.reason FROM chat_mention n "
        "JOIN chat_member m ON m.channel_id = n.channel_id AND m.user_id = n.user_id "
        "WHERE n.user_id = ? AND n.ts_us < ? ORDER BY n.ts_us DESC LIMIT ?",
        user_id,
        before_us,
        limit,
    )
    return [
        Mention(channel_id=row[0], ts_us=row[1], thread_us=row[2], reason=row[3]) for row in rows
    ]


async def insert_revision(tx: Tx, channel_id: str, ts_us: int, item: Revision) -> None:
    await tx.execute(
        "INSERT INTO chat_revision (channel_id, ts_us, revised_us, user_id, text, deleted) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        channel_id,
        ts_us,
        item.revised_us,
        item.user_id,
        item.text,
        int(item.deleted),
    )


async def select_revisions(reader: Reader, channel_id: str, ts_us: int) -> list[Revision]:
    """The newest first."""
    rows = await reader.rows(
        "SELECT revised_us, user_id, text, deleted FROM chat_revision "
        "WHERE channel_id = ? AND ts_us = ? ORDER BY revised_us DESC LIMIT ?",
        channel_id,
        ts_us,
        MAX_REVISIONS,
    )
    return [
        Revision(revised_us=row[0], user_id=row[1], text=row[2], deleted=bool(row[3]))
        for row in rows
    ]


async def select_deleted(reader: Reader, channel_id: str) -> list[tuple[int, Revision]]:
    """Texts of deleted messages by `ts`, the newest deletion first; 500 at most."""
    rows = await reader.rows(
        "SELECT ts_us, revised_us, user_id, text FROM chat_revision "
        "WHERE channel_id = ? AND deleted = 1 ORDER BY revised_us DESC LIMIT 500",
        channel_id,
    )
    return [
        (row[0], Revision(revised_us=row[1], user_id=row[2], text=row[3], deleted=True))
        for row in rows
    ]


async def delete_revisions(tx: Tx, channel_id: str, ts_us: int) -> None:
    await tx.execute(
        "DELETE FROM chat_revision WHERE channel_id = ? AND ts_us = ?", channel_id, ts_us
    )


async def find_preferences(reader: Reader, user_id: str) -> Preferences:
    row = await reader.row("SELECT body FROM chat_preference WHERE user_id = ?", user_id)
    return Preferences() if row is None else msgspec.json.decode(row[0], type=Preferences)


async def select_preferences_of_members(reader: Reader, channel_id: str) -> dict[str, Preferences]:
    """Of those in the channel who chose something."""
    rows = await reader.rows(
        "SELECT p.user_id, p.body FROM chat_member m JOIN chat_preference p "
        "ON p.user_id = m.user_id WHERE m.channel_id = ? ORDER BY p.user_id LIMIT ?",
        channel_id,
        MAX_PEOPLE,
    )
    return {row[0]: msgspec.json.decode(row[1], type=Preferences) for row in rows}


async def upsert_preferences(tx: Tx, account: str, user_id: str, item: Preferences) -> None:
    await tx.execute(
        "INSERT INTO chat_preference (user_id, account, body) VALUES (?, ?, ?) "
        "ON CONFLICT (user_id) DO UPDATE SET body = excluded.body",
        user_id,
        account,
        msgspec.json.encode(item).decode(),
    )


async def select_readers(reader: Reader, channel_id: str, *, limit: int) -> list[tuple[str, int]]:
    """Members and how far each has read."""
    rows = await reader.rows(
        "SELECT m.user_id, m.last_read_us FROM chat_member m JOIN chat_user u ON u.id = m.user_id "
        "WHERE m.channel_id = ? AND u.bot_id = '' AND u.deleted = 0 ORDER BY m.user_id LIMIT ?",
        channel_id,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


def _follow(row: Sequence[object]) -> Follow:
    return Follow(
        channel_id=str(row[0]),
        thread_us=int(str(row[1])),
        following=bool(row[2]),
        last_read_us=int(str(row[3])),
    )
