"""Which channels a user, or everyone in a channel, may read; asked anew for every request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader

MAX_SCOPES = 10_000
"""Channels that one question is answered from."""
MAX_KNOWN = 10_000
"""People whom a guest may know of."""
_TIED = "(u.bot_id <> '' OR u.guest <> '')"
"""Bots and guests read what they are members of, and no public channel else."""


async def select_readable(
    reader: Reader, account: str, user_id: str, *, reads_public: bool
) -> list[str]:
    """Channels that the user may read: those joined and, where told so, the public ones."""
    rows = await reader.rows(
        "SELECT c.id FROM chat_channel c WHERE c.account = ? AND ((c.kind = 'public' AND ? = 1) "
        "OR EXISTS (SELECT 1 FROM chat_member m WHERE m.channel_id = c.id AND m.user_id = ?)) "
        "ORDER BY c.last_ts_us DESC LIMIT ?",
        account,
        int(reads_public),
        user_id,
        MAX_SCOPES,
    )
    return [row[0] for row in rows]


async def select_for_everyone(
    reader: Reader, account: str, channel_id: str, besides: Sequence[str]
) -> list[str]:
    """Public channels in which every bot and guest of `channel_id` is a member too, and itself."""
    marks = ", ".join("?" * len(besides)) or "''"
    rows = await reader.rows(
        "SELECT c.id FROM chat_channel c WHERE c.account = ? AND (c.id = ? OR (c.kind = 'public' "
        "AND NOT EXISTS (SELECT 1 FROM chat_member m JOIN chat_user u ON u.id = m.user_id "
        f"WHERE m.channel_id = ? AND {_TIED} AND u.deleted = 0 AND u.id NOT IN ({marks}) "
        "AND NOT EXISTS (SELECT 1 FROM chat_member o WHERE o.channel_id = c.id "
        "AND o.user_id = m.user_id)))) ORDER BY c.last_ts_us DESC LIMIT ?",
        account,
        channel_id,
        channel_id,
        *besides,
        MAX_SCOPES,
    )
    return [row[0] for row in rows]


async def select_for_members(
    reader: Reader, account: str, channel_id: str, besides: Sequence[str]
) -> list[str]:
    """Channels that every member of `channel_id` may read, itself among them."""
    marks = ", ".join("?" * len(besides)) or "''"
    rows = await reader.rows(
        "SELECT c.id FROM chat_channel c WHERE c.account = ? AND NOT EXISTS "
        "(SELECT 1 FROM chat_member m JOIN chat_user u ON u.id = m.user_id "
        f"WHERE m.channel_id = ? AND u.deleted = 0 AND u.id NOT IN ({marks}) "
        f"AND NOT (c.kind = 'public' AND NOT {_TIED}) "
        "AND NOT EXISTS (SELECT 1 FROM chat_member o WHERE o.channel_id = c.id "
        "AND o.user_id = m.user_id)) ORDER BY c.last_ts_us DESC LIMIT ?",
        account,
        channel_id,
        *besides,
        MAX_SCOPES,
    )
    return [row[0] for row in rows]


async def select_known(reader: Reader, user_id: str) -> set[str]:
    """Those who are in a channel with the user, and the user."""
    rows = await reader.rows(
        "SELECT DISTINCT o.user_id FROM chat_member m JOIN chat_member o "
        "ON o.channel_id = m.channel_id WHERE m.user_id = ? LIMIT ?",
        user_id,
        MAX_KNOWN,
    )
    return {user_id, *(row[0] for row in rows)}


async def shares_channel(reader: Reader, user_id: str, other_id: str) -> bool:
    """Whether the two are in a channel together."""
    row = await reader.row(
        "SELECT 1 FROM chat_member m JOIN chat_member o ON o.channel_id = m.channel_id "
        "WHERE m.user_id = ? AND o.user_id = ? LIMIT 1",
        user_id,
        other_id,
    )
    return row is not None
