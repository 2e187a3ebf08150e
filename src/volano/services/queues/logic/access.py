"""Which queue is meant, and what the policy engine must know of it.

A queue is named by its URL, of which only account and name count, or by its ARN. A queue that is
not there has no policy: who may not act on it is refused before learning that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from volano.kernel.ids import parse_arn
from volano.services.identity.interface import RESOURCE_ACCOUNT, RESOURCE_POLICY, service_may
from volano.services.queues.logic.errors import InvalidAddress, no_such_queue
from volano.services.queues.model import Queue, queue_arn
from volano.services.queues.store import queues as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader

SEND = "sqs:SendMessage"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}(\.fifo)?\Z")


def queue_url(env: Env, account: str, name: str) -> str:
    return f"{env.config.aws_url}/{account}/{name}"


def parse_queue_url(call: Call, url: str) -> tuple[str, str]:
    """Account and name; a bare name means the caller's own queue. Raises InvalidAddress."""
    parts = [part for part in urlsplit(url).path.split("/") if part]
    if len(parts) == 1 and "://" not in url and _NAME.match(parts[0]):
        return call.account, parts[0]
    if len(parts) < 2 or not parts[-2].isdigit() or not _NAME.match(parts[-1]):
        raise InvalidAddress(f"The address {url[:200]} is not valid for this endpoint.")
    return parts[-2], parts[-1]


async def find_queue_at(env: Env, reader: Reader, account: str, name: str) -> Queue | None:
    return await rows.select_queue(reader, account, name, region=env.region.name)


async def get_queue_at(env: Env, reader: Reader, account: str, name: str) -> Queue:
    """Raises QueueDoesNotExist."""
    queue = await find_queue_at(env, reader, account, name)
    if queue is None:
        raise no_such_queue()
    return queue


async def get_queue(env: Env, call: Call, url: str) -> Queue:
    """Raises QueueDoesNotExist and InvalidAddress."""
    return await get_queue_at(env, env.store.reader, *parse_queue_url(call, url))


async def find_queue_by_arn(env: Env, reader: Reader, text: str) -> Queue | None:
    """The queue of this region with that ARN; in test mode any region's name will do."""
    arn = parse_arn(text)
    if arn is None or arn.service != "sqs" or "\x00" in text:
        return None
    if arn.region != env.region.name and not env.config.test_mode:
        return None
    return await rows.select_queue(reader, arn.account, arn.resource, region=arn.region)


async def facts_at(env: Env, account: str, name: str) -> tuple[str, dict[str, str]]:
    """ARN and condition keys of a queue, there or not."""
    queue = await find_queue_at(env, env.store.reader, account, name)
    facts = {RESOURCE_ACCOUNT: account}
    if queue is not None:
        facts |= queue_facts(queue)
    return queue_arn(env.region.name, account, name), facts


def queue_facts(queue: Queue) -> dict[str, str]:
    facts = {RESOURCE_ACCOUNT: str(queue.account)}
    if queue.policy:
        facts[RESOURCE_POLICY] = queue.policy
    return facts | {f"aws:ResourceTag/{name}": value for name, value in queue.tags.items()}


async def require_access(env: Env, call: Call, permission: str, queue: Queue) -> None:
    """Raises Denied; for logic that touches a queue its action did not name."""
    await env.authority.authorize(call, permission, queue.arn, queue_facts(queue))


def service_may_send(
    env: Env, queue: Queue, *, service: str, account: str, facts: Mapping[str, str]
) -> bool:
    """Whether the queue's policy lets a service (`sns.amazonaws.com`) send for `account`.

    In test mode a queue without a policy takes what comes from its own account, as public suites
    expect.
    """
    if env.config.test_mode and not queue.policy and account == queue.account:
        return True
    return service_may(
        env, service, SEND, queue.arn, policy=queue.policy, account=account, context=facts
    )
