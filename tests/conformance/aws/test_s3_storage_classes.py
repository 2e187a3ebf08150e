"""Storage classes with boto3, and lifecycle moving objects to another store, killed on its way.

The outside store of the class EXTERNAL is a second Volano, which knows nothing of the first.
"""

import os
import time
import uuid

import pytest
from botocore.exceptions import ClientError
from tests.conftest import start_volano

OUTSIDE = "tier"
KILLS = 3
DEADLINE_S = 120


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    server = start_volano(tmp_path_factory.mktemp("outside"))
    server.client("s3").create_bucket(Bucket=OUTSIDE)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory, outside):
    server = start_volano(
        tmp_path_factory.mktemp("inside"),
        lifecycle_day_s="0.5",
        external_url=f"s3://{OUTSIDE}/objects?endpoint={outside.aws_url}&region="
        + outside.credentials["AWS_DEFAULT_REGION"],
        external_access_key_id=outside.credentials["AWS_ACCESS_KEY_ID"],
        external_secret_access_key=outside.credentials["AWS_SECRET_ACCESS_KEY"],
    )
    yield server
    server.stop()


@pytest.fixture
def bucket(cloud):
    name = f"sc-{uuid.uuid4().hex[:12]}"
    cloud.client("s3").create_bucket(Bucket=name)
    return name


def away(outside) -> int:
    found = outside.client("s3").list_objects_v2(Bucket=OUTSIDE)
    return found["KeyCount"]


def classes(s3, bucket, prefix=""):
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {each["Key"]: each["StorageClass"] for each in listed}


def until(ready):
    """Wait for what the server does by itself."""
    deadline = time.monotonic() + DEADLINE_S
    while not ready():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def test_each_class_keeps_and_names_its_objects(cloud, outside, bucket):
    s3 = cloud.client("s3")
    data = os.urandom(200_000)
    before = away(outside)
    for name in ("STANDARD", "STANDARD_IA", "ONEZONE_IA", "ALL_ZONES", "EXTERNAL"):
        s3.put_object(Bucket=bucket, Key=name, Body=data, StorageClass=name)
        got = s3.get_object(Bucket=bucket, Key=name, Range="bytes=9-99999")
        assert got["Body"].read() == data[9:100_000]
        assert got.get("StorageClass", "STANDARD") == name
    assert away(outside) == before + 1
    assert classes(s3, bucket) == {name: name for name in classes(s3, bucket)}
    s3.copy_object(
        Bucket=bucket, Key="copy", CopySource=f"{bucket}/EXTERNAL", StorageClass="EXTERNAL"
    )
    assert away(outside) == before + 1  # copies in the same place share their bytes
    s3.copy_object(Bucket=bucket, Key="back", CopySource=f"{bucket}/EXTERNAL")
    assert s3.head_object(Bucket=bucket, Key="back").get("StorageClass") is None
    assert s3.get_object(Bucket=bucket, Key="back")["Body"].read() == data
    with pytest.raises(ClientError, match="InvalidStorageClass"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", StorageClass="OUTPOSTS")


def test_class_external_needs_an_outside_store(volano):
    s3 = volano.client("s3")
    name = f"sc-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    with pytest.raises(ClientError, match="InvalidStorageClass"):
        s3.put_object(Bucket=name, Key="k", Body=b"x", StorageClass="EXTERNAL")


def test_lifecycle_killed_on_its_way_moves_and_removes_each_object_once(cloud, outside, bucket):
    s3 = cloud.client("s3")
    before = away(outside)
    content = {f"move/{n}": os.urandom(5000 * (n % 20 + 1)) for n in range(60)}
    content |= {f"keep/{n}": b"kept" for n in range(20)}
    for key, data in content.items():
        sealed = {"ServerSideEncryption": "AES256"} if key.endswith("7") else {}
        s3.put_object(Bucket=bucket, Key=key, Body=data, **sealed)
    for n in range(40):
        s3.put_object(Bucket=bucket, Key=f"old/{n}", Body=b"old")
    rules = [
        {
            "ID": "move",
            "Status": "Enabled",
            "Filter": {"Prefix": "move/"},
            "Transitions": [{"Days": 1, "StorageClass": "EXTERNAL"}],
        },
        {
            "ID": "old",
            "Status": "Enabled",
            "Filter": {"Prefix": "old/"},
            "Expiration": {"Days": 1},
        },
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})

    def moved():
        return sum(name == "EXTERNAL" for name in classes(s3, bucket, "move/").values())

    for number in range(KILLS):
        until(lambda wanted=number * 15 + 1: moved() >= wanted)
        cloud.restart(kill=True)
        s3 = cloud.client("s3")
    until(lambda: moved() == 60 and not classes(s3, bucket, "old/"))
    assert set(classes(s3, bucket, "keep/").values()) == {"STANDARD"}
    for key, data in content.items():
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == data
    # A kill between copy and row leaves at most one blob without a row, for the sweep to find.
    assert before + 60 <= away(outside) <= before + 60 + KILLS
