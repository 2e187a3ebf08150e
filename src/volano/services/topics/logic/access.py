"""Which topic or subscription is meant, and what the policy engine must know of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.kernel.ids import parse_arn
from volano.services.identity.interface import RESOURCE_ACCOUNT, RESOURCE_POLICY, service_may
from volano.services.topics.logic.errors import (
    InvalidParameter,
    no_such_subscription,
    no_such_topic,
)
from volano.services.topics.model import Subscription, Topic
from volano.services.topics.store import subscriptions as subscription_rows
from volano.services.topics.store import topics as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Env
    from volano.kernel.store import Reader

PUBLISH = "sns:Publish"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}(\.fifo)?\Z")


def parse_topic_arn(text: str) -> tuple[str, str]:
    """Account and name; raises InvalidParameter."""
    arn = parse_arn(text)
    if arn is None or arn.service != "sns" or not _NAME.match(arn.resource):
        raise InvalidParameter(
            "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not "
            f"{len(text.split(':'))}"
            if len(text.split(":")) < 6
            else "Invalid parameter: TopicArn"
        )
    return arn.account, arn.resource


def parse_subscription_arn(text: str) -> tuple[str, str, str]:
    """Account, topic and id; raises InvalidParameter."""
    arn = parse_arn(text)
    name, _, subscription_id = ("", "", "") if arn is None else arn.resource.partition(":")
    if arn is None or arn.service != "sns" or not _NAME.match(name) or not subscription_id:
        raise InvalidParameter(
            "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not "
            f"{len(text.split(':'))}"
            if len(text.split(":")) < 6
            else "Invalid parameter: SubscriptionArn"
        )
    if "\x00" in text:
        raise no_such_subscription()
    return arn.account, name, subscription_id


async def find_topic(env: Env, reader: Reader, text: str) -> Topic | None:
    """The topic of this region with that ARN; in test mode any region's name will do.

    Raises InvalidParameter for what is no ARN of a topic.
    """
    account, name = parse_topic_arn(text)
    region = text.split(":")[3]
    if region != env.region.name and not env.config.test_mode:
        return None
    return await rows.select_topic(reader, account, name, region=region)


async def get_topic(env: Env, reader: Reader, text: str) -> Topic:
    """Raises TopicNotFound and InvalidParameter."""
    topic = await find_topic(env, reader, text)
    if topic is None:
        raise no_such_topic()
    return topic


async def find_subscription(env: Env, reader: Reader, text: str) -> Subscription | None:
    return await subscription_rows.select_subscription(
        reader, *parse_subscription_arn(text), region=env.region.name
    )


async def get_subscription(env: Env, reader: Reader, text: str) -> Subscription:
    """Raises TopicNotFound and InvalidParameter."""
    found = await find_subscription(env, reader, text)
    if found is None:
        raise no_such_subscription()
    return found


def topic_facts(topic: Topic) -> dict[str, str]:
    facts = {RESOURCE_ACCOUNT: str(topic.account), RESOURCE_POLICY: topic.policy}
    return facts | {f"aws:ResourceTag/{name}": value for name, value in topic.tags.items()}


def service_may_publish(
    env: Env, topic: Topic, *, service: str, account: str, facts: Mapping[str, str]
) -> bool:
    """Whether the topic's policy lets a service (`s3.amazonaws.com`) publish for `account`.

    In test mode a topic without a policy takes what comes from its own account.
    """
    if env.config.test_mode and "Policy" not in topic.attributes and account == topic.account:
        return True
    return service_may(
        env, service, PUBLISH, topic.arn, policy=topic.policy, account=account, context=facts
    )
