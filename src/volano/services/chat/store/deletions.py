"""Channels that go: their rows at once, their messages bit by bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx

MAX_DELETIONS = 100
_OF_CHANNEL = (
    "chat_member",
    "chat_pin",
    "chat_bookmark",
    "chat_scheduled",
    "chat_draft",
    "chat_saved",
    "chat_follow",
    "chat_hook",
    "chat_ephemeral",
    "chat_channel_rule",
)
"""Tables whose rows go with the channel that they name."""


async def delete_channel(tx: Tx, account: str, channel_id: str, now_us: int) -> None:
    """Take the channel away and note that its messages are to follow."""
    for table in _OF_CHANNEL:
        await tx.execute(f"DELETE FROM {table} WHERE channel_id = ?", channel_id)
    await tx.execute(
        "DELETE FROM chat_canvas_access WHERE canvas_id IN "
        "(SELECT id FROM chat_canvas WHERE channel_id = ? AND account = ?)",
        channel_id,
        account,
    )
    await tx.execute(
        "DELETE FROM chat_canvas WHERE channel_id = ? AND account = ?", channel_id, account
    )
    await tx.execute(
        "DELETE FROM chat_import_name WHERE account = ? AND own_id = ?", account, channel_id
    )
    await tx.execute("DELETE FROM chat_channel WHERE id = ? AND account = ?", channel_id, account)
    await tx.execute(
        "INSERT INTO chat_deleted_channel (channel_id, account, deleted_us) VALUES (?, ?, ?)",
        channel_id,
        account,
        now_us,
    )


async def select_deletions(reader: Reader) -> list[tuple[str, str]]:
    """Channels and their accounts whose messages are still there, the oldest first."""
    rows = await reader.rows(
        "SELECT channel_id, account FROM chat_deleted_channel ORDER BY deleted_us LIMIT ?",
        MAX_DELETIONS,
    )
    return [(row[0], row[1]) for row in rows]


async def end_deletion(tx: Tx, channel_id: str) -> None:
    """Nothing of the channel is left."""
    await tx.execute("DELETE FROM chat_revision WHERE channel_id = ?", channel_id)
    await tx.execute("DELETE FROM chat_deleted_channel WHERE channel_id = ?", channel_id)
