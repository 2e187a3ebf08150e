"""Which channels a user, or everyone in a channel, may read; asked anew for every request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader

MAX_SCOPES = 10_000
"""Channels that one question is answered from."""


async def select_readable(reader: Reader, account: str, user_id: str, *, is_bot: bool) -> list[str]:
    """Channels that the user may read: those joined and, for people, the public ones."""
    rows = await reader.rows(
        "SELECT c.id FROM chat_channel c WHERE c.account = ? AND ((c.kind = 'public' AND ? = 0) "
        "OR EXISTS (SELECT 1 FROM chat_member m WHERE m.channel_id = c.id AND m.user_id = ?)) "
        "ORDER BY c.last_ts_us DESC LIMIT ?",
        account,
        int(is_bot),
        user_id,
        MAX_SCOPES,
    )
    return [row[0] for row in rows]


async def select_for_everyone(
    reader: Reader, account: str, channel_id: str, besides: Sequence[str]
) -> list[str]:
    """Public channels in which every bot of `channel_id` is a member too, and itself."""
    marks = ", ".join("?" * len(besides)) or "''"
    rows = await reader.rows(
        "SELECT c.id FROM chat_channel c WHERE c.account = ? AND (c.id = ? OR (c.kind = 'public' "
        "AND NOT EXISTS (SELECT 1 FROM chat_member m JOIN chat_user u ON u.id = m.user_id "
        f"WHERE m.channel_id = ? AND u.bot_id <> '' AND u.deleted = 0 AND u.id NOT IN ({marks}) "
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
        "AND NOT (c.kind = 'public' AND u.bot_id = '') "
        "AND NOT EXISTS (SELECT 1 FROM chat_member o WHERE o.channel_id = c.id "
        "AND o.user_id = m.user_id)) ORDER BY c.last_ts_us DESC LIMIT ?",
        account,
        channel_id,
        *besides,
        MAX_SCOPES,
    )
    return [row[0] for row in rows]
