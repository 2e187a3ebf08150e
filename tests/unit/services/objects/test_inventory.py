"""Inventories: configurations as they were put, and reports that say what the bucket holds."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json

import pytest

from volano.kernel.errors import NotBuilt, VolanoError
from volano.services.objects.logic.errors import MalformedXml
from volano.services.objects.logic.inventory_reports import report_all

FIELDS = ["Size", "StorageClass", "ETag", "EncryptionStatus", "IsMultipartUploaded"]


def wanted(**members):
    target = {"Bucket": "arn:aws:s3:::reports", "Format": "CSV", "Prefix": "inv"}
    return {
        "Id": "daily",
        "IsEnabled": True,
        "Destination": {"S3BucketDestination": target},
        "Schedule": {"Frequency": "Daily"},
        "IncludedObjectVersions": "Current",
        "OptionalFields": FIELDS,
        **members,
    }


async def put(s3, **members):
    configuration = wanted(**members)
    await s3(
        "PutBucketInventoryConfiguration",
        Bucket="shop",
        Id=configuration["Id"],
        InventoryConfiguration=configuration,
    )


@pytest.fixture
async def reports(s3):
    await s3("CreateBucket", Bucket="reports")
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::reports/*",
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::shop"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    await s3("PutBucketPolicy", Bucket="reports", Policy=policy)
    return s3


async def read(s3):
    """Manifest and rows of the one report there is."""
    keys = await s3.keys("reports")
    (name,) = [key for key in keys if key.endswith("manifest.json")]
    text = await s3.body("reports", name)
    digest = await s3.body("reports", name.replace("manifest.json", "manifest.checksum"))
    assert digest.decode() == hashlib.md5(text).hexdigest()
    manifest = json.loads(text)
    (file,) = manifest["files"]
    packed = await s3.body("reports", file["key"])
    assert (len(packed), hashlib.md5(packed).hexdigest()) == (file["size"], file["MD5checksum"])
    (link,) = [key for key in keys if key.endswith("symlink.txt")]
    assert (await s3.body("reports", link)).decode() == f"s3://reports/{file['key']}\n"
    return manifest, list(csv.reader(io.StringIO(gzip.decompress(packed).decode())))


async def test_configurations_come_back(s3):
    first = wanted(Id="b", Filter={"Prefix": "in/"}, Schedule={"Frequency": "Weekly"})
    for each in (first, wanted(Id="a")):
        await s3(
            "PutBucketInventoryConfiguration",
            Bucket="shop",
            Id=each["Id"],
            InventoryConfiguration=each,
        )
    found = await s3("GetBucketInventoryConfiguration", Bucket="shop", Id="b")
    assert found["InventoryConfiguration"] == first
    listed = await s3("ListBucketInventoryConfigurations", Bucket="shop")
    assert [each["Id"] for each in listed["InventoryConfigurationList"]] == ["a", "b"]
    await s3("DeleteBucketInventoryConfiguration", Bucket="shop", Id="b")
    for operation in ("GetBucketInventoryConfiguration", "DeleteBucketInventoryConfiguration"):
        with pytest.raises(VolanoError) as caught:
            await s3(operation, Bucket="shop", Id="b")
        assert caught.value.wire_code == "NoSuchConfiguration"


async def test_what_is_not_built_is_refused(s3):
    orc = {"S3BucketDestination": {"Bucket": "arn:aws:s3:::reports", "Format": "ORC"}}
    nowhere = {"S3BucketDestination": {"Bucket": "reports", "Format": "CSV"}}
    strange = {"S3BucketDestination": {"Bucket": "arn:aws:s3:::reports", "Format": "XLS"}}
    for error, members in (
        (NotBuilt, {"Destination": orc}),
        (MalformedXml, {"Destination": strange}),
        (NotBuilt, {"OptionalFields": ["ObjectAccessControlList"]}),
        (VolanoError, {"Destination": nowhere}),
        (MalformedXml, {"Schedule": {"Frequency": "Hourly"}}),
    ):
        with pytest.raises(error):
            await put(s3, **members)


async def test_report_says_what_the_bucket_holds(reports, env):
    s3 = reports
    await s3("PutObject", Bucket="shop", Key='in/a "b" ü', Body=b"12345")
    await s3("PutObject", Bucket="shop", Key="in/s", Body=b"", ServerSideEncryption="AES256")
    await s3("PutObject", Bucket="shop", Key="out", Body=b"x")
    await put(s3, Filter={"Prefix": "in/"})
    assert await report_all(env) == 1
    assert await report_all(env) == 0
    manifest, rows = await read(s3)
    names = "Bucket, Key, Size, StorageClass, ETag, IsMultipartUploaded, EncryptionStatus"
    assert manifest["fileSchema"] == names
    assert (manifest["sourceBucket"], manifest["version"]) == ("shop", "2016-11-30")
    etag = hashlib.md5(b"12345").hexdigest()
    empty = hashlib.md5(b"").hexdigest()
    assert rows == [
        ["shop", "in%2Fa%20%22b%22%20%C3%BC", "5", "STANDARD", etag, "false", "NOT-SSE"],
        ["shop", "in%2Fs", "0", "STANDARD", empty, "false", "SSE-S3"],
    ]


async def test_all_versions_and_markers_are_listed(reports, env):
    s3 = reports
    enabled = {"Status": "Enabled"}
    await s3("PutBucketVersioning", Bucket="shop", VersioningConfiguration=enabled)
    first = await s3("PutObject", Bucket="shop", Key="k", Body=b"1")
    second = await s3("PutObject", Bucket="shop", Key="k", Body=b"22")
    await s3("PutObject", Bucket="shop", Key="gone", Body=b"3")
    marker = await s3("DeleteObject", Bucket="shop", Key="gone")
    await put(s3, IncludedObjectVersions="All", OptionalFields=["Size"])
    await report_all(env)
    _, rows = await read(s3)
    assert ["shop", "k", second["VersionId"], "true", "false", "2"] in rows
    assert ["shop", "k", first["VersionId"], "false", "false", "1"] in rows
    assert ["shop", "gone", marker["VersionId"], "true", "true", ""] in rows
    assert len(rows) == 4


async def test_bucket_that_lets_nobody_write_gets_nothing(s3, env):
    await s3("CreateBucket", Bucket="reports")
    await put(s3)
    await report_all(env)
    assert await s3.keys("reports") == []
    await put(s3, IsEnabled=False)
    assert await report_all(env) == 0
