"""Queues: create, find, list, change, purge, delete; their tags."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.identity.interface import declare_quota, quota_value
from volano.services.queues.logic.access import (
    get_queue,
    get_queue_at,
    parse_queue_url,
)
from volano.services.queues.logic.attributes import (
    SETTABLE,
    SHOWN,
    check_attributes,
    require_redrive_target,
    shown_attributes,
)
from volano.services.queues.logic.errors import (
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidParameterValue,
    OverLimit,
    QueueNameExists,
)
from volano.services.queues.logic.waiting import wake_receivers
from volano.services.queues.model import DEFAULT_QUEUES, MAX_TAGS, Queue
from volano.services.queues.store import messages as message_rows
from volano.services.queues.store import queues as rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

QUOTA = "sqs.queues"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")
_NOT_FIFO = "Unknown Attribute FifoQueue."
declare_quota(QUOTA, DEFAULT_QUEUES)


async def create_queue(
    env: Env, call: Call, name: str, attributes: Mapping[str, str], tags: Mapping[str, str]
) -> Queue:
    """Make a queue; one of the same name and attributes is the answer again. Raises
    QueueNameExists, InvalidParameterValue, InvalidAttributeName and InvalidAttributeValue."""
    wanted = {key: value for key, value in check_attributes(name, attributes).items() if value}
    if wanted.get("FifoQueue") == "false" and not name.endswith(".fifo"):
        raise InvalidAttributeName(_NOT_FIFO)
    _require_name(name, fifo=wanted.get("FifoQueue") == "true")
    require_tags(name, tags)
    now_us = env.clock.now_us()
    queue = Queue(
        account=call.account,
        region=env.region.name,
        name=name,
        id=env.ids.hex(24),
        created_us=now_us,
        modified_us=now_us,
        attributes=wanted,
        tags=dict(tags),
    )

    async def write(tx: Tx) -> Queue:
        present = await rows.select_queue(tx, call.account, name, region=env.region.name)
        if present is not None:
            _require_same(present, wanted)
            return present
        held = await rows.count_queues(tx, call.account)
        if held >= await quota_value(tx, call.account, QUOTA):
            raise OverLimit(f"The quota {QUOTA} of this account is used up: {held} queues.")
        made = await _with_redrive(env, tx, queue)
        await rows.insert_queue(tx, made)
        return made

    return await env.store.transact(write)


def _require_name(name: str, *, fifo: bool) -> None:
    if name.endswith(".fifo"):
        if not fifo or not _NAME.match(name.removesuffix(".fifo")) or len(name) > 80:
            raise InvalidParameterValue(
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in "
                "length"
            )
    elif fifo:
        raise InvalidParameterValue(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
            "underscores, must end with .fifo suffix and be 1 to 80 in length."
        )
    elif not _NAME.match(name):
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )


def _require_same(present: Queue, wanted: Mapping[str, str]) -> None:
    """What the caller names must be what is; the rest may be anything."""
    shown = shown_attributes(present, (0, 0, 0))
    for key, value in wanted.items():
        if shown.get(key) != value:
            raise QueueNameExists(
                "A queue already exists with the same name and a different value for attribute "
                f"{key}"
            )


async def _with_redrive(env: Env, tx: Tx, queue: Queue) -> Queue:
    """The queue with its dead-letter queue's ARN beside its attributes."""
    policy = queue.attributes.get("RedrivePolicy")
    if not policy:
        return replace(queue, dead_letter_arn="")
    return replace(queue, dead_letter_arn=await require_redrive_target(env, tx, queue, policy))


async def list_queues(
    env: Env, call: Call, *, prefix: str, after: str, limit: int
) -> tuple[list[Queue], str | None]:
    """The account's queues by name, and where the next page begins."""
    if "\x00" in prefix:
        return [], None
    found = await rows.select_queues(
        env.store.reader,
        call.account,
        prefix=prefix,
        after=after,
        limit=limit + 1,
        region=env.region.name,
    )
    return found[:limit], found[limit - 1].name if len(found) > limit else None


async def list_dead_letter_sources(
    env: Env, call: Call, url: str, *, after: str, limit: int
) -> tuple[list[Queue], str | None]:
    """Queues that name this one in their redrive policy, and where the next page begins."""
    queue = await get_queue(env, call, url)
    found = await rows.select_sources(
        env.store.reader, queue.arn, after=after, limit=limit + 1, region=env.region.name
    )
    return found[:limit], found[limit - 1].name if len(found) > limit else None


async def get_queue_attributes(
    env: Env, call: Call, url: str, names: Sequence[str]
) -> dict[str, str]:
    """Raises InvalidAttributeName."""
    queue = await get_queue(env, call, url)
    for name in names:
        if name != "All" and name not in SETTABLE | SHOWN:
            raise InvalidAttributeName(f"Unknown Attribute {name[:80]}.")
    if not names:
        return {}
    counts = await message_rows.count_messages(
        env.store.reader, queue.id, now_us=env.clock.now_us()
    )
    shown = shown_attributes(queue, counts)
    return shown if "All" in names else {key: shown[key] for key in names if key in shown}


async def set_queue_attributes(
    env: Env, call: Call, url: str, attributes: Mapping[str, str]
) -> None:
    """Raises InvalidAttributeName and InvalidAttributeValue."""
    account, name = parse_queue_url(call, url)
    wanted = check_attributes(name, attributes)
    if wanted.get("KmsMasterKeyId"):
        wanted.setdefault("SqsManagedSseEnabled", "false")
    elif wanted.get("SqsManagedSseEnabled") == "true":
        wanted["KmsMasterKeyId"] = ""
    kind = wanted.pop("FifoQueue", None)
    if kind and not name.endswith(".fifo"):
        raise InvalidAttributeName(_NOT_FIFO)
    if kind == "false":
        raise InvalidAttributeValue(
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not "
            "supported."
        )

    async def write(tx: Tx) -> None:
        queue = await get_queue_at(env, tx, account, name)
        merged = {key: value for key, value in {**queue.attributes, **wanted}.items() if value}
        if (
            merged.get("FifoThroughputLimit") == "perMessageGroupId"
            and merged.get("DeduplicationScope") != "messageGroup"
        ):
            raise InvalidAttributeValue(
                "The perMessageGroupId value is allowed only when the value for "
                "DeduplicationScope is messageGroup."
            )
        queue = replace(queue, attributes=merged, modified_us=env.clock.now_us())
        if "RedrivePolicy" in wanted:
            queue = await _with_redrive(env, tx, queue)
        await rows.update_queue(tx, queue)

    await env.store.transact(write)


async def change_queue(env: Env, call: Call, url: str, change: Callable[[Queue], Queue]) -> Queue:
    """Read, change and write one queue; `change` may raise."""
    account, name = parse_queue_url(call, url)

    async def write(tx: Tx) -> Queue:
        queue = change(await get_queue_at(env, tx, account, name))
        await rows.update_queue(tx, queue)
        return queue

    return await env.store.transact(write)


async def tag_queue(
    env: Env, call: Call, url: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    """Raises InvalidParameterValue."""
    if not add and not remove:
        raise InvalidParameterValue("Tag keys must be between 1 and 128 characters in length.")
    require_tags("", add)

    def change(queue: Queue) -> Queue:
        tags = {k: v for k, v in {**queue.tags, **add}.items() if k not in remove}
        require_tags(queue.name, tags)
        return replace(queue, tags=tags)

    await change_queue(env, call, url, change)


def require_tags(name: str, tags: Mapping[str, str]) -> None:
    """Raises InvalidParameterValue; `name` is the queue's, '' where it does not matter yet."""
    if name and len(tags) > MAX_TAGS:
        raise InvalidParameterValue(f"Too many tags added for queue {name}.")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256 or "\x00" in key + value:
            raise InvalidParameterValue(
                "A tag's key has 1 to 128 characters and its value up to 256."
            )
        if key.lower().startswith("aws:"):
            raise InvalidParameterValue("Tag keys may not begin with aws:.")


async def purge_queue(env: Env, call: Call, url: str) -> None:
    """All messages of before are gone when this returns."""
    account, name = parse_queue_url(call, url)
    fresh = env.ids.hex(24)

    async def write(tx: Tx) -> None:
        queue = await get_queue_at(env, tx, account, name)
        await rows.insert_gone(tx, queue.id, gone_us=env.clock.now_us())
        await rows.update_queue(tx, replace(queue, id=fresh))

    await env.store.transact(write)


async def delete_queue(env: Env, call: Call, url: str) -> None:
    """The queue with all its messages. Raises QueueDoesNotExist."""
    account, name = parse_queue_url(call, url)

    async def write(tx: Tx) -> Queue:
        queue = await get_queue_at(env, tx, account, name)
        await rows.insert_gone(tx, queue.id, gone_us=env.clock.now_us())
        await rows.delete_queue(tx, queue)
        return queue

    queue = await env.store.transact(write)
    wake_receivers(env, queue.arn)
