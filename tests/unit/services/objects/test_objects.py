"""Objects: put, get, conditions, delete, copy, tags, attributes, and their garbage."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from volano.services.objects.logic.errors import (
    BadDigest,
    ConditionalRequestConflict,
    EntityTooLarge,
    IncompleteBody,
    InvalidArgument,
    InvalidPart,
    InvalidRange,
    InvalidRequest,
    InvalidStorageClass,
    InvalidTag,
    KeyTooLong,
    MalformedXml,
    MetadataTooLarge,
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
    PreconditionFailed,
)
from volano.services.objects.logic.writing import StreamBody


async def garbage(env) -> int:
    row = await env.store.reader.row("SELECT count(*) FROM s3_garbage")
    return row[0]


async def stream(*chunks: bytes):
    for chunk in chunks:
        yield chunk


@pytest.mark.parametrize("size", [0, 1, 4096, 65536, 65537, 3_000_000])
async def test_object_comes_back_as_it_was_put(s3, size):
    data = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    put = await s3("PutObject", Bucket="shop", Key="dir/k", Body=data, ContentType="text/x")
    assert put["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
    found = await s3("HeadObject", Bucket="shop", Key="dir/k", ChecksumMode="ENABLED")
    assert found["ContentLength"] == size
    assert found["ContentType"] == "text/x"
    assert found["ChecksumCRC64NVME"] == put["ChecksumCRC64NVME"]
    assert await s3.body("shop", "dir/k") == data
    assert await s3.body("shop", "dir/k") == data
    if size > 10:
        assert await s3.body("shop", "dir/k", Range="bytes=-7") == data[-7:]
        assert await s3.body("shop", "dir/k", Range="bytes=3-8") == data[3:9]


async def test_body_may_come_in_any_chunks(s3, env):
    chunks = [b"a" * 10, b"b" * 700_000, b"c" * 2_000_000, b"d"]
    await s3("PutObject", Bucket="shop", Key="k", Body=StreamBody(stream(*chunks)))
    assert await s3.body("shop", "k") == b"".join(chunks)


async def test_body_shorter_than_it_says_is_refused(s3):
    with pytest.raises(IncompleteBody):
        await s3("PutObject", Bucket="shop", Key="k", Body=StreamBody(stream(b"abc"), 10))
    with pytest.raises(NoSuchKey):
        await s3("HeadObject", Bucket="shop", Key="k")


async def test_body_over_five_gib_is_refused_before_it_is_read(s3):
    with pytest.raises(EntityTooLarge):
        await s3("PutObject", Bucket="shop", Key="k", Body=StreamBody(stream(), 5 * 1024**3 + 1))


async def test_wrong_digest_stores_nothing(s3, env):
    wrong = base64.b64encode(b"0" * 16).decode()
    with pytest.raises(BadDigest):
        await s3("PutObject", Bucket="shop", Key="k", Body=b"x", ContentMD5=wrong)
    with pytest.raises(BadDigest):
        await s3("PutObject", Bucket="shop", Key="k", Body=b"x" * 200_000, ChecksumCRC32="AAAAAA==")
    assert await s3.keys("shop") == []


async def test_metadata_and_content_headers_are_kept(s3):
    await s3(
        "PutObject",
        Bucket="shop",
        Key="k",
        Body=b"x",
        Metadata={"color": "grün"},
        CacheControl="no-cache",
        ContentEncoding="aws-chunked,gzip",
        ContentLanguage="de",
        Expires=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        Tagging="a=1&b=2",
    )
    found = await s3("HeadObject", Bucket="shop", Key="k")
    assert found["Metadata"] == {"color": "grün"}
    assert found["CacheControl"] == "no-cache"
    assert found["ContentEncoding"] == "gzip"
    assert found["Expires"] == "Wed, 02 Jan 2030 03:04:05 GMT"
    assert found["TagCount"] == 2
    found = await s3("GetObject", Bucket="shop", Key="k", ResponseContentType="text/html")
    assert found["ContentType"] == "text/html"


async def test_put_object_refuses_what_it_cannot_keep(s3):
    for error, fields in (
        (KeyTooLong, {"Key": "k" * 1025}),
        (MetadataTooLarge, {"Metadata": {"a": "x" * 2048}}),
        (InvalidStorageClass, {"StorageClass": "OUTPOSTS"}),
        (InvalidRequest, {"ServerSideEncryption": "aws:kms:dsse"}),
        (InvalidRequest, {"ACL": "public-read"}),
        (InvalidRequest, {"ObjectLockMode": "GOVERNANCE"}),
        (InvalidTag, {"Tagging": "&".join(f"k{n}=v" for n in range(11))}),
        (NoSuchBucket, {"Bucket": "nowhere"}),
    ):
        with pytest.raises(error):
            await s3("PutObject", **({"Bucket": "shop", "Key": "k", "Body": b"x"} | fields))
    assert await s3.keys("shop") == []


async def test_conditional_writes(s3):
    first = await s3("PutObject", Bucket="shop", Key="k", Body=b"1", IfNoneMatch="*")
    with pytest.raises(PreconditionFailed):
        await s3("PutObject", Bucket="shop", Key="k", Body=b"2", IfNoneMatch="*")
    await s3("PutObject", Bucket="shop", Key="k", Body=b"2", IfMatch=first["ETag"])
    with pytest.raises(PreconditionFailed):
        await s3("PutObject", Bucket="shop", Key="k", Body=b"3", IfMatch=first["ETag"])
    with pytest.raises(NoSuchKey):
        await s3("PutObject", Bucket="shop", Key="new", Body=b"3", IfMatch=first["ETag"])
    assert await s3.body("shop", "k") == b"2"


async def test_one_of_many_racing_conditional_writes_wins(s3):
    async def slow(number: int):
        yield b"first"
        await asyncio.sleep(0.01)
        yield str(number).encode()

    calls = [
        s3("PutObject", Bucket="shop", Key="k", Body=StreamBody(slow(n)), IfNoneMatch="*")
        for n in range(8)
    ]
    results = await asyncio.gather(*calls, return_exceptions=True)
    won = [index for index, result in enumerate(results) if isinstance(result, dict)]
    assert len(won) == 1
    assert all(
        isinstance(result, ConditionalRequestConflict | PreconditionFailed)
        for index, result in enumerate(results)
        if index != won[0]
    )
    assert await s3.body("shop", "k") == b"first" + str(won[0]).encode()


async def test_conditional_reads(s3):
    etag = (await s3("PutObject", Bucket="shop", Key="k", Body=b"x"))["ETag"]
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    assert (await s3("GetObject", Bucket="shop", Key="k", IfMatch=etag))["Body"] == b"x"
    for fields in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": now - hour}):
        with pytest.raises(PreconditionFailed):
            await s3("GetObject", Bucket="shop", Key="k", **fields)
    found = await s3("HeadObject", Bucket="shop", Key="k")
    written = datetime.fromtimestamp(found["LastModified"], UTC)
    for fields in ({"IfNoneMatch": etag}, {"IfNoneMatch": "*"}, {"IfModifiedSince": written}):
        found = await s3("GetObject", Bucket="shop", Key="k", **fields)
        assert (found["_status"], found["ETag"], found["Body"]) == (304, etag, b"")
    found = await s3(
        "GetObject", Bucket="shop", Key="k", IfMatch=etag, IfUnmodifiedSince=now - hour
    )
    assert found["Body"] == b"x"
    found = await s3(
        "GetObject", Bucket="shop", Key="k", IfNoneMatch='"other"', IfModifiedSince=written
    )
    assert found["Body"] == b"x"
    # A date of tomorrow is none (recorded from S3): the body comes again.
    found = await s3("GetObject", Bucket="shop", Key="k", IfModifiedSince=now + 24 * hour)
    assert found["Body"] == b"x"


async def test_range_outside_of_the_object_is_refused(s3):
    await s3("PutObject", Bucket="shop", Key="k", Body=b"0123456789")
    found = await s3("GetObject", Bucket="shop", Key="k", Range="bytes=8-")
    assert found["ContentRange"] == "bytes 8-9/10"
    with pytest.raises(InvalidRange):
        await s3("GetObject", Bucket="shop", Key="k", Range="bytes=10-")
    with pytest.raises(InvalidRequest):
        await s3("GetObject", Bucket="shop", Key="k", Range="bytes=0-", PartNumber=1)
    with pytest.raises(InvalidPart):
        await s3("GetObject", Bucket="shop", Key="k", PartNumber=2)
    with pytest.raises(InvalidArgument, match="version id"):
        await s3("GetObject", Bucket="shop", Key="k", VersionId="abc")
    with pytest.raises(NoSuchVersion):
        await s3("GetObject", Bucket="shop", Key="k", VersionId="0" * 32)
    assert await s3.body("shop", "k", VersionId="null") == b"0123456789"


async def test_delete_object_is_repeatable_and_conditional(s3):
    etag = (await s3("PutObject", Bucket="shop", Key="k", Body=b"x"))["ETag"]
    with pytest.raises(PreconditionFailed):
        await s3("DeleteObject", Bucket="shop", Key="k", IfMatch='"other"')
    await s3("DeleteObject", Bucket="shop", Key="k", IfMatch=etag)
    await s3("DeleteObject", Bucket="shop", Key="k")
    with pytest.raises(NoSuchKey):
        await s3("GetObject", Bucket="shop", Key="k")


async def test_delete_objects_answers_for_each_key(s3):
    for key in ("a", "b", "c"):
        await s3("PutObject", Bucket="shop", Key=key, Body=b"x")
    objects = [{"Key": "a"}, {"Key": "never"}, {"Key": "b", "ETag": '"other"'}]
    outcome = await s3("DeleteObjects", Bucket="shop", Delete={"Objects": objects})
    assert outcome["Deleted"] == [{"Key": "a"}, {"Key": "never"}]
    assert [(e["Key"], e["Code"]) for e in outcome["Errors"]] == [("b", "PreconditionFailed")]
    quiet = await s3(
        "DeleteObjects", Bucket="shop", Delete={"Objects": [{"Key": "c"}], "Quiet": True}
    )
    assert (quiet["Deleted"], quiet["Errors"]) == ([], [])
    assert await s3.keys("shop") == ["b"]
    with pytest.raises(MalformedXml):
        await s3("DeleteObjects", Bucket="shop", Delete={"Objects": [{"Key": "x"}] * 1001})


async def test_copies_share_bytes_until_the_last_is_gone(s3, env):
    data = b"shared" * 20_000
    await s3("PutObject", Bucket="shop", Key="a", Body=data, Metadata={"m": "1"})
    await s3("CopyObject", Bucket="shop", Key="b", CopySource="shop/a")
    await s3(
        "CopyObject",
        Bucket="shop",
        Key="c",
        CopySource="/shop/b",
        MetadataDirective="REPLACE",
        ContentType="text/new",
    )
    assert (await s3("HeadObject", Bucket="shop", Key="b"))["Metadata"] == {"m": "1"}
    assert (await s3("HeadObject", Bucket="shop", Key="c"))["ContentType"] == "text/new"
    for gone, left in (("a", "b"), ("b", "c")):
        await s3("DeleteObject", Bucket="shop", Key=gone)
        assert await garbage(env) == 0
        assert await s3.body("shop", left) == data
        assert await s3.body("shop", left, Range="bytes=6-11") == b"shared"
    await s3("DeleteObject", Bucket="shop", Key="c")
    assert await garbage(env) == 1
    assert await env.store.reader.row("SELECT count(*) FROM s3_part") == (0,)
    assert await env.store.reader.row("SELECT count(*) FROM s3_shared") == (0,)


async def test_copy_onto_itself_must_change_something(s3, env):
    await s3("PutObject", Bucket="shop", Key="k", Body=b"x", Metadata={"m": "1"})
    with pytest.raises(InvalidRequest):
        await s3("CopyObject", Bucket="shop", Key="k", CopySource="shop/k")
    await s3(
        "CopyObject",
        Bucket="shop",
        Key="k",
        CopySource="shop/k",
        MetadataDirective="REPLACE",
        Metadata={"m": "2"},
    )
    assert (await s3("HeadObject", Bucket="shop", Key="k"))["Metadata"] == {"m": "2"}
    assert await s3.body("shop", "k") == b"x"
    assert await garbage(env) == 0


async def test_copy_conditions_and_sources(s3):
    etag = (await s3("PutObject", Bucket="shop", Key="a b/é", Body=b"x"))["ETag"]
    await s3(
        "CopyObject", Bucket="shop", Key="k", CopySource="shop/a%20b/%C3%A9", CopySourceIfMatch=etag
    )
    for fields in (
        {"CopySourceIfMatch": '"no"'},
        {"CopySourceIfNoneMatch": etag},
        {"IfNoneMatch": "*"},
    ):
        with pytest.raises(PreconditionFailed):
            await s3("CopyObject", Bucket="shop", Key="k", CopySource="shop/a%20b/%C3%A9", **fields)
    with pytest.raises(NoSuchKey):
        await s3("CopyObject", Bucket="shop", Key="k", CopySource="shop/none")
    with pytest.raises(NoSuchBucket):
        await s3("CopyObject", Bucket="shop", Key="k", CopySource="none/none")
    with pytest.raises(InvalidArgument):
        await s3("CopyObject", Bucket="shop", Key="k", CopySource="shop")


async def test_copy_with_another_checksum_computes_it(s3):
    await s3("PutObject", Bucket="shop", Key="a", Body=b"hello")
    copied = await s3(
        "CopyObject", Bucket="shop", Key="b", CopySource="shop/a", ChecksumAlgorithm="SHA256"
    )
    expected = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
    assert copied["CopyObjectResult"]["ChecksumSHA256"] == expected


async def test_overwritten_bytes_become_garbage(s3, env):
    for body in (b"one", b"two", b""):
        await s3("PutObject", Bucket="shop", Key="k", Body=body)
    assert await garbage(env) == 2
    assert await s3.body("shop", "k") == b""


async def test_object_tags(s3):
    await s3("PutObject", Bucket="shop", Key="k", Body=b"x")
    assert (await s3("GetObjectTagging", Bucket="shop", Key="k"))["TagSet"] == []
    tags = [{"Key": "a", "Value": "1"}]
    await s3("PutObjectTagging", Bucket="shop", Key="k", Tagging={"TagSet": tags})
    assert (await s3("GetObjectTagging", Bucket="shop", Key="k"))["TagSet"] == tags
    with pytest.raises(InvalidTag):
        await s3("PutObjectTagging", Bucket="shop", Key="k", Tagging={"TagSet": tags * 2})
    with pytest.raises(NoSuchKey):
        await s3("PutObjectTagging", Bucket="shop", Key="none", Tagging={"TagSet": tags})
    await s3("DeleteObjectTagging", Bucket="shop", Key="k")
    assert (await s3("GetObjectTagging", Bucket="shop", Key="k"))["TagSet"] == []


async def test_object_attributes(s3):
    await s3("PutObject", Bucket="shop", Key="k", Body=b"hello")
    wanted = ["ETag", "ObjectSize", "Checksum", "ObjectParts", "StorageClass"]
    found = await s3("GetObjectAttributes", Bucket="shop", Key="k", ObjectAttributes=wanted)
    assert found["ObjectSize"] == 5
    assert found["ETag"] == hashlib.md5(b"hello").hexdigest()
    assert "ObjectParts" not in found
    with pytest.raises(InvalidArgument):
        await s3("GetObjectAttributes", Bucket="shop", Key="k", ObjectAttributes=["Color"])


async def test_listing_versions_and_pages(s3):
    for key in ("a/1", "a/2", "b", "c+d"):
        await s3("PutObject", Bucket="shop", Key=key, Body=b"x")
    first = await s3("ListObjectsV2", Bucket="shop", MaxKeys=2)
    assert (first["KeyCount"], first["IsTruncated"]) == (2, True)
    token = first["NextContinuationToken"]
    assert await s3.keys("shop", ContinuationToken=token) == ["b", "c+d"]
    assert await s3.keys("shop", StartAfter="a/2", EncodingType="url") == ["b", "c%2Bd"]
    page = await s3("ListObjects", Bucket="shop", Delimiter="/", MaxKeys=1)
    assert page["CommonPrefixes"] == [{"Prefix": "a/"}]
    assert page["NextMarker"] == "a/"
    versions = await s3("ListObjectVersions", Bucket="shop", Prefix="b")
    assert [(v["Key"], v["VersionId"], v["IsLatest"]) for v in versions["Versions"]] == [
        ("b", "null", True)
    ]
    for fields in (
        {"MaxKeys": -1},
        {"EncodingType": "rot13"},
        {"ContinuationToken": "%%"},
        {"Prefix": "\x00"},
    ):
        with pytest.raises(InvalidArgument):
            await s3("ListObjectsV2", Bucket="shop", **fields)
