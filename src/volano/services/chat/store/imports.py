"""What imports ask: what is here already, which ids are free."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader


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
