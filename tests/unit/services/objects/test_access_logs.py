"""Access logs: whom a target lets deliver, and that every line arrives once."""

from __future__ import annotations

import json

import pytest

from volano.services.objects.logic.access_logs import deliver, note_line, write_down
from volano.services.objects.logic.errors import InvalidRequest, MalformedXml


def policy_for(target: str, source: str, account: str = "111111111111") -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "logging.s3.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": f"arn:aws:s3:::{target}/logs/*",
                    "Condition": {
                        "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{source}"},
                        "StringEquals": {"aws:SourceAccount": account},
                    },
                }
            ],
        }
    )


def to(bucket: str, **members) -> dict:
    return {"LoggingEnabled": {"TargetBucket": bucket, "TargetPrefix": "logs/", **members}}


@pytest.fixture
async def target(s3):
    await s3("CreateBucket", Bucket="target")
    await s3("PutBucketPolicy", Bucket="target", Policy=policy_for("target", "shop"))
    return "target"


async def test_lines_arrive_in_one_object_and_once(s3, env, target):
    await s3("PutBucketLogging", Bucket="shop", BucketLoggingStatus=to(target))
    assert await s3("GetBucketLogging", Bucket="shop") == to(target)
    for number in range(3):
        note_line(env, "shop", f"line {number}", request_id=str(number))
    await write_down(env)
    assert await deliver(env) == 1
    assert await deliver(env) == 0
    keys = await s3.keys(target)
    assert len(keys) == 1
    assert keys[0].startswith("logs/")
    assert await s3.body(target, keys[0]) == b"line 0\nline 1\nline 2\n"


async def test_keys_can_be_parted_by_day(s3, env, target):
    form = {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}
    status = to(target, TargetObjectKeyFormat=form)
    await s3("PutBucketLogging", Bucket="shop", BucketLoggingStatus=status)
    note_line(env, "shop", "line", request_id="1")
    await write_down(env)
    await deliver(env)
    (key,) = await s3.keys(target)
    assert key.startswith(f"logs/111111111111/{env.region.name}/shop/")
    assert "-00-00-00-" in key
    bad = {"PartitionedPrefix": {"PartitionDateSource": "Never"}}
    status = to(target, TargetObjectKeyFormat=bad)
    with pytest.raises(MalformedXml):
        await s3("PutBucketLogging", Bucket="shop", BucketLoggingStatus=status)


async def test_target_that_lets_nobody_deliver_is_refused(s3, other_s3):
    await s3("CreateBucket", Bucket="closed")
    await other_s3("CreateBucket", Bucket="foreign")
    for bucket in ("closed", "foreign", "missing"):
        with pytest.raises(InvalidRequest) as caught:
            await s3("PutBucketLogging", Bucket="shop", BucketLoggingStatus=to(bucket))
        assert caught.value.wire_code == "InvalidTargetBucketForLogging"
    await s3(
        "PutBucketPolicy", Bucket="closed", Policy=policy_for("closed", "shop", "999999999999")
    )
    with pytest.raises(InvalidRequest):
        await s3("PutBucketLogging", Bucket="shop", BucketLoggingStatus=to("closed"))
    assert await s3("GetBucketLogging", Bucket="shop") == {}


async def test_group_of_the_log_delivery_may_deliver_where_there_are_lists(s3, env):
    await s3("CreateBucket", Bucket="listed", ObjectOwnership="ObjectWriter")
    await s3("PutBucketAcl", Bucket="listed", ACL="log-delivery-write")
    await s3("PutBucketLogging", Bucket="shop", BucketLoggingStatus=to("listed"))
    note_line(env, "shop", "line", request_id="1")
    await write_down(env)
    assert await deliver(env) == 1
    await s3("PutBucketLogging", Bucket="shop", BucketLoggingStatus={})
    assert await s3("GetBucketLogging", Bucket="shop") == {}


async def test_lines_end_where_the_permission_ends(s3, env, target):
    await s3("PutBucketLogging", Bucket="shop", BucketLoggingStatus=to(target))
    await s3("DeleteBucketPolicy", Bucket=target)
    note_line(env, "shop", "line", request_id="1")
    await write_down(env)
    assert await deliver(env) == 0
    assert await s3.keys(target) == []
