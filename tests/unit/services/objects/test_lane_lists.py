"""Listings by the lane are the gateway's, byte for byte."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from tests.unit.services.objects.test_lanes import ALL, World

from volano.services.identity import interface as identity
from volano.services.objects.api.listing import list_text_v2
from volano.services.objects.logic.metering import READ, waiting_counts

KEYS = ["a", "a/b", "a/c d", "a/é&<", "b", "c/1/x", "c/2/y", "z"]


@pytest.fixture
def store_kind():
    return "sqlite"


@pytest.fixture
async def world(env):
    made = World(env, await identity.bootstrap(env))
    await made.s3("CreateBucket", Bucket="shop")
    for key in KEYS:
        await made.s3("PutObject", Bucket="shop", Key=key, Body=key.encode())
    return made


async def listed(world, query, client=None, path="/shop", **headers):
    """Lane's and gateway's answers to one listing, after one that opened what listings need."""
    client = client or world.lane
    for _ in range(2):
        asked, _ = client.signed("GET", f"{path}?{query}", headers=headers)
        expected = await client.by_gateway(asked)
        got = await client.by_lane(asked)
        assert got is None or got == expected
    return got, expected


@pytest.mark.parametrize(
    "query",
    [
        "list-type=2",
        "list-type=2&max-keys=3",
        "list-type=2&max-keys=0",
        "list-type=2&prefix=a%2F",
        "delimiter=%2F&list-type=2",
        "delimiter=%2F&list-type=2&max-keys=2&prefix=c%2F",
        "encoding-type=url&list-type=2",
        "fetch-owner=true&list-type=2",
        "list-type=2&start-after=a%2Fb",
        "list-type=2&prefix=" + quote("a/é", safe=""),
        "list-type=2&prefix=nothing",
        "list-type=2&prefix=&delimiter=",
    ],
)
async def test_listings_are_answered_as_by_the_gateway(world, query):
    got, expected = await listed(world, query)
    assert expected.status == 200
    assert got == expected


async def test_pages_follow_one_another(world):
    got, _ = await listed(world, "list-type=2&max-keys=5")
    token = got.body.partition(b"<NextContinuationToken>")[2].partition(b"<")[0].decode()
    got, expected = await listed(
        world, f"continuation-token={quote(token, safe='')}&list-type=2&max-keys=5"
    )
    assert got == expected
    assert got.body.count(b"<Contents>") == len(KEYS) - 5


@pytest.mark.parametrize(
    "query",
    [
        "list-type=2&max-keys=x",
        "list-type=2&max-keys=-1",
        "list-type=2&list-type=2",
        "list-type=2&versions",
        "list-type=2&uploads=",
        "list-type=2&x-id=ListObjectsV2",
        "list-type=22",
        "continuation-token=x&list-type=2",
        "encoding-type=x&list-type=2",
        "list-type=2&prefix=%00",
        "list-type=2&prefix=%ff",
    ],
)
async def test_other_listings_go_the_ordinary_way(world, query):
    await listed(world, "list-type=2")
    before = waiting_counts(world.env)
    asked, _ = world.lane.signed("GET", f"/shop?{query}")
    assert await world.lane.by_lane(asked) is None
    assert waiting_counts(world.env) == before
    assert (await world.lane.by_gateway(asked)).status


@pytest.mark.parametrize("path", ["/", "/nothing", "/shop/a", "/sh%6fp"])
async def test_other_paths_go_the_ordinary_way(world, path):
    await listed(world, "list-type=2")
    asked, _ = world.lane.signed("GET", f"{path}?list-type=2")
    assert await world.lane.by_lane(asked) is None


async def test_a_forged_query_is_refused(world):
    await listed(world, "list-type=2")
    asked, _ = world.lane.signed("GET", "/shop?list-type=2&prefix=a")
    assert await world.lane.by_lane(asked) is not None
    forged = asked._replace(query=b"list-type=2&prefix=b")
    assert await world.lane.by_lane(forged) is None
    assert (await world.lane.by_gateway(forged)).status == 403


async def test_the_bucket_itself_must_be_allowed(world):
    await world.iam("CreateUser", UserName="bob")
    key = (await world.iam("CreateAccessKey", UserName="bob"))["AccessKey"]
    bob = type(world.lane)(world.env, world.admin)
    bob.keys = type(world.lane.keys)(key["AccessKeyId"], key["SecretAccessKey"])
    for statement, status, by_lane in (
        (ALL, 200, True),
        ({**ALL, "Resource": "arn:aws:s3:::shop/*"}, 403, False),
        ({**ALL, "Resource": "arn:aws:s3:::shop"}, 200, False),
        ({**ALL, "Action": "s3:GetObject"}, 403, False),
        ({**ALL, "Condition": {"StringLike": {"s3:prefix": "a*"}}}, 403, False),
        ({**ALL, "Effect": "Deny"}, 403, False),
    ):
        await world.policy(statement)
        got, expected = await listed(world, "list-type=2", bob)
        assert (expected.status, got is not None) == (status, by_lane), statement


async def test_a_listing_sees_the_last_write_and_the_last_setting(world):
    await listed(world, "list-type=2")
    await world.s3("PutObject", Bucket="shop", Key="new", Body=b"x")
    got, expected = await listed(world, "list-type=2")
    assert got == expected
    assert b"<Key>new</Key>" in got.body
    deny = {**ALL, "Effect": "Deny", "Principal": "*", "Resource": "arn:aws:s3:::shop"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    await world.s3("PutBucketPolicy", Bucket="shop", Policy=document)
    got, expected = await listed(world, "list-type=2")
    assert got is None
    assert expected.status == 403


async def test_pages_are_kept_until_an_object_is_written(world):
    def counted():
        return sum(n for series, n in waiting_counts(world.env).items() if series[-1] == READ)

    asked, _ = world.lane.signed("GET", "/shop?list-type=2&prefix=a")
    await listed(world, "list-type=2&prefix=a")
    before = counted()
    pages = [(await world.lane.by_lane(asked)).body for _ in range(3)]
    assert counted() == before + 3
    assert len({id(page) for page in pages}) == 1, "made once"
    put, body = world.lane.signed("PUT", "/shop/a-new", b"x")
    assert (await world.lane.by_lane(put, body)).status == 200
    assert b"<Key>a-new</Key>" in (await world.lane.by_lane(asked)).body
    await world.s3("DeleteObject", Bucket="shop", Key="a-new")
    assert (await world.lane.by_lane(asked)).body == pages[0]
    asked, _ = world.lane.signed("GET", "/shop?fetch-owner=true&list-type=2")
    owned = [(await world.lane.by_lane(asked)).body for _ in range(2)]
    assert owned[0] == owned[1]
    assert owned[0] is not owned[1], "who owns it may change"


async def test_plain_pages_are_joined_by_the_database(world):
    """Keys that are written as they are stored: with `encoding-type=url` fewer of them are."""
    plain = {"Bucket": "shop", "Prefix": "c/"}
    assert (await list_text_v2(world.env, plain))["KeyCount"] == 2
    assert (await list_text_v2(world.env, plain | {"EncodingType": "url"}))["KeyCount"] == 2
    spaced = {"Bucket": "shop", "Prefix": "a/c"}
    assert (await list_text_v2(world.env, spaced))["KeyCount"] == 1
    assert await list_text_v2(world.env, spaced | {"EncodingType": "url"}) is None
    for more in ({"Prefix": ""}, {"Delimiter": "/"}, {"FetchOwner": True}, {"MaxKeys": 0}):
        assert await list_text_v2(world.env, plain | more) is None
