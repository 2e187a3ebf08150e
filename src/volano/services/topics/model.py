"""The nouns of topics: topics, subscriptions, deliveries to webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from volano.kernel.ids import AccountId

MAX_MESSAGE_BYTES = 256 * 1024
MAX_BATCH = 10
MAX_TAGS = 50
MAX_PAGE = 100
MAX_POLICY_BYTES = 30_720
MAX_SUBJECT_CHARACTERS = 100
DEDUP_US = 300 * 1_000_000
PENDING_US = 3 * 86_400 * 1_000_000
"""Subscriptions that nobody confirmed for so long are forgotten."""
DEFAULT_TOPICS = 10_000
DEFAULT_SUBSCRIPTIONS = 1_000
"""Topics of an account and subscriptions of a topic, unless the quotas say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic; `attributes` holds what was set, as SNS's texts."""

    account: AccountId
    region: str
    name: str
    created_us: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    last_seq: int = 0
    deleted_subscriptions: int = 0

    @property
    def arn(self) -> str:
        return topic_arn(self.region, self.account, self.name)

    @property
    def is_fifo(self) -> bool:
        return self.name.endswith(".fifo")

    @property
    def policy(self) -> str:
        return self.attributes.get("Policy") or default_policy(self.region, self.account, self.name)


def topic_arn(region: str, account: str, name: str) -> str:
    return f"arn:aws:sns:{region}:{account}:{name}"


def default_policy(region: str, account: str, name: str) -> str:
    """The policy of a topic made without one: services may act for its owner, no other may."""
    actions = ",".join(
        f'"SNS:{name}"'
        for name in (
            "GetTopicAttributes",
            "SetTopicAttributes",
            "AddPermission",
            "RemovePermission",
            "DeleteTopic",
            "Subscribe",
            "ListSubscriptionsByTopic",
            "Publish",
        )
    )
    return (
        '{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Effect":"Allow",'
        '"Sid":"__default_statement_ID","Principal":{"AWS":"*"},'
        f'"Action":[{actions}],"Resource":"{topic_arn(region, account, name)}",'
        f'"Condition":{{"StringEquals":{{"AWS:SourceOwner":"{account}"}}}}}}]}}'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who hears of a topic. `token` is '' once it is confirmed; `is_guarded` ones are ended only by
    who may, not by everyone who knows the ARN."""

    topic_account: AccountId
    topic_name: str
    region: str
    id: str
    owner: AccountId
    principal: str = ""
    """The ARN of who made it; those of before it was kept have none."""
    protocol: str
    endpoint: str
    created_us: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    is_guarded: bool = False

    @property
    def topic_arn(self) -> str:
        return topic_arn(self.region, self.topic_account, self.topic_name)

    @property
    def arn(self) -> str:
        return f"{self.topic_arn}:{self.id}"

    @property
    def is_confirmed(self) -> bool:
        return not self.token

    @property
    def is_raw(self) -> bool:
        return self.attributes.get("RawMessageDelivery") == "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAttribute:
    """A typed value beside the message; exactly one of `text` and `data` is there."""

    kind: str
    text: str | None = None
    data: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message on its way to a webhook; `policy` is the delivery policy as JSON text, or ''."""

    id: str
    topic_account: AccountId
    topic_name: str
    subscription_id: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    policy: str
    attempts: int
    due_us: int
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message as its publisher gives it; `structured` says that it is JSON by protocol."""

    message: str
    subject: str | None = None
    attributes: Mapping[str, MessageAttribute] = field(default_factory=dict)
    structured: bool = False
    group_id: str | None = None
    dedup_id: str | None = None
