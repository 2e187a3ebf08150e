"""Publish: check, find who hears it, and store every copy in one transaction.

Copies for queues are in the queues when Publish answers; copies for webhooks are rows that work
delivers. A queue that is gone or does not let the topic send gets nothing: its copy goes to the
subscription's dead-letter queue, or is counted as lost.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.kernel.foreign_json import decode_foreign
from volano.services.topics.logic.access import find_topic
from volano.services.topics.logic.errors import (
    InvalidParameter,
    InvalidParameterValue,
    no_such_topic,
)
from volano.services.topics.logic.fanout import Copies, prepare_copies, store_copies, wake_queues
from volano.services.topics.logic.metering import REQUESTS, count
from volano.services.topics.model import (
    DEDUP_US,
    MAX_MESSAGE_BYTES,
    MAX_SUBJECT_CHARACTERS,
    Draft,
    Topic,
)
from volano.services.topics.store import topics as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.topics.model import MessageAttribute

SEQ_PER_US = 1000
MAX_ATTRIBUTE_NAME_BYTES = 256
_KIND = re.compile(r"(String|Number|Binary)(\..+)?\Z")
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True, slots=True)
class Published:
    """What the publisher hears; `sequence` is '' outside FIFO topics."""

    message_id: str
    sequence: str


async def get_published_topic(env: Env, arn: str) -> Topic:
    """Raises TopicNotFound and InvalidParameter."""
    topic = await find_topic(env, env.store.reader, arn)
    if topic is None:
        raise no_such_topic()
    return topic


async def publish(env: Env, topic: Topic, draft: Draft) -> Published:
    """Durable for every subscriber when this returns. Raises InvalidParameter."""
    require_draft(topic, draft)
    texts = _texts_of(draft)
    message_id = env.ids.uuid()
    dedup_id = _dedup_id(topic, draft)
    seq = env.clock.now_us() * SEQ_PER_US if topic.is_fifo else 0
    copies = await prepare_copies(
        env, topic, draft_of(draft, dedup_id), texts, message_id=message_id, seq=seq
    )

    async def write(tx: Tx) -> Published:
        current = await rows.select_topic(tx, topic.account, topic.name, region=env.region.name)
        if current is None:
            raise no_such_topic()
        if topic.is_fifo:
            seen = await _seen_before(tx, env, current, draft, dedup_id, message_id, seq)
            if seen is not None:
                return seen
        await store_copies(tx, env, copies)
        return Published(message_id, _sequence(seq))

    published = await env.store.transact(write)
    _after(env, topic, copies)
    return published


def _after(env: Env, topic: Topic, copies: Copies) -> None:
    count(env, topic.account, topic.arn, REQUESTS)
    wake_queues(env, copies)


def draft_of(draft: Draft, dedup_id: str) -> Draft:
    return replace(draft, dedup_id=dedup_id) if dedup_id else draft


async def _seen_before(
    tx: Tx, env: Env, topic: Topic, draft: Draft, dedup_id: str, message_id: str, seq: int
) -> Published | None:
    """The first message of the deduplication id, or None after this one was noted as it."""
    now_us = env.clock.now_us()
    scope = ""
    if topic.attributes.get("FifoThroughputScope") == "MessageGroup":
        scope = draft.group_id or ""
    seen = await rows.select_seen(tx, topic, scope, dedup_id, now_us=now_us)
    if seen is not None:
        return Published(seen[0], _sequence(seen[1]))
    await rows.upsert_seen(
        tx, topic, scope, dedup_id, (message_id, seq), expires_us=now_us + DEDUP_US
    )
    return None


def _sequence(seq: int) -> str:
    return f"{seq:020d}" if seq else ""


def require_draft(topic: Topic, draft: Draft) -> None:
    """Raises InvalidParameter and InvalidParameterValue in SNS's words."""
    if not draft.message:
        raise InvalidParameter("Invalid parameter: Empty message")
    if size_of(draft) > MAX_MESSAGE_BYTES:
        raise InvalidParameter("Invalid parameter: Message too long")
    if "\x00" in draft.message + (draft.subject or ""):
        raise InvalidParameter("Invalid parameter: Message Reason: it holds a NUL character")
    if draft.subject is not None and not 1 <= len(draft.subject) <= MAX_SUBJECT_CHARACTERS:
        raise InvalidParameter("Invalid parameter: Subject")
    _require_attributes(draft.attributes)
    if not topic.is_fifo:
        if draft.dedup_id is not None:
            raise InvalidParameter(
                "Invalid parameter: MessageDeduplicationId Reason: The request includes "
                "MessageDeduplicationId parameter that is not valid for this topic type"
            )
        return
    if not draft.group_id:
        raise InvalidParameter(
            "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
        )
    if not draft.dedup_id and topic.attributes.get("ContentBasedDeduplication") != "true":
        raise InvalidParameter(
            "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )


def _require_attributes(attributes: Mapping[str, MessageAttribute]) -> None:
    for name, one in attributes.items():
        _require_attribute_name(name)
        if "\x00" in (one.text or ""):
            raise InvalidParameterValue(f"The message attribute '{name[:80]}' holds a NUL.")
        if not one.kind:
            raise InvalidParameterValue(
                f"The message attribute '{name}' must contain non-empty message attribute value."
            )
        found = _KIND.match(one.kind)
        if found is None:
            raise InvalidParameterValue(
                f"The message attribute '{name}' has an invalid message attribute type, the set of "
                "supported type prefixes is Binary, Number, and String."
            )
        base, given, other = "String", bool(one.text), bool(one.data)
        if found.group(1) == "Binary":
            base, given, other = "Binary", other, given
        if not given and other:
            raise InvalidParameterValue(
                f"The message attribute '{name}' with type '{one.kind}' must use field '{base}'."
            )
        if not given:
            raise InvalidParameterValue(
                f"The message attribute '{name}' must contain non-empty message attribute value "
                f"for message attribute type '{one.kind}'."
            )
        if one.kind == "Number":
            _require_number(name, one.text or "")


def _require_attribute_name(name: str) -> None:
    if len(name.encode()) > MAX_ATTRIBUTE_NAME_BYTES:
        raise InvalidParameterValue("Length of message attribute name must be less than 256 bytes.")
    wrong = _NOT_IN_NAME.search(name)
    if wrong is not None:
        raise InvalidParameterValue(
            f"Invalid non-alphanumeric character '#x{ord(wrong.group()):X}' was found in the "
            "message attribute name. Can only include alphanumeric characters, hyphens, "
            "underscores, or dots."
        )
    for place, cut in (("starting", name[:1]), ("ending", name[-1:])):
        if cut == ".":
            raise InvalidParameterValue(
                f"Invalid message attribute name {place} with character '.' was found."
            )
    if ".." in name:
        raise InvalidParameterValue("Message attribute name can not have successive '.' character.")


def _require_number(name: str, text: str) -> None:
    try:
        float(text)
    except ValueError as error:
        raise InvalidParameterValue(
            f"An error occurred (ParameterValueInvalid) when calling the Publish operation: Could "
            f"not cast message attribute '{name}' value to number."
        ) from error


def size_of(draft: Draft) -> int:
    """Bytes that count against the limit."""
    size = len(draft.message.encode())
    for name, one in draft.attributes.items():
        size += len(name.encode()) + len(one.kind.encode())
        size += len(one.data) if one.data is not None else len((one.text or "").encode())
    return size


def _texts_of(draft: Draft) -> dict[str, str]:
    """The message by protocol, `default` for those not named."""
    if not draft.structured:
        return {"default": draft.message}
    try:
        given = decode_foreign(draft.message)
    except ValueError as error:
        raise InvalidParameter(
            "Invalid parameter: Message Structure - JSON message body failed to parse"
        ) from error
    if not isinstance(given, dict) or not isinstance(given.get("default"), str):
        raise InvalidParameter(
            "Invalid parameter: Message Structure - No default entry in JSON message body"
        )
    return {name: text for name, text in given.items() if isinstance(text, str)}


def _dedup_id(topic: Topic, draft: Draft) -> str:
    if not topic.is_fifo:
        return ""
    return draft.dedup_id or hashlib.sha256(draft.message.encode()).hexdigest()
