"""The actions that requests in words may mean: how people ask for them, and their typed slots.

Pure data. `routes` compares requests with it by words, `meanings` by what they mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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

    `examples` are phrasings, compared by their words; `likes` are more of them, for comparing by
    meaning. A request must speak of what the route is `about`. `fixed` are arguments that are
    always the same; without its `needs` a route is only offered.
    """

    tool: str
    about: re.Pattern[str]
    examples: tuple[str, ...]
    slots: tuple[Slot, ...] = ()
    fixed: Mapping[str, object] = field(default_factory=dict)
    needs: str = ""
    likes: tuple[str, ...] = ()


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


def _about(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_INSTANCES = re.compile(r"\b(i-[0-9a-f]{8,17})\b")
_COUNT = re.compile(
    r"\b(\d{1,3}|an?|one|two|three|four|five|six|ten)\s+(?:new\s+|more\s+|small\s+)?"
    r"(?:[\w.]+\s+)?(?:instance|server|machine|vm)",
    re.IGNORECASE,
)
_TYPE = re.compile(r"\b([a-z]\d\.[a-z0-9]+)\b")
_IMAGE = re.compile(r"\b(ami-[0-9a-z]+)\b")
NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
ARN_ACTION = re.compile(r"\b((?:s3|iam|ec2|kms|sqs|sns|models|chat):[A-Za-z*]+)\b")


def _count(text: str) -> int:
    return int(text) if text.isdigit() else {**NUMBERS, "ten": 10}[text.lower()]


def _list(text: str) -> list[str]:
    return [text]


BUCKET = Slot("Bucket", _named("bucket"))
_IDS = Slot("InstanceIds", _INSTANCES, _list)


BUCKETS = _about(r"bucket|storage|桶")
INSTANCES = _about(r"instance|server|machine|\bvms?\b|virtual|实例|服务器|机器|\bi-[0-9a-f]{8}")
QUEUES = _about(r"queue|队列")
TOPICS = _about(r"topic|主题")
CHANNELS = _about(r"channel|频道")
SECRETS = _about(r"secret|password|密")
KEYS = _about(r"\bkeys?\b|kms|密钥")
MODELS = _about(r"model|llm|模型")
SPENDING = _about(r"bill|spen[dt]|cost|charge|invoice|expens|money|费|账单|花")
PEOPLE = _about(
    r"user|login|account|people|access|right|allowed|permission|everybody|\bcan do\b|用户|账号"
)

ROUTES = (
    Route(
        "s3_ListBuckets",
        BUCKETS,
        (
            "list my buckets",
            "show all buckets",
            "which buckets are there",
            "what buckets do we have",
            "显示所有存储桶",
        ),
        likes=(
            "could you tell me what storage buckets exist",
            "give me an overview of our S3 buckets",
            "我们有哪些存储桶？",
        ),
    ),
    Route(
        "s3_CreateBucket",
        BUCKETS,
        ("create a bucket", "make a new bucket", "add a bucket", "i need a bucket", "创建存储桶"),
        (BUCKET,),
        likes=(
            "set up a storage bucket named backups-2027",
            "I want a fresh bucket for the photos",
            "帮我新建一个叫 reports 的存储桶",
        ),
    ),
    Route(
        "s3_DeleteBucket",
        BUCKETS,
        ("delete the bucket", "remove the bucket", "drop the bucket", "删除存储桶"),
        (BUCKET,),
        likes=(
            "get rid of the bucket old-logs",
            "please erase bucket tmp-data",
        ),
    ),
    Route(
        "s3_ListObjectsV2",
        BUCKETS,
        (
            "list the objects in the bucket",
            "what is in the bucket",
            "show the files in the bucket",
            "which files are in the bucket",
        ),
        (BUCKET,),
        {"MaxKeys": 50},
        likes=(
            "what files are inside bucket media",
            "show me the contents of the bucket invoices",
            "存储桶 media 里有什么文件",
        ),
    ),
    Route(
        "s3_PutBucketVersioning",
        BUCKETS,
        ("turn on versioning for the bucket", "enable versioning on the bucket"),
        (BUCKET,),
        {"VersioningConfiguration": {"Status": "Enabled"}},
        likes=(
            "keep old versions in bucket docs",
            "switch versioning on for bucket media",
        ),
    ),
    Route(
        "ec2_DescribeInstances",
        INSTANCES,
        (
            "list my instances",
            "show running servers",
            "which machines are running",
            "what instances do we have",
            "show me all vms",
            "列出实例",
        ),
        likes=(
            "which virtual machines are up right now",
            "do we have any servers running",
            "现在有哪些服务器在运行",
        ),
    ),
    Route(
        "ec2_RunInstances",
        INSTANCES,
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
        likes=(
            "I need two more servers",
            "boot 3 instances of type g1.small",
            "启动两台新服务器",
        ),
    ),
    Route(
        "ec2_StartInstances",
        INSTANCES,
        ("start the instance", "start instance again"),
        (_IDS,),
        needs="InstanceIds",
        likes=(
            "power on i-0a1b2c3d4e5f60718",
            "bring instance i-0123456789abcdef0 back up",
        ),
    ),
    Route(
        "ec2_StopInstances",
        INSTANCES,
        ("stop the instance", "shut down the server"),
        (_IDS,),
        needs="InstanceIds",
        likes=(
            "power off i-0a1b2c3d4e5f60718",
            "halt the machine i-0123456789abcdef0",
        ),
    ),
    Route(
        "ec2_RebootInstances",
        INSTANCES,
        ("reboot the instance", "restart the server"),
        (_IDS,),
        needs="InstanceIds",
        likes=(
            "give i-0a1b2c3d4e5f60718 a restart",
            "power cycle i-0123456789abcdef0",
        ),
    ),
    Route(
        "ec2_TerminateInstances",
        INSTANCES,
        ("terminate the instance", "delete the server", "destroy the machine"),
        (_IDS,),
        needs="InstanceIds",
        likes=(
            "kill the instance i-0a1b2c3d4e5f60718 for good",
            "we no longer need i-0123456789abcdef0, remove it",
        ),
    ),
    Route(
        "volano_getBill",
        SPENDING,
        (
            "show the bill",
            "what did we spend this month",
            "how much did we spend this month",
            "what does the cloud cost us",
            "this month's costs",
            "账单",
            "这个月花了多少钱",
        ),
        likes=(
            "how expensive was the cloud so far this month",
            "what are our current charges",
            "本月费用是多少",
        ),
    ),
    Route(
        "volano_whoCan",
        PEOPLE,
        ("who can do", "who is allowed to", "who has permission for", "who may do"),
        (Slot("action", ARN_ACTION),),
        likes=(
            "which people have access to s3:DeleteBucket",
            "who could run iam:CreateUser",
        ),
    ),
    Route(
        "iam_ListUsers",
        PEOPLE,
        ("list the users", "who has an account here", "show all people"),
        likes=(
            "which user accounts exist",
            "list everybody with a login",
        ),
    ),
    Route(
        "iam_CreateUser",
        PEOPLE,
        ("create a user", "add a new user", "make an account for"),
        (Slot("UserName", _named("user", "account for")),),
        likes=(
            "give Maria a user account",
            "we need a login for user bob",
        ),
    ),
    Route(
        "sqs_ListQueues",
        QUEUES,
        ("list the queues", "show my queues", "which queues are there"),
        likes=(
            "what message queues do we have",
            "all queues please",
        ),
    ),
    Route(
        "sqs_CreateQueue",
        QUEUES,
        ("create a queue", "make a new queue"),
        (Slot("QueueName", _named("queue")),),
        likes=(
            "we need a message queue called orders",
            "set up queue named emails",
        ),
    ),
    Route(
        "sns_CreateTopic",
        TOPICS,
        ("create a topic", "make a new topic"),
        (Slot("Name", _named("topic")),),
        likes=(
            "set up a notification topic called alerts",
            "add topic named releases",
        ),
    ),
    Route(
        "sns_ListTopics",
        TOPICS,
        ("list the topics", "show my topics"),
        likes=(
            "which notification topics exist",
            "all topics please",
        ),
    ),
    Route(
        "openai_listModels",
        MODELS,
        ("list the models", "which models are there", "show models"),
        likes=(
            "what language models can I use",
            "which AI models are available",
            "有哪些模型可以用",
        ),
    ),
    Route(
        "secretsmanager_ListSecrets",
        SECRETS,
        ("list the secrets", "show my secrets"),
        likes=(
            "what passwords are kept in the secret store",
            "which secrets do we store",
        ),
    ),
    Route(
        "kms_ListKeys",
        KEYS,
        ("list the encryption keys", "show kms keys"),
        likes=(
            "what keys do we encrypt with",
            "give me all KMS keys",
        ),
    ),
    Route(
        "slack_conversations_create",
        CHANNELS,
        ("create a channel", "make a new channel", "open a channel", "创建频道"),
        (Slot("name", _named("channel")),),
        likes=(
            "start a new channel named marketing",
            "we should have a channel for #project-x",
            "新建一个频道叫 marketing",
        ),
    ),
)

OTHERWISE = (
    "when does the meeting start",
    "who wrote this document",
    "what did somebody say about it",
    "how do i make this",
    "thank you",
    "why did it fail",
    "what does this word mean",
    "what was decided in the meeting",
    "who is responsible for the project",
    "how many customers did we have",
    "where is the key",
    "good morning",
    "do not do that",
    "what does the contract say",
    "is the shop open today",
    "how much did it cost last year according to the report",
    "我们什么时候开会",
    "谁负责",
    "how does it work",
    "what is the address",
    "when does the oven arrive",
    "who wrote the holiday plan",
    "what did Ana say about the budget",
    "how do I make a good pizza dough",
    "thank you very much",
    "is the server room cold?",
    "why did the deployment fail yesterday",
    "what is a bucket?",
    "what was decided about the instance prices of the competitor",
    "the bucket in the kitchen leaks",
    "did somebody delete the report?",
    "what are the opening hours of the shop",
    "how much did the new oven cost",
    "who is on holiday next week",
    "谁写了这份报告",
    "do not stop the machine",
    "what is the password of the wifi",
)
"""What people say that is no request for an action."""


def read_arguments(route: Route, text: str) -> Arguments:
    """What the request says for the slots of a route."""
    found: Arguments = dict(route.fixed)
    for slot in route.slots:
        match = slot.pattern.search(text)
        value = next((group for group in match.groups() if group), None) if match else None
        if value is not None:
            found[slot.name] = slot.convert(value.rstrip(".,;!?"))
    return found
