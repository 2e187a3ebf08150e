"""Requests that repeat others are compared with them, byte by byte, and verified each time."""

from __future__ import annotations

import base64
import hashlib
import random

import pytest
from tests.unit.services.objects.lane_client import bytes_of
from tests.unit.services.objects.test_lanes import World

from volano.app.head import Limits, whole_request
from volano.services.identity import interface as identity
from volano.wire.lane import Asked

MUTATIONS = 3000


@pytest.fixture
def store_kind():
    return "sqlite"


@pytest.fixture
async def world(env):
    made = World(env, await identity.bootstrap(env))
    await made.s3("CreateBucket", Bucket="shop")
    for key in ("key", "other"):
        await made.s3("PutObject", Bucket="shop", Key=key, Body=key.encode())
        await made.warm(key=key)
    return made


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"user-agent": "Boto3/1.2 md/x#1"},
        {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"},
        {
            "amz-sdk-invocation-id": "0d1c8bcd-53c1-4d31-9a1f-0b7f4dc1d6e9",
            "amz-sdk-request": "attempt=1",
        },
    ],
)
async def test_reads_of_one_client_repeat(world, method, headers):
    before = world.lane.repeated
    for number in range(6):
        for key in ("key", "other"):
            if "amz-sdk-invocation-id" in headers:
                drawn = f"0d1c8bcd-53c1-4d31-9a1f-{number:012x}"
                headers = headers | {"amz-sdk-invocation-id": drawn}
            got, expected = await world.read(key=key, method=method, **headers)
            assert got in (None, expected)
            assert expected.body == (b"" if method == "HEAD" else key.encode())
    assert world.lane.repeated - before >= 8


async def test_a_repeat_with_any_other_byte_is_none(world):
    """Whatever byte is changed, added or left out: nothing, or what the lane itself answers."""
    draw = random.Random(7)
    asked, _ = world.lane.signed("GET", "/shop/key")
    data = bytes_of(asked)
    again = world.lane.again
    assert again.answer(data) is not None
    alphabet = b" \t\r\n\0:%?#/.;=aAzZ09-\x7f\x80\xff"
    for _ in range(MUTATIONS):
        at, new = draw.randrange(len(data)), bytes([draw.choice(alphabet)])
        cut = data[:at] + new + data[at + draw.randrange(2) :]
        if cut == data:
            continue
        found = again.answer(cut)
        assert found is None, cut


def _put(world, key, body, **headers):
    asked, _ = world.lane.signed("PUT", f"/shop/{key}", body, headers=headers)
    return asked, bytes_of(asked) + body


SHA256 = base64.b64encode(hashlib.sha256(b"8 bytes!").digest()).decode()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain", "x-amz-meta-a": "b"},
        {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"},
        {"x-amz-checksum-sha256": SHA256},
    ],
)
async def test_puts_of_one_client_repeat(world, headers):
    before = world.lane.repeated
    for number in range(6):
        asked, _ = _put(world, f"new/{number}", b"8 bytes!", **headers)
        got = await world.lane.by_lane(asked, b"8 bytes!")
        assert got == await world.lane.by_gateway(asked, b"8 bytes!")
        assert got.status == 200
    assert world.lane.repeated - before >= 4
    for number in range(6):
        _, read = await world.read(key=f"new/{number}")
        assert read.body == b"8 bytes!"
        assert read.header("x-amz-meta-a") == headers.get("x-amz-meta-a")


async def _warm_put(world):
    """The bytes of a put that the connection's last ones prepare for, and what they left."""
    for number in range(3):
        asked, data = _put(world, f"new/{number}", b"8 bytes!")
        assert (await world.lane.by_lane(asked, b"8 bytes!")).status == 200
    again = world.lane.again
    assert again.method == b"PUT"
    assert again.answer(data) is not None
    return again, data


async def test_a_repeated_put_with_any_other_byte_is_none_or_refused(world):
    """Whatever byte is changed, added or left out, of the head or of the body."""
    draw = random.Random(8)
    again, data = await _warm_put(world)
    alphabet = b" \t\r\n\0:%?#/.;=aAzZ09-\x7f\x80\xff"
    for _ in range(MUTATIONS):
        at, new = draw.randrange(len(data)), bytes([draw.choice(alphabet)])
        cut = data[:at] + new + data[at + draw.randrange(2) :]
        if cut != data:
            found = again.answer(cut)
            assert found is None or found.put(cut[cut.index(b"\r\n\r\n") + 4 :]) is None, cut


async def test_a_repeated_put_is_one_whole_put_into_the_same_bucket(world):
    again, data = await _warm_put(world)
    for both in (data + data, data[:-1], data + b"x", data[: -len(b"8 bytes!")], b""):
        assert again.answer(both) is None
        assert not again.fits(both)
    await world.s3("CreateBucket", Bucket="other")
    for path in ("/other/key", "/shop/", "/shop", "/shop/a%20b", "/shop/" + "k" * 1025):
        asked, _ = world.lane.signed("PUT", path, b"8 bytes!")
        assert again.answer(bytes_of(asked) + b"8 bytes!") is None
    await world.s3(
        "PutBucketVersioning", Bucket="shop", VersioningConfiguration={"Status": "Enabled"}
    )
    assert again.answer(data) is None


async def test_two_requests_at_once_are_not_one(world):
    asked, _ = world.lane.signed("GET", "/shop/key")
    data = bytes_of(asked)
    for both in (data + data, data[:-2], data + b"\r\n", data[:-4] + b"\r\nx: y\r\n\r\n", b""):
        assert world.lane.again.answer(both) is None
        assert not world.lane.again.fits(both)


async def test_what_is_read_from_memory_follows_the_row(world):
    for _ in range(4):
        await world.read()
    await world.s3("PutObject", Bucket="shop", Key="key", Body=b"new")
    got, expected = await world.read()
    assert expected.body == b"new"
    assert got in (None, expected)
    assert (await world.warm()).body == b"new"
    await world.s3("DeleteObject", Bucket="shop", Key="key")
    got, expected = await world.read()
    assert got is None
    assert expected.status == 404


async def test_bodies_in_memory_have_a_limit(world, monkeypatch):
    monkeypatch.setattr("volano.services.objects.api.lane_reads.MAX_KEPT_BYTES", 6)
    for _ in range(4):
        for key in ("key", "other"):
            got, expected = await world.read(key=key)
            assert got == expected
            assert got.body == key.encode()


async def test_a_head_read_at_once_is_what_the_parser_reads(world):
    asked, _ = world.lane.signed("GET", "/shop/key?x=y", headers={"Range": "bytes=0-1"})
    whole = whole_request(bytes_of(asked), Limits())
    assert whole is not None
    assert Asked(*whole[0], "127.0.0.1", False) == asked
