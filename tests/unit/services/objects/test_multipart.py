"""Multipart uploads."""

from __future__ import annotations

import base64
import hashlib

import pytest

from volano.services.objects.logic.checksums import new_hash
from volano.services.objects.logic.errors import (
    BadDigest,
    EntityTooSmall,
    InvalidArgument,
    InvalidPart,
    InvalidPartOrder,
    InvalidRange,
    InvalidRequest,
    MalformedXml,
    NoSuchUpload,
    PreconditionFailed,
)

MIB = 1024 * 1024


async def begin(s3, key="big", **fields) -> str:
    return (await s3("CreateMultipartUpload", Bucket="shop", Key=key, **fields))["UploadId"]


async def put_part(s3, upload, number, body, key="big", **fields) -> dict:
    result = await s3(
        "UploadPart",
        Bucket="shop",
        Key=key,
        UploadId=upload,
        PartNumber=number,
        Body=body,
        **fields,
    )
    return {"PartNumber": number, **{k: v for k, v in result.items() if k != "ChecksumType"}}


async def complete(s3, upload, parts, key="big", **fields) -> dict:
    return await s3(
        "CompleteMultipartUpload",
        Bucket="shop",
        Key=key,
        UploadId=upload,
        MultipartUpload={"Parts": parts},
        **fields,
    )


def b64_of(algorithm: str, data: bytes) -> str:
    running = new_hash(algorithm)
    running.update(data)
    return base64.b64encode(running.digest()).decode()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (-42, "Argument {} must be an integer between 0 and 2147483647"),
        (2**31, "Provided {} not an integer or within integer range"),
    ],
)
async def test_limits_and_markers_of_parts_are_whole_numbers(s3, number, words):
    named = {"Bucket": "shop", "Key": "k"}
    named["UploadId"] = (await s3("CreateMultipartUpload", **named))["UploadId"]
    for member, argument in (("MaxParts", "max-parts"), ("PartNumberMarker", "part-number-marker")):
        with pytest.raises(InvalidArgument, match=words.format(argument)):
            await s3("ListParts", **named, **{member: number})


async def test_parts_become_one_object(s3, env):
    first, second, third = b"a" * 5 * MIB, b"b" * 5 * MIB, b"c" * 100
    upload = await begin(s3, ContentType="text/x", Metadata={"m": "1"}, Tagging="t=1")
    parts = [await put_part(s3, upload, n, d) for n, d in ((3, first), (5, second), (9, third))]
    done = await complete(s3, upload, parts)
    joined = b"".join(hashlib.md5(part).digest() for part in (first, second, third))
    assert done["ETag"] == f'"{hashlib.md5(joined).hexdigest()}-3"'
    whole = first + second + third
    assert done["ChecksumCRC64NVME"] == b64_of("CRC64NVME", whole)
    found = await s3("HeadObject", Bucket="shop", Key="big")
    assert (found["ContentLength"], found["ContentType"]) == (len(whole), "text/x")
    assert await s3.body("shop", "big") == whole
    edge = 5 * MIB
    assert await s3.body("shop", "big", Range=f"bytes={edge - 2}-{edge + 1}") == b"aabb"
    assert await s3.body("shop", "big", Range="bytes=-101") == b"b" + third
    assert await s3.body("shop", "big", PartNumber=9) == third
    part = await s3("HeadObject", Bucket="shop", Key="big", PartNumber=5)
    assert (part["PartsCount"], part["ContentRange"]) == (
        3,
        f"bytes {edge}-{2 * edge - 1}/{len(whole)}",
    )
    with pytest.raises(InvalidPart):
        await s3("GetObject", Bucket="shop", Key="big", PartNumber=4)
    assert (await s3("ListMultipartUploads", Bucket="shop"))["Uploads"] == []


async def test_completing_again_answers_the_same(s3):
    upload = await begin(s3)
    parts = [await put_part(s3, upload, 1, b"x")]
    assert (await complete(s3, upload, parts))["ETag"] == (await complete(s3, upload, parts))[
        "ETag"
    ]
    await s3("PutObject", Bucket="shop", Key="big", Body=b"newer")
    with pytest.raises(NoSuchUpload):
        await complete(s3, upload, parts)


async def test_complete_refuses_wrong_lists_and_goes_on(s3):
    upload = await begin(s3)
    small = await put_part(s3, upload, 1, b"x")
    last = await put_part(s3, upload, 2, b"y")
    for error, parts in (
        (MalformedXml, []),
        (InvalidPartOrder, [last, small]),
        (InvalidPart, [{"PartNumber": 7, "ETag": small["ETag"]}]),
        (InvalidPart, [{"PartNumber": 1, "ETag": '"wrong"'}]),
        (EntityTooSmall, [small, last]),
    ):
        with pytest.raises(error):
            await complete(s3, upload, parts)
    with pytest.raises(InvalidRequest):
        await complete(s3, upload, [last], MpuObjectSize=5)
    await complete(s3, upload, [last], MpuObjectSize=1)
    assert await s3.body("shop", "big") == b"y"


async def test_parts_left_out_and_parts_replaced_become_garbage(s3, env):
    upload = await begin(s3)
    await put_part(s3, upload, 1, b"old")
    part = await put_part(s3, upload, 1, b"new")
    await put_part(s3, upload, 2, b"left out")
    await complete(s3, upload, [part])
    assert await env.store.reader.row("SELECT count(*) FROM s3_garbage") == (2,)
    assert await s3.body("shop", "big") == b"new"
    await s3("DeleteObject", Bucket="shop", Key="big")
    assert await env.store.reader.row("SELECT count(*) FROM s3_garbage") == (3,)
    assert await env.store.reader.row("SELECT count(*) FROM s3_part") == (0,)


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        ("CRC32", "COMPOSITE"),
        ("CRC32", "FULL_OBJECT"),
        ("CRC64NVME", "FULL_OBJECT"),
        ("SHA256", "COMPOSITE"),
    ],
)
async def test_checksum_of_the_whole_comes_from_the_parts(s3, algorithm, kind):
    bodies = [b"a" * 5 * MIB, b"b" * 10]
    upload = await begin(s3, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    parts = [await put_part(s3, upload, n, body) for n, body in enumerate(bodies, 1)]
    assert parts[0]["Checksum" + algorithm] == b64_of(algorithm, bodies[0])
    if kind == "FULL_OBJECT":
        expected = b64_of(algorithm, b"".join(bodies))
    else:
        digests = b"".join(base64.b64decode(b64_of(algorithm, body)) for body in bodies)
        expected = b64_of(algorithm, digests) + "-2"
    with pytest.raises(BadDigest):
        await complete(s3, upload, parts, **{"Checksum" + algorithm: "AAAA"})
    with pytest.raises(InvalidPart):
        await complete(s3, upload, [parts[0] | {"Checksum" + algorithm: "AAAA"}, parts[1]])
    done = await complete(s3, upload, parts, **{"Checksum" + algorithm: expected})
    assert (done["Checksum" + algorithm], done["ChecksumType"]) == (expected, kind)
    attributes = await s3(
        "GetObjectAttributes", Bucket="shop", Key="big", ObjectAttributes=["ObjectParts"]
    )
    assert attributes["ObjectParts"]["TotalPartsCount"] == 2
    assert attributes["ObjectParts"]["Parts"][1]["Size"] == 10


async def test_part_with_another_checksum_is_refused(s3):
    upload = await begin(s3, ChecksumAlgorithm="SHA256")
    with pytest.raises(InvalidRequest):
        await put_part(s3, upload, 1, b"x", ChecksumCRC32=b64_of("CRC32", b"x"))
    with pytest.raises(InvalidRequest):
        await begin(s3, ChecksumAlgorithm="SHA256", ChecksumType="FULL_OBJECT")
    with pytest.raises(InvalidRequest):
        await begin(s3, ChecksumType="FULL_OBJECT")


async def test_part_numbers_and_uploads_must_exist(s3):
    upload = await begin(s3)
    for number in (0, 10_001):
        with pytest.raises(InvalidArgument):
            await put_part(s3, upload, number, b"x")
    for wrong, key in (("none", "big"), (upload, "other"), ("nul\x00", "big")):
        with pytest.raises(NoSuchUpload):
            await put_part(s3, wrong, 1, b"x", key=key)
        with pytest.raises(NoSuchUpload):
            await complete(s3, wrong, [{"PartNumber": 1, "ETag": "x"}], key=key)


async def test_abort_frees_the_parts(s3, env):
    upload = await begin(s3)
    await put_part(s3, upload, 1, b"x")
    await s3("AbortMultipartUpload", Bucket="shop", Key="big", UploadId=upload)
    assert await env.store.reader.row("SELECT count(*) FROM s3_garbage") == (1,)
    with pytest.raises(NoSuchUpload):
        await s3("AbortMultipartUpload", Bucket="shop", Key="big", UploadId=upload)
    with pytest.raises(NoSuchUpload):
        await put_part(s3, upload, 2, b"x")


async def test_deleting_a_bucket_aborts_its_uploads(s3, env):
    upload = await begin(s3)
    await put_part(s3, upload, 1, b"x")
    await s3("DeleteBucket", Bucket="shop")
    assert await env.store.reader.row("SELECT count(*) FROM s3_upload") == (0,)
    assert await env.store.reader.row("SELECT count(*) FROM s3_garbage") == (1,)


async def test_conditional_complete(s3):
    await s3("PutObject", Bucket="shop", Key="big", Body=b"there")
    upload = await begin(s3)
    part = await put_part(s3, upload, 1, b"x")
    with pytest.raises(PreconditionFailed):
        await complete(s3, upload, [part], IfNoneMatch="*")
    etag = (await s3("HeadObject", Bucket="shop", Key="big"))["ETag"]
    await complete(s3, upload, [part], IfMatch=etag)
    assert await s3.body("shop", "big") == b"x"


async def test_parts_from_other_objects(s3):
    await s3("PutObject", Bucket="shop", Key="source", Body=b"0123456789")
    upload = await begin(s3)
    copied = await s3(
        "UploadPartCopy",
        Bucket="shop",
        Key="big",
        UploadId=upload,
        PartNumber=1,
        CopySource="shop/source",
        CopySourceRange="bytes=2-5",
    )
    part = {"PartNumber": 1, "ETag": copied["CopyPartResult"]["ETag"]}
    await complete(s3, upload, [part])
    assert await s3.body("shop", "big") == b"2345"
    upload = await begin(s3)
    with pytest.raises(InvalidRange):
        await s3(
            "UploadPartCopy",
            Bucket="shop",
            Key="big",
            UploadId=upload,
            PartNumber=1,
            CopySource="shop/source",
            CopySourceRange="bytes=0-10",
        )


async def test_copy_of_a_multipart_object_shares_its_parts(s3, env):
    upload = await begin(s3)
    parts = [await put_part(s3, upload, 1, b"a" * 5 * MIB), await put_part(s3, upload, 2, b"b")]
    await complete(s3, upload, parts)
    await s3("CopyObject", Bucket="shop", Key="copy", CopySource="shop/big")
    await s3("DeleteObject", Bucket="shop", Key="big")
    assert await s3.body("shop", "copy", Range="bytes=-2") == b"ab"
    await s3("DeleteObject", Bucket="shop", Key="copy")
    assert await env.store.reader.row("SELECT count(*) FROM s3_garbage") == (2,)


async def test_listing_parts_and_uploads(s3):
    uploads = {key: await begin(s3, key=key) for key in ("a/1", "a/2", "b", "c")}
    second = await begin(s3, key="b")
    for number in (1, 2, 3):
        await put_part(s3, uploads["b"], number, b"x", key="b")
    page = await s3("ListParts", Bucket="shop", Key="b", UploadId=uploads["b"], MaxParts=2)
    assert ([p["PartNumber"] for p in page["Parts"]], page["IsTruncated"]) == ([1, 2], True)
    rest = await s3(
        "ListParts",
        Bucket="shop",
        Key="b",
        UploadId=uploads["b"],
        PartNumberMarker=page["NextPartNumberMarker"],
    )
    assert ([p["PartNumber"] for p in rest["Parts"]], rest["IsTruncated"]) == ([3], False)
    page = await s3("ListMultipartUploads", Bucket="shop", Delimiter="/", MaxUploads=2)
    assert page["CommonPrefixes"] == [{"Prefix": "a/"}]
    assert [each["Key"] for each in page["Uploads"]] == ["b"]
    assert page["IsTruncated"]
    rest = await s3(
        "ListMultipartUploads",
        Bucket="shop",
        Delimiter="/",
        KeyMarker=page["NextKeyMarker"],
        UploadIdMarker=page["NextUploadIdMarker"],
    )
    found = [each["UploadId"] for each in page["Uploads"] + rest["Uploads"]]
    assert sorted(found[:2]) == sorted([uploads["b"], second])
    assert found[2:] == [uploads["c"]]
    only = await s3("ListMultipartUploads", Bucket="shop", Prefix="a/")
    assert [each["Key"] for each in only["Uploads"]] == ["a/1", "a/2"]
