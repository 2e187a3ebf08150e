"""Receiving: hand messages out, hide them for a while, and wait when there are none.

What is handed out is claimed in one transaction, so that no message goes to two receivers within
its visibility timeout. Messages that were received too often go to the dead-letter queue in the
same transaction. Candidates are looked up outside of it: receivers in other processes then only
meet on rows that both want, and the loser looks again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from volano.services.queues.logic.access import find_queue_by_arn, get_queue, get_queue_at
from volano.services.queues.logic.attributes import parse_redrive
from volano.services.queues.logic.errors import InvalidParameterValue
from volano.services.queues.logic.metering import count_requests
from volano.services.queues.logic.sealing import require_readable
from volano.services.queues.logic.sending import append_to_group
from volano.services.queues.logic.waiting import (
    POLL_S,
    claiming,
    place_of,
    wait_for,
    wake_receivers,
    watch,
)
from volano.services.queues.model import (
    MAX_BATCH,
    MAX_VISIBILITY_S,
    MAX_WAIT_S,
    Message,
    Queue,
)
from volano.services.queues.store import groups as group_rows
from volano.services.queues.store import messages as rows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.queues.logic.waiting import _Place

MAX_LOOKS = 20
"""Looks for messages after losing them to other processes, before a receive comes back empty."""
RECEIPT_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a receive asks for; None means what the queue says."""

    count: int = 1
    visibility_s: int | None = None
    wait_s: int | None = None


async def receive_messages(env: Env, call: Call, url: str, wanted: Wanted) -> list[Message]:
    """Messages that are now hidden from others, none when the waiting time is over. Raises
    QueueDoesNotExist and InvalidParameterValue."""
    queue = await get_queue(env, call, url)
    _require_ranges(wanted)
    await require_readable(env, queue, call)
    count_requests(env, queue)
    wait_s = wanted.wait_s
    if wait_s is None:
        wait_s = queue.seconds("ReceiveMessageWaitTimeSeconds")
    until_s = env.clock.monotonic_s() + wait_s
    with place_of(env, queue.arn) as place, watch(place) as sent:
        while True:
            sent.clear()
            found = await _take(env, place, queue, wanted)
            left_s = until_s - env.clock.monotonic_s()
            if found or left_s <= 0:
                return found
            await wait_for(env, sent, min(left_s, await _pause_s(env, queue)))
            queue = await get_queue_at(env, env.store.reader, queue.account, queue.name)


def _require_ranges(wanted: Wanted) -> None:
    if not 1 <= wanted.count <= MAX_BATCH:
        raise InvalidParameterValue(
            f"Value {wanted.count} for parameter MaxNumberOfMessages is invalid. Reason: Must be "
            f"between 1 and {MAX_BATCH}, if provided."
        )
    if wanted.wait_s is not None and not 0 <= wanted.wait_s <= MAX_WAIT_S:
        raise InvalidParameterValue(
            f"Value {wanted.wait_s} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 "
            f"and <= {MAX_WAIT_S}, if provided."
        )
    if wanted.visibility_s is not None and not 0 <= wanted.visibility_s <= MAX_VISIBILITY_S:
        raise InvalidParameterValue(
            f"Value {wanted.visibility_s} for parameter VisibilityTimeout is invalid. Reason: "
            f"VisibilityTimeout must be an integer between 0 and {MAX_VISIBILITY_S}"
        )


async def _pause_s(env: Env, queue: Queue) -> float:
    """How long until a hidden message comes back, or another process may have sent one."""
    now_us = env.clock.now_us()
    next_us = await rows.next_visible_us(env.store.reader, queue.id, now_us=now_us)
    pause_s = float(MAX_WAIT_S) if next_us is None else (next_us - now_us) / 1e6 + 0.001
    return pause_s if getattr(env.store, "exclusive", False) else min(pause_s, POLL_S)


async def _take(env: Env, place: _Place, queue: Queue, wanted: Wanted) -> list[Message]:
    visibility_s = wanted.visibility_s
    if visibility_s is None:
        visibility_s = queue.seconds("VisibilityTimeout")
    claim = _Claim(env, queue, wanted.count, visibility_s)
    if queue.is_fifo:
        async with place.lock:
            return await claim.run(claim.take_in_order)
    for _ in range(MAX_LOOKS):
        ids = await claim.look(place)
        if not ids:
            return []
        async with claiming(place, ids):
            found = await claim.run(partial(claim.take, ids))
        if found:
            return found
    return []


class _Claim:
    """One attempt to take messages; its transaction may run more than once."""

    def __init__(self, env: Env, queue: Queue, count: int, visibility_s: int) -> None:
        self.env = env
        self.queue = queue
        self.count = count
        self.visibility_s = visibility_s
        self.now_us = env.clock.now_us()
        self.receipt = env.ids.hex(2 * RECEIPT_BYTES)
        policy = queue.attributes.get("RedrivePolicy")
        self.redrive = parse_redrive(policy) if policy else None
        self.filled: set[str] = set()
        """Dead-letter queues that got messages."""

    async def run(self, work: Callable[[Tx], Awaitable[list[Message]]]) -> list[Message]:
        self.filled.clear()
        found = await self.env.store.transact(work)
        for arn in self.filled:
            wake_receivers(self.env, arn)
        return found

    @property
    def oldest_us(self) -> int:
        """Messages sent before are expired, deleted yet or not."""
        return self.now_us - self.queue.seconds("MessageRetentionPeriod") * 1_000_000

    @property
    def visible_us(self) -> int:
        return self.now_us + self.visibility_s * 1_000_000

    async def look(self, place: _Place) -> list[str]:
        """Ids that can be received and that no other receive of this process is taking."""
        self.now_us = self.env.clock.now_us()
        ready = await rows.select_ready_ids(
            self.env.store.reader,
            self.queue.id,
            now_us=self.now_us,
            sent_after_us=self.oldest_us,
            limit=self.count + len(place.claiming),
        )
        free = [message_id for message_id in ready if message_id not in place.claiming]
        return free[: self.count]

    async def take(self, ids: list[str], tx: Tx) -> list[Message]:
        """Claim messages of a standard queue."""
        claimed = await rows.claim_messages(
            tx,
            self.queue.id,
            ids,
            now_us=self.now_us,
            sent_after_us=self.oldest_us,
            visible_us=self.visible_us,
            receipt=self.receipt,
        )
        kept = []
        for message in claimed:
            if not self._is_dead(message.receive_count - 1) or not await self._bury(tx, message):
                kept.append(message)
        return kept

    async def take_in_order(self, tx: Tx) -> list[Message]:
        """Claim messages of a FIFO queue: of each group those before the first that is hidden."""
        self.now_us = self.env.clock.now_us()
        groups = await group_rows.select_ready_groups(
            tx, self.queue.id, now_us=self.now_us, limit=MAX_BATCH
        )
        taken: list[Message] = []
        for group_id in groups:
            if len(taken) < self.count:
                taken += await self._take_of_group(tx, group_id, self.count - len(taken))
        return taken

    async def _take_of_group(self, tx: Tx, group_id: str, limit: int) -> list[Message]:
        waiting = await rows.select_of_group(tx, self.queue.id, group_id, limit=MAX_BATCH)
        ids: list[str] = []
        for message in waiting:
            if message.visible_us > self.now_us or len(ids) == limit:
                break
            if self._is_dead(message.receive_count) and await self._bury(tx, message):
                continue
            if message.sent_us > self.oldest_us:
                ids.append(message.id)
        claimed: list[Message] = []
        if ids:
            claimed = await rows.claim_messages(
                tx,
                self.queue.id,
                ids,
                now_us=self.now_us,
                sent_after_us=self.oldest_us,
                visible_us=self.visible_us,
                receipt=self.receipt,
            )
        await group_rows.refresh_group(tx, self.queue.id, group_id)
        return claimed

    def _is_dead(self, receive_count: int) -> bool:
        return self.redrive is not None and receive_count >= self.redrive.max_receives

    async def _bury(self, tx: Tx, message: Message) -> bool:
        """Move a message to the dead-letter queue; False when that queue is gone."""
        assert self.redrive is not None, "only queues with a redrive policy have dead letters"
        target = await find_queue_by_arn(self.env, tx, self.redrive.arn)
        if target is None or target.is_fifo != self.queue.is_fifo:
            return False
        await rows.delete_message(tx, self.queue.id, message.id)
        moved = replace(
            message,
            visible_us=self.now_us,
            receipt="",
            source_arn=self.queue.arn,
            receive_count=message.receive_count - (0 if self.queue.is_fifo else 1),
        )
        if target.is_fifo:
            await append_to_group(tx, target.id, moved, now_us=self.now_us)
        else:
            await rows.insert_message(tx, target.id, moved)
        self.filled.add(target.arn)
        return True
