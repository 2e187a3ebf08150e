"""Tells identity the policies of queues, for explanations of who may do what (no API action)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from volano.services.identity.interface import declare_resource_policy
from volano.services.queues.logic.access import find_queue_by_arn, queue_facts

if TYPE_CHECKING:
    from volano.kernel.call import Env


async def _queue_policy(env: Env, arn: str) -> Mapping[str, str] | None:
    queue = await find_queue_by_arn(env, env.store.reader, arn)
    return None if queue is None else queue_facts(queue)


declare_resource_policy("sqs", _queue_policy)
