"""Server-side encryption with boto3 (S3 user guide, "Protecting data with server-side encryption").

Multipart transfers, ranges and copies go through boto3's own transfer code, as programs use it.
"""

import io
import os
import uuid

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

PARTS = TransferConfig(multipart_threshold=5 * 1024**2, multipart_chunksize=5 * 1024**2)
CLIENT_KEY = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32}
OTHER_KEY = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"o" * 32}


@pytest.fixture
def s3(volano):
    return volano.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"sse-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def refused(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"]


@pytest.mark.parametrize("mode", ["s3", "kms", "client"])
def test_transfers_in_parts_come_back(volano, s3, bucket, mode):
    extra = {"s3": {"ServerSideEncryption": "AES256"}, "client": CLIENT_KEY}.get(mode)
    if extra is None:
        key = volano.client("kms").create_key()["KeyMetadata"]
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key["KeyId"]}
    reads = CLIENT_KEY if mode == "client" else {}
    data = os.urandom(12 * 1024**2 + 13)
    s3.upload_fileobj(io.BytesIO(data), bucket, "k", ExtraArgs=extra, Config=PARTS)
    got = io.BytesIO()
    s3.download_fileobj(bucket, "k", got, ExtraArgs=reads, Config=PARTS)
    assert got.getvalue() == data
    head = s3.head_object(Bucket=bucket, Key="k", **reads)
    if mode == "kms":
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key["Arn"])
    first = 5 * 1024**2 - 7
    part = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={first}-{first + 99}", **reads)
    assert part["Body"].read() == data[first : first + 100]


def test_client_key_opens_its_object_only(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"words", **CLIENT_KEY)
    assert refused(s3.get_object, Bucket=bucket, Key="k") == "InvalidRequest"
    assert refused(s3.get_object, Bucket=bucket, Key="k", **OTHER_KEY) == "InvalidRequest"
    assert refused(s3.head_object, Bucket=bucket, Key="k") == "400"
    source = {f"CopySource{name}": value for name, value in CLIENT_KEY.items()}
    copied = s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k", **source, **OTHER_KEY)
    assert copied["SSECustomerAlgorithm"] == "AES256"
    assert s3.get_object(Bucket=bucket, Key="c", **OTHER_KEY)["Body"].read() == b"words"
    assert refused(s3.copy_object, Bucket=bucket, Key="d", CopySource=f"{bucket}/k") == (
        "InvalidRequest"
    )


def test_disabled_kms_key_closes_its_objects(volano, s3, bucket):
    kms = volano.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    s3.put_object(
        Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )
    kms.disable_key(KeyId=key)
    assert refused(s3.get_object, Bucket=bucket, Key="k") == "KMS.DisabledException"
    kms.enable_key(KeyId=key)
    kms.rotate_key_on_demand(KeyId=key)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_key_of_the_account_is_used_when_none_is_named(volano, s3, bucket):
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        },
    )
    used = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["SSEKMSKeyId"]
    described = volano.client("kms").describe_key(KeyId=used)["KeyMetadata"]
    assert described["KeyManager"] == "AWS"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_reads_with_the_header_of_writes_are_refused(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    def add(params, **_):
        params["headers"]["x-amz-server-side-encryption"] = "AES256"

    s3.meta.events.register("before-call.s3.GetObject", add)
    assert refused(s3.get_object, Bucket=bucket, Key="k") == "InvalidArgument"
