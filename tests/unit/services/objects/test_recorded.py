"""What S3 itself was recorded to answer (LocalStack's snapshots of S3) and ours did not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.services.objects.conftest import S3

from volano.kernel.call import Env
from volano.kernel.errors import VolanoError
from volano.wire.aws.s3_edges import answer_preflight
from volano.wire.http import Request, body_of

SHOP = {"Bucket": "shop"}


async def refusal(s3: S3, operation: str, **request: object) -> tuple[str, dict[str, str]]:
    """The code of a refusal, and its fields without headers."""
    with pytest.raises(VolanoError) as caught:
        await s3(operation, **request)
    error = caught.value
    fields = {name: text for name, text in error.fields.items() if not name.startswith("header:")}
    return error.wire_code, fields


async def test_conditions_on_a_copys_source_are_named_and_checked_in_order(
    s3: S3, env: Env
) -> None:
    etag = (await s3("PutObject", **SHOP, Key="a", Body=b"data"))["ETag"]
    now = datetime.fromtimestamp(env.clock.now_us() / 1e6, UTC)
    conditions = {
        "CopySourceIfMatch": ("etag123", "If-Match"),
        "CopySourceIfUnmodifiedSince": (now - timedelta(days=1), "If-Unmodified-Since"),
        "CopySourceIfNoneMatch": (etag.strip('"'), "If-None-Match"),
        "CopySourceIfModifiedSince": (now, "If-Modified-Since"),
    }
    asked = {name: value for name, (value, _) in conditions.items()}
    for name, (_, header) in conditions.items():
        code, fields = await refusal(
            s3, "CopyObject", **SHOP, Key="b", CopySource="shop/a", **asked
        )
        assert (code, fields["Condition"]) == ("PreconditionFailed", f"x-amz-copy-source-{header}")
        del asked[name]
    future = {"CopySourceIfModifiedSince": now + timedelta(days=1)}
    await s3("CopyObject", **SHOP, Key="b", CopySource="shop/a", **future)


async def test_a_copied_range_behind_the_source_is_an_invalid_request(s3: S3) -> None:
    await s3("PutObject", **SHOP, Key="a", Body=b"0123456789")
    upload = await s3("CreateMultipartUpload", **SHOP, Key="b")
    part = {**SHOP, "Key": "b", "UploadId": upload["UploadId"], "PartNumber": 1}
    copy = {**part, "CopySource": "shop/a"}
    code, _ = await refusal(s3, "UploadPartCopy", **copy, CopySourceRange="bytes=100-200")
    assert code == "InvalidRequest"


async def test_an_upload_on_a_condition_answers_for_what_was_there_when_it_began(s3: S3) -> None:
    await s3("PutObject", **SHOP, Key="k", Body=b"x")
    upload = await s3("CreateMultipartUpload", **SHOP, Key="k")
    named = {**SHOP, "Key": "k", "UploadId": upload["UploadId"]}
    part = await s3("UploadPart", **named, PartNumber=1, Body=b"y")
    parts = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}}
    etag = (await s3("PutObject", **SHOP, Key="k", Body=b"x"))["ETag"]
    code, fields = await refusal(s3, "CompleteMultipartUpload", **named, **parts, IfMatch=etag)
    assert code == "ConditionalRequestConflict"
    assert fields == {"Condition": "If-Match", "Key": "k"}
    await s3("CompleteMultipartUpload", **named, **parts)


async def test_uploads_of_a_key_are_listed_by_age_and_the_last_is_told(s3: S3) -> None:
    ids = []
    for _ in range(5):
        ids.append((await s3("CreateMultipartUpload", **SHOP, Key="k"))["UploadId"])
    page = await s3("ListMultipartUploads", **SHOP)
    assert [each["UploadId"] for each in page["Uploads"]] == ids
    assert (page["NextKeyMarker"], page["NextUploadIdMarker"]) == ("k", ids[-1])
    empty = await s3("ListMultipartUploads", **SHOP, KeyMarker="k")
    assert (empty["NextKeyMarker"], empty["NextUploadIdMarker"]) == ("", "")


async def test_parts_are_listed_with_checksums_only_where_the_upload_has_an_algorithm(
    s3: S3,
) -> None:
    for algorithm in (None, "CRC32"):
        upload = await s3("CreateMultipartUpload", **SHOP, Key="k", ChecksumAlgorithm=algorithm)
        named = {**SHOP, "Key": "k", "UploadId": upload["UploadId"]}
        await s3("UploadPart", **named, PartNumber=1, Body=b"y", ChecksumCRC32="+9smFQ==")
        (part,) = (await s3("ListParts", **named))["Parts"]
        assert ("ChecksumCRC32" in part) is (algorithm is not None)


async def test_times_are_whole_seconds(s3: S3) -> None:
    await s3("PutObject", **SHOP, Key="k", Body=b"x")
    listed = await s3("ListObjects", **SHOP)
    second = listed["Contents"][0]["LastModified"]
    assert isinstance(second, int)
    assert (await s3("HeadObject", **SHOP, Key="k"))["LastModified"] == second


async def test_a_page_behind_a_token_does_not_repeat_where_the_first_began(s3: S3) -> None:
    for key in "abc":
        await s3("PutObject", **SHOP, Key=key, Body=b"x")
    first = await s3("ListObjectsV2", **SHOP, StartAfter="a", MaxKeys=1)
    token = first["NextContinuationToken"]
    assert first["StartAfter"] == "a"
    assert "StartAfter" not in await s3(
        "ListObjectsV2", **SHOP, StartAfter="a", ContinuationToken=token
    )
    code, _ = await refusal(s3, "ListObjectsV2", **SHOP, EncodingType="")
    assert code == "InvalidArgument"


async def test_a_delete_marker_in_the_way_of_tags_is_told(s3: S3) -> None:
    await s3("PutBucketVersioning", **SHOP, VersioningConfiguration={"Status": "Enabled"})
    await s3("PutObject", **SHOP, Key="k", Body=b"x")
    await s3("DeleteObject", **SHOP, Key="k")
    for method in ("Get", "Put", "Delete"):
        tags: dict[str, object] = {"Tagging": {"TagSet": []}} if method == "Put" else {}
        code, fields = await refusal(s3, f"{method}ObjectTagging", **SHOP, Key="k", **tags)
        assert code == "MethodNotAllowed"
        assert fields == {"Method": method.upper(), "ResourceType": "DeleteMarker"}


async def test_a_delete_marker_has_no_hold(s3: S3) -> None:
    await s3("CreateBucket", Bucket="kept", ObjectLockEnabledForBucket=True)
    await s3("PutObject", Bucket="kept", Key="k", Body=b"x")
    marker = (await s3("DeleteObject", Bucket="kept", Key="k"))["VersionId"]
    named = {"Bucket": "kept", "Key": "k", "VersionId": marker}
    code, fields = await refusal(s3, "PutObjectLegalHold", **named, LegalHold={"Status": "ON"})
    assert code == "MethodNotAllowed"
    assert fields == {"Method": "PUT", "ResourceType": "DeleteMarker"}


async def test_checksums_are_asked_for_in_any_case(s3: S3) -> None:
    await s3("PutObject", **SHOP, Key="k", Body=b"x", ChecksumCRC32="jNwWgw==")
    found = await s3("HeadObject", **SHOP, Key="k", ChecksumMode="enabled")
    assert found["ChecksumType"] == "FULL_OBJECT"


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ({"Key": "a,b", "Value": "c"}, "The TagKey you have provided is invalid"),
        ({"Key": "a", "Value": "b,c"}, "The TagValue you have provided is invalid"),
    ],
)
async def test_tags_hold_letters_digits_spaces_and_a_few_marks(
    s3: S3, tag: dict[str, str], message: str
) -> None:
    with pytest.raises(VolanoError, match=message):
        await s3("PutBucketTagging", **SHOP, Tagging={"TagSet": [tag]})
    good = {"Key": "straße 1", "Value": "+-=._:/@"}
    await s3("PutBucketTagging", **SHOP, Tagging={"TagSet": [good]})
    for header in ("a=b&a=c", "a=b,c=d"):
        code, fields = await refusal(s3, "PutObject", **SHOP, Key="k", Body=b"", Tagging=header)
        assert (code, fields["ArgumentName"]) == ("InvalidArgument", "x-amz-tagging")


async def test_a_bucket_is_made_with_its_tags_or_not_at_all(s3: S3) -> None:
    bad = {"Tags": [{"Key": "aws:x", "Value": "1"}]}
    code, _ = await refusal(s3, "CreateBucket", Bucket="new", CreateBucketConfiguration=bad)
    assert code == "InvalidTag"
    good = {"Tags": [{"Key": "x", "Value": "1"}]}
    await s3("CreateBucket", Bucket="new", CreateBucketConfiguration=good)
    code, _ = await refusal(s3, "CreateBucket", Bucket="new", CreateBucketConfiguration=good)
    assert code == "BucketAlreadyOwnedByYou"
    await s3("CreateBucket", Bucket="new")
    assert (await s3("GetBucketTagging", Bucket="new"))["TagSet"] == good["Tags"]


async def test_words_of_refused_settings(s3: S3) -> None:
    code, _ = await refusal(s3, "PutBucketVersioning", **SHOP, VersioningConfiguration={})
    assert code == "IllegalVersioningConfigurationException"
    code, _ = await refusal(
        s3, "PutBucketEncryption", Bucket="none", ServerSideEncryptionConfiguration={"Rules": []}
    )
    assert code == "NoSuchBucket"
    with pytest.raises(VolanoError, match="must be valid JSON and the first byte"):
        await s3("PutBucketPolicy", **SHOP, Policy="invalid json")


async def test_a_rule_of_a_website_has_a_condition_or_none(s3: S3) -> None:
    rule = {"Redirect": {"ReplaceKeyPrefixWith": "x"}, "Condition": {}}
    website = {"IndexDocument": {"Suffix": "index.html"}, "RoutingRules": [rule]}
    code, _ = await refusal(s3, "PutBucketWebsite", **SHOP, WebsiteConfiguration=website)
    assert code == "InvalidRequest"


async def test_headers_of_a_lock_are_named_where_they_are_wrong(s3: S3, env: Env) -> None:
    mode, until = "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"
    await s3("CreateBucket", Bucket="kept", ObjectLockEnabledForBucket=True)
    later = datetime.fromtimestamp(env.clock.now_us() / 1e6, UTC) + timedelta(days=1)
    for asked, told in (
        ({"ObjectLockMode": "GOVERNANCE"}, {"ArgumentName": until}),
        ({"ObjectLockRetainUntilDate": later}, {"ArgumentName": mode}),
        (
            {"ObjectLockMode": "BAD", "ObjectLockRetainUntilDate": later},
            {"ArgumentName": mode, "ArgumentValue": "BAD"},
        ),
    ):
        code, fields = await refusal(s3, "PutObject", Bucket="kept", Key="k", Body=b"x", **asked)
        assert (code, fields) == ("InvalidArgument", told)


async def test_an_expected_owner_is_an_account(s3: S3) -> None:
    for owner, code in (("0000", "InvalidBucketOwnerAWSAccountID"), ("0" * 12, "AccessDenied")):
        found, _ = await refusal(s3, "GetBucketCors", **SHOP, ExpectedBucketOwner=owner)
        assert found == code


async def test_a_plus_in_a_copys_source_is_a_space(s3: S3) -> None:
    await s3("PutObject", **SHOP, Key="a b", Body=b"x")
    await s3("CopyObject", **SHOP, Key="c", CopySource="shop%2Fa+b")
    assert await s3.body("shop", "c") == b"x"


async def test_a_part_that_is_not_there_is_told_with_its_upload(s3: S3) -> None:
    upload = await s3("CreateMultipartUpload", **SHOP, Key="k")
    named = {**SHOP, "Key": "k", "UploadId": upload["UploadId"]}
    parts = {"Parts": [{"PartNumber": 1, "ETag": '"abc"'}]}
    code, fields = await refusal(s3, "CompleteMultipartUpload", **named, MultipartUpload=parts)
    assert code == "InvalidPart"
    assert fields == {"UploadId": upload["UploadId"], "PartNumber": "1", "ETag": "abc"}
    code, _ = await refusal(s3, "CompleteMultipartUpload", **{**named, "UploadId": "none"})
    assert code == "NoSuchUpload"


async def test_an_md5_that_is_none_is_told(s3: S3) -> None:
    code, fields = await refusal(s3, "PutObject", **SHOP, Key="k", Body=b"", ContentMD5="MTIz")
    assert (code, fields) == ("InvalidDigest", {"Content-MD5": "MTIz"})
    md5 = "XUFAKrxLKna5cZ2REBfFkg=="  # of `hello`
    code, fields = await refusal(s3, "PutObject", **SHOP, Key="k", Body=b"", ContentMD5=md5)
    assert (code, fields["ExpectedDigest"]) == ("BadDigest", "5d41402abc4b2a76b9719d911017c592")


async def test_a_version_that_cannot_be_is_not_there_for_many_keys(s3: S3) -> None:
    wanted = {"Objects": [{"Key": "k", "VersionId": "no-such-id"}]}
    (error,) = (await s3("DeleteObjects", **SHOP, Delete=wanted))["Errors"]
    assert error["Code"] == "NoSuchVersion"


async def test_preflights_say_what_is_missing(s3: S3, env: Env) -> None:
    async def asked(bucket: str, **headers: str) -> tuple[str, str, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(
            method="OPTIONS",
            raw_path=f"/{bucket}/k",
            raw_query="",
            headers=named,
            header_list=list(named.items()),
            body=body_of(b""),
        )
        with pytest.raises(VolanoError) as caught:
            await answer_preflight(env, request, bucket, "k")
        error = caught.value
        return error.wire_code, error.message, error.fields.get("Method", "")

    refused = await asked("none", origin="x")
    assert refused == ("AccessForbidden", "CORSResponse: Bucket not found", "OPTIONS")
    disabled = "CORSResponse: CORS is not enabled for this bucket."
    assert await asked("shop", origin="x") == ("AccessForbidden", disabled, "OPTIONS")
    method = {"access_control_request_method": "PUT"}
    assert await asked("shop", origin="x", **method) == ("AccessForbidden", disabled, "PUT")
    assert (await asked("shop"))[0] == "BadRequest"
