"""Tells identity the policies of topics, for explanations of who may do what (no API action)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from volano.services.identity.interface import declare_resource_policy
from volano.services.topics.logic.access import find_topic, topic_facts
from volano.services.topics.logic.errors import InvalidParameter

if TYPE_CHECKING:
    from volano.kernel.call import Env


async def _topic_policy(env: Env, arn: str) -> Mapping[str, str] | None:
    try:
        topic = await find_topic(env, env.store.reader, arn)
    except InvalidParameter:  # a subscription's ARN, a pattern
        return None
    return None if topic is None else topic_facts(topic)


declare_resource_policy("sns", _topic_policy)
