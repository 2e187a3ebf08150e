"""The nouns of queues: queues, messages, and moves of dead letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from volano.kernel.ids import AccountId

MAX_MESSAGE_BYTES = 1024 * 1024
MAX_BATCH_BYTES = 1024 * 1024
MAX_BATCH = 10
MAX_WAIT_S = 20
MAX_VISIBILITY_S = 43_200
MAX_DELAY_S = 900
MAX_MESSAGE_ATTRIBUTES = 10
MAX_TAGS = 50
MAX_PAGE = 1000
MAX_POLICY_BYTES = 20_480
MAX_STATEMENTS = 20
MAX_COUNTED = 1_000_000
"""Messages counted for the approximate numbers; a queue with more shows this many."""
DEDUP_US = 300 * 1_000_000
MOVE_RATE = 500
"""Messages a second that a move of dead letters moves at most."""
DEFAULT_QUEUES = 10_000
"""Queues of an account, unless its quota `sqs.queues` says otherwise."""

DEFAULTS: Mapping[str, str] = {
    "VisibilityTimeout": "30",
    "MaximumMessageSize": str(MAX_MESSAGE_BYTES),
    "MessageRetentionPeriod": "345600",
    "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0",
}
"""What a queue has without being told (SQS API reference, CreateQueue)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue; `attributes` holds what was set, as SQS's texts."""

    account: AccountId
    region: str
    name: str
    id: str
    created_us: int
    modified_us: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    dead_letter_arn: str = ""

    @property
    def arn(self) -> str:
        return queue_arn(self.region, self.account, self.name)

    @property
    def is_fifo(self) -> bool:
        return self.name.endswith(".fifo")

    @property
    def policy(self) -> str:
        return self.attributes.get("Policy", "")

    def seconds(self, name: str) -> int:
        """A number among the attributes."""
        return int(self.attributes.get(name) or DEFAULTS[name])

    def is_on(self, name: str) -> bool:
        return self.attributes.get(name) == "true"

    @property
    def is_sealed(self) -> bool:
        """Whether bodies are encrypted at rest, as they are unless that was turned off."""
        return self.attributes.get("SqsManagedSseEnabled") != "false"


def queue_arn(region: str, account: str, name: str) -> str:
    return f"arn:aws:sqs:{region}:{account}:{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAttribute:
    """A typed value beside the body; exactly one of `text` and `data` is there."""

    kind: str
    text: str | None = None
    data: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it is stored: `sealing` says how its body is (`logic/sealing.py`); `seq` is 0
    outside FIFO queues."""

    id: str
    body: bytes
    sealing: int
    attributes: Mapping[str, MessageAttribute]
    sender_id: str
    sent_us: int
    visible_us: int
    trace_header: str = ""
    first_received_us: int = 0
    receive_count: int = 0
    receipt: str = ""
    group_id: str = ""
    dedup_id: str = ""
    seq: int = 0
    source_arn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A message group of a FIFO queue."""

    id: str
    last_seq: int
    head_seq: int | None
    blocked_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTask:
    """A move of dead letters; `destination` '' means back to each message's source."""

    id: str
    account: AccountId
    source: str
    destination: str
    rate: int
    status: str
    wanted: int
    started_us: int
    advanced_us: int
    moved: int = 0
    failure: str = ""
