"""Pins and bookmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.model.items import Bookmark, Pin

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_PIN = "channel_id, ts_us, user_id, pinned_us"
_BOOKMARK = (
    "id, channel_id, title, link, emoji, rank, created_by, updated_by, created_us, updated_us"
)


async def insert_pin(tx: Tx, item: Pin) -> bool:
    """False when the message is pinned already."""
    changed = await tx.execute(
        f"INSERT INTO chat_pin ({_PIN}) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        item.channel_id,
        item.ts_us,
        item.user_id,
        item.pinned_us,
    )
    return changed == 1


async def delete_pin(tx: Tx, channel_id: str, ts_us: int) -> bool:
    changed = await tx.execute(
        "DELETE FROM chat_pin WHERE channel_id = ? AND ts_us = ?", channel_id, ts_us
    )
    return changed == 1


async def select_pins(reader: Reader, channel_id: str) -> list[Pin]:
    """The newest first; at most 1,000."""
    rows = await reader.rows(
        f"SELECT {_PIN} FROM chat_pin WHERE channel_id = ? ORDER BY pinned_us DESC LIMIT 1000",
        channel_id,
    )
    return [Pin(channel_id=row[0], ts_us=row[1], user_id=row[2], pinned_us=row[3]) for row in rows]


async def find_bookmark(reader: Reader, channel_id: str, bookmark_id: str) -> Bookmark | None:
    row = await reader.row(
        f"SELECT {_BOOKMARK} FROM chat_bookmark WHERE id = ? AND channel_id = ?",
        bookmark_id,
        channel_id,
    )
    return None if row is None else _bookmark(row)


async def select_bookmarks(reader: Reader, channel_id: str) -> list[Bookmark]:
    """In their order; at most 1,000."""
    rows = await reader.rows(
        f"SELECT {_BOOKMARK} FROM chat_bookmark WHERE channel_id = ? ORDER BY rank, id LIMIT 1000",
        channel_id,
    )
    return [_bookmark(row) for row in rows]


async def upsert_bookmark(tx: Tx, item: Bookmark) -> None:
    await tx.execute(
        f"INSERT INTO chat_bookmark ({_BOOKMARK}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET title = excluded.title, link = excluded.link, "
        "emoji = excluded.emoji, updated_by = excluded.updated_by, "
        "updated_us = excluded.updated_us",
        item.id,
        item.channel_id,
        item.title,
        item.link,
        item.emoji,
        item.rank,
        item.created_by,
        item.updated_by,
        item.created_us,
        item.updated_us,
    )


async def delete_bookmark(tx: Tx, channel_id: str, bookmark_id: str) -> bool:
    changed = await tx.execute(
        "DELETE FROM chat_bookmark WHERE id = ? AND channel_id = ?", bookmark_id, channel_id
    )
    return changed == 1


def _bookmark(row: Row) -> Bookmark:
    return Bookmark(
        id=row[0],
        channel_id=row[1],
        title=row[2],
        link=row[3],
        emoji=row[4],
        rank=row[5],
        created_by=row[6],
        updated_by=row[7],
        created_us=row[8],
        updated_us=row[9],
    )
