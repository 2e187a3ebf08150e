"""Rules of S3 that public suites (moto's tests verified at AWS) check and ours did not."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from tests.unit.services.objects.conftest import S3

from volano.kernel.errors import VolanoError

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env


async def code_of(s3: S3, operation: str, **request: object) -> str:
    with pytest.raises(VolanoError) as caught:
        await s3(operation, **request)
    return caught.value.wire_code


async def test_a_copy_takes_its_own_website_redirect(s3: S3) -> None:
    await s3("PutObject", Bucket="shop", Key="a", Body=b"x", WebsiteRedirectLocation="/old")
    await s3("CopyObject", Bucket="shop", Key="b", CopySource="shop/a")
    assert "WebsiteRedirectLocation" not in await s3("HeadObject", Bucket="shop", Key="b")
    copy = {"Bucket": "shop", "CopySource": "shop/a", "WebsiteRedirectLocation": "/new"}
    for key in ("b", "a"):  # onto itself too, since it changes something
        await s3("CopyObject", Key=key, **copy)
        head = await s3("HeadObject", Bucket="shop", Key=key)
        assert head["WebsiteRedirectLocation"] == "/new"


async def test_a_copy_has_the_checksum_of_all_its_bytes_when_asked(s3: S3) -> None:
    upload = await s3(
        "CreateMultipartUpload", Bucket="shop", Key="parts", ChecksumAlgorithm="SHA256"
    )
    named = {"Bucket": "shop", "Key": "parts", "UploadId": upload["UploadId"]}
    part = await s3("UploadPart", **named, PartNumber=1, Body=b"some value")
    parts = [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}]
    done = await s3("CompleteMultipartUpload", **named, MultipartUpload={"Parts": parts})
    assert done["ChecksumSHA256"].endswith("-1")
    copied = await s3(
        "CopyObject", Bucket="shop", Key="b", CopySource="shop/parts", ChecksumAlgorithm="SHA256"
    )
    whole = "qz0H8xacy9DtbEtF3iFRn5+TjHLSQSSZiquUnOg7tRs="
    assert copied["CopyObjectResult"]["ChecksumSHA256"] == whole


async def test_head_of_a_part_that_is_not_there_is_416(s3: S3) -> None:
    await s3("PutObject", Bucket="shop", Key="a", Body=b"x")
    assert (await s3("HeadObject", Bucket="shop", Key="a", PartNumber=1))["_status"] == 206
    with pytest.raises(VolanoError) as caught:
        await s3("HeadObject", Bucket="shop", Key="a", PartNumber=2)
    assert caught.value.wire_status == 416


async def test_an_empty_continuation_token_is_refused(s3: S3) -> None:
    code = await code_of(s3, "ListObjectsV2", Bucket="shop", ContinuationToken="")
    assert code == "InvalidArgument"


@pytest.mark.parametrize(
    ("signed", "location", "answer"),
    [
        ("us-east-1", "eu-west-1", "eu-west-1"),
        ("us-east-1", None, "eu-home-1"),
        ("us-east-1", "us-east-1", "InvalidLocationConstraint"),
        ("us-east-1", "nowhere", "InvalidLocationConstraint"),
        ("eu-west-1", "eu-west-1", "eu-west-1"),
        ("eu-west-1", None, "IllegalLocationConstraintException"),
        ("eu-west-1", "us-east-2", "IllegalLocationConstraintException"),
        ("eu-home-1", "eu-home-1", "eu-home-1"),
    ],
)
async def test_test_mode_plays_the_endpoint_that_is_signed_for(
    env: Env, owner: Call, signed: str, location: str | None, answer: str
) -> None:
    lax = dataclasses.replace(env, config=dataclasses.replace(env.config, test_mode=True))
    s3 = S3(lax, dataclasses.replace(owner, context={"volano:signed-region": signed}))
    request: dict[str, object] = {"Bucket": "elsewhere"}
    if location:
        request["CreateBucketConfiguration"] = {"LocationConstraint": location}
    if answer.endswith(("Constraint", "Exception")):
        assert await code_of(s3, "CreateBucket", **request) == answer
        return
    await s3("CreateBucket", **request)
    located = await s3("GetBucketLocation", Bucket="elsewhere")
    assert located["LocationConstraint"] == answer
