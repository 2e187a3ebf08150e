"""Deletions by the lane are the gateway's."""

from __future__ import annotations

import json

import pytest
from tests.unit.services.objects.test_lanes import ALL, World

from volano.kernel.call import system_call
from volano.services.identity import interface as identity
from volano.services.identity.logic.audit import list_audit
from volano.services.identity.store.audit import AuditFilter
from volano.services.objects.logic.metering import waiting_counts

KEYS = ["one", "two", "three", "é & ü"]


@pytest.fixture
def store_kind():
    return "sqlite"


@pytest.fixture
async def world(env):
    made = World(env, await identity.bootstrap(env))
    await made.s3("CreateBucket", Bucket="shop")
    for key in KEYS:
        await made.s3("PutObject", Bucket="shop", Key=key, Body=key.encode())
    asked, _ = made.lane.signed("DELETE", "/shop/nothing")
    assert (await made.lane.by_gateway(asked)).status == 204  # opens the codec
    return made


@pytest.mark.parametrize("headers", [{}, {"content-length": "0"}])
async def test_deletions_answer_and_do_as_the_gateway(world, headers):
    answers, counts, events = [], [], []
    for key, way in (("one", world.lane.by_lane), ("two", world.lane.by_gateway)):
        counted = waiting_counts(world.env)
        told = len(await world.env.store.read_outbox("", 1000))
        for _ in range(2):  # one that is not there is deleted too
            asked, _ = world.lane.signed("DELETE", f"/shop/{key}", headers=headers)
            answers.append(await way(asked))
        counts.append({k: n - counted.get(k, 0) for k, n in waiting_counts(world.env).items()})
        events.append(
            [
                {**json.loads(payload), "key": "", "etag": "", "size_bytes": 0, "time_us": 0}
                | {"request_id": ""}
                for _, _, payload in (await world.env.store.read_outbox("", 1000))[told:]
            ]
        )
    assert answers[0].status == 204
    assert answers == [answers[0]] * 4
    assert counts[0] == counts[1]
    assert events[0] == events[1]
    assert await world.s3.keys("shop") == ["three", "é & ü"]
    asked, _ = world.lane.signed("DELETE", "/shop/%C3%A9%20%26%20%C3%BC")
    assert (await world.lane.by_lane(asked)).status == 204
    assert await world.s3.keys("shop") == ["three"]


async def test_a_deletion_is_audited(world):
    asked, _ = world.lane.signed("DELETE", "/shop/one")
    assert (await world.lane.by_lane(asked)).status == 204
    await world.env.journal.flush()
    call = system_call(world.env, world.call.account)
    wanted = AuditFilter(action="s3:DeleteObject", resource="arn:aws:s3:::shop/one")
    found, _ = await list_audit(world.env, call, wanted, limit=10)
    assert len(found) == 1
    assert found[0].source_ip == "127.0.0.1"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/shop", {}),
        ("/shop/one?versionId=null", {}),
        ("/shop/one?tagging", {}),
        ("/shop/one", {"if-match": '"x"'}),
        ("/shop/one", {"x-amz-mfa": "serial 123456"}),
        ("/shop/one", {"x-amz-bypass-governance-retention": "true"}),
        ("/shop/one", {"x-amz-expected-bucket-owner": "000000000000"}),
        ("/nothing/one", {}),
    ],
)
async def test_other_deletions_go_the_ordinary_way(world, path, headers):
    asked, _ = world.lane.signed("DELETE", path, headers=headers)
    assert await world.lane.by_lane(asked) is None
    assert await world.s3.keys("shop") == sorted(KEYS)


async def test_buckets_with_versions_go_the_ordinary_way(world):
    await world.s3(
        "PutBucketVersioning", Bucket="shop", VersioningConfiguration={"Status": "Enabled"}
    )
    asked, _ = world.lane.signed("DELETE", "/shop/one")
    assert await world.lane.by_lane(asked) is None
    assert (await world.lane.by_gateway(asked)).header("x-amz-delete-marker") == "true"


async def test_who_may_not_or_forges_does_not(world):
    asked, _ = world.lane.signed("DELETE", "/shop/one")
    forged = asked._replace(path=b"/shop/two")
    assert await world.lane.by_lane(forged) is None
    assert (await world.lane.by_gateway(forged)).status == 403
    await world.iam("CreateUser", UserName="bob")
    key = (await world.iam("CreateAccessKey", UserName="bob"))["AccessKey"]
    bob = type(world.lane)(world.env, world.admin)
    bob.keys = type(world.lane.keys)(key["AccessKeyId"], key["SecretAccessKey"])
    for statement in ({**ALL, "Action": "s3:GetObject"}, {**ALL, "Resource": "arn:aws:s3:::shop"}):
        await world.policy(statement)
        asked, _ = bob.signed("DELETE", "/shop/one")
        assert await bob.by_lane(asked) is None
        assert (await bob.by_gateway(asked)).status == 403
    assert await world.s3.keys("shop") == sorted(KEYS)
