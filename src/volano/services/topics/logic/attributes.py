"""The attributes of topics and subscriptions: which there are and what they may be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.errors import Invalid, NotBuilt
from volano.kernel.foreign_json import decode_foreign
from volano.kernel.ids import parse_arn
from volano.services.identity.interface import PolicyKind, require_policy
from volano.services.topics.logic.errors import InvalidParameter
from volano.services.topics.logic.filters import parse_filter
from volano.services.topics.model import MAX_POLICY_BYTES, Topic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.services.topics.model import Subscription

TOPIC_ATTRIBUTES = frozenset(
    (
        "ContentBasedDeduplication",
        "DeliveryPolicy",
        "DisplayName",
        "FifoThroughputScope",
        "FifoTopic",
        "KmsMasterKeyId",
        "Policy",
        "SignatureVersion",
        "TracingConfig",
    )
)
_NOT_BUILT = ("FeedbackRoleArn", "FeedbackSampleRate", "ArchivePolicy", "DataProtectionPolicy")
SUBSCRIPTION_ATTRIBUTES = frozenset(
    ("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")
)
_RETRY_LIMITS = {
    "minDelayTarget": (1, 3600),
    "maxDelayTarget": (1, 3600),
    "numRetries": (0, 100),
    "numNoDelayRetries": (0, 100),
    "numMinDelayRetries": (0, 100),
    "numMaxDelayRetries": (0, 100),
}
_BACKOFFS = ("linear", "arithmetic", "geometric", "exponential")
DEFAULT_RETRIES: Mapping[str, Any] = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numMaxDelayRetries": 0,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "backoffFunction": "linear",
}
DEFAULT_DELIVERY: Mapping[str, Any] = {
    "http": {
        "defaultHealthyRetryPolicy": dict(DEFAULT_RETRIES),
        "disableSubscriptionOverrides": False,
        "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
    }
}


def check_topic_attribute(topic: Topic, name: str, value: str) -> str:
    """The value to store; raises InvalidParameter."""
    if any(word in name for word in _NOT_BUILT):
        raise NotBuilt(f"The topic attribute {name[:80]} is not built yet.")
    if name not in TOPIC_ATTRIBUTES or "\x00" in value:
        raise InvalidParameter("Invalid parameter: AttributeName")
    if name == "KmsMasterKeyId" and value:
        raise NotBuilt(
            "Topics keep no messages that a key could encrypt; encrypt the queues they deliver to."
        )
    if name == "Policy" and value:
        _require_policy(value)
    if name == "SignatureVersion" and value not in ("1", "2"):
        raise InvalidParameter("Invalid parameter: SignatureVersion")
    if name == "TracingConfig" and value != "PassThrough":
        raise NotBuilt("TracingConfig is PassThrough; tracing is not built yet.")
    if name == "DeliveryPolicy" and value:
        _require_delivery(value, topic=True)
    if name in ("FifoTopic", "ContentBasedDeduplication"):
        value = value.lower()
        if value not in ("true", "false"):
            raise InvalidParameter(f"Invalid parameter: {name}")
        if name == "ContentBasedDeduplication" and not topic.is_fifo:
            raise InvalidParameter(
                "Invalid parameter: Content based deduplication can only be set for FIFO topics"
            )
    if name == "FifoThroughputScope" and value not in ("Topic", "MessageGroup"):
        raise InvalidParameter("Invalid parameter: FifoThroughputScope")
    return value


def _require_policy(value: str) -> None:
    try:
        require_policy(value, PolicyKind.RESOURCE, limit=MAX_POLICY_BYTES)
    except Invalid as error:
        raise InvalidParameter(f"Invalid parameter: Policy Error: {error.message}") from error


def check_subscription_attribute(
    subscription: Subscription, name: str, value: str, scope: str
) -> str:
    """The value to store; `scope` is what the filter policy is about. Raises InvalidParameter."""
    if name not in SUBSCRIPTION_ATTRIBUTES or "\x00" in value:
        raise InvalidParameter("Invalid parameter: AttributeName")
    if name == "FilterPolicy" and value:
        parse_filter(value, nested=scope == "MessageBody")
    if name == "FilterPolicyScope" and value not in ("MessageAttributes", "MessageBody"):
        raise InvalidParameter(
            "Invalid parameter: FilterPolicyScope: Invalid value [" + value[:80] + "]. Please use "
            "either MessageBody or MessageAttributes"
        )
    if name == "RawMessageDelivery":
        value = value.lower()
        if value not in ("true", "false"):
            raise InvalidParameter(
                "Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value "
                f"[{value[:80]}]. Must be true or false."
            )
    if name == "RedrivePolicy" and value:
        parse_redrive(value)
    if name == "DeliveryPolicy" and value:
        if subscription.protocol not in ("http", "https"):
            raise InvalidParameter(
                "Invalid parameter: Delivery protocol [" + subscription.protocol + "] does not "
                "support delivery policies."
            )
        _require_delivery(value, topic=False)
    return value


def parse_redrive(value: str) -> str:
    """The dead-letter queue's ARN; raises InvalidParameter."""
    try:
        given = decode_foreign(value, dict[str, str])
    except msgspec.MsgspecError as error:
        raise InvalidParameter("Invalid parameter: RedrivePolicy: failed to parse JSON.") from error
    arn = parse_arn(given.get("deadLetterTargetArn", ""))
    if arn is None or arn.service != "sqs":
        raise InvalidParameter(
            "Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn"
        )
    return given["deadLetterTargetArn"]


def _require_delivery(value: str, *, topic: bool) -> None:
    try:
        policy = decode_foreign(value)
    except ValueError as error:
        raise InvalidParameter(
            "Invalid parameter: DeliveryPolicy: failed to parse JSON."
        ) from error
    retries = retry_rules(policy, topic=topic)
    for name, (low, high) in _RETRY_LIMITS.items():
        number = retries[name]
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            raise InvalidParameter(
                f"Invalid parameter: DeliveryPolicy: {name} must be between {low} and {high}"
            )
    if retries["minDelayTarget"] > retries["maxDelayTarget"]:
        raise InvalidParameter(
            "Invalid parameter: DeliveryPolicy: maxDelayTarget must be greater than or equal to "
            "minDelayTarget"
        )
    counted = sum(retries[f"num{kind}Retries"] for kind in ("NoDelay", "MinDelay", "MaxDelay"))
    if counted > retries["numRetries"]:
        raise InvalidParameter(
            "Invalid parameter: DeliveryPolicy: numRetries must be greater than or equal to total "
            "of numMinDelayRetries, numNoDelayRetries and numMaxDelayRetries"
        )
    if retries["backoffFunction"] not in _BACKOFFS:
        raise InvalidParameter("Invalid parameter: DeliveryPolicy: Unexpected backoffFunction")


def retry_rules(policy: Any, *, topic: bool) -> dict[str, Any]:
    """The retry part of a delivery policy over the defaults; raises InvalidParameter."""
    if isinstance(policy, dict) and topic:
        policy = policy.get("http") or {}
    if not isinstance(policy, dict):
        raise InvalidParameter("Invalid parameter: DeliveryPolicy: Unexpected JSON")
    given = policy.get("defaultHealthyRetryPolicy" if topic else "healthyRetryPolicy") or {}
    if not isinstance(given, dict):
        raise InvalidParameter("Invalid parameter: DeliveryPolicy: Unexpected JSON")
    return {**DEFAULT_RETRIES, **{k: v for k, v in given.items() if k in DEFAULT_RETRIES}}


def effective_delivery(topic: Topic, subscription: Subscription | None = None) -> str:
    """The delivery policy that holds, as JSON text."""
    own = "" if subscription is None else subscription.attributes.get("DeliveryPolicy", "")
    if own:
        return msgspec.json.encode(
            {"healthyRetryPolicy": retry_rules(json.loads(own), topic=False)}
        ).decode()
    given = topic.attributes.get("DeliveryPolicy")
    rules = retry_rules(json.loads(given), topic=True) if given else dict(DEFAULT_RETRIES)
    if subscription is not None:
        return msgspec.json.encode({"healthyRetryPolicy": rules}).decode()
    http = {**DEFAULT_DELIVERY["http"], "defaultHealthyRetryPolicy": rules}
    return msgspec.json.encode({"http": http}).decode()
