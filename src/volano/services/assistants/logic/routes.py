"""Requests in words to actions of the cloud, without any model: known phrasings and typed slots.

A request is compared with example sentences by their words, rare words weighing more; it is taken
for an action only when one example is near and no example of another action is as near. Otherwise
this abstains, and the request is treated as a question. Values (names, ids, counts) are taken from
the request by their form, never guessed.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SURE = 0.72
"""Least likeness of the best example."""
MARGIN = 0.12
"""Least distance to the best example of another action."""
NEAR = 0.45
"""What is offered when nothing is sure."""

UNNEEDED = 0.6
"""Likeness of a route whose needed argument is missing, as a share."""

Arguments = dict[str, object]


@dataclass(frozen=True, slots=True)
class Slot:
    """An argument taken from the words: the first group of `pattern`, converted."""

    name: str
    pattern: re.Pattern[str]
    convert: Callable[[str], object] = str


@dataclass(frozen=True, slots=True)
class Route:
    """An action and how people ask for it.

    `fixed` are arguments that are always the same; without its `needs` a route is only offered.
    """

    tool: str
    examples: tuple[str, ...]
    slots: tuple[Slot, ...] = ()
    fixed: Mapping[str, object] = field(default_factory=dict)
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Routed:
    """An action that a request means, with the arguments that it names."""

    tool: str
    arguments: Arguments
    likeness: float


def _named(*kinds: str) -> re.Pattern[str]:
    """`bucket called x`, `bucket "x"`, `the x bucket`."""
    kind = "|".join(kinds)
    name = r"[\"'`“]?([A-Za-z0-9][A-Za-z0-9._-]*)[\"'`”]?"
    return re.compile(
        rf"\b(?:{kind})s?\s+(?:(?:called|named|by the name of|with the name)\s+)?{name}"
        rf"|\b(?:called|named)\s+{name}",
        re.IGNORECASE,
    )


_INSTANCES = re.compile(r"\b(i-[0-9a-f]{8,17})\b")
_COUNT = re.compile(
    r"\b(\d{1,3}|an?|one|two|three|four|five|six|ten)\s+(?:new\s+|more\s+|small\s+)?"
    r"(?:[\w.]+\s+)?(?:instance|server|machine|vm)",
    re.IGNORECASE,
)
_TYPE = re.compile(r"\b([a-z]\d\.[a-z0-9]+)\b")
_IMAGE = re.compile(r"\b(ami-[0-9a-z]+)\b")
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_ARN_ACTION = re.compile(r"\b((?:s3|iam|ec2|kms|sqs|sns|models|chat):[A-Za-z*]+)\b")


def _count(text: str) -> int:
    return int(text) if text.isdigit() else {**_NUMBERS, "ten": 10}[text.lower()]


def _list(text: str) -> list[str]:
    return [text]


BUCKET = Slot("Bucket", _named("bucket"))
_IDS = Slot("InstanceIds", _INSTANCES, _list)

ROUTES = (
    Route(
        "s3_ListBuckets",
        (
            "list my buckets",
            "show all buckets",
            "which buckets are there",
            "what buckets do we have",
            "显示所有存储桶",
        ),
    ),
    Route(
        "s3_CreateBucket",
        ("create a bucket", "make a new bucket", "add a bucket", "i need a bucket", "创建存储桶"),
        (BUCKET,),
    ),
    Route(
        "s3_DeleteBucket",
        ("delete the bucket", "remove the bucket", "drop the bucket", "删除存储桶"),
        (BUCKET,),
    ),
    Route(
        "s3_ListObjectsV2",
        (
            "list the objects in the bucket",
            "what is in the bucket",
            "show the files in the bucket",
            "which files are in the bucket",
        ),
        (BUCKET,),
        {"MaxKeys": 50},
    ),
    Route(
        "s3_PutBucketVersioning",
        ("turn on versioning for the bucket", "enable versioning on the bucket"),
        (BUCKET,),
        {"VersioningConfiguration": {"Status": "Enabled"}},
    ),
    Route(
        "ec2_DescribeInstances",
        (
            "list my instances",
            "show running servers",
            "which machines are running",
            "what instances do we have",
            "show me all vms",
            "列出实例",
        ),
    ),
    Route(
        "ec2_RunInstances",
        (
            "launch a server",
            "start a new instance",
            "create a virtual machine",
            "run 2 new instances",
            "spin up two servers",
            "start three servers",
        ),
        (
            Slot("MinCount", _COUNT, _count),
            Slot("MaxCount", _COUNT, _count),
            Slot("InstanceType", _TYPE),
            Slot("ImageId", _IMAGE),
        ),
        needs="MinCount",
    ),
    Route(
        "ec2_StartInstances",
        ("start the instance", "start instance again"),
        (_IDS,),
        needs="InstanceIds",
    ),
    Route(
        "ec2_StopInstances",
        ("stop the instance", "shut down the server"),
        (_IDS,),
        needs="InstanceIds",
    ),
    Route(
        "ec2_RebootInstances",
        ("reboot the instance", "restart the server"),
        (_IDS,),
        needs="InstanceIds",
    ),
    Route(
        "ec2_TerminateInstances",
        ("terminate the instance", "delete the server", "destroy the machine"),
        (_IDS,),
        needs="InstanceIds",
    ),
    Route(
        "volano_getBill",
        (
            "show the bill",
            "what did we spend this month",
            "how much did we spend this month",
            "what does the cloud cost us",
            "this month's costs",
            "账单",
            "这个月花了多少钱",
        ),
    ),
    Route(
        "volano_whoCan",
        ("who can do", "who is allowed to", "who has permission for", "who may do"),
        (Slot("action", _ARN_ACTION),),
    ),
    Route("iam_ListUsers", ("list the users", "who has an account here", "show all people")),
    Route(
        "iam_CreateUser",
        ("create a user", "add a new user", "make an account for"),
        (Slot("UserName", _named("user", "account for")),),
    ),
    Route("sqs_ListQueues", ("list the queues", "show my queues", "which queues are there")),
    Route(
        "sqs_CreateQueue",
        ("create a queue", "make a new queue"),
        (Slot("QueueName", _named("queue")),),
    ),
    Route(
        "sns_CreateTopic",
        ("create a topic", "make a new topic"),
        (Slot("Name", _named("topic")),),
    ),
    Route("sns_ListTopics", ("list the topics", "show my topics")),
    Route("openai_listModels", ("list the models", "which models are there", "show models")),
    Route("secretsmanager_ListSecrets", ("list the secrets", "show my secrets")),
    Route("kms_ListKeys", ("list the encryption keys", "show kms keys")),
    Route(
        "slack_conversations_create",
        ("create a channel", "make a new channel", "open a channel", "创建频道"),
        (Slot("name", _named("channel")),),
    ),
)

_WORD = re.compile(r"[a-z0-9]+|[\u4e00-\u9fff]")
_POLITE = re.compile(
    r"^(?:please|pls|can you|could you|would you|i want to|i'd like to|i would like to|let's|"
    r"hey|hi|请|帮我)[, ]*",
    re.IGNORECASE,
)
_FILLER_WORDS = (
    "a an the me my our us all please for on of to is are do does did there have this that now "
    "new here s type size with from at it some called named"
)
_FILLERS = frozenset(_FILLER_WORDS.split())
_SYNONYMS = {
    "add": "create",
    "boot": "start",
    "cloud": "cloud",
    "cost": "spend",
    "costs": "spend",
    "destroy": "delete",
    "display": "list",
    "drop": "delete",
    "erase": "delete",
    "files": "object",
    "give": "list",
    "halt": "stop",
    "launch": "run",
    "machine": "instance",
    "machines": "instance",
    "make": "create",
    "open": "create",
    "people": "user",
    "remove": "delete",
    "restart": "reboot",
    "server": "instance",
    "servers": "instance",
    "set": "create",
    "show": "list",
    "shut": "stop",
    "spin": "run",
    "spent": "spend",
    "vm": "instance",
    "vms": "instance",
}


def find_route(text: str) -> Routed | None:
    """The action that a request means, when that is sure."""
    ranked = _ranked(text)
    if not ranked or ranked[0][0] < SURE:
        return None
    (best, route), others = ranked[0], ranked[1:]
    if others and best - others[0][0] < MARGIN:
        return None
    return Routed(route.tool, _arguments(route, text), best)


def near_routes(text: str, *, limit: int = 3) -> list[Routed]:
    """What might be meant, best first."""
    near = [(likeness, route) for likeness, route in _ranked(text) if likeness >= NEAR]
    return [Routed(route.tool, _arguments(route, text), like) for like, route in near[:limit]]


def _arguments(route: Route, text: str) -> Arguments:
    found: Arguments = dict(route.fixed)
    for slot in route.slots:
        match = slot.pattern.search(text)
        value = next((group for group in match.groups() if group), None) if match else None
        if value is not None:
            found[slot.name] = slot.convert(value.rstrip(".,;!?"))
    return found


def _ranked(text: str) -> list[tuple[float, Route]]:
    """Every route by its nearest example."""
    asked = _words(_without_values(_POLITE.sub("", text.strip())))
    if not asked:
        return []
    ranked = [
        (max(_likeness(asked, example) for example in examples) * _share(route, text), route)
        for route, examples in _example_words()
    ]
    return sorted(ranked, key=lambda pair: -pair[0])


def _share(route: Route, text: str) -> float:
    return UNNEEDED if route.needs and route.needs not in _arguments(route, text) else 1.0


def _without_values(text: str) -> str:
    """The request without what fills slots: names after `called`, ids, quotations, counts."""
    text = re.sub(r"\b(?:called|named)\s+\S+", " ", text, flags=re.IGNORECASE)
    text = re.sub(r"[\"'`“][^\"'`”]{1,80}[\"'`”]", " ", text)
    text = re.sub(r"\b(?:i|ami|sg|vol)-[0-9a-z]+\b|\b[a-z]\d\.[a-z0-9]+\b", " ", text)
    text = _ARN_ACTION.sub(" ", text)
    return re.sub(
        r"\b(bucket|queue|topic|channel|user)s?\s+#?[\w.]*[-_.\d][\w.-]*", r"\1", text, flags=re.I
    )


def _words(text: str) -> frozenset[str]:
    words = _WORD.findall(text.lower())
    kept = [_SYNONYMS.get(word, word) for word in words if word not in _FILLERS]
    kept = [word for word in kept if word not in _NUMBERS and not word.isdigit()]
    return frozenset(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in kept)


@lru_cache(maxsize=1)
def _example_words() -> tuple[tuple[Route, tuple[frozenset[str], ...]], ...]:
    return tuple((route, tuple(_words(text) for text in route.examples)) for route in ROUTES)


@lru_cache(maxsize=1)
def _weights() -> dict[str, float]:
    """Rare words tell more; how many examples hold each."""
    counts = Counter(
        word for _, examples in _example_words() for words in examples for word in words
    )
    total = sum(len(examples) for _, examples in _example_words())
    return {word: math.log(1 + total / count) for word, count in counts.items()}


def _likeness(asked: frozenset[str], example: frozenset[str]) -> float:
    """Weighted overlap from both sides: 1 when they hold the same words, 0 when none is shared."""
    weights = _weights()
    unknown = max(weights.values())
    shared = sum(weights[word] for word in asked & example)
    if not shared:
        return 0.0
    mine = sum(weights.get(word, unknown) for word in asked)
    theirs = sum(weights[word] for word in example)
    return 2 * shared / (mine + theirs)
