"""Lifecycle rules with boto3 (S3 user guide, "Managing the lifecycle of objects")."""

import datetime
import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def s3(volano):
    return volano.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"lc-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def put(s3, bucket, *rules):
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": list(rules)}
    )


def rule(**members):
    return {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, **members}


def test_rules_come_back_as_they_were_put(s3, bucket):
    midnight = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
    rules = [
        {"ID": "a", "Status": "Enabled", "Prefix": "old/", "Expiration": {"Days": 3}},
        {
            "ID": "b",
            "Status": "Disabled",
            "Filter": {"Tag": {"Key": "k", "Value": "v"}},
            "Expiration": {"Date": midnight},
        },
        {
            "ID": "c",
            "Status": "Enabled",
            "Filter": {
                "And": {
                    "Prefix": "p",
                    "Tags": [{"Key": "k", "Value": "v"}],
                    "ObjectSizeGreaterThan": 5,
                }
            },
            "Expiration": {"Days": 1},
        },
        {
            "ID": "d",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
        {
            "ID": "e",
            "Status": "Enabled",
            "Filter": {"ObjectSizeLessThan": 500},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 9, "NewerNoncurrentVersions": 3},
            "Transitions": [
                {"Days": 0, "StorageClass": "STANDARD_IA"},
                {"Date": midnight, "StorageClass": "ONEZONE_IA"},
            ],
            "NoncurrentVersionTransitions": [
                {
                    "NoncurrentDays": 2,
                    "StorageClass": "ALL_ZONES",
                    "NewerNoncurrentVersions": 1,
                }
            ],
        },
    ]
    put(s3, bucket, *rules)
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    s3.delete_bucket_lifecycle(Bucket=bucket)
    with pytest.raises(ClientError) as caught:
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert caught.value.response["Error"]["Code"] == "NoSuchLifecycleConfiguration"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"Expiration": {"Days": 0}}, "InvalidArgument"),
        (
            {"Expiration": {"Date": datetime.datetime(2030, 1, 1, 5, tzinfo=datetime.UTC)}},
            "InvalidArgument",
        ),
        ({"Expiration": {"Days": 1}, "Status": "enabled"}, "MalformedXML"),
        ({"Expiration": {"Days": 1}, "ID": "x" * 256}, "InvalidArgument"),
        ({}, "InvalidRequest"),
        (
            {
                "Filter": {"Tag": {"Key": "k", "Value": "v"}},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            },
            "InvalidRequest",
        ),
        ({"Transitions": [{"Days": 1, "StorageClass": "OUTPOSTS"}]}, "MalformedXML"),
        ({"Transitions": [{"StorageClass": "ALL_ZONES"}]}, "MalformedXML"),
        ({"NoncurrentVersionExpiration": {"NoncurrentDays": 0}}, "InvalidArgument"),
        (
            {"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 101}},
            "InvalidArgument",
        ),
        ({"Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}}, "MalformedXML"),
    ],
)
def test_bad_rules_are_refused_and_the_old_ones_stay(s3, bucket, members, code):
    kept = rule(ID="kept", Expiration={"Days": 5})
    put(s3, bucket, kept)
    with pytest.raises(ClientError) as caught:
        put(s3, bucket, rule(**members))
    assert caught.value.response["Error"]["Code"] == code
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == [kept]


def test_head_tells_when_an_object_expires(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert "Expiration" not in s3.head_object(Bucket=bucket, Key="k")
    put(s3, bucket, rule(Expiration={"Days": 2}))
    said = s3.head_object(Bucket=bucket, Key="k")["Expiration"]
    assert said.startswith('expiry-date="')
    assert said.endswith('00:00:00 GMT", rule-id="r"')
