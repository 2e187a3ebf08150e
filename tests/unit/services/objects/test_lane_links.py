"""Presigned links and escaped keys on the lane are answered as by the gateway, and end as there."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from tests.unit.services.objects.lane_client import HOST
from tests.unit.services.objects.test_lanes import World

from volano.services.identity import interface as identity
from volano.wire.lane import Asked

KEYS = ["key", "a b", "é/日本", "x=1&y=2", "100%", "plus+", "q?#", "~tilde"]


@pytest.fixture
def store_kind():
    return "sqlite"


@pytest.fixture
async def world(env):
    made = World(env, await identity.bootstrap(env))
    await made.s3("CreateBucket", Bucket="shop")
    for key in KEYS:
        await made.s3("PutObject", Bucket="shop", Key=key, Body=key.encode())
    await made.warm()
    return made


def link(world, key="key", method="GET", expires_s=60, headers=None, more=""):
    """A request that follows a link as a browser or curl does."""
    made = AWSRequest(method=method, url=f"http://{HOST}/shop/{quote(key)}{more}")
    made.headers["host"] = HOST
    signer = S3SigV4QueryAuth(world.lane.keys, "s3", world.env.region.name, expires=expires_s)
    signer.add_auth(made)
    path, _, query = made.url.partition(HOST)[2].partition("?")
    sent = {b"host": HOST.encode()} | (headers or {})
    return Asked(method.encode(), path.encode(), query.encode(), sent, "127.0.0.1", False)


async def followed(world, asked):
    got = None
    for _ in range(3):
        got, expected = await world.lane.by_lane(asked), await world.lane.by_gateway(asked)
        assert got is None or got == expected
    return got, expected


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("key", KEYS)
async def test_escaped_keys_are_answered_as_by_the_gateway(world, key, method):
    for _ in range(3):
        got, expected = await world.read(key=quote(key), method=method)
    assert expected.status == 200, expected.body
    assert got == expected


@pytest.mark.parametrize("key", ["%ff", "k%65y", "a%2fb", "%00", "a%", "a%zz", "é"])
async def test_odd_escapes_go_the_ordinary_way(world, key):
    asked, _ = world.lane.signed("GET", "/shop/key")
    asked = asked._replace(path=f"/shop/{key}".encode("latin-1"))
    assert await world.lane.by_lane(asked) is None


async def test_an_escaped_key_is_written_and_read(world):
    path = f"/shop/{quote('new ü/ö')}"
    asked, body = world.lane.signed("PUT", path, b"hello")
    assert (await world.lane.by_lane(asked, body)).status == 200
    assert await world.s3.body("shop", "new ü/ö") == b"hello"
    got, expected = await world.read(key=quote("new ü/ö"))
    assert got in (None, expected)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("key", KEYS)
async def test_links_are_answered_as_by_the_gateway(world, key, method):
    got, expected = await followed(world, link(world, key, method, headers={b"user-agent": b"c"}))
    assert expected.status == 200, expected.body
    assert got == expected


@pytest.mark.parametrize(
    "more",
    ["?response-content-type=text%2Fplain", "?versionId=null", "?x-id=GetObject&acl=", "?a=b"],
)
async def test_links_that_say_more_go_the_ordinary_way(world, more):
    asked = link(world, more=more)
    assert await world.lane.by_lane(asked) is None
    assert (await world.lane.by_gateway(asked)).status


@pytest.mark.parametrize(
    "headers",
    [
        {b"if-match": b"*"},
        {b"x-amz-checksum-mode": b"ENABLED"},
        {b"authorization": b"AWS x:y"},
    ],
)
async def test_links_with_other_headers_go_the_ordinary_way(world, headers):
    asked = link(world, headers=headers)
    assert await world.lane.by_lane(link(world)) is not None
    assert await world.lane.by_lane(asked) is None


@pytest.mark.parametrize(
    ("headers", "status"), [({b"range": b"bytes=0-0"}, 206), ({b"if-none-match": b"*"}, 304)]
)
async def test_ranges_and_conditions_of_links_are_answered_as_by_the_gateway(
    world, headers, status
):
    for _ in range(2):
        got, expected = await followed(world, link(world, headers=headers))
        assert expected.status == status
        assert got == expected


async def test_a_changed_link_is_refused(world):
    asked = link(world)
    assert (await followed(world, asked))[0] is not None
    for changed in (
        asked._replace(query=asked.query[:-1] + (b"0" if asked.query[-1:] != b"0" else b"1")),
        asked._replace(query=asked.query.replace(b"Expires=60", b"Expires=61")),
        asked._replace(path=b"/shop/plus%2B"),
        asked._replace(method=b"HEAD"),
        asked._replace(headers={b"host": b"elsewhere:9000"}),
        asked._replace(query=asked.query + b"&" + asked.query),
    ):
        assert await world.lane.by_lane(changed) is None
        assert (await world.lane.by_gateway(changed)).status in (400, 403, 404)


async def test_a_link_ends_when_it_said(world, monkeypatch):
    asked = link(world, expires_s=30)
    assert (await followed(world, asked))[0] is not None
    late_us = (int(time.time()) + 31) * 1_000_000
    monkeypatch.setattr(world.env.clock, "now_us", lambda: late_us)
    assert await world.lane.by_lane(asked) is None
    assert (await world.lane.by_gateway(asked)).status == 403


async def test_a_link_ends_with_its_key(world):
    asked = link(world)
    assert (await followed(world, asked))[0] is not None
    await world.s3("PutObject", Bucket="shop", Key="key", Body=b"new")
    got, expected = await followed(world, asked)
    assert got == expected
    assert got.body == b"new"
    await world.s3("DeleteObject", Bucket="shop", Key="key")
    got, expected = await followed(world, asked)
    assert got is None
    assert expected.status == 404
