"""boto3 against versioning, object lock and conditional requests of a running server."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def s3(volano):
    return volano.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"versions-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def refused(caught) -> tuple[int, str]:
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def test_versions_markers_and_their_headers(s3, bucket):
    key = "caffè/über %2F+.txt"
    ids = [s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"] for body in (b"1", b"22")]
    marker = s3.delete_object(Bucket=bucket, Key=key)
    assert marker["DeleteMarker"]
    with pytest.raises(ClientError) as gone:
        s3.get_object(Bucket=bucket, Key=key)
    assert refused(gone) == (404, "NoSuchKey")
    headers = gone.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amz-delete-marker"] == "true"
    assert headers["x-amz-version-id"] == marker["VersionId"]
    with pytest.raises(ClientError) as hidden:
        s3.get_object(Bucket=bucket, Key=key, VersionId=marker["VersionId"])
    assert refused(hidden) == (405, "MethodNotAllowed")
    page = s3.list_object_versions(Bucket=bucket, Prefix="caff")
    assert [(each["Key"], each["VersionId"]) for each in page["Versions"]] == [
        (key, version_id) for version_id in reversed(ids)
    ]
    assert [each["IsLatest"] for each in page["DeleteMarkers"]] == [True]
    found = s3.get_object(Bucket=bucket, Key=key, VersionId=ids[0])
    assert (found["Body"].read(), found["VersionId"]) == (b"1", ids[0])


def test_the_resource_of_boto3_empties_a_bucket_of_versions(volano, s3, bucket):
    for number in range(5):
        for _ in range(3):
            s3.put_object(Bucket=bucket, Key=f"k{number}", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="k0")
    found = boto3.resource(
        "s3",
        endpoint_url=s3.meta.endpoint_url,
        region_name=s3.meta.region_name,
        aws_access_key_id=volano.credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=volano.credentials["AWS_SECRET_ACCESS_KEY"],
    ).Bucket(bucket)
    assert len(list(found.object_versions.page_size(4))) == 16
    found.object_versions.delete()
    s3.delete_bucket(Bucket=bucket)


def test_object_lock_end_to_end(s3):
    name = f"vault-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    until = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    version_id = s3.put_object(
        Bucket=name,
        Key="k",
        Body=b"x",
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=until,
        ObjectLockLegalHoldStatus="ON",
    )["VersionId"]
    head = s3.head_object(Bucket=name, Key="k")
    assert (head["ObjectLockMode"], head["ObjectLockLegalHoldStatus"]) == ("GOVERNANCE", "ON")
    assert head["ObjectLockRetainUntilDate"] == until
    s3.put_object_legal_hold(Bucket=name, Key="k", LegalHold={"Status": "OFF"})
    with pytest.raises(ClientError) as kept:
        s3.delete_object(Bucket=name, Key="k", VersionId=version_id)
    assert refused(kept) == (403, "AccessDenied")
    found = s3.get_object_retention(Bucket=name, Key="k", VersionId=version_id)["Retention"]
    assert found == {"Mode": "GOVERNANCE", "RetainUntilDate": until}
    s3.delete_object(Bucket=name, Key="k", VersionId=version_id, BypassGovernanceRetention=True)


def test_conditional_writes(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    with pytest.raises(ClientError) as there:
        s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    assert refused(there) == (412, "PreconditionFailed")
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=etag)
    with pytest.raises(ClientError) as stale:
        s3.put_object(Bucket=bucket, Key="k", Body=b"3", IfMatch=etag)
    assert refused(stale) == (412, "PreconditionFailed")
    with pytest.raises(ClientError) as absent:
        s3.put_object(Bucket=bucket, Key="other", Body=b"3", IfMatch=etag)
    assert refused(absent) == (404, "NoSuchKey")


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_a_wrong_checksum_of_any_algorithm_is_a_bad_digest(s3, bucket, algorithm):
    wrong = {f"Checksum{algorithm}": "bad"}
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", ChecksumAlgorithm=algorithm, **wrong)
    assert refused(caught) == (400, "BadDigest")
