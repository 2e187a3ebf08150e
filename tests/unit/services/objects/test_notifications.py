"""Bucket notifications: who is told what, in S3's words, at least once."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from tests.unit.services.objects.conftest import S3, call_as_root
from tests.unit.services.queues.conftest import Sqs
from tests.unit.services.topics.conftest import Aws, hook  # noqa: F401 - a fixture

from volano.backends.egress.http import HttpEgress
from volano.kernel.clock import ManualClock
from volano.kernel.egress import parse_networks
from volano.kernel.errors import VolanoError
from volano.services.objects.logic import hooks
from volano.services.objects.logic.notifying import notify
from volano.services.objects.model import ObjectWritten

ACCOUNT = "111111111111"


@pytest.fixture
def s3(live_env):
    return S3(live_env, call_as_root(live_env, ACCOUNT))


@pytest.fixture
def sqs(live_env):
    return Sqs(live_env, call_as_root(live_env, ACCOUNT))


def policy_for(arn: str, bucket: str, action: str = "sqs:SendMessage") -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "s3.amazonaws.com"},
                "Action": action,
                "Resource": arn,
                "Condition": {
                    "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
                    "StringEquals": {"aws:SourceAccount": ACCOUNT},
                },
            },
        }
    )


async def open_queue(sqs, name: str, bucket: str = "photos") -> tuple[str, str]:
    url = await sqs.make(name)
    arn = await sqs.arn(url)
    await sqs("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy_for(arn, bucket)})
    return url, arn


def queue_rule(arn: str, *events: str, **filters: str) -> dict:
    rule: dict = {"QueueArn": arn, "Events": list(events)}
    if filters:
        rules = [{"Name": name, "Value": value} for name, value in filters.items()]
        rule["Filter"] = {"Key": {"FilterRules": rules}}
    return rule


async def put_rules(s3, bucket: str = "photos", **lists: list) -> None:
    await s3("PutBucketNotificationConfiguration", Bucket=bucket, NotificationConfiguration=lists)


async def records(sqs, url: str) -> list[dict]:
    found = [json.loads(body) for body in await sqs.bodies(url)]
    return [one for each in found for one in each.get("Records", [])]


async def test_changes_arrive_as_s3_writes_them(s3, sqs, live_env):
    await s3("CreateBucket", Bucket="photos")
    url, arn = await open_queue(sqs, "q")
    await put_rules(
        s3,
        QueueConfigurations=[
            queue_rule(arn, "s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*")
            | {"Id": "r1"}
        ],
    )
    [test] = await sqs.bodies(url)
    assert (json.loads(test)["Event"], json.loads(test)["Bucket"]) == ("s3:TestEvent", "photos")
    await s3("PutObject", Bucket="photos", Key="a b/ü+.png", Body=b"12345")
    await live_env.events.settle()
    [made] = await records(sqs, url)
    assert (made["eventName"], made["eventSource"], made["eventVersion"]) == (
        "ObjectCreated:Put",
        "aws:s3",
        "2.1",
    )
    assert made["userIdentity"] == {"principalId": f"AWS:{ACCOUNT}"}
    assert made["s3"]["configurationId"] == "r1"
    assert made["s3"]["bucket"] == {
        "name": "photos",
        "ownerIdentity": {"principalId": ACCOUNT},
        "arn": "arn:aws:s3:::photos",
    }
    about = made["s3"]["object"]
    assert (about["key"], about["size"]) == ("a+b/%C3%BC%2B.png", 5)
    assert about["eTag"] == hashlib.md5(b"12345").hexdigest()
    await s3(
        "PutObjectTagging",
        Bucket="photos",
        Key="a b/ü+.png",
        Tagging={"TagSet": [{"Key": "k", "Value": "v"}]},
    )
    await s3("DeleteObject", Bucket="photos", Key="a b/ü+.png")
    await live_env.events.settle()
    tagged, gone = await records(sqs, url)
    assert [tagged["eventName"], gone["eventName"]] == ["ObjectTagging:Put", "ObjectRemoved:Delete"]
    assert tagged["eventVersion"] == "2.3"
    assert (
        about["sequencer"]
        < tagged["s3"]["object"]["sequencer"]
        <= gone["s3"]["object"]["sequencer"]
    )
    assert "size" not in gone["s3"]["object"]


async def test_versions_and_delete_markers_are_named(s3, sqs, live_env):
    await s3("CreateBucket", Bucket="photos")
    await s3("PutBucketVersioning", Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    url, arn = await open_queue(sqs, "q")
    await put_rules(
        s3,
        QueueConfigurations=[
            queue_rule(arn, "s3:ObjectCreated:Put", "s3:ObjectRemoved:DeleteMarkerCreated")
        ],
    )
    await sqs.bodies(url)
    put = await s3("PutObject", Bucket="photos", Key="k", Body=b"1")
    removed = await s3("DeleteObject", Bucket="photos", Key="k")
    await s3("DeleteObject", Bucket="photos", Key="k", VersionId=put["VersionId"])
    await live_env.events.settle()
    made, marker = await records(sqs, url)
    assert made["s3"]["object"]["versionId"] == put["VersionId"]
    assert marker["eventName"] == "ObjectRemoved:DeleteMarkerCreated"
    assert marker["s3"]["object"]["versionId"] == removed["VersionId"]


async def test_several_rules_of_one_prefix_each_tell_their_target(s3, sqs, live_env):
    await s3("CreateBucket", Bucket="photos")
    first, first_arn = await open_queue(sqs, "q1")
    second, second_arn = await open_queue(sqs, "q2")
    await put_rules(
        s3,
        QueueConfigurations=[
            queue_rule(first_arn, "s3:ObjectCreated:*", prefix="in/", suffix=".png"),
            queue_rule(second_arn, "s3:ObjectCreated:*", Prefix="in/", Suffix=".jpg"),
            queue_rule(second_arn, "s3:ObjectRemoved:*", prefix="in/"),
        ],
    )
    for url in (first, second):
        await sqs.bodies(url)
    for key in ("in/a.png", "in/b.jpg", "in/c.txt", "out/a.png"):
        await s3("PutObject", Bucket="photos", Key=key, Body=b"x")
    await s3("DeleteObject", Bucket="photos", Key="in/c.txt")
    await live_env.events.settle()
    assert [one["s3"]["object"]["key"] for one in await records(sqs, first)] == ["in/a.png"]
    told = await records(sqs, second)
    assert [(one["eventName"], one["s3"]["object"]["key"]) for one in told] == [
        ("ObjectCreated:Put", "in/b.jpg"),
        ("ObjectRemoved:Delete", "in/c.txt"),
    ]
    found = await s3("GetBucketNotificationConfiguration", Bucket="photos")
    assert found["QueueConfigurations"][0]["Filter"]["Key"]["FilterRules"] == [
        {"Name": "Prefix", "Value": "in/"},
        {"Name": "Suffix", "Value": ".png"},
    ]
    await put_rules(s3)
    assert await s3("GetBucketNotificationConfiguration", Bucket="photos") == {}


async def test_a_topic_passes_them_on(s3, sqs, live_env):
    await s3("CreateBucket", Bucket="photos")
    aws = Aws(live_env, call_as_root(live_env, ACCOUNT))
    topic = (await aws("sns:CreateTopic", Name="t"))["TopicArn"]
    await aws(
        "sns:SetTopicAttributes",
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=policy_for(topic, "photos", "sns:Publish"),
    )
    url, arn = await aws.make_queue("q", topic)
    await aws(
        "sns:Subscribe",
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true"},
    )
    await put_rules(s3, TopicConfigurations=[{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}])
    await s3("PutObject", Bucket="photos", Key="k", Body=b"x")
    await live_env.events.settle()
    bodies = [json.loads(body) for body in await aws.bodies(url)]
    assert [("Event" in body, "Records" in body) for body in bodies] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize(
    "rule",
    [
        {"QueueArn": "arn:aws:sqs:{region}:{account}:closed", "Events": ["s3:ObjectCreated:*"]},
        {"QueueArn": "arn:aws:sqs:{region}:{account}:missing", "Events": ["s3:ObjectCreated:*"]},
        {"QueueArn": "arn:aws:sqs:elsewhere:{account}:open", "Events": ["s3:ObjectCreated:*"]},
        {"QueueArn": "nonsense", "Events": ["s3:ObjectCreated:*"]},
        {"QueueArn": "arn:aws:sqs:{region}:{account}:open", "Events": ["s3:Nonsense"]},
        {"QueueArn": "arn:aws:sqs:{region}:{account}:open", "Events": []},
        {"LambdaFunctionArn": "arn:aws:lambda:{region}:{account}:function:none", "Events": ["s3:ObjectCreated:*"]},
    ],
)  # fmt: skip
async def test_targets_that_cannot_be_told_are_refused(s3, sqs, live_env, rule):
    await s3("CreateBucket", Bucket="photos")
    await sqs.make("closed")
    await open_queue(sqs, "open")
    filled = {
        key: value.format(region=live_env.region.name, account=ACCOUNT)
        if isinstance(value, str)
        else value
        for key, value in rule.items()
    }
    kind = "QueueConfigurations" if "QueueArn" in rule else "LambdaFunctionConfigurations"
    with pytest.raises(VolanoError) as caught:
        await put_rules(s3, **{kind: [filled]})
    assert caught.value.wire_code == "InvalidArgument"
    assert await s3("GetBucketNotificationConfiguration", Bucket="photos") == {}


async def test_rules_that_overlap_are_refused(s3, sqs):
    await s3("CreateBucket", Bucket="photos")
    _, arn = await open_queue(sqs, "q")
    for second in (
        queue_rule(arn, "s3:ObjectCreated:Put"),
        queue_rule(arn, "s3:ObjectCreated:*", prefix="in/deep/"),
    ):
        with pytest.raises(VolanoError) as caught:
            await put_rules(
                s3,
                QueueConfigurations=[
                    queue_rule(arn, "s3:ObjectCreated:*", prefix="in/")
                    if "Filter" in second
                    else queue_rule(arn, "s3:ObjectCreated:*"),
                    second,
                ],
            )
        assert caught.value.wire_code == "InvalidArgument"


async def test_a_hook_gets_signed_records_until_it_takes_them(env, hook):  # noqa: F811 - the fixture
    clock = ManualClock()
    own = replace(env, clock=clock, egress=HttpEgress(parse_networks(["127.0.0.0/8"])))
    call = call_as_root(own, ACCOUNT)
    s3 = S3(own, call)
    await s3("CreateBucket", Bucket="photos")
    made, secret = await hooks.put_hook(own, call, "resize", hook.url)
    arn = hooks.hook_arn(own, ACCOUNT, made.name)
    await put_rules(
        s3,
        LambdaFunctionConfigurations=[{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}],
    )
    event = ObjectWritten(
        account=ACCOUNT,
        bucket="photos",
        key="k",
        name="ObjectCreated:Put",
        size_bytes=1,
        etag="e",
        time_us=clock.now_us(),
    )
    await notify(own, event)
    hook.statuses = [500, 404]
    for _ in range(4):
        await hooks.deliver_notices(own)
        clock.advance(4)
    assert len(hook.seen) == 3
    headers, body = hook.seen[-1]
    assert json.loads(body)["Records"][0]["s3"]["object"]["key"] == "k"
    seconds, digest = (part.partition("=")[2] for part in headers["x-volano-signature"].split(","))
    wanted = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    assert digest == wanted
    assert await own.store.reader.rows("SELECT 1 FROM s3_notice LIMIT 1") == []


async def test_hooks_inside_are_refused(env):
    call = call_as_root(env, ACCOUNT)
    for url in (
        "http://127.0.0.1/",
        "http://[fd00::1]/",
        "ftp://example.com/",
        "http://169.254.169.254/",
    ):
        with pytest.raises(hooks.InvalidHook):
            await hooks.put_hook(env, call, "h", url)
