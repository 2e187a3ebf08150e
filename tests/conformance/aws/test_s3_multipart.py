"""Multipart uploads with the unmodified boto3 and its transfer manager."""

from __future__ import annotations

import io
import os
import uuid

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

MIB = 1024 * 1024


@pytest.fixture
def s3(volano):
    return volano.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"parts-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def test_transfer_manager_uploads_and_downloads_in_parts(s3, bucket):
    data = os.urandom(17 * MIB)
    config = TransferConfig(
        multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4
    )
    s3.upload_fileobj(
        io.BytesIO(data), bucket, "big", Config=config, ExtraArgs={"ContentType": "a/b"}
    )
    head = s3.head_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
    assert (head["ContentLength"], head["ContentType"]) == (len(data), "a/b")
    assert head["ETag"].endswith('-4"')
    assert head["ChecksumCRC32"].endswith("-4")
    got = io.BytesIO()
    s3.download_fileobj(bucket, "big", got, Config=config)
    assert got.getvalue() == data
    part = s3.get_object(Bucket=bucket, Key="big", PartNumber=4)
    assert (part["PartsCount"], part["Body"].read()) == (4, data[15 * MIB :])
    attributes = s3.get_object_attributes(
        Bucket=bucket, Key="big", ObjectAttributes=["ObjectParts", "ObjectSize", "Checksum"]
    )
    assert attributes["ObjectParts"]["TotalPartsCount"] == 4
    assert attributes["Checksum"]["ChecksumType"] == "COMPOSITE"


def test_managed_copy_of_a_big_object(s3, bucket):
    data = os.urandom(11 * MIB)
    s3.put_object(Bucket=bucket, Key="a", Body=data)
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.copy({"Bucket": bucket, "Key": "a"}, bucket, "b", Config=config)
    s3.delete_object(Bucket=bucket, Key="a")
    assert s3.get_object(Bucket=bucket, Key="b")["Body"].read() == data


def test_full_object_checksum(s3, bucket):
    upload = s3.create_multipart_upload(
        Bucket=bucket, Key="k", ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT"
    )
    assert upload["ChecksumType"] == "FULL_OBJECT"
    bodies, parts = [b"a" * 5 * MIB, b"b"], []
    for number, body in enumerate(bodies, 1):
        part = s3.upload_part(
            Bucket=bucket,
            Key="k",
            UploadId=upload["UploadId"],
            PartNumber=number,
            Body=body,
            ChecksumAlgorithm="CRC64NVME",
        )
        parts.append(
            {
                "PartNumber": number,
                "ETag": part["ETag"],
                "ChecksumCRC64NVME": part["ChecksumCRC64NVME"],
            }
        )
    done = s3.complete_multipart_upload(
        Bucket=bucket,
        Key="k",
        UploadId=upload["UploadId"],
        MultipartUpload={"Parts": parts},
        MpuObjectSize=5 * MIB + 1,
    )
    whole = s3.put_object(
        Bucket=bucket, Key="w", Body=b"".join(bodies), ChecksumAlgorithm="CRC64NVME"
    )
    assert done["ChecksumCRC64NVME"] == whole["ChecksumCRC64NVME"]


def test_listing_and_aborting(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=2, Body=b"x")
    listed = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [(each["Key"], each["UploadId"]) for each in listed] == [("k", upload)]
    parts = s3.list_parts(Bucket=bucket, Key="k", UploadId=upload)["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in parts] == [(2, 1)]
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)
    with pytest.raises(ClientError) as caught:
        s3.list_parts(Bucket=bucket, Key="k", UploadId=upload)
    assert caught.value.response["Error"]["Code"] == "NoSuchUpload"


def test_errors_of_complete(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    tags = [
        s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=n, Body=b"x")["ETag"]
        for n in (1, 2)
    ]
    for parts, code in (
        ([(1, tags[0]), (2, tags[1])], "EntityTooSmall"),
        ([(2, tags[1]), (1, tags[0])], "InvalidPartOrder"),
        ([(3, tags[0])], "InvalidPart"),
    ):
        listed = [{"PartNumber": number, "ETag": tag} for number, tag in parts]
        with pytest.raises(ClientError) as caught:
            s3.complete_multipart_upload(
                Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": listed}
            )
        assert caught.value.response["Error"]["Code"] == code
