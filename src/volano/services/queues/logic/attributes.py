"""The attributes of queues: which there are, what they may be, what they show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import Invalid
from volano.kernel.foreign_json import decode_foreign
from volano.kernel.ids import parse_arn
from volano.services.identity.interface import PolicyKind, require_policy
from volano.services.queues.logic.access import find_queue_by_arn
from volano.services.queues.logic.errors import (
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidParameterValue,
)
from volano.services.queues.model import DEFAULTS, MAX_POLICY_BYTES, Queue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Env
    from volano.kernel.store import Reader

_RANGES = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}
_CHOICES = {
    "FifoQueue": ("true", "false"),
    "ContentBasedDeduplication": ("true", "false"),
    "SqsManagedSseEnabled": ("true", "false"),
    "DeduplicationScope": ("messageGroup", "queue"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
}
_FIFO_ONLY = ("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
_TEXTS = ("Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId")
SETTABLE = frozenset((*_RANGES, *_CHOICES, *_TEXTS))
SHOWN = frozenset(
    (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
        "CreatedTimestamp",
        "LastModifiedTimestamp",
        "QueueArn",
    )
)
_NUMBER = re.compile(r"\d{1,7}\Z", re.ASCII)


class RedrivePolicy(msgspec.Struct, frozen=True):
    """Where messages go that were received too often."""

    arn: str = msgspec.field(name="deadLetterTargetArn")
    count: int | str = msgspec.field(name="maxReceiveCount")

    @property
    def max_receives(self) -> int:
        return int(self.count)


class RedriveAllowPolicy(msgspec.Struct, frozen=True):
    """Which queues may name this one in their redrive policy."""

    permission: str = msgspec.field(name="redrivePermission")
    sources: list[str] = msgspec.field(name="sourceQueueArns", default_factory=list)


def check_attributes(name: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """What to set, each value in its form; an empty text unsets. Raises InvalidAttributeName and
    InvalidAttributeValue."""
    found: dict[str, str] = {}
    fifo = name.endswith(".fifo")
    for given, value in wanted.items():
        key = given.strip()
        if key not in SETTABLE:
            raise InvalidAttributeName(f"Unknown Attribute {key[:80]}.")
        if key in _FIFO_ONLY and not fifo:
            raise InvalidAttributeName(
                f"You can specify the {key} only when FifoQueue is set to true."
                if key != "ContentBasedDeduplication"
                else f"Unknown Attribute {key}."
            )
        found[key] = _checked(key, value)
    limit, scope = found.get("FifoThroughputLimit"), found.get("DeduplicationScope")
    if limit == "perMessageGroupId" and scope == "queue":
        raise InvalidAttributeValue(
            "The perMessageGroupId value is allowed only when the value for DeduplicationScope is "
            "messageGroup."
        )
    if found.get("KmsMasterKeyId") and found.get("SqsManagedSseEnabled") == "true":
        raise InvalidAttributeValue(
            "You can use one type of server-side encryption (SSE) at one time. You can either "
            "enable KMS SSE or SQS SSE."
        )
    return found


def _checked(key: str, value: str) -> str:
    if key in _RANGES:
        low, high = _RANGES[key]
        if not _NUMBER.match(value) or not low <= int(value) <= high:
            raise _wrong(key)
        return str(int(value))
    if key in _CHOICES:
        lowered = value.lower() if value.lower() in ("true", "false") else value
        if lowered not in _CHOICES[key]:
            raise _wrong(key)
        return lowered
    if not value:
        return ""
    if "\x00" in value:
        raise _wrong(key)
    if key == "Policy":
        return _checked_policy(value)
    if key == "RedrivePolicy":
        policy = parse_redrive(value)
        if isinstance(policy.count, int):
            return value
        plain = {"deadLetterTargetArn": policy.arn, "maxReceiveCount": policy.max_receives}
        return msgspec.json.encode(plain).decode()
    if key == "RedriveAllowPolicy":
        parse_redrive_allow(value)
    return value


def _wrong(key: str) -> InvalidAttributeValue:
    return InvalidAttributeValue(f"Invalid value for the parameter {key}.")


def _checked_policy(value: str) -> str:
    try:
        require_policy(value, PolicyKind.RESOURCE, limit=MAX_POLICY_BYTES)
    except Invalid as error:
        raise InvalidAttributeValue("Invalid value for the parameter Policy.") from error
    return value


def parse_redrive(value: str) -> RedrivePolicy:
    """Raises InvalidParameterValue in SQS's words."""
    reason = "Reason: Redrive policy is not a valid JSON map."
    try:
        given = decode_foreign(value, dict[str, object])
    except msgspec.MsgspecError as error:
        raise _redrive(value, reason) from error
    if "maxReceiveCount" not in given:
        raise _redrive(
            value, "Reason: Redrive policy does not contain mandatory attribute: maxReceiveCount."
        )
    if "deadLetterTargetArn" not in given:
        raise _redrive(
            value,
            "Reason: Redrive policy does not contain mandatory attribute: deadLetterTargetArn.",
        )
    try:
        policy = msgspec.convert(given, RedrivePolicy)
        right = 1 <= policy.max_receives <= 1000
    except (msgspec.MsgspecError, ValueError) as error:
        raise _redrive(value, "Reason: Invalid value for maxReceiveCount.") from error
    if not right:
        raise _redrive(
            value,
            f"Reason: Invalid value for maxReceiveCount: {policy.count}, valid values are from 1 "
            "to 1000 both inclusive.",
        )
    return policy


def _redrive(value: str, reason: str) -> InvalidParameterValue:
    return InvalidParameterValue(
        f"Value {value[:200]} for parameter RedrivePolicy is invalid. {reason}"
    )


def parse_redrive_allow(value: str) -> RedriveAllowPolicy:
    try:
        policy = decode_foreign(value, RedriveAllowPolicy)
    except msgspec.MsgspecError as error:
        raise _wrong("RedriveAllowPolicy") from error
    by_queue = policy.permission == "byQueue"
    if policy.permission not in ("allowAll", "denyAll", "byQueue") or bool(policy.sources) != (
        by_queue
    ):
        raise _wrong("RedriveAllowPolicy")
    if len(policy.sources) > 10:
        raise _wrong("RedriveAllowPolicy")
    return policy


async def require_redrive_target(env: Env, reader: Reader, queue: Queue, value: str) -> str:
    """The dead-letter queue's ARN as the policy names it; it must be there, of the same account and
    kind, and let this queue."""
    policy = parse_redrive(value)
    arn = parse_arn(policy.arn)
    if arn is None or arn.service != "sqs" or arn.account != queue.account:
        raise _redrive(value, "Reason: Invalid value for deadLetterTargetArn.")
    target = await find_queue_by_arn(env, reader, policy.arn)
    if target is None:
        raise _redrive(value, "Reason: Dead letter target does not exist.")
    if target.is_fifo != queue.is_fifo:
        raise _redrive(
            value,
            "Reason: Dead-letter queue must be same type of queue as the source.",
        )
    allowed = target.attributes.get("RedriveAllowPolicy")
    if allowed:
        rule = parse_redrive_allow(allowed)
        if rule.permission == "denyAll" or (
            rule.permission == "byQueue" and queue.arn not in rule.sources
        ):
            raise _redrive(value, "Reason: Queue is not allowed to use this dead-letter queue.")
    return policy.arn


def shown_attributes(queue: Queue, counts: tuple[int, int, int]) -> dict[str, str]:
    """All attributes of a queue as GetQueueAttributes shows them."""
    visible, hidden, delayed = counts
    shown = {
        "QueueArn": queue.arn,
        "ApproximateNumberOfMessages": str(visible),
        "ApproximateNumberOfMessagesNotVisible": str(hidden),
        "ApproximateNumberOfMessagesDelayed": str(delayed),
        "CreatedTimestamp": str(queue.created_us // 1_000_000),
        "LastModifiedTimestamp": str(queue.modified_us // 1_000_000),
        **DEFAULTS,
    }
    if queue.is_fifo:
        shown |= {
            "FifoQueue": "true",
            "ContentBasedDeduplication": "false",
            "DeduplicationScope": "queue",
            "FifoThroughputLimit": "perQueue",
        }
    if queue.attributes.get("KmsMasterKeyId"):
        shown["KmsDataKeyReusePeriodSeconds"] = "300"
        shown["SqsManagedSseEnabled"] = "false"
    else:
        shown["SqsManagedSseEnabled"] = "true"
    shown |= {key: value for key, value in queue.attributes.items() if value}
    if not queue.attributes.get("KmsMasterKeyId"):
        shown.pop("KmsDataKeyReusePeriodSeconds", None)
    return shown
