"""Two Volano processes on one PostgreSQL and one bucket of Ceph, as many machines run it."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time

import pytest
from botocore.exceptions import ClientError
from tests.ceph import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.conftest import start_volano

BUCKET = "region-bytes"
KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY}


@pytest.fixture(scope="module")
def gateways(ceph, postgres, tmp_path_factory):
    ceph.client().create_bucket(Bucket=BUCKET)
    settings = {
        "store": postgres.create_database(),
        "bytes_url": f"s3://{BUCKET}/region?endpoint={ceph.url}",
        "runtime": "process",
        "variables": KEYS,
    }
    folder = tmp_path_factory.mktemp("gateways")
    one = start_volano(folder / "one", **settings)
    (folder / "two" / "data").mkdir(parents=True)
    for name in ("root.key", "admin.env"):
        shutil.copy(one.data_dir / name, folder / "two" / "data" / name)
    two = start_volano(folder / "two", **settings)
    two.credentials.update(one.credentials)
    yield one, two
    one.stop()
    two.stop()


@pytest.fixture(scope="module")
def bucket(gateways):
    one, _ = gateways
    where = {"LocationConstraint": one.credentials["AWS_DEFAULT_REGION"]}
    one.client("s3").create_bucket(Bucket="shared", CreateBucketConfiguration=where)
    return "shared"


@pytest.mark.parametrize("size", [10, 100_000, 20_000_000])
def test_what_one_stores_the_other_reads(gateways, bucket, size):
    one, two = gateways
    data = os.urandom(size)
    one.client("s3").put_object(Bucket=bucket, Key=f"of-{size}", Body=data)
    got = two.client("s3").get_object(Bucket=bucket, Key=f"of-{size}")
    assert got["Body"].read() == data
    with_range = two.client("s3").get_object(Bucket=bucket, Key=f"of-{size}", Range="bytes=2-5")
    assert with_range["Body"].read() == data[2:6]


def test_an_overwrite_and_a_delete_are_seen_at_once(gateways, bucket):
    one, two = (gateway.client("s3") for gateway in gateways)
    for turn in range(20):
        writer, reader = (one, two) if turn % 2 else (two, one)
        writer.put_object(Bucket=bucket, Key="turns", Body=f"{turn}".encode())
        assert reader.get_object(Bucket=bucket, Key="turns")["Body"].read() == f"{turn}".encode()
    one.delete_object(Bucket=bucket, Key="turns")
    with pytest.raises(ClientError, match="NoSuchKey"):
        two.get_object(Bucket=bucket, Key="turns")


def test_writers_of_one_key_on_both_leave_one_whole_object(gateways, bucket):
    wrote = []

    def write(gateway, letter):
        s3 = gateway.client("s3")
        for _ in range(15):
            s3.put_object(Bucket=bucket, Key="contended", Body=letter * 5000)
            wrote.append(letter)

    threads = [
        threading.Thread(target=write, args=(gateway, letter))
        for gateway, letter in zip(gateways, (b"a", b"b"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrote) == 30
    found = {
        g.client("s3").get_object(Bucket=bucket, Key="contended")["Body"].read() for g in gateways
    }
    assert len(found) == 1
    assert found.pop() in (b"a" * 5000, b"b" * 5000)


def test_a_key_revoked_at_one_is_refused_by_the_other(gateways, bucket):
    one, two = gateways
    iam = one.client("iam")
    iam.create_user(UserName="short-lived")
    policy = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    iam.attach_user_policy(UserName="short-lived", PolicyArn=policy)
    made = iam.create_access_key(UserName="short-lived")["AccessKey"]
    keys = {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
    }
    at_two = two.client("s3", **keys)
    at_two.list_objects_v2(Bucket=bucket)
    iam.delete_access_key(UserName="short-lived", AccessKeyId=made["AccessKeyId"])
    deadline = time.monotonic() + 60  # what each process remembers of keys lasts seconds
    while True:
        with contextlib.suppress(ClientError):
            at_two.list_objects_v2(Bucket=bucket)
            assert time.monotonic() < deadline, "the other process still takes the revoked key"
            time.sleep(0.1)
            continue
        break


def test_one_dies_and_the_other_goes_on(gateways, bucket):
    one, two = gateways
    acknowledged = []
    for turn in range(10):
        one.client("s3").put_object(Bucket=bucket, Key=f"kept/{turn}", Body=b"k" * 70_000)
        acknowledged.append(f"kept/{turn}")
    one.stop(kill=True)
    s3 = two.client("s3")
    for key in acknowledged:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"k" * 70_000
    s3.put_object(Bucket=bucket, Key="after", Body=b"after")
    one.restart()
    assert one.client("s3").get_object(Bucket=bucket, Key="after")["Body"].read() == b"after"


def test_bytes_lie_in_the_outside_store(gateways, bucket, ceph):
    one, _ = gateways
    one.client("s3").put_object(Bucket=bucket, Key="outside", Body=b"o" * 300_000)
    sizes = [
        item["Size"]
        for page in ceph.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        for item in page.get("Contents", [])
    ]
    assert 300_000 in sizes
