"""Queues under a KMS key: nobody reads or writes without the key."""

from __future__ import annotations

import json

import pytest

from volano.kernel.errors import VolanoError
from volano.services.kms.logic import keys
from volano.services.queues import interface


async def make_key(sqs, policy: str | None = None) -> str:
    return (await keys.create_key(sqs.env, sqs.call, keys.NewKey(policy=policy))).arn


async def test_bodies_are_sealed_under_the_key_and_open_again(sqs):
    url = await sqs.make("q", KmsMasterKeyId=await make_key(sqs))
    for body in ("one secret", "two secret"):
        await sqs("SendMessage", QueueUrl=url, MessageBody=body)
    rows = await sqs.env.store.reader.rows("SELECT sealed, body FROM sqs_message")
    assert [row[0] for row in rows] == [2, 2]
    assert not any(b"secret" in bytes(row[1]) for row in rows)
    interface.forget_caches(sqs.env)
    assert sorted(await sqs.bodies(url)) == ["one secret", "two secret"]


async def test_the_own_key_of_queues_is_made_when_first_used(sqs):
    url = await sqs.make("q", KmsMasterKeyId="alias/aws/sqs")
    await sqs("SendMessage", QueueUrl=url, MessageBody="x")
    assert await sqs.bodies(url) == ["x"]


async def test_a_key_that_is_disabled_or_missing_stops_the_queue(sqs, clock):
    arn = await make_key(sqs)
    url = await sqs.make("q", KmsMasterKeyId=arn)
    await sqs("SendMessage", QueueUrl=url, MessageBody="x")
    await keys.set_key_enabled(sqs.env, sqs.call, arn, enabled=False)
    interface.forget_caches(sqs.env)
    with pytest.raises(VolanoError) as caught:
        await sqs("SendMessage", QueueUrl=url, MessageBody="y")
    assert caught.value.wire_code == "KmsDisabled"
    missing = await sqs.make("m", KmsMasterKeyId="alias/none")
    with pytest.raises(VolanoError) as caught:
        await sqs("SendMessage", QueueUrl=missing, MessageBody="y")
    assert caught.value.wire_code == "KmsNotFound"
    await keys.set_key_enabled(sqs.env, sqs.call, arn, enabled=True)
    clock.advance(60)
    assert await sqs.bodies(url) == ["x"]


async def test_a_service_sends_only_where_the_keys_policy_lets_it(sqs):
    plain = await sqs.make("plain", KmsMasterKeyId=await make_key(sqs))
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{sqs.call.account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
                "Resource": "*",
            },
        ],
    }
    opened = await sqs.make("open", KmsMasterKeyId=await make_key(sqs, json.dumps(policy)))
    for url, allowed in ((plain, False), (opened, True)):
        queue = await interface.find_queue_by_arn(sqs.env, sqs.env.store.reader, await sqs.arn(url))
        assert queue is not None
        draft = interface.Draft(body="x")
        if allowed:
            await interface.prepare_for_service(sqs.env, queue, draft, service="sns.amazonaws.com")
            continue
        with pytest.raises(VolanoError) as caught:
            await interface.prepare_for_service(sqs.env, queue, draft, service="sns.amazonaws.com")
        assert caught.value.wire_code == "KmsAccessDenied"
