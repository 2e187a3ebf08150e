"""Topics: create, list, change, delete; their tags and permissions."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.identity.interface import declare_quota, quota_value
from volano.services.topics.logic.access import get_topic
from volano.services.topics.logic.attributes import (
    check_topic_attribute,
    effective_delivery,
)
from volano.services.topics.logic.errors import (
    InvalidParameter,
    TagLimitExceeded,
    TopicLimitExceeded,
)
from volano.services.topics.model import DEFAULT_TOPICS, MAX_TAGS, Topic
from volano.services.topics.store import subscriptions as subscription_rows
from volano.services.topics.store import topics as rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

QUOTA = "sns.topics"
SHAREABLE = frozenset(
    (
        "AddPermission",
        "DeleteTopic",
        "GetTopicAttributes",
        "ListSubscriptionsByTopic",
        "ListTagsForResource",
        "Publish",
        "Receive",
        "RemovePermission",
        "SetTopicAttributes",
        "Subscribe",
    )
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")
declare_quota(QUOTA, DEFAULT_TOPICS)


async def create_topic(
    env: Env, call: Call, name: str, attributes: Mapping[str, str], tags: Mapping[str, str]
) -> Topic:
    """Make a topic; one of the same name, attributes and tags is the answer again. Raises
    InvalidParameter, TagLimitExceeded and TopicLimitExceeded."""
    topic = Topic(
        account=call.account,
        region=env.region.name,
        name=name,
        created_us=env.clock.now_us(),
        tags=dict(tags),
    )
    wanted = {
        key: check_topic_attribute(topic, key, value) for key, value in attributes.items() if value
    }
    _require_name(name, fifo=wanted.get("FifoTopic") == "true")
    if wanted.get("FifoTopic") == "false":
        del wanted["FifoTopic"]
    require_tags(tags)
    topic = replace(topic, attributes=wanted)

    async def write(tx: Tx) -> Topic:
        present = await rows.select_topic(tx, call.account, name, region=env.region.name)
        if present is not None:
            if any(present.tags.get(key) != value for key, value in tags.items()):
                raise InvalidParameter(
                    "Invalid parameter: Tags Reason: Topic already exists with different tags"
                )
            if any(shown_topic(present).get(key) != value for key, value in wanted.items()):
                raise InvalidParameter(
                    "Invalid parameter: Attributes Reason: Topic already exists with different "
                    "attributes"
                )
            return present
        held = await rows.count_topics(tx, call.account)
        if held >= await quota_value(tx, call.account, QUOTA):
            raise TopicLimitExceeded(f"The quota {QUOTA} of this account is used up: {held}.")
        await rows.insert_topic(tx, topic)
        return topic

    return await env.store.transact(write)


def _require_name(name: str, *, fifo: bool) -> None:
    stem = name.removesuffix(".fifo") if fifo else name
    if fifo != name.endswith(".fifo") or not _NAME.match(stem) or len(name) > 256:
        raise InvalidParameter("Invalid parameter: Topic Name")


def shown_topic(topic: Topic) -> dict[str, str]:
    """Attributes of a topic but for its counts."""
    shown = {
        "TopicArn": topic.arn,
        "Owner": str(topic.account),
        "Policy": topic.policy,
        "DisplayName": "",
        "EffectiveDeliveryPolicy": effective_delivery(topic),
        "SubscriptionsDeleted": str(topic.deleted_subscriptions),
    }
    if topic.is_fifo:
        shown |= {"FifoTopic": "true", "ContentBasedDeduplication": "false"}
    return shown | dict(topic.attributes)


async def get_topic_attributes(env: Env, call: Call, arn: str) -> dict[str, str]:
    """Raises TopicNotFound."""
    topic = await get_topic(env, env.store.reader, arn)
    confirmed, pending = await subscription_rows.count_of_topic(
        env.store.reader, topic.account, topic.name
    )
    return shown_topic(topic) | {
        "SubscriptionsConfirmed": str(confirmed),
        "SubscriptionsPending": str(pending),
    }


async def set_topic_attribute(env: Env, call: Call, arn: str, name: str, value: str) -> None:
    """Raises TopicNotFound and InvalidParameter."""

    def change(topic: Topic) -> Topic:
        if name == "FifoTopic":
            raise InvalidParameter("Invalid parameter: AttributeName")
        checked = check_topic_attribute(topic, name, value)
        attributes = {**topic.attributes, name: checked}
        return replace(topic, attributes={k: v for k, v in attributes.items() if v})

    await change_topic(env, arn, change)


async def change_topic(env: Env, arn: str, change: Callable[[Topic], Topic]) -> Topic:
    """Read, change and write one topic; `change` may raise."""

    async def write(tx: Tx) -> Topic:
        topic = change(await get_topic(env, tx, arn))
        await rows.update_topic(tx, topic)
        return topic

    return await env.store.transact(write)


async def list_topics(
    env: Env, call: Call, *, after: str, limit: int
) -> tuple[list[Topic], str | None]:
    """The account's topics by name, and where the next page begins."""
    found = await rows.select_topics(
        env.store.reader, call.account, after=after, limit=limit + 1, region=env.region.name
    )
    return found[:limit], found[limit - 1].name if len(found) > limit else None


async def delete_topic(env: Env, call: Call, arn: str) -> None:
    """The topic, its subscriptions and what was on its way; no error when it is gone."""
    parts = arn.split(":")

    async def write(tx: Tx) -> None:
        await rows.delete_topic(tx, parts[4], parts[5])

    await env.store.transact(write)


async def tag_topic(
    env: Env, call: Call, arn: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    """Raises TagLimitExceeded."""
    require_tags(add)

    def change(topic: Topic) -> Topic:
        tags = {k: v for k, v in {**topic.tags, **add}.items() if k not in remove}
        require_tags(tags)
        return replace(topic, tags=tags)

    await change_topic(env, arn, change)


def require_tags(tags: Mapping[str, str]) -> None:
    """Raises TagLimitExceeded and InvalidParameter."""
    if len(tags) > MAX_TAGS:
        raise TagLimitExceeded("Could not complete request: tag quota of per resource exceeded")
    for name, value in tags.items():
        if not 1 <= len(name) <= 128 or len(value) > 256 or "\x00" in name + value:
            raise InvalidParameter("Invalid parameter: Tags")
        if name.lower().startswith("aws:"):
            raise InvalidParameter("Invalid parameter: Tags Reason: aws: is reserved")


async def add_permission(
    env: Env, call: Call, arn: str, label: str, accounts: Sequence[str], actions: Sequence[str]
) -> None:
    """Let accounts do actions on the topic. Raises InvalidParameter."""
    if not all(name in SHAREABLE for name in actions):
        raise InvalidParameter("Invalid parameter: Policy statement action out of service scope!")
    if not all(len(name) == 12 and name.isdigit() for name in accounts) or not _NAME.match(label):
        raise InvalidParameter("Invalid parameter: AWSAccountId or Label")
    users = [f"arn:aws:iam::{name}:root" for name in accounts]
    names = [f"SNS:{name}" for name in actions]

    def change(topic: Topic) -> Topic:
        policy = _policy_of(topic)
        if any(one.get("Sid") == label for one in policy["Statement"]):
            raise InvalidParameter("Invalid parameter: Statement already exists")
        policy["Statement"].append(
            {
                "Sid": label,
                "Effect": "Allow",
                "Principal": {"AWS": users[0] if len(users) == 1 else users},
                "Action": names[0] if len(names) == 1 else names,
                "Resource": topic.arn,
            }
        )
        return _with_policy(topic, policy)

    await change_topic(env, arn, change)


async def remove_permission(env: Env, call: Call, arn: str, label: str) -> None:
    """No error when there is no such label, as at SNS."""

    def change(topic: Topic) -> Topic:
        policy = _policy_of(topic)
        policy["Statement"] = [one for one in policy["Statement"] if one.get("Sid") != label]
        return _with_policy(topic, policy)

    await change_topic(env, arn, change)


def _policy_of(topic: Topic) -> dict[str, Any]:
    """The policy as a tree whose statements are a list."""
    policy = msgspec.json.decode(topic.policy, type=dict[str, Any])
    if not isinstance(policy.get("Statement"), list):
        policy["Statement"] = [policy["Statement"]] if policy.get("Statement") else []
    return policy


def _with_policy(topic: Topic, policy: dict[str, Any]) -> Topic:
    text = msgspec.json.encode(policy).decode()
    if not policy["Statement"]:
        return replace(
            topic, attributes={k: v for k, v in topic.attributes.items() if k != "Policy"}
        )
    return replace(topic, attributes={**topic.attributes, "Policy": text})
