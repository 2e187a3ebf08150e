"""What a receiver does with a message: delete it, or change for how long it is hidden.

A receipt handle names the queue, the message and the one receive it was given for. A FIFO queue
refuses the handle of an older receive and one whose time is over; a standard queue takes both, as
SQS does (its reference promises less).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.queues.logic.access import get_queue, get_queue_at
from volano.services.queues.logic.errors import (
    InvalidParameterValue,
    MessageNotInflight,
    ReceiptHandleIsInvalid,
)
from volano.services.queues.logic.metering import count_requests
from volano.services.queues.logic.waiting import wake_receivers
from volano.services.queues.model import MAX_VISIBILITY_S
from volano.services.queues.store import groups as group_rows
from volano.services.queues.store import messages as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.queues.model import Message, Queue


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a handle says."""

    queue_name: str
    message_id: str
    token: str
    handle: str


def handle_of(queue_name: str, message: Message) -> str:
    plain = f"{queue_name}\n{message.id}\n{message.receipt}".encode()
    return base64.b64encode(plain).decode()


def parse_handle(queue_name: str, handle: str) -> Receipt:
    """Raises ReceiptHandleIsInvalid."""
    wrong = ReceiptHandleIsInvalid(
        f'The input receipt handle "{handle[:200]}" is not a valid receipt handle.'
    )
    try:
        parts = base64.b64decode(handle.encode("ascii"), validate=True).decode("ascii").split("\n")
    except (binascii.Error, ValueError) as error:
        raise wrong from error
    if len(parts) != 3 or parts[0] != queue_name or "\x00" in "".join(parts):
        raise wrong
    return Receipt(parts[0], parts[1], parts[2], handle)


async def delete_messages(
    env: Env, call: Call, url: str, handles: Sequence[str]
) -> list[VolanoError | None]:
    """Delete in one transaction; the answer has an error or None for each."""
    queue = await get_queue(env, call, url)
    count_requests(env, queue, len(handles))

    async def remove(tx: Tx) -> list[VolanoError | None]:
        current = await get_queue_at(env, tx, queue.account, queue.name)
        return [await _attempt(tx, env, current, handle, None) for handle in handles]

    results = await env.store.transact(remove)
    if queue.is_fifo:
        wake_receivers(env, queue.arn)  # the next of the group may be received now
    return results


async def change_visibility(
    env: Env, call: Call, url: str, wanted: Sequence[tuple[str, int]]
) -> list[VolanoError | None]:
    """Hide each message for so many seconds from now; an error or None for each."""
    queue = await get_queue(env, call, url)
    count_requests(env, queue, len(wanted))

    async def change(tx: Tx) -> list[VolanoError | None]:
        current = await get_queue_at(env, tx, queue.account, queue.name)
        return [await _attempt(tx, env, current, handle, seconds) for handle, seconds in wanted]

    results = await env.store.transact(change)
    wake_receivers(env, queue.arn)
    return results


async def _attempt(
    tx: Tx, env: Env, queue: Queue, handle: str, seconds: int | None
) -> VolanoError | None:
    try:
        receipt = parse_handle(queue.name, handle)
        if seconds is None:
            await _delete(tx, env, queue, receipt)
        else:
            await _hide(tx, env, queue, receipt, seconds)
    except VolanoError as error:
        return error
    return None


async def _delete(tx: Tx, env: Env, queue: Queue, receipt: Receipt) -> None:
    message = await rows.select_message(tx, queue.id, receipt.message_id)
    if message is None:
        return
    now_us = env.clock.now_us()
    if queue.is_fifo and (message.receipt != receipt.token or message.visible_us <= now_us):
        raise InvalidParameterValue(
            f"Value {receipt.handle} for parameter ReceiptHandle is invalid. Reason: The receipt "
            "handle has expired."
        )
    await rows.delete_message(tx, queue.id, message.id)
    if queue.is_fifo:
        await group_rows.refresh_group(tx, queue.id, message.group_id)


async def _hide(tx: Tx, env: Env, queue: Queue, receipt: Receipt, seconds: int) -> None:
    if not 0 <= seconds <= MAX_VISIBILITY_S:
        raise InvalidParameterValue(
            f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: "
            f"VisibilityTimeout must be an integer between 0 and {MAX_VISIBILITY_S}"
        )
    message = await rows.select_message(tx, queue.id, receipt.message_id)
    now_us = env.clock.now_us()
    if message is None:
        raise InvalidParameterValue(
            f"Value {receipt.handle} for parameter ReceiptHandle is invalid. Reason: Message does "
            "not exist or is not available for visibility timeout change."
        )
    over = message.receipt != receipt.token or message.visible_us <= now_us
    if (queue.is_fifo and over) or not message.receipt:
        raise MessageNotInflight(
            f"Value {receipt.handle} for parameter ReceiptHandle is invalid. Reason: Message does "
            "not exist or is not available for visibility timeout change."
        )
    await rows.update_visible(tx, queue.id, message.id, now_us + seconds * 1_000_000)
    if queue.is_fifo:
        await group_rows.refresh_group(tx, queue.id, message.group_id)
