"""Sending: check the drafts, then store all of them in one transaction.

FIFO queues give every message of a group a number that only grows, and answer a deduplication id
that was seen in the last five minutes with the first message's, storing nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import Invalid, VolanoError
from volano.services.queues.logic.access import get_queue, get_queue_at
from volano.services.queues.logic.contents import (
    md5_of_attributes,
    md5_of_body,
    require_attributes,
    require_body,
    size_of,
)
from volano.services.queues.logic.errors import InvalidParameterValue, MissingParameter
from volano.services.queues.logic.metering import count_requests
from volano.services.queues.logic.sealing import Sealer, sealer_for
from volano.services.queues.logic.waiting import wake_receivers
from volano.services.queues.model import (
    DEDUP_US,
    MAX_DELAY_S,
    Group,
    Message,
    MessageAttribute,
    Queue,
)
from volano.services.queues.store import groups as group_rows
from volano.services.queues.store import messages as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

SEQ_PER_US = 1000
_ID_CHARACTERS = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message as its sender gives it."""

    body: str
    attributes: Mapping[str, MessageAttribute] = field(default_factory=dict)
    delay_s: int | None = None
    group_id: str | None = None
    dedup_id: str | None = None
    trace_header: MessageAttribute | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the sender hears; `sequence` is '' outside FIFO queues."""

    id: str
    md5: str
    md5_of_attributes: str
    md5_of_system_attributes: str
    sequence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A draft that was checked for a queue, its body sealed."""

    draft: Draft
    message: Message
    sent: Sent


async def send_message(env: Env, call: Call, url: str, draft: Draft) -> Sent:
    """Durable when this returns. Raises what `prepare` does and QueueDoesNotExist."""
    queue = await get_queue(env, call, url)
    sealer = await sealer_for(env, queue, call)
    prepared = prepare(env, queue, draft, sender_id=call.principal.id, sealer=sealer)
    return (await _store(env, queue, [prepared]))[0]


async def send_batch(
    env: Env, call: Call, url: str, drafts: Sequence[Draft]
) -> list[Sent | VolanoError]:
    """Send several in one transaction; the answer has an error for each that was refused.

    A draft without its message group or deduplication id refuses the whole batch.
    """
    queue = await get_queue(env, call, url)
    for draft in drafts:
        _require_fifo_fields_present(queue, draft, InvalidParameterValue)
    sealer = await sealer_for(env, queue, call)
    results: dict[int, Sent | VolanoError] = {}
    prepared: dict[int, Prepared] = {}
    for place, draft in enumerate(drafts):
        try:
            prepared[place] = prepare(env, queue, draft, sender_id=call.principal.id, sealer=sealer)
        except VolanoError as error:
            results[place] = error
    sent = await _store(env, queue, list(prepared.values())) if prepared else []
    results |= dict(zip(prepared, sent, strict=True))
    return [results[place] for place in range(len(drafts))]


async def _store(env: Env, queue: Queue, prepared: Sequence[Prepared]) -> list[Sent]:
    async def write(tx: Tx) -> list[Sent]:
        current = await get_queue_at(env, tx, queue.account, queue.name)
        return [await put_message(tx, env, current, one) for one in prepared]

    sent = await env.store.transact(write)
    count_requests(env, queue, len(prepared))
    wake_receivers(env, queue.arn)
    return sent


async def prepare_for_service(env: Env, queue: Queue, draft: Draft, *, service: str) -> Prepared:
    """As `prepare`, for a service that the queue's policy lets send; raises KmsRefused too."""
    call = system_call(env, queue.account)
    sealer = await sealer_for(env, queue, call, service=service)
    return prepare(env, queue, draft, sender_id=service, sealer=sealer)


def prepare(env: Env, queue: Queue, draft: Draft, *, sender_id: str, sealer: Sealer) -> Prepared:
    """Check a draft for a queue and seal its body. Raises InvalidParameterValue, MissingParameter
    and InvalidMessageContents."""
    require_body(draft.body)
    require_attributes(draft.attributes)
    limit = queue.seconds("MaximumMessageSize")
    if size_of(draft.body, draft.attributes) > limit:
        raise InvalidParameterValue(
            f"One or more parameters are invalid. Reason: Message must be shorter than {limit} "
            "bytes."
        )
    delay_s = _delay(queue, draft)
    dedup_id = _require_fifo_fields(queue, draft)
    now_us = env.clock.now_us()
    message_id = env.ids.uuid()
    trace = draft.trace_header
    message = Message(
        id=message_id,
        body=sealer.seal(env, message_id, draft.body),
        sealing=sealer.kind,
        attributes=draft.attributes,
        trace_header="" if trace is None else trace.text or "",
        sender_id=sender_id,
        sent_us=now_us,
        visible_us=now_us + delay_s * 1_000_000,
        group_id=draft.group_id or "",
        dedup_id=dedup_id,
    )
    sent = Sent(
        id=message_id,
        md5=md5_of_body(draft.body.encode()),
        md5_of_attributes=md5_of_attributes(draft.attributes),
        md5_of_system_attributes=md5_of_attributes({"AWSTraceHeader": trace}) if trace else "",
        sequence="",
    )
    return Prepared(draft=draft, message=message, sent=sent)


def _delay(queue: Queue, draft: Draft) -> int:
    wanted = draft.delay_s
    if wanted is None or (queue.is_fifo and wanted == 0):
        return queue.seconds("DelaySeconds")
    if not 0 <= wanted <= MAX_DELAY_S:
        raise InvalidParameterValue(
            f"Value {wanted} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be "
            f">= 0 and <= {MAX_DELAY_S}."
        )
    if queue.is_fifo:
        raise InvalidParameterValue(
            f"Value {wanted} for parameter DelaySeconds is invalid. Reason: The request include "
            "parameter that is not valid for this queue type."
        )
    return wanted


def _require_fifo_fields(queue: Queue, draft: Draft) -> str:
    """The deduplication id of a draft, '' outside FIFO queues."""
    for name, value in (
        ("MessageGroupId", draft.group_id),
        ("MessageDeduplicationId", draft.dedup_id),
    ):
        if value is not None and not (1 <= len(value) <= 128 and _ID_CHARACTERS.issuperset(value)):
            raise InvalidParameterValue(
                f"Value {value[:200]} for parameter {name} is invalid. Reason: {name} can only "
                "include alphanumeric and punctuation characters. 1 to 128 in length."
            )
    if not queue.is_fifo:
        if draft.dedup_id is not None:
            raise InvalidParameterValue(
                f"Value {draft.dedup_id} for parameter MessageDeduplicationId is invalid. Reason: "
                "The request includes a parameter that is not valid for this queue type."
            )
        return ""
    _require_fifo_fields_present(queue, draft)
    return draft.dedup_id or hashlib.sha256(draft.body.encode()).hexdigest()


def _require_fifo_fields_present(
    queue: Queue, draft: Draft, refusal: type[Invalid] = MissingParameter
) -> None:
    """`refusal` is of a draft without a group: batches have another than single messages."""
    if not queue.is_fifo:
        return
    if draft.group_id is None:
        raise refusal("The request must contain the parameter MessageGroupId.")
    if draft.dedup_id is None and not queue.is_on("ContentBasedDeduplication"):
        raise InvalidParameterValue(
            "The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )


async def put_message(tx: Tx, env: Env, queue: Queue, prepared: Prepared) -> Sent:
    """Store one prepared message in the caller's transaction; `queue` was read in it."""
    if not queue.is_fifo:
        await rows.insert_message(tx, queue.id, prepared.message)
        return prepared.sent
    message = prepared.message
    now_us = env.clock.now_us()
    by_group = queue.attributes.get("DeduplicationScope") == "messageGroup"
    scope = message.group_id if by_group else ""
    seen = await group_rows.select_seen(tx, queue.id, scope, message.dedup_id, now_us=now_us)
    if seen is not None:
        return _sent_before(prepared.sent, *seen)
    seq = await append_to_group(tx, queue.id, message, now_us=now_us)
    await group_rows.upsert_seen(
        tx, queue.id, scope, message.dedup_id, (message.id, seq), expires_us=now_us + DEDUP_US
    )
    return _sent_before(prepared.sent, message.id, seq)


def _sent_before(sent: Sent, message_id: str, seq: int) -> Sent:
    return Sent(
        id=message_id,
        md5=sent.md5,
        md5_of_attributes=sent.md5_of_attributes,
        md5_of_system_attributes=sent.md5_of_system_attributes,
        sequence=sequence_text(seq),
    )


def sequence_text(seq: int) -> str:
    """Twenty digits, as SQS shows it."""
    return f"{seq:020d}"


async def append_to_group(tx: Tx, queue_id: str, message: Message, *, now_us: int) -> int:
    """Store a message as the last of its group; returns its number."""
    found = await group_rows.select_group(tx, queue_id, message.group_id)
    floor = now_us * SEQ_PER_US
    seq = floor if found is None else max(found.last_seq + 1, floor)
    if found is None or found.head_seq is None:
        head, blocked_us = seq, message.visible_us
    else:
        head, blocked_us = found.head_seq, found.blocked_us
    await group_rows.upsert_group(
        tx,
        queue_id,
        Group(id=message.group_id, last_seq=seq, head_seq=head, blocked_us=blocked_us),
    )
    await rows.insert_message(tx, queue_id, replace(message, seq=seq))
    return seq
