"""Rows that only imports write: what is here already, files that were never uploaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Tx
    from volano.services.chat.model import File


async def select_present(reader: Reader, channel_id: str, stamps: Sequence[int]) -> set[int]:
    """Those `ts` at which the channel has a message, or had one that was deleted and noted."""
    marks = ", ".join("?" * len(stamps)) or "0"
    rows = await reader.rows(
        f"SELECT ts_us FROM chat_message WHERE channel_id = ? AND ts_us IN ({marks}) UNION "
        f"SELECT ts_us FROM chat_revision WHERE channel_id = ? AND ts_us IN ({marks}) "
        "AND deleted = 1 LIMIT ?",
        channel_id,
        *stamps,
        channel_id,
        *stamps,
        len(stamps),
    )
    return {row[0] for row in rows}


async def is_file_id_taken(reader: Reader, file_id: str) -> bool:
    """Whether any account has a file of this id."""
    return await reader.row("SELECT 1 FROM chat_file WHERE id = ?", file_id) is not None


async def insert_stored_file(tx: Tx, item: File) -> None:
    """A file whose bytes are in the bucket already; it never had a ticket."""
    await tx.execute(
        "INSERT INTO chat_file (id, account, user_id, name, title, alt_text, size_bytes, state, "
        "ticket, indexed, created_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?) "
        "ON CONFLICT DO NOTHING",
        item.id,
        item.account,
        item.user_id,
        item.name,
        item.title,
        item.alt_text,
        item.size_bytes,
        item.state.value,
        int(item.indexed),
        item.created_us,
    )
