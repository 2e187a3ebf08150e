"""Replication with unmodified boto3: to a bucket here, and to another S3 store over the network."""

import json
import time
import uuid

import pytest
from botocore.exceptions import ClientError
from tests.conftest import start_volano

WAIT_S = 60


@pytest.fixture(scope="module")
def open_volano(tmp_path_factory):
    """A cloud whose operator lets tenants reach other stores on this machine."""
    server = start_volano(tmp_path_factory.mktemp("egress"), egress_allow="127.0.0.0/8")
    yield server
    server.stop()


def make_role(volano, name: str) -> str:
    iam = volano.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    rights = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:ReplicateObject",
                "s3:ReplicateDelete",
            ],
            "Resource": "*",
        },
    }
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(rights))
    return made["Role"]["Arn"]


def make_bucket(volano, name: str) -> str:
    s3 = volano.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def put_rule(volano, bucket: str, role: str, destination: str) -> None:
    rule = {
        "ID": "all",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": "in/"},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": destination},
    }
    volano.client("s3").put_bucket_replication(
        Bucket=bucket, ReplicationConfiguration={"Role": role, "Rules": [rule]}
    )


def wait_for(s3, bucket: str, key: str) -> None:
    """Until the version's replication is over."""
    deadline = time.monotonic() + WAIT_S
    while s3.head_object(Bucket=bucket, Key=key).get("ReplicationStatus") == "PENDING":
        assert time.monotonic() < deadline, "the object was not replicated"
        time.sleep(0.05)


def test_a_version_is_replicated_to_another_bucket(volano):
    tag = uuid.uuid4().hex[:10]
    s3 = volano.client("s3")
    source, target = make_bucket(volano, f"from{tag}"), make_bucket(volano, f"into{tag}")
    put_rule(volano, source, make_role(volano, f"copier{tag}"), f"arn:aws:s3:::{target}")
    found = s3.get_bucket_replication(Bucket=source)["ReplicationConfiguration"]
    assert found["Rules"][0]["Destination"] == {"Bucket": f"arn:aws:s3:::{target}"}
    put = s3.put_object(Bucket=source, Key="in/k", Body=b"hello", Metadata={"a": "b"})
    wait_for(s3, source, "in/k")
    assert s3.head_object(Bucket=source, Key="in/k")["ReplicationStatus"] == "COMPLETED"
    got = s3.get_object(Bucket=target, Key="in/k")
    assert (got["Body"].read(), got["VersionId"]) == (b"hello", put["VersionId"])
    assert (got["ReplicationStatus"], got["Metadata"]) == ("REPLICA", {"a": "b"})


def test_a_version_is_replicated_to_another_store(open_volano, volano_sqlite):
    tag = uuid.uuid4().hex[:10]
    other, s3 = volano_sqlite.client("s3"), open_volano.client("s3")
    source, target = make_bucket(open_volano, f"from{tag}"), f"far{tag}"
    other.create_bucket(Bucket=target)
    keys = volano_sqlite.credentials
    status, made = open_volano.rest(
        "PUT",
        f"/replication-targets/{tag}",
        {
            "endpoint": volano_sqlite.aws_url,
            "region": keys["AWS_DEFAULT_REGION"],
            "bucket": target,
            "access_key_id": keys["AWS_ACCESS_KEY_ID"],
            "secret_access_key": keys["AWS_SECRET_ACCESS_KEY"],
        },
    )
    assert status == 200, made
    assert keys["AWS_SECRET_ACCESS_KEY"] not in json.dumps(made)
    put_rule(open_volano, source, make_role(open_volano, f"copier{tag}"), made["arn"])
    big = bytes(range(256)) * 40_000  # over what is signed whole
    for key, body in (("in/a b ü", b"hello"), ("in/big", big)):
        s3.put_object(
            Bucket=source,
            Key=key,
            Body=body,
            ContentType="text/x",
            Metadata={"a": "b"},
            Tagging="t=1%202",
        )
        wait_for(s3, source, key)
        assert s3.head_object(Bucket=source, Key=key)["ReplicationStatus"] == "COMPLETED"
        got = other.get_object(Bucket=target, Key=key)
        assert got["Body"].read() == body
        assert (got["ContentType"], got["Metadata"]) == ("text/x", {"a": "b"})
        tags = other.get_object_tagging(Bucket=target, Key=key)["TagSet"]
        assert tags == [{"Key": "t", "Value": "1 2"}]
    s3.delete_object(Bucket=source, Key="in/big")
    deadline = time.monotonic() + WAIT_S
    while "in/big" in [one["Key"] for one in other.list_objects_v2(Bucket=target)["Contents"]]:
        assert time.monotonic() < deadline, "the delete marker was not replicated"
        time.sleep(0.05)
    listed = open_volano.rest("GET", "/replication-targets")[1]["items"]
    assert tag in [one["name"] for one in listed]
    assert open_volano.rest("DELETE", f"/replication-targets/{tag}")[0] == 204


def test_a_store_inside_is_refused(volano):
    for endpoint in ("http://127.0.0.1:9", "http://169.254.169.254", "https://example.com/path"):
        status, found = volano.rest(
            "PUT",
            "/replication-targets/inside",
            {
                "endpoint": endpoint,
                "bucket": "bucket",
                "access_key_id": "AKIA",
                "secret_access_key": "x",
            },
        )
        assert (status, found["code"]) == (400, "invalid_replication_target")


def test_rules_need_versioning(volano):
    name = "plain" + uuid.uuid4().hex[:10]
    volano.client("s3").create_bucket(Bucket=name)
    with pytest.raises(ClientError) as caught:
        put_rule(volano, name, "arn:aws:iam::000000000000:role/none", "arn:aws:s3:::other")
    assert caught.value.response["Error"]["Code"] == "InvalidRequest"
