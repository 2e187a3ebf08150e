"""Objects over Volano's REST API, and the door for other services."""

from __future__ import annotations

from typing import Any

import pytest

from volano.kernel.errors import Denied, Invalid, TooLarge
from volano.services.objects import interface as objects
from volano.services.objects.api.console_fields import (
    BucketFields,
    BucketsFields,
    CreateBucketFields,
    DeleteObjectsFields,
    LinkFields,
    ObjectFields,
    ObjectsFields,
    PutObjectFields,
)
from volano.services.objects.api.presign import link_policy
from volano.wire.action import find_action, run_action
from volano.wire.http import Body, body_of
from volano.wire.results import Upload


async def rest(env, call, operation: str, fields: Any):
    found = find_action(f"volano:{operation}")
    assert found is not None
    return await run_action(env, call, found, fields)


async def upload(env, call, bucket: str, key: str, data: bytes, content_type: str = "text/plain"):
    fields = Upload(
        fields=PutObjectFields(bucket=bucket, key=key),
        body=body_of(data),
        content_type=content_type,
        length=len(data),
    )
    return await rest(env, call, "putObject", fields)


async def test_upload_browse_download_delete(env, owner):
    await rest(env, owner, "createBucket", CreateBucketFields(name="photos"))
    put = await upload(env, owner, "photos", "2026/one.txt", b"hello")
    assert (put.size_bytes, put.content_type, put.parts) == (5, "text/plain", 0)
    assert len(put.zones) == 2
    page = await rest(env, owner, "listObjects", ObjectsFields(bucket="photos", delimiter="/"))
    assert (page.items, page.prefixes, page.next_cursor) == ([], ["2026/"], None)
    page = await rest(env, owner, "listObjects", ObjectsFields(bucket="photos", prefix="2026/"))
    assert [item.key for item in page.items] == ["2026/one.txt"]
    got = await rest(env, owner, "getObject", ObjectFields(bucket="photos", key="2026/one.txt"))
    headers = dict(got.headers)
    assert got.result.body == b"hello"
    assert headers["content-disposition"] == "inline; filename*=UTF-8''one.txt"
    assert headers["content-security-policy"].startswith("sandbox")
    part = await rest(
        env,
        owner,
        "getObject",
        ObjectFields(bucket="photos", key="2026/one.txt", range="bytes=1-2"),
    )
    assert (part.status, part.result.body) == (206, b"el")
    view = await rest(env, owner, "getBucket", BucketFields(bucket="photos"))
    assert (view.objects, view.size_bytes, view.is_complete) == (1, 5, True)
    gone = await rest(
        env,
        owner,
        "deleteObjects",
        DeleteObjectsFields(bucket="photos", keys=["2026/one.txt", "x"]),
    )
    assert (gone.deleted, gone.errors) == (["2026/one.txt", "x"], {})
    await rest(env, owner, "deleteBucket", BucketFields(bucket="photos"))
    assert (await rest(env, owner, "listBuckets", BucketsFields())).items == []


async def test_pages_follow_the_cursor(env, owner, s3):
    for number in range(5):
        await upload(env, owner, "shop", f"k{number}", b"")
    keys, cursor = [], ""
    while cursor is not None:
        page = await rest(
            env, owner, "listObjects", ObjectsFields(bucket="shop", limit=2, cursor=cursor)
        )
        keys += [item.key for item in page.items]
        cursor = page.next_cursor
    assert keys == [f"k{number}" for number in range(5)]


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/javascript"])
async def test_what_could_run_in_a_browser_is_only_downloaded(env, owner, s3, content_type):
    await upload(env, owner, "shop", "page", b"<script>", content_type)
    got = await rest(env, owner, "getObject", ObjectFields(bucket="shop", key="page"))
    assert dict(got.headers)["content-disposition"].startswith("attachment")


async def test_upload_that_is_cut_off_stores_nothing(env, owner, s3):
    messages = [
        {"type": "http.request", "body": b"abc", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive():
        return messages.pop(0)

    fields = Upload(
        fields=PutObjectFields(bucket="shop", key="k"),
        body=Body(receive),
        content_type="a/b",
        length=10,
    )
    with pytest.raises(Invalid):
        await rest(env, owner, "putObject", fields)
    assert await s3.keys("shop") == []


async def test_strangers_are_refused(env, owner, stranger, s3):
    await upload(env, owner, "shop", "k", b"secret")
    for operation, fields in (
        ("getBucket", BucketFields(bucket="shop")),
        ("listObjects", ObjectsFields(bucket="shop")),
        ("getObject", ObjectFields(bucket="shop", key="k")),
        ("getObjectDetails", PutObjectFields(bucket="shop", key="k")),
        ("deleteObject", PutObjectFields(bucket="shop", key="k")),
        ("deleteBucket", BucketFields(bucket="shop")),
        ("createObjectLink", LinkFields(bucket="shop", key="k")),
    ):
        with pytest.raises(Denied):
            await rest(env, stranger, operation, fields)
    with pytest.raises(Denied):
        await upload(env, stranger, "shop", "k", b"mine")
    gone = await rest(
        env, stranger, "deleteObjects", DeleteObjectsFields(bucket="shop", keys=["k"])
    )
    assert list(gone.errors) == ["k"]
    assert await s3.body("shop", "k") == b"secret"


async def test_links_are_for_get_and_put_only(env, owner, s3):
    with pytest.raises(Invalid):
        await rest(
            env, owner, "createObjectLink", LinkFields(bucket="shop", key="k", method="DELETE")
        )


def test_link_policy_takes_the_key_literally():
    policy = link_policy("s3:GetObject", "b", "a*b?$c")
    assert '"arn:aws:s3:::b/a${*}b${?}${$}c"' in policy


async def test_other_services_keep_things_through_the_interface(env, owner, stranger):
    await objects.ensure_bucket(env, owner, "kept")
    await objects.ensure_bucket(env, owner, "kept")
    stored = await objects.put_object(env, owner, "kept", "k", b"12345", content_type="a/b")
    assert stored.size_bytes == 5
    assert await objects.read_object(env, owner, "kept", "k", limit_bytes=5) == b"12345"
    with pytest.raises(TooLarge):
        await objects.read_object(env, owner, "kept", "k", limit_bytes=4)
    assert [item.key for item in (await objects.list_objects(env, owner, "kept")).objects] == ["k"]
    for attempt in (
        objects.read_object(env, stranger, "kept", "k", limit_bytes=5),
        objects.put_object(env, stranger, "kept", "k", b"x"),
        objects.delete_object(env, stranger, "kept", "k"),
        objects.list_objects(env, stranger, "kept"),
    ):
        with pytest.raises(Denied):
            await attempt
    await objects.delete_object(env, owner, "kept", "k")
    with pytest.raises(objects.NoSuchKey):
        await objects.read_object(env, owner, "kept", "k", limit_bytes=5)
