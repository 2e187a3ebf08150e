"""Replication between buckets: the same versions, under the rights of the role."""

from __future__ import annotations

import json

import pytest
from tests.unit.services.objects.conftest import S3, call_as_root

from volano.kernel.errors import VolanoError
from volano.services.objects.logic.replicating import replicate_due
from volano.wire.action import find_action, run_action

ACCOUNT = "111111111111"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/copier"


@pytest.fixture
async def s3(live_env):
    caller = S3(live_env, call_as_root(live_env, ACCOUNT))
    for name in ("from", "into"):
        await caller("CreateBucket", Bucket=f"{name}-bucket")
        await caller(
            "PutBucketVersioning",
            Bucket=f"{name}-bucket",
            VersioningConfiguration={"Status": "Enabled"},
        )
    return caller


async def iam(env, operation: str, **request):
    found = find_action(f"iam:{operation}")
    assert found is not None
    return await run_action(env, call_as_root(env, ACCOUNT), found, request)


async def make_role(env, *actions: str, service: str = "s3.amazonaws.com") -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
        },
    }
    await iam(env, "CreateRole", RoleName="copier", AssumeRolePolicyDocument=json.dumps(trust))
    if actions:
        policy = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": list(actions), "Resource": "*"},
        }
        await iam(
            env,
            "PutRolePolicy",
            RoleName="copier",
            PolicyName="p",
            PolicyDocument=json.dumps(policy),
        )


RIGHTS = ("s3:GetObjectVersionForReplication", "s3:ReplicateObject", "s3:ReplicateDelete")


async def put_rules(s3, *rules: dict) -> None:
    await s3(
        "PutBucketReplication",
        Bucket="from-bucket",
        ReplicationConfiguration={"Role": ROLE, "Rules": list(rules)},
    )


def rule(**more) -> dict:
    found = {
        "ID": "r",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": "arn:aws:s3:::into-bucket"},
    }
    return found | more


async def settle(env) -> None:
    await env.events.settle()
    await replicate_due(env)
    await env.events.settle()


async def status_of(s3, bucket: str, key: str) -> str | None:
    found = await s3("HeadObject", Bucket=bucket, Key=key)
    return found.get("ReplicationStatus")


async def test_versions_and_delete_markers_arrive_under_their_ids(s3, live_env):
    await make_role(live_env, *RIGHTS)
    await put_rules(s3, rule())
    ids = []
    for body in (b"one", b"two" * 50_000):
        put = await s3(
            "PutObject",
            Bucket="from-bucket",
            Key="k",
            Body=body,
            Metadata={"a": "b"},
            Tagging="t=1",
        )
        ids.append(put["VersionId"])
    await settle(live_env)
    assert await status_of(s3, "from-bucket", "k") == "COMPLETED"
    assert await status_of(s3, "into-bucket", "k") == "REPLICA"
    for version, body in zip(ids, (b"one", b"two" * 50_000), strict=True):
        assert await s3.body("into-bucket", "k", VersionId=version) == body
    found = await s3("HeadObject", Bucket="into-bucket", Key="k")
    assert (found["Metadata"], found["VersionId"], found["TagCount"]) == ({"a": "b"}, ids[1], 1)
    removed = await s3("DeleteObject", Bucket="from-bucket", Key="k")
    await settle(live_env)
    listed = await s3("ListObjectVersions", Bucket="into-bucket")
    assert [one["VersionId"] for one in listed["DeleteMarkers"]] == [removed["VersionId"]]
    assert [one["VersionId"] for one in listed["Versions"]] == ids[::-1]
    await s3("DeleteObject", Bucket="from-bucket", Key="k", VersionId=ids[0])
    await settle(live_env)
    assert len((await s3("ListObjectVersions", Bucket="into-bucket"))["Versions"]) == 2


async def test_what_no_rule_fits_stays_and_what_waits_is_pending(s3, live_env):
    await make_role(live_env, *RIGHTS)
    await s3("PutObject", Bucket="from-bucket", Key="in/before", Body=b"x")
    await put_rules(
        s3,
        rule(
            Filter={"And": {"Prefix": "in/", "Tags": [{"Key": "t", "Value": "1"}]}},
            DeleteMarkerReplication={"Status": "Disabled"},
        ),
    )
    await s3("PutObject", Bucket="from-bucket", Key="in/a", Body=b"x", Tagging="t=1")
    assert await status_of(s3, "from-bucket", "in/a") in ("PENDING", "COMPLETED")
    await s3("PutObject", Bucket="from-bucket", Key="in/b", Body=b"x")
    await s3("PutObject", Bucket="from-bucket", Key="out/a", Body=b"x", Tagging="t=1")
    await s3("DeleteObject", Bucket="from-bucket", Key="in/a")
    await settle(live_env)
    listed = await s3("ListObjectVersions", Bucket="into-bucket")
    assert [one["Key"] for one in listed["Versions"]] == ["in/a"]
    assert "DeleteMarkers" not in listed or not listed["DeleteMarkers"]
    assert await status_of(s3, "from-bucket", "in/b") is None
    assert await status_of(s3, "from-bucket", "in/before") is None


async def test_sealed_and_multipart_objects_are_copied_as_they_read(s3, live_env):
    await make_role(live_env, *RIGHTS)
    await put_rules(s3, rule())
    await s3(
        "PutObject",
        Bucket="from-bucket",
        Key="sealed",
        Body=b"secret",
        ServerSideEncryption="AES256",
    )
    upload = (await s3("CreateMultipartUpload", Bucket="from-bucket", Key="big"))["UploadId"]
    parts = []
    for number, body in ((1, b"a" * 5 * 1024 * 1024), (2, b"b")):
        made = await s3(
            "UploadPart",
            Bucket="from-bucket",
            Key="big",
            UploadId=upload,
            PartNumber=number,
            Body=body,
        )
        parts.append({"PartNumber": number, "ETag": made["ETag"]})
    await s3(
        "CompleteMultipartUpload",
        Bucket="from-bucket",
        Key="big",
        UploadId=upload,
        MultipartUpload={"Parts": parts},
    )
    await settle(live_env)
    assert await s3.body("into-bucket", "sealed") == b"secret"
    assert await s3.body("into-bucket", "big") == b"a" * 5 * 1024 * 1024 + b"b"
    heads = [await s3("HeadObject", Bucket=f"{one}-bucket", Key="big") for one in ("from", "into")]
    assert heads[0]["ETag"] == heads[1]["ETag"]


async def test_the_role_decides(s3, live_env):
    await make_role(live_env, "s3:GetObjectVersionForReplication")
    await put_rules(s3, rule())
    await s3("PutObject", Bucket="from-bucket", Key="k", Body=b"x")
    await live_env.events.settle()
    await replicate_due(live_env)
    assert await status_of(s3, "from-bucket", "k") == "PENDING"
    assert not (await s3("ListObjectVersions", Bucket="into-bucket")).get("Versions")


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (rule(Destination={"Bucket": "arn:aws:s3:::plain-bucket"}), "InvalidRequest"),
        (rule(Destination={"Bucket": "arn:aws:s3:::missing-bucket"}), "InvalidRequest"),
        (rule(Destination={"Bucket": "into-bucket"}), "InvalidArgument"),
        (rule(Filter={"Tag": {"Key": "a", "Value": "b"}}), "InvalidRequest"),
        (rule(Status="On"), "MalformedXML"),
        (rule(SourceSelectionCriteria={"ReplicaModifications": {"Status": "Enabled"}}), "NotImplemented"),
    ],
)  # fmt: skip
async def test_rules_that_cannot_be_followed_are_refused(s3, live_env, wanted, code):
    await make_role(live_env, *RIGHTS)
    await s3("CreateBucket", Bucket="plain-bucket")
    with pytest.raises(VolanoError) as caught:
        await put_rules(s3, wanted)
    assert caught.value.wire_code == code
    with pytest.raises(VolanoError) as caught:
        await s3("GetBucketReplication", Bucket="from-bucket")
    assert caught.value.wire_code == "ReplicationConfigurationNotFoundError"


async def test_a_role_that_does_not_trust_s3_is_refused(s3, live_env):
    await make_role(live_env, *RIGHTS, service="ec2.amazonaws.com")
    with pytest.raises(VolanoError) as caught:
        await put_rules(s3, rule())
    assert caught.value.wire_code == "InvalidArgument"


async def test_rules_are_shown_and_deleted(s3, live_env):
    await make_role(live_env, *RIGHTS)
    await put_rules(s3, rule())
    found = await s3("GetBucketReplication", Bucket="from-bucket")
    assert found["ReplicationConfiguration"] == {"Role": ROLE, "Rules": [rule()]}
    await s3("DeleteBucketReplication", Bucket="from-bucket")
    await s3("DeleteBucketReplication", Bucket="from-bucket")
