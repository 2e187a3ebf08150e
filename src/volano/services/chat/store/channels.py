"""Channels and their members."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.chat.model import Channel, ChannelKind, Member

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Row, Tx

_CHANNEL = (
    "c.id, c.account, c.kind, c.name, c.name_key, c.creator, c.topic, c.topic_by, c.topic_us, "
    "c.purpose, c.purpose_by, c.purpose_us, c.archived, c.previous_names, c.last_ts_us, "
    "c.created_us, c.updated_us"
)
_MEMBER = "channel_id, user_id, joined_us, last_read_us"


async def find_channel(reader: Reader, account: str, channel_id: str) -> Channel | None:
    row = await reader.row(
        f"SELECT {_CHANNEL} FROM chat_channel c WHERE c.id = ? AND c.account = ?",
        channel_id,
        account,
    )
    return None if row is None else _channel(row)


async def find_channel_with_member(
    reader: Reader, account: str, channel_id: str, user_id: str
) -> tuple[Channel, Member | None] | None:
    """The channel, and the user's membership of it."""
    row = await reader.row(
        f"SELECT {_CHANNEL}, m.joined_us, m.last_read_us FROM chat_channel c "
        "LEFT JOIN chat_member m ON m.channel_id = c.id AND m.user_id = ? "
        "WHERE c.id = ? AND c.account = ?",
        user_id,
        channel_id,
        account,
    )
    if row is None:
        return None
    joined_us, last_read_us = row[-2:]
    if joined_us is None:
        return _channel(row), None
    return _channel(row), _member((channel_id, user_id, joined_us, last_read_us))


async def is_id_taken(reader: Reader, channel_id: str) -> bool:
    """Whether any account has a channel of this id."""
    return await reader.row("SELECT 1 FROM chat_channel WHERE id = ?", channel_id) is not None


async def find_channel_by_key(reader: Reader, account: str, name_key: str) -> Channel | None:
    row = await reader.row(
        f"SELECT {_CHANNEL} FROM chat_channel c WHERE c.account = ? AND c.name_key = ?",
        account,
        name_key,
    )
    return None if row is None else _channel(row)


async def select_visible(
    reader: Reader,
    account: str,
    user_id: str,
    *,
    kinds: Sequence[ChannelKind],
    archived: bool,
    knows_public: bool,
    after: str,
    limit: int,
) -> list[Channel]:
    """Public channels where they are known, and those that the user is a member of, by id."""
    marks = ", ".join("?" * len(kinds))
    rows = await reader.rows(
        f"SELECT {_CHANNEL} FROM chat_channel c WHERE c.account = ? AND c.kind IN ({marks}) "
        "AND c.archived <= ? AND c.id > ? AND ((c.kind = 'public' AND ? = 1) OR EXISTS "
        "(SELECT 1 FROM chat_member m WHERE m.channel_id = c.id AND m.user_id = ?)) "
        "ORDER BY c.id LIMIT ?",
        account,
        *(kind.value for kind in kinds),
        int(archived),
        after,
        int(knows_public),
        user_id,
        limit,
    )
    return [_channel(row) for row in rows]


async def select_all(
    reader: Reader,
    account: str,
    *,
    kinds: Sequence[ChannelKind],
    containing: str,
    after: str,
    limit: int,
) -> list[Channel]:
    """Every channel of these kinds whose name contains a text, by id; for administrators."""
    marks = ", ".join("?" * len(kinds))
    rows = await reader.rows(
        f"SELECT {_CHANNEL} FROM chat_channel c WHERE c.account = ? AND c.kind IN ({marks}) "
        "AND c.id > ? AND (? = '' OR replace(c.name, ?, '') <> c.name) ORDER BY c.id LIMIT ?",
        account,
        *(kind.value for kind in kinds),
        after,
        containing,
        containing,
        limit,
    )
    return [_channel(row) for row in rows]


async def select_quiet(
    reader: Reader, account: str, *, before_us: int, after: str, limit: int
) -> list[str]:
    """Ids of channels whose newest message is older than that; for administrators."""
    rows = await reader.rows(
        "SELECT id FROM chat_channel WHERE account = ? AND kind IN ('public', 'private') "
        "AND last_ts_us < ? AND id > ? ORDER BY id LIMIT ?",
        account,
        before_us,
        after,
        limit,
    )
    return [row[0] for row in rows]


async def select_of_member(
    reader: Reader,
    user_id: str,
    *,
    kinds: Sequence[ChannelKind],
    archived: bool,
    after: str,
    limit: int,
) -> list[Channel]:
    """Channels that the user is a member of, by id."""
    marks = ", ".join("?" * len(kinds))
    rows = await reader.rows(
        f"SELECT {_CHANNEL} FROM chat_member m JOIN chat_channel c ON c.id = m.channel_id "
        f"WHERE m.user_id = ? AND c.kind IN ({marks}) AND c.archived <= ? AND c.id > ? "
        "ORDER BY c.id LIMIT ?",
        user_id,
        *(kind.value for kind in kinds),
        int(archived),
        after,
        limit,
    )
    return [_channel(row) for row in rows]


async def insert_channel(tx: Tx, item: Channel) -> None:
    await tx.execute(
        "INSERT INTO chat_channel (id, account, kind, name, name_key, creator, topic, topic_by, "
        "topic_us, purpose, purpose_by, purpose_us, archived, previous_names, last_ts_us, "
        "created_us, updated_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        item.id,
        item.account,
        item.kind.value,
        item.name,
        item.name_key,
        item.creator,
        item.topic,
        item.topic_by,
        item.topic_us,
        item.purpose,
        item.purpose_by,
        item.purpose_us,
        int(item.archived),
        json.dumps(item.previous_names),
        item.last_ts_us,
        item.created_us,
        item.updated_us,
    )


async def update_channel(tx: Tx, item: Channel) -> None:
    """Everything that can change, but not the newest `ts`."""
    await tx.execute(
        "UPDATE chat_channel SET kind = ?, name = ?, name_key = ?, topic = ?, topic_by = ?, "
        "topic_us = ?, purpose = ?, purpose_by = ?, purpose_us = ?, archived = ?, "
        "previous_names = ?, updated_us = ? WHERE id = ?",
        item.kind.value,
        item.name,
        item.name_key,
        item.topic,
        item.topic_by,
        item.topic_us,
        item.purpose,
        item.purpose_by,
        item.purpose_us,
        int(item.archived),
        json.dumps(item.previous_names),
        item.updated_us,
        item.id,
    )


async def take_ts(tx: Tx, channel_id: str, now_us: int) -> int:
    """A `ts` of the channel that was never given out, at least `now_us`."""
    row = await tx.row(
        "UPDATE chat_channel SET last_ts_us = CASE WHEN last_ts_us < ? THEN ? "
        "ELSE last_ts_us + 1 END WHERE id = ? RETURNING last_ts_us",
        now_us,
        now_us,
        channel_id,
    )
    assert row is not None, channel_id
    return int(row[0])


async def find_member(reader: Reader, channel_id: str, user_id: str) -> Member | None:
    row = await reader.row(
        f"SELECT {_MEMBER} FROM chat_member WHERE channel_id = ? AND user_id = ?",
        channel_id,
        user_id,
    )
    return None if row is None else _member(row)


async def select_members(reader: Reader, channel_id: str, *, after: str, limit: int) -> list[str]:
    """Ids of members, in order."""
    rows = await reader.rows(
        "SELECT user_id FROM chat_member WHERE channel_id = ? AND user_id > ? "
        "ORDER BY user_id LIMIT ?",
        channel_id,
        after,
        limit,
    )
    return [row[0] for row in rows]


async def select_memberships(
    reader: Reader, user_id: str, channel_ids: Sequence[str]
) -> dict[str, Member]:
    """The user's memberships among these channels."""
    if not channel_ids:
        return {}
    marks = ", ".join("?" * len(channel_ids))
    rows = await reader.rows(
        f"SELECT {_MEMBER} FROM chat_member WHERE user_id = ? AND channel_id IN ({marks})",
        user_id,
        *channel_ids,
    )
    return {row[0]: _member(row) for row in rows}


async def count_members(reader: Reader, channel_ids: Sequence[str]) -> dict[str, int]:
    if not channel_ids:
        return {}
    marks = ", ".join("?" * len(channel_ids))
    rows = await reader.rows(
        f"SELECT channel_id, count(*) FROM chat_member WHERE channel_id IN ({marks}) "
        "GROUP BY channel_id",
        *channel_ids,
    )
    return {row[0]: int(row[1]) for row in rows}


async def insert_member(tx: Tx, item: Member) -> bool:
    """False when the user is in the channel already."""
    changed = await tx.execute(
        f"INSERT INTO chat_member ({_MEMBER}) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        item.channel_id,
        item.user_id,
        item.joined_us,
        item.last_read_us,
    )
    return changed == 1


async def delete_member(tx: Tx, channel_id: str, user_id: str) -> bool:
    changed = await tx.execute(
        "DELETE FROM chat_member WHERE channel_id = ? AND user_id = ?", channel_id, user_id
    )
    return changed == 1


async def update_last_read(tx: Tx, channel_id: str, user_id: str, ts_us: int) -> None:
    await tx.execute(
        "UPDATE chat_member SET last_read_us = ? WHERE channel_id = ? AND user_id = ?",
        ts_us,
        channel_id,
        user_id,
    )


async def raise_last_ts(tx: Tx, channel_id: str, ts_us: int) -> None:
    """The channel holds a message of that `ts`, which members need not read."""
    await tx.execute(
        "UPDATE chat_channel SET last_ts_us = ? WHERE id = ? AND last_ts_us < ?",
        ts_us,
        channel_id,
        ts_us,
    )
    await tx.execute(
        "UPDATE chat_member SET last_read_us = ? WHERE channel_id = ? AND last_read_us < ?",
        ts_us,
        channel_id,
        ts_us,
    )


async def update_everything_read(tx: Tx, user_id: str) -> None:
    """Every channel of the user is read to its newest `ts`."""
    await tx.execute(
        "UPDATE chat_member SET last_read_us = (SELECT c.last_ts_us FROM chat_channel c "
        "WHERE c.id = chat_member.channel_id) WHERE user_id = ? AND EXISTS "
        "(SELECT 1 FROM chat_channel c WHERE c.id = chat_member.channel_id "
        "AND c.last_ts_us > chat_member.last_read_us)",
        user_id,
    )


def _channel(row: Row) -> Channel:
    return Channel(
        id=row[0],
        account=row[1],
        kind=ChannelKind(row[2]),
        name=row[3],
        name_key=row[4],
        creator=row[5],
        topic=row[6],
        topic_by=row[7],
        topic_us=row[8],
        purpose=row[9],
        purpose_by=row[10],
        purpose_us=row[11],
        archived=bool(row[12]),
        previous_names=() if row[13] == "[]" else tuple(json.loads(row[13])),
        last_ts_us=row[14],
        created_us=row[15],
        updated_us=row[16],
    )


def _member(row: Row) -> Member:
    return Member(channel_id=row[0], user_id=row[1], joined_us=row[2], last_read_us=row[3])
