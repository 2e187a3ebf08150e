"""Object lock: default retention, governance and its bypass, compliance, legal holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from volano.kernel.errors import Conflict
from volano.services.objects.logic.errors import (
    AccessDenied,
    InvalidArgument,
    InvalidRequest,
    MalformedXml,
    NoSuchSetting,
)
from volano.services.objects.logic.locks import retention_for_write
from volano.services.objects.model import Bucket, ObjectLock, Retention


@pytest.fixture
async def locked(s3):
    """A bucket called `vault` with object lock."""
    await s3("CreateBucket", Bucket="vault", ObjectLockEnabledForBucket=True)
    return s3


def soon(**ahead):
    return datetime.now(UTC).replace(microsecond=0) + timedelta(**ahead)


async def put(s3, **request):
    return (await s3("PutObject", Bucket="vault", Key="k", Body=b"x", **request))["VersionId"]


async def delete(s3, version_id, **request):
    return await s3("DeleteObject", Bucket="vault", Key="k", VersionId=version_id, **request)


async def set_default(s3, bucket="vault", **period):
    await s3(
        "PutObjectLockConfiguration",
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": period},
        },
    )


async def retain(s3, version_id, mode, until, **request):
    await s3(
        "PutObjectRetention",
        Bucket="vault",
        Key="k",
        VersionId=version_id,
        Retention={"Mode": mode, "RetainUntilDate": until},
        **request,
    )


async def test_a_lock_at_creation_brings_versioning_for_good(locked):
    assert await locked("GetBucketVersioning", Bucket="vault") == {"Status": "Enabled"}
    found = await locked("GetObjectLockConfiguration", Bucket="vault")
    assert found == {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}
    with pytest.raises(Conflict) as refused:
        await locked(
            "PutBucketVersioning",
            Bucket="vault",
            VersioningConfiguration={"Status": "Suspended"},
        )
    assert refused.value.wire_code == "InvalidBucketState"


async def test_a_lock_can_come_later_where_versioning_is_enabled(s3):
    with pytest.raises(NoSuchSetting) as none:
        await s3("GetObjectLockConfiguration", Bucket="shop")
    assert none.value.wire_code == "ObjectLockConfigurationNotFoundError"
    with pytest.raises(Conflict):
        await set_default(s3, "shop", Mode="GOVERNANCE", Days=1)
    await s3("PutBucketVersioning", Bucket="shop", VersioningConfiguration={"Status": "Enabled"})
    await set_default(s3, "shop", Mode="GOVERNANCE", Days=1)
    found = await s3("GetObjectLockConfiguration", Bucket="shop")
    rule = found["ObjectLockConfiguration"]["Rule"]
    assert rule == {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}


@pytest.mark.parametrize(
    ("period", "code"),
    [
        ({"Mode": "GOVERNANCE", "Days": 1, "Years": 1}, "MalformedXML"),
        ({"Mode": "GOVERNANCE"}, "MalformedXML"),
        ({"Mode": "governance", "Days": 1}, "MalformedXML"),
        ({"Mode": "GOVERNANCE", "Days": 0}, "InvalidRetentionPeriod"),
        ({"Mode": "COMPLIANCE", "Years": -1}, "InvalidRetentionPeriod"),
        ({"Mode": "COMPLIANCE", "Years": 101}, "InvalidRetentionPeriod"),
    ],
)
async def test_default_retentions_that_make_no_sense_are_refused(locked, period, code):
    with pytest.raises((MalformedXml, InvalidArgument)) as refused:
        await set_default(locked, **period)
    assert refused.value.wire_code == code


async def test_a_configuration_that_is_missing_or_empty_is_refused(locked):
    with pytest.raises(InvalidRequest) as missing:
        await locked("PutObjectLockConfiguration", Bucket="vault")
    assert missing.value.wire_code == "MissingRequestBodyError"
    with pytest.raises(MalformedXml):
        await locked("PutObjectLockConfiguration", Bucket="vault", ObjectLockConfiguration={})


async def test_governance_keeps_a_version_unless_it_is_passed_by(locked):
    until = soon(hours=1)
    version_id = await put(locked, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until)
    head = await locked("HeadObject", Bucket="vault", Key="k")
    assert head["ObjectLockMode"] == "GOVERNANCE"
    assert head["ObjectLockRetainUntilDate"] == until.timestamp()
    with pytest.raises(AccessDenied):
        await delete(locked, version_id)
    marker = await locked("DeleteObject", Bucket="vault", Key="k")
    assert marker["DeleteMarker"]  # hiding is no deletion
    await delete(locked, version_id, BypassGovernanceRetention=True)


async def test_compliance_keeps_a_version_from_everyone(locked):
    version_id = await put(
        locked, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=soon(hours=1)
    )
    with pytest.raises(AccessDenied):
        await delete(locked, version_id, BypassGovernanceRetention=True)
    with pytest.raises(AccessDenied):
        await retain(
            locked, version_id, "COMPLIANCE", soon(minutes=1), BypassGovernanceRetention=True
        )
    await retain(locked, version_id, "COMPLIANCE", soon(hours=2))


async def test_governance_is_shortened_only_by_passing_by(locked):
    version_id = await put(locked)
    await retain(locked, version_id, "GOVERNANCE", soon(hours=2))
    await retain(locked, version_id, "GOVERNANCE", soon(hours=3))
    with pytest.raises(AccessDenied):
        await retain(locked, version_id, "GOVERNANCE", soon(hours=1))
    with pytest.raises(AccessDenied):
        await retain(locked, version_id, "COMPLIANCE", soon(hours=4))
    until = soon(hours=1)
    await retain(locked, version_id, "GOVERNANCE", until, BypassGovernanceRetention=True)
    found = await locked("GetObjectRetention", Bucket="vault", Key="k")
    assert found["Retention"] == {"Mode": "GOVERNANCE", "RetainUntilDate": until.timestamp()}


async def test_a_legal_hold_keeps_a_version_until_it_is_lifted(locked):
    version_id = await put(locked, ObjectLockLegalHoldStatus="ON")
    named = {"Bucket": "vault", "Key": "k", "VersionId": version_id}
    with pytest.raises(AccessDenied):
        await delete(locked, version_id, BypassGovernanceRetention=True)
    await locked("PutObjectLegalHold", **named, LegalHold={"Status": "OFF"})
    assert await locked("GetObjectLegalHold", **named) == {"LegalHold": {"Status": "OFF"}}
    with pytest.raises(MalformedXml):
        await locked("PutObjectLegalHold", **named, LegalHold={"Status": "on"})
    await delete(locked, version_id)


async def test_objects_get_the_default_however_they_are_written(locked):
    await set_default(locked, Mode="GOVERNANCE", Days=1)
    ids = [await put(locked)]
    copy = await locked(
        "CopyObject", Bucket="vault", Key="k", CopySource=f"vault/k?versionId={ids[0]}"
    )
    ids.append(copy["VersionId"])
    named = {"Bucket": "vault", "Key": "k"}
    named["UploadId"] = (await locked("CreateMultipartUpload", **named))["UploadId"]
    part = await locked("UploadPart", **named, PartNumber=1, Body=b"p")
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    done = await locked("CompleteMultipartUpload", **named, MultipartUpload={"Parts": parts})
    ids.append(done["VersionId"])
    for version_id in ids:
        with pytest.raises(AccessDenied):
            await delete(locked, version_id)
    own = await put(locked, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=soon(days=9))
    head = await locked("HeadObject", Bucket="vault", Key="k", VersionId=own)
    assert head["ObjectLockRetainUntilDate"] > soon(days=8).timestamp()


async def test_delete_objects_says_which_version_is_kept(locked):
    kept = await put(locked, ObjectLockLegalHoldStatus="ON")
    free = await put(locked)
    objects = [{"Key": "k", "VersionId": version_id} for version_id in (kept, free)]
    answer = await locked("DeleteObjects", Bucket="vault", Delete={"Objects": objects})
    assert [each["VersionId"] for each in answer["Deleted"]] == [free]
    assert [(each["VersionId"], each["Code"]) for each in answer["Errors"]] == [
        (kept, "AccessDenied")
    ]


async def test_buckets_without_a_lock_take_no_retention(s3):
    await s3("PutObject", Bucket="shop", Key="k", Body=b"x")
    held = {"ObjectLockLegalHoldStatus": "ON"}
    with pytest.raises(InvalidRequest, match="Object Lock"):
        await s3("PutObject", Bucket="shop", Key="k", Body=b"x", **held)
    with pytest.raises(InvalidRequest, match="Object Lock"):
        await s3("CreateMultipartUpload", Bucket="shop", Key="k", **held)
    with pytest.raises(InvalidRequest, match="Object Lock"):
        await s3("GetObjectLegalHold", Bucket="shop", Key="k")
    with pytest.raises(InvalidRequest, match="Object Lock"):
        await s3("GetObjectRetention", Bucket="shop", Key="k")


@pytest.mark.parametrize(
    "headers",
    [
        {"ObjectLockMode": "GOVERNANCE"},
        {"ObjectLockRetainUntilDate": datetime(2099, 1, 1, tzinfo=UTC)},
        {"ObjectLockMode": "X", "ObjectLockRetainUntilDate": datetime(2099, 1, 1, tzinfo=UTC)},
        {
            "ObjectLockMode": "COMPLIANCE",
            "ObjectLockRetainUntilDate": datetime(2009, 1, 1, tzinfo=UTC),
        },
        {"ObjectLockLegalHoldStatus": "maybe"},
    ],
)
async def test_headers_that_make_no_sense_are_refused(locked, headers):
    with pytest.raises(InvalidArgument):
        await put(locked, **headers)


def test_a_default_of_years_ends_on_the_same_day_of_the_year():
    def until(now, lock):
        bucket = Bucket(id="b", name="b", account="1", region="r", created_us=0, object_lock=lock)
        kept = retention_for_write(bucket, Retention(), round(now.timestamp() * 1e6))
        return datetime.fromtimestamp(kept.until_us / 1e6, UTC)

    lock = ObjectLock(mode="COMPLIANCE", years=1)
    assert until(datetime(2027, 5, 1, tzinfo=UTC), lock) == datetime(2028, 5, 1, tzinfo=UTC)
    assert until(datetime(2028, 2, 29, tzinfo=UTC), lock) == datetime(2029, 3, 1, tzinfo=UTC)
