"""Messages and reactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.model import Message, Reaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Row, Tx

_MESSAGE = (
    "channel_id, ts_us, account, user_id, subtype, text, body, thread_us, in_channel, "
    "client_msg_id, edited_us, edited_by, reply_count, latest_reply_us, indexed"
)


async def find_message(reader: Reader, channel_id: str, ts_us: int) -> Message | None:
    row = await reader.row(
        f"SELECT {_MESSAGE} FROM chat_message WHERE channel_id = ? AND ts_us = ?",
        channel_id,
        ts_us,
    )
    return None if row is None else _message(row)


async def find_sent(reader: Reader, user_id: str, client_msg_id: str) -> Message | None:
    """The message that this sender sent under that id."""
    row = await reader.row(
        f"SELECT {_MESSAGE} FROM chat_message WHERE user_id = ? AND client_msg_id = ?",
        user_id,
        client_msg_id,
    )
    return None if row is None else _message(row)


async def select_history(
    reader: Reader, channel_id: str, *, after_us: int, before_us: int, limit: int
) -> list[Message]:
    """What the channel shows strictly between two `ts`, newest first."""
    rows = await reader.rows(
        f"SELECT {_MESSAGE} FROM chat_message WHERE channel_id = ? AND in_channel = 1 "
        "AND ts_us > ? AND ts_us < ? ORDER BY ts_us DESC LIMIT ?",
        channel_id,
        after_us,
        before_us,
        limit,
    )
    return [_message(row) for row in rows]


async def select_messages(reader: Reader, channel_id: str, stamps: Sequence[int]) -> list[Message]:
    """Those of the channel's messages, oldest first."""
    if not stamps:
        return []
    marks = ", ".join("?" * len(stamps))
    rows = await reader.rows(
        f"SELECT {_MESSAGE} FROM chat_message WHERE channel_id = ? AND ts_us IN ({marks}) "
        "ORDER BY ts_us LIMIT ?",
        channel_id,
        *stamps,
        len(stamps),
    )
    return [_message(row) for row in rows]


async def select_between(
    reader: Reader, channel_id: str, *, after_us: int, before_us: int, limit: int
) -> list[Message]:
    """Everything said strictly between two `ts`, replies too, oldest first."""
    rows = await reader.rows(
        f"SELECT {_MESSAGE} FROM chat_message WHERE channel_id = ? AND ts_us > ? AND ts_us < ? "
        "ORDER BY ts_us LIMIT ?",
        channel_id,
        after_us,
        before_us,
        limit,
    )
    return [_message(row) for row in rows]


async def select_before(
    reader: Reader, channel_id: str, *, before_us: int, limit: int
) -> list[Message]:
    """The oldest messages before a `ts`, replies too; not the graves of threads that go on."""
    rows = await reader.rows(
        f"SELECT {_MESSAGE} FROM chat_message WHERE channel_id = ? AND ts_us < ? "
        "AND NOT (subtype = 'tombstone' AND reply_count > 0) ORDER BY ts_us LIMIT ?",
        channel_id,
        before_us,
        limit,
    )
    return [_message(row) for row in rows]


async def select_replies(
    reader: Reader,
    channel_id: str,
    thread_us: int,
    *,
    after_us: int,
    before_us: int,
    limit: int,
) -> list[Message]:
    """Replies of a thread without its first message, strictly between, oldest first."""
    rows = await reader.rows(
        f"SELECT {_MESSAGE} FROM chat_message WHERE channel_id = ? AND thread_us = ? "
        "AND ts_us <> thread_us AND ts_us > ? AND ts_us < ? ORDER BY ts_us LIMIT ?",
        channel_id,
        thread_us,
        after_us,
        before_us,
        limit,
    )
    return [_message(row) for row in rows]


async def select_repliers(
    reader: Reader, channel_id: str, roots: Sequence[int]
) -> dict[int, list[str]]:
    """Who answered in each thread, most recent last; at most 100 threads' worth of 1,000 rows."""
    if not roots:
        return {}
    marks = ", ".join("?" * len(roots))
    rows = await reader.rows(
        "SELECT thread_us, user_id, max(ts_us) AS latest FROM chat_message WHERE channel_id = ? "
        f"AND thread_us IN ({marks}) AND ts_us <> thread_us GROUP BY thread_us, user_id "
        "ORDER BY latest LIMIT 5000",
        channel_id,
        *roots,
    )
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row[1])
    return found


async def select_reply_stamps(
    reader: Reader, channel_id: str, roots: Sequence[int]
) -> dict[int, list[tuple[str, int]]]:
    """Author and `ts` of every reply of these threads, oldest first; at most 20,000."""
    if not roots:
        return {}
    marks = ", ".join("?" * len(roots))
    rows = await reader.rows(
        "SELECT thread_us, user_id, ts_us FROM chat_message WHERE channel_id = ? "
        f"AND thread_us IN ({marks}) AND ts_us <> thread_us ORDER BY ts_us LIMIT 20000",
        channel_id,
        *roots,
    )
    found: dict[int, list[tuple[str, int]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append((row[1], row[2]))
    return found


async def count_unread(reader: Reader, channel_id: str, after_us: int, *, limit: int) -> int:
    """Messages shown in the channel after a `ts`, counted up to `limit`."""
    row = await reader.row(
        "SELECT count(*) FROM (SELECT 1 FROM chat_message WHERE channel_id = ? AND in_channel = 1 "
        "AND ts_us > ? AND substr(subtype, 1, 8) <> 'channel_' LIMIT ?) AS unread",
        channel_id,
        after_us,
        limit,
    )
    return int(row[0]) if row else 0


async def select_unindexed(reader: Reader, account: str, limit: int) -> list[Message]:
    """Messages that retrieval does not know yet."""
    rows = await reader.rows(
        f"SELECT {_MESSAGE} FROM chat_message WHERE account = ? AND indexed = 0 "
        "ORDER BY channel_id, ts_us LIMIT ?",
        account,
        limit,
    )
    return [_message(row) for row in rows]


async def insert_message(tx: Tx, item: Message) -> None:
    await tx.execute(
        f"INSERT INTO chat_message ({_MESSAGE}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        item.channel_id,
        item.ts_us,
        item.account,
        item.user_id,
        item.subtype,
        item.text,
        msgspec.json.encode(item.body).decode(),
        item.thread_us,
        int(item.in_channel),
        item.client_msg_id,
        item.edited_us,
        item.edited_by,
        item.reply_count,
        item.latest_reply_us,
        int(item.indexed),
    )


async def update_message(tx: Tx, item: Message) -> None:
    """Content, thread and index state; what names it stays."""
    await tx.execute(
        "UPDATE chat_message SET user_id = ?, subtype = ?, text = ?, body = ?, thread_us = ?, "
        "edited_us = ?, edited_by = ?, reply_count = ?, latest_reply_us = ?, indexed = ? "
        "WHERE channel_id = ? AND ts_us = ?",
        item.user_id,
        item.subtype,
        item.text,
        msgspec.json.encode(item.body).decode(),
        item.thread_us,
        item.edited_us,
        item.edited_by,
        item.reply_count,
        item.latest_reply_us,
        int(item.indexed),
        item.channel_id,
        item.ts_us,
    )


async def add_reply(tx: Tx, channel_id: str, thread_us: int, ts_us: int) -> None:
    """Count a reply on the thread's first message."""
    await tx.execute(
        "UPDATE chat_message SET thread_us = ts_us, reply_count = reply_count + 1, "
        "latest_reply_us = ? WHERE channel_id = ? AND ts_us = ?",
        ts_us,
        channel_id,
        thread_us,
    )


async def recount_replies(tx: Tx, channel_id: str, thread_us: int) -> None:
    """Count a thread's replies anew; without any it is no thread."""
    row = await tx.row(
        "SELECT count(*), coalesce(max(ts_us), 0) FROM chat_message WHERE channel_id = ? "
        "AND thread_us = ? AND ts_us <> thread_us",
        channel_id,
        thread_us,
    )
    assert row is not None
    await tx.execute(
        "UPDATE chat_message SET reply_count = ?, latest_reply_us = ?, thread_us = ? "
        "WHERE channel_id = ? AND ts_us = ?",
        row[0],
        row[1],
        thread_us if row[0] else 0,
        channel_id,
        thread_us,
    )


async def mark_indexed(tx: Tx, item: Message) -> bool:
    """False when it was edited or deleted since it was read."""
    changed = await tx.execute(
        "UPDATE chat_message SET indexed = 1 WHERE channel_id = ? AND ts_us = ? "
        "AND edited_us = ? AND indexed = 0",
        item.channel_id,
        item.ts_us,
        item.edited_us,
    )
    return changed == 1


async def delete_message(tx: Tx, channel_id: str, ts_us: int) -> None:
    await tx.execute(
        "DELETE FROM chat_message WHERE channel_id = ? AND ts_us = ?", channel_id, ts_us
    )
    await delete_reactions(tx, channel_id, ts_us)


async def delete_reactions(tx: Tx, channel_id: str, ts_us: int) -> None:
    """All of a message."""
    await tx.execute(
        "DELETE FROM chat_reaction WHERE channel_id = ? AND ts_us = ?", channel_id, ts_us
    )


async def insert_reaction(
    tx: Tx, channel_id: str, ts_us: int, name: str, user_id: str, added_us: int
) -> bool:
    """False when the user gave it already."""
    changed = await tx.execute(
        "INSERT INTO chat_reaction (channel_id, ts_us, name, user_id, added_us) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        channel_id,
        ts_us,
        name,
        user_id,
        added_us,
    )
    return changed == 1


async def delete_reaction(tx: Tx, channel_id: str, ts_us: int, name: str, user_id: str) -> bool:
    changed = await tx.execute(
        "DELETE FROM chat_reaction WHERE channel_id = ? AND ts_us = ? AND name = ? AND user_id = ?",
        channel_id,
        ts_us,
        name,
        user_id,
    )
    return changed == 1


async def select_reactions(
    reader: Reader, channel_id: str, ts_us: Sequence[int]
) -> dict[int, list[Reaction]]:
    """Of these messages, each message's in the order in which they were first given."""
    if not ts_us:
        return {}
    marks = ", ".join("?" * len(ts_us))
    rows = await reader.rows(
        "SELECT ts_us, name, user_id FROM chat_reaction WHERE channel_id = ? "
        f"AND ts_us IN ({marks}) ORDER BY added_us, user_id LIMIT 20000",
        channel_id,
        *ts_us,
    )
    grouped: dict[int, dict[str, list[str]]] = {}
    for row in rows:
        grouped.setdefault(row[0], {}).setdefault(row[1], []).append(row[2])
    return {
        at: [Reaction(ts_us=at, name=name, users=tuple(users)) for name, users in names.items()]
        for at, names in grouped.items()
    }


async def select_reacted(
    reader: Reader, user_id: str, *, before_us: int, limit: int
) -> list[tuple[str, int, int]]:
    """Messages on which the user reacted: channel, ts, when last; newest first."""
    rows = await reader.rows(
        "SELECT channel_id, ts_us, max(added_us) AS latest FROM chat_reaction WHERE user_id = ? "
        "GROUP BY channel_id, ts_us HAVING max(added_us) < ? ORDER BY latest DESC LIMIT ?",
        user_id,
        before_us,
        limit,
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _message(row: Row) -> Message:
    return Message(
        channel_id=row[0],
        ts_us=row[1],
        account=row[2],
        user_id=row[3],
        subtype=row[4],
        text=row[5],
        body=msgspec.json.decode(row[6]),
        thread_us=row[7],
        in_channel=bool(row[8]),
        client_msg_id=row[9],
        edited_us=row[10],
        edited_by=row[11],
        reply_count=row[12],
        latest_reply_us=row[13],
        indexed=bool(row[14]),
    )
