"""A trail's topic: told of each log file, refused when CloudTrail may not publish to it."""

from __future__ import annotations

import json

import pytest
from tests.unit.services.kms.test_deletion import clock_and_env
from tests.unit.services.topics.conftest import Aws
from tests.unit.services.trails.test_delivery import Stage

from volano.services.trails.logic.errors import InsufficientTopicPolicy
from volano.services.trails.work import deliver_trails

__all__ = ["clock_and_env"]


def _lets_trails_publish(topic: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.fixture
async def stage(clock_and_env):
    made = Stage(*clock_and_env)
    await made.start()
    return made


async def _make_topic(aws: Aws) -> str:
    topic = (await aws("sns:CreateTopic", Name="files"))["TopicArn"]
    policy = _lets_trails_publish(topic)
    await aws(
        "sns:SetTopicAttributes", TopicArn=topic, AttributeName="Policy", AttributeValue=policy
    )
    return str(topic)


async def test_a_topic_is_told_of_each_log_file(stage):
    aws = Aws(stage.env, stage.call)
    topic = await _make_topic(aws)
    url, queue = await aws.make_queue("told", topic)
    raw = {"RawMessageDelivery": "true"}
    await aws("sns:Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=raw)
    changed = await aws("cloudtrail:UpdateTrail", Name="trail", SnsTopicName="files")
    assert (changed["SnsTopicName"], changed["SnsTopicARN"]) == ("files", topic)
    await stage.act(3)
    stage.clock.advance(120)
    await deliver_trails(stage.env)
    keys = [key for key in await stage.s3.keys("logs") if "/CloudTrail/" in key]
    told = [json.loads(body) for body in await aws.bodies(url)]
    assert told == [{"s3Bucket": "logs", "s3ObjectKey": [key]} for key in keys] != []


async def test_a_topic_that_cloudtrail_may_not_use_is_refused(stage):
    aws = Aws(stage.env, stage.call)
    for name in ("missing", "arn:aws:s3:::logs"):
        with pytest.raises(InsufficientTopicPolicy):
            await aws("cloudtrail:UpdateTrail", Name="trail", SnsTopicName=name)
    assert "SnsTopicARN" not in (await aws("cloudtrail:GetTrail", Name="trail"))["Trail"]


async def test_a_topic_that_went_away_holds_no_file_up(stage):
    aws = Aws(stage.env, stage.call)
    topic = await _make_topic(aws)
    await aws("cloudtrail:UpdateTrail", Name="trail", SnsTopicName=topic)
    await aws("sns:DeleteTopic", TopicArn=topic)
    await stage.act(2)
    stage.clock.advance(120)
    await deliver_trails(stage.env)
    assert len(await stage.ids()) == 2
    assert (await stage.trail()).delivery_error == ""
    assert "SnsTopicARN" not in await aws("cloudtrail:UpdateTrail", Name="trail", SnsTopicName="")
