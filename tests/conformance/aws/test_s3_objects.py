"""S3 objects with the unmodified boto3: what it sends by default, and what it shows of errors.

Expectations follow the S3 API reference, page of the operation named in each test.
"""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ODD_KEYS = [
    "plain",
    "with space",
    "a+b",
    "a%20b",
    "ünïcode/日本語",
    "//double//slash/",
    "trailing/",
    ".",
    "..",
    "&<>\"'",
    "a?b=c#d",
    "tilde~star*",
    "new\nline",
    "100%",
    "\U0001f600",
]


@pytest.fixture
def bucket(volano):
    name = f"objects-{uuid.uuid4().hex[:12]}"
    s3 = volano.client("s3")
    s3.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
    )
    return name


@pytest.fixture
def s3(volano):
    return volano.client("s3")


def error_of(call, **arguments) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("size", [0, 5, 70_000, 9_000_000])
def test_put_and_get(s3, bucket, size):
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    put = s3.put_object(Bucket=bucket, Key="k", Body=data, ContentType="a/b", Metadata={"m": "v"})
    assert put["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
    assert put["ChecksumType"] == "FULL_OBJECT"
    for _ in range(2):
        got = s3.get_object(Bucket=bucket, Key="k")
        assert got["Body"].read() == data
    assert (got["ContentType"], got["Metadata"], got["ContentLength"]) == ("a/b", {"m": "v"}, size)
    assert datetime.now(UTC) - got["LastModified"] < timedelta(minutes=5)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head["ChecksumCRC32"] == put["ChecksumCRC32"]


@pytest.mark.parametrize(
    "algorithm",
    [
        "CRC32",
        "CRC32C",
        "CRC64NVME",
        "SHA1",
        "SHA256",
        "SHA512",
        "XXHASH64",
        "XXHASH3",
        "XXHASH128",
    ],
)
def test_every_checksum_of_the_sdk(s3, bucket, algorithm):
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"abc" * 1000, ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Checksum" + algorithm] == put["Checksum" + algorithm]
    assert got["Body"].read() == b"abc" * 1000


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_are_kept_as_they_are(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}, {"Key": "copy"}]})
    assert len(deleted["Deleted"]) == 2
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_errors_have_the_codes_of_s3(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    region = {"LocationConstraint": s3.meta.region_name}
    for call, arguments, expected in (
        (s3.get_object, {"Key": "none"}, ("NoSuchKey", 404)),
        (s3.head_object, {"Key": "none"}, ("404", 404)),
        (s3.get_object, {"Bucket": "no-such-bucket-here", "Key": "k"}, ("NoSuchBucket", 404)),
        (s3.list_objects_v2, {"Bucket": "no-such-bucket-here"}, ("NoSuchBucket", 404)),
        (s3.get_object, {"Key": "k", "Range": "bytes=10-"}, ("InvalidRange", 416)),
        (s3.get_object, {"Key": "k", "IfMatch": '"x"'}, ("PreconditionFailed", 412)),
        (s3.get_object, {"Key": "k", "IfNoneMatch": "*"}, ("304", 304)),
        (s3.put_object, {"Key": "k", "IfNoneMatch": "*"}, ("PreconditionFailed", 412)),
        (s3.put_object, {"Key": "k" * 1025}, ("KeyTooLongError", 400)),
        (s3.put_object, {"Key": "k", "ContentMD5": "bad"}, ("InvalidDigest", 400)),
        (s3.put_object, {"Key": "k", "Metadata": {"m": "x" * 3000}}, ("MetadataTooLarge", 400)),
        (s3.delete_bucket, {}, ("BucketNotEmpty", 409)),
        (s3.create_bucket, {"CreateBucketConfiguration": region}, ("BucketAlreadyOwnedByYou", 409)),
        (s3.copy_object, {"Key": "k", "CopySource": f"{bucket}/k"}, ("InvalidRequest", 400)),
        (s3.get_bucket_policy, {}, ("NoSuchBucketPolicy", 404)),
        (s3.get_bucket_tagging, {}, ("NoSuchTagSet", 404)),
    ):
        assert error_of(call, **({"Bucket": bucket} | arguments)) == expected
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"0123456789"


def test_ranges(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    for header, expected, described in (
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
    ):
        got = s3.get_object(Bucket=bucket, Key="k", Range=header)
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert (got["Body"].read(), got["ContentRange"]) == (expected, described)


def test_conditional_write_cycle_of_a_lock_free_table(s3, bucket):
    first = s3.put_object(Bucket=bucket, Key="v", Body=b"1", IfNoneMatch="*")["ETag"]
    second = s3.put_object(Bucket=bucket, Key="v", Body=b"2", IfMatch=first)["ETag"]
    assert error_of(s3.put_object, Bucket=bucket, Key="v", Body=b"3", IfMatch=first)[1] == 412
    assert error_of(s3.delete_object, Bucket=bucket, Key="v", IfMatch=first)[1] == 412
    s3.delete_object(Bucket=bucket, Key="v", IfMatch=second)


def test_copy_keeps_or_replaces_metadata(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", Metadata={"m": "1"}, Tagging="t=1")
    source = {"Bucket": bucket, "Key": "a"}
    s3.copy_object(Bucket=bucket, Key="b", CopySource=source)
    s3.copy_object(
        Bucket=bucket,
        Key="c",
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"n": "2"},
        TaggingDirective="REPLACE",
        Tagging="u=2",
    )
    s3.delete_object(Bucket=bucket, Key="a")
    assert s3.head_object(Bucket=bucket, Key="b")["Metadata"] == {"m": "1"}
    assert s3.head_object(Bucket=bucket, Key="c")["Metadata"] == {"n": "2"}
    tags = s3.get_object_tagging(Bucket=bucket, Key="c")["TagSet"]
    assert tags == [{"Key": "u", "Value": "2"}]
    assert s3.get_object(Bucket=bucket, Key="c")["Body"].read() == b"x"


def test_presigned_links(s3, bucket):
    body = b"by link"
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a b"})
    request = urllib.request.Request(put, data=body, method="PUT", headers={"content-type": ""})
    assert urllib.request.urlopen(request).status == 200
    arguments = {"Bucket": bucket, "Key": "a b", "ResponseContentType": "text/x"}
    got = urllib.request.urlopen(s3.generate_presigned_url("get_object", Params=arguments))
    assert (got.read(), got.headers["content-type"]) == (body, "text/x")
    other = s3.generate_presigned_url("get_object", Params=arguments).replace("a%20b", "c")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(other)
    assert caught.value.code == 403


def test_bucket_settings_round_trip(s3, bucket):
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == s3.meta.region_name
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "a", "Value": "1"}]
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObject",
        "Resource": f"arn:aws:s3:::{bucket}/kept/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(policy)
    s3.put_object(Bucket=bucket, Key="kept/k", Body=b"x")
    assert error_of(s3.delete_object, Bucket=bucket, Key="kept/k") == ("AccessDenied", 403)
    s3.delete_bucket_policy(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="kept/k")
    acl = s3.get_bucket_acl(Bucket=bucket)
    assert acl["Grants"][0]["Permission"] == "FULL_CONTROL"


def test_nobody_reads_without_a_credential(volano, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"secret")
    for path in (f"/{bucket}/k", f"/{bucket}", "/"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(volano.aws_url + path)
        assert caught.value.code == 403
        assert b"<Code>AccessDenied</Code>" in caught.value.read()


def test_virtual_host_style(volano, s3, bucket):
    """The bucket in the Host header, signed by the SDK and sent to our address."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    port = volano.aws_port
    client = boto3.client(
        "s3",
        endpoint_url=f"http://s3.localhost:{port}",
        region_name=s3.meta.region_name,
        aws_access_key_id=volano.credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=volano.credentials["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "virtual"}),
    )
    signed = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    host = f"{bucket}.s3.localhost:{port}"
    assert signed.startswith(f"http://{host}/k?")
    request = urllib.request.Request(
        signed.replace(host, f"127.0.0.1:{port}"), headers={"host": host}
    )
    assert urllib.request.urlopen(request).read() == b"x"
