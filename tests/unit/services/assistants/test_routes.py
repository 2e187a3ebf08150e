"""Which words mean which action, and that other words mean none."""

from __future__ import annotations

import pytest

from volano.services.assistants.logic.route_table import ROUTES
from volano.services.assistants.logic.routes import find_route, near_routes

MEANT = [
    ("list my buckets", "s3_ListBuckets", {}),
    ("Show me the buckets, please", "s3_ListBuckets", {}),
    ("please create a bucket called reports-2026", "s3_CreateBucket", {"Bucket": "reports-2026"}),
    ("make a new bucket named 'photos'", "s3_CreateBucket", {"Bucket": "photos"}),
    ("delete bucket old-stuff", "s3_DeleteBucket", {"Bucket": "old-stuff"}),
    ("what's in bucket reports-1", "s3_ListObjectsV2", {"Bucket": "reports-1", "MaxKeys": 50}),
    (
        "Can you launch 3 servers of type g1.small?",
        "ec2_RunInstances",
        {"MinCount": 3, "MaxCount": 3, "InstanceType": "g1.small"},
    ),
    ("spin up two servers", "ec2_RunInstances", {"MinCount": 2, "MaxCount": 2}),
    (
        "stop instance i-0123456789abcdef0",
        "ec2_StopInstances",
        {"InstanceIds": ["i-0123456789abcdef0"]},
    ),
    ("show running machines", "ec2_DescribeInstances", {}),
    ("what did we spend this month?", "volano_getBill", {}),
    ("who can do s3:GetObject?", "volano_whoCan", {"action": "s3:GetObject"}),
    ("make a new queue called jobs", "sqs_CreateQueue", {"QueueName": "jobs"}),
    ("add a new user called mira", "iam_CreateUser", {"UserName": "mira"}),
    ("create a channel named launch", "slack_conversations_create", {"name": "launch"}),
    ("which models are there?", "openai_listModels", {}),
    ("这个月花了多少钱", "volano_getBill", {}),
    ("显示所有存储桶", "s3_ListBuckets", {}),
]
NOT_MEANT = [
    "what were the gross sales of the month?",
    "who painted the ceiling?",
    "is there a car park near the moon?",
    "start the meeting without me",
    "who can help me with the printer?",
    "how do I create a good presentation?",
    "delete my last message",
    "list of ingredients for the ciabatta",
    "can we stop selling cakes?",
    "what does the new oven cost?",
    "which queue is shortest at the bakery",
    "show me what Ana said about the bucket list",
    "who has the key to the store?",
    "the channel tunnel opened when?",
    "start the instance",
    "本月销售总额是多少？",
    "",
]


@pytest.mark.parametrize(("text", "tool", "arguments"), MEANT)
def test_known_phrasings_are_understood(text: str, tool: str, arguments: dict) -> None:
    routed = find_route(text)
    assert routed is not None
    assert (routed.tool, routed.arguments) == (tool, arguments)


@pytest.mark.parametrize("text", NOT_MEANT)
def test_what_is_no_order_is_left_alone(text: str) -> None:
    assert find_route(text) is None


def test_every_example_means_its_own_action() -> None:
    for route in ROUTES:
        named = " i-0123456789abcdef0" if route.needs == "InstanceIds" else ""
        for example in route.examples:
            routed = find_route(example + named)
            assert routed is not None, example
            assert routed.tool == route.tool, example


def test_near_ones_are_offered() -> None:
    assert "s3_CreateBucket" in [routed.tool for routed in near_routes("create a bucket policy")]
