"""The S3 backend against real third-party S3 servers (moto's, Ceph's gateway) and another Volano."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import boto3
import pytest
from tests.unit.backends.bytes.stores import get, put

from volano.backends.bytes.s3 import S3ByteStore, S3Credentials, open_s3, open_s3_url
from volano.kernel.bytes import Blob
from volano.kernel.clock import ManualClock
from volano.kernel.errors import Internal, Invalid, Unavailable
from volano.kernel.ids import Ids
from volano.kernel.place import ZoneName

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

BUCKET = "volano-bytes"
KEY = S3Credentials(access_key_id="testing", secret_access_key="testing")


class Outside(NamedTuple):
    """A store to keep bytes in."""

    url: str
    key: S3Credentials = KEY
    region: str = "us-east-1"


@pytest.fixture(
    scope="module",
    params=["moto", "ceph", "volano"],
)
def endpoint(request: pytest.FixtureRequest) -> Iterator[Outside]:
    if request.param == "moto":
        yield from _moto()
        return
    if request.param == "ceph":
        found = Outside(request.getfixturevalue("ceph").url)
    else:
        volano = request.getfixturevalue("volano_sqlite")
        found = Outside(
            volano.aws_url,
            S3Credentials(
                access_key_id=volano.credentials["AWS_ACCESS_KEY_ID"],
                secret_access_key=volano.credentials["AWS_SECRET_ACCESS_KEY"],
            ),
            volano.credentials["AWS_DEFAULT_REGION"],
        )
    _make_bucket(found)
    yield found  # noqa: PT022 - the other branch has a teardown


def _make_bucket(outside: Outside) -> None:
    where = {"CreateBucketConfiguration": {"LocationConstraint": outside.region}}
    plain = outside.region == "us-east-1"
    _client(outside).create_bucket(Bucket=BUCKET, **({} if plain else where))


def _moto() -> Iterator[Outside]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(server, port)
        found = Outside(f"http://127.0.0.1:{port}")
        _make_bucket(found)
        yield found
    finally:
        server.terminate()
        server.wait()


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("moto's server did not start")


def _client(outside: Outside):  # type: ignore[no-untyped-def]  # boto3 has no types
    return boto3.client(
        "s3",
        endpoint_url=outside.url,
        region_name=outside.region,
        aws_access_key_id=outside.key.access_key_id,
        aws_secret_access_key=outside.key.secret_access_key,
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(now_us=4_000_000_000_000_000)  # far later than the server's own clock


@pytest.fixture
def store(endpoint: Outside, clock: ManualClock, request: pytest.FixtureRequest) -> S3ByteStore:
    prefix = f"/region/{request.node.name}/"
    return open_s3(
        endpoint.url, BUCKET, prefix, endpoint.key, endpoint.region, ids=Ids(), clock=clock
    )


async def _each(*blobs: Blob) -> AsyncIterator[Blob]:
    for blob in blobs:
        yield blob


@pytest.mark.parametrize("size", [0, 1, 4096, 8 << 20, (8 << 20) + 1, 20_000_000])
async def test_a_blob_of_any_size_reads_back_whole_and_by_range(
    store: S3ByteStore, size: int
) -> None:
    data = os.urandom(size)
    blob = await put(store, data)
    assert (blob.size_bytes, blob.zones) == (size, ())
    chunks = [chunk async for chunk in store.read(blob)]
    assert b"".join(chunks) == data
    assert all(len(chunk) <= 1 << 20 for chunk in chunks)
    assert await get(store, blob, size // 2, 1000) == data[size // 2 : size // 2 + 1000]
    assert store.file_slice(blob, start=0, length=size) is None
    assert await store.repair(blob) == blob


async def test_leaving_a_writer_without_commit_leaves_nothing(
    store: S3ByteStore, endpoint: Outside
) -> None:
    async with store.writer() as writer:
        await writer.write(b"small")
    async with store.writer() as writer:
        for _ in range(25):
            await writer.write(bytes(1 << 20))
    client = _client(endpoint)
    listed = client.list_objects_v2(Bucket=BUCKET, Prefix="region/" + store._prefix[7:])
    assert listed["KeyCount"] == 0
    assert client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


async def test_deleted_blobs_are_gone_and_may_be_deleted_again(store: S3ByteStore) -> None:
    blob, other = await put(store, b"one"), await put(store, b"other")
    await store.delete([blob])
    await store.delete([blob, blob])
    with pytest.raises(Internal):
        await store.read_all(blob)
    assert await store.read_all(other) == b"other"


async def test_changed_bytes_are_never_returned_whole(
    store: S3ByteStore, endpoint: Outside
) -> None:
    blob = await put(store, b"a" * 1000)
    path = store._path(blob.id.split(".")[1])
    _client(endpoint).put_object(Bucket=BUCKET, Key=path, Body=b"a" * 999 + b"b")
    with pytest.raises(Internal):
        await store.read_all(blob)
    report = await store.scrub(_each(blob), on_moved=None)  # type: ignore[arg-type]  # never moves
    assert (report.checked, report.lost) == (1, [blob.id])


async def test_sweep_removes_what_no_row_names(store: S3ByteStore, clock: ManualClock) -> None:
    live, garbage = await put(store, b"live"), await put(store, b"garbage")
    assert await store.sweep(_each(live), min_age_s=1e10) == 0
    assert await store.sweep(_each(live)) == 1
    assert await store.read_all(live) == b"live"
    with pytest.raises(Internal):
        await store.read_all(garbage)


async def test_zones_are_the_stores_business(store: S3ByteStore) -> None:
    assert store.zones_up() == ()
    assert store.used_bytes() == {}
    with pytest.raises(Invalid):
        store.fail_zone(ZoneName("eu-home-1a"))
    store.restore_zone(ZoneName("eu-home-1a"))
    await store.close()
    with pytest.raises(Unavailable):
        store.writer()


async def test_a_store_that_refuses_is_unavailable_and_big_writes_do_not_hang(
    endpoint: Outside,
) -> None:
    store = open_s3(endpoint.url, "no-such-bucket", "", endpoint.key, endpoint.region, ids=Ids())
    with pytest.raises(Unavailable):
        await put(store, b"small")
    with pytest.raises(Unavailable):
        await put(store, bytes(40 << 20), chunk=1 << 20)


def test_the_url_must_name_a_bucket_and_the_environment_a_key() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    open_s3_url("s3://bucket/some/prefix?endpoint=http://h:1&region=r", environ=environ, ids=Ids())
    for url, variables in (
        ("s3://bucket/prefix", {}),
        ("s3:///prefix", environ),
        ("s3://bucket?zone=a", environ),
        ("http://bucket/", environ),
    ):
        with pytest.raises(Invalid):
            open_s3_url(url, environ=variables, ids=Ids())
