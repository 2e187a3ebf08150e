"""The metadata service as an instance sees it, and its role's credentials against S3.

Expectations are those of the EC2 user guide, "Instance metadata and user data".
"""

from __future__ import annotations

import json
import time
import uuid

import pytest
from botocore.exceptions import ClientError

HOST_IMAGE = "ami-00000000000005057"
WAIT_LIMIT_S = 90.0
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}  # fmt: skip

PROBE = r"""#!/usr/bin/python3
import json, sys, urllib.error, urllib.request
BASE = "http://169.254.169.254"

def ask(path, method="GET", **headers):
    request = urllib.request.Request(BASE + path, method=method)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()

TTL = {"X_aws_ec2_metadata_token_ttl_seconds": "60"}
status, token = ask("/latest/api/token", "PUT", **TTL)
signed = {"X_aws_ec2_metadata_token": token}
meta = "/latest/meta-data/"
found = {
    "token": status,
    "v1": ask(meta + "instance-id"),
    "v2": ask(meta + "instance-id", **signed),
    "wrong": ask(meta + "instance-id", X_aws_ec2_metadata_token="AAAA"),
    "odd": ask(meta + "instance-id", X_aws_ec2_metadata_token="zrHOsc6x"),
    "no ttl": ask("/latest/api/token", "PUT"),
    "long ttl": ask("/latest/api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="21601"),
    "bad ttl": ask("/latest/api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="soon"),
    "forwarded": ask("/latest/api/token", "PUT", X_Forwarded_For="10.0.0.1", **TTL),
    "post": ask(meta, "POST"),
    "root": ask("/"),
    "latest": ask("/latest", **signed),
    "listing": ask(meta, **signed),
    "zone": ask(meta + "placement/availability-zone", **signed),
    "region": ask(meta + "placement/region", **signed),
    "type": ask(meta + "instance-type", **signed),
    "address": ask(meta + "local-ipv4", **signed),
    "mac": ask(meta + "mac", **signed),
    "keys": ask(meta + "public-keys/", **signed),
    "key": ask(meta + "public-keys/0/openssh-key", **signed),
    "tag": ask(meta + "tags/instance/Name", **signed),
    "roles": ask(meta + "iam/security-credentials/", **signed),
    "info": ask(meta + "iam/info", **signed),
    "user-data": ask("/latest/user-data", **signed),
    "identity": ask("/latest/dynamic/instance-identity/document", **signed),
    "absent": ask(meta + "no-such-thing", **signed),
}
role = found["roles"][1]
found["credentials"] = ask(meta + "iam/security-credentials/" + role, **signed)
try:
    found["authorized"] = open("/root/.ssh/authorized_keys").read()
except OSError as error:
    found["authorized"] = repr(error)
print("FOUND " + json.dumps(found))
"""


@pytest.fixture
def ec2(volano):
    return volano.client("ec2")


@pytest.fixture
def profile(volano):
    """A role that EC2 may assume and that may read S3, in a profile of the same name."""
    iam = volano.client("iam")
    name = f"reader-{uuid.uuid4().hex[:8]}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    allow = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
    iam.put_role_policy(RoleName=name, PolicyName="s3", PolicyDocument=json.dumps(allow))
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return name


@pytest.fixture
def launch(ec2):
    made: list[str] = []

    def run(**more):
        wanted = {"ImageId": HOST_IMAGE, "InstanceType": "u1.nano", "MinCount": 1, "MaxCount": 1}
        (it,) = ec2.run_instances(**wanted | more)["Instances"]
        made.append(it["InstanceId"])
        return it

    yield run
    ec2.terminate_instances(InstanceIds=made)
    ec2.get_waiter("instance_terminated").wait(InstanceIds=made, WaiterConfig={"Delay": 1})


def console_line(ec2, instance_id: str, start: str) -> str:
    deadline = time.monotonic() + WAIT_LIMIT_S
    while True:
        said = ec2.get_console_output(InstanceId=instance_id).get("Output", "")
        for line in said.splitlines():
            if line.startswith(start):
                return line.removeprefix(start)
        assert time.monotonic() < deadline, f"the console never said {start!r}: {said!r}"
        time.sleep(0.1)


def test_metadata_of_an_instance(ec2, launch, profile):
    key = ec2.create_key_pair(KeyName=f"key-{uuid.uuid4().hex[:8]}", KeyType="ed25519")
    it = launch(
        UserData=PROBE,
        KeyName=key["KeyName"],
        IamInstanceProfile={"Name": profile},
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "probe"}]}
        ],
    )
    assert it["IamInstanceProfile"]["Arn"].endswith(f":instance-profile/{profile}")
    assert it["IamInstanceProfile"]["Id"].startswith("AIPA")
    found = json.loads(console_line(ec2, it["InstanceId"], "FOUND "))
    answers = {name: value[1] for name, value in found.items() if isinstance(value, list)}
    states = {name: value[0] for name, value in found.items() if isinstance(value, list)}

    assert found["token"] == 200
    assert answers["v1"] == answers["v2"] == it["InstanceId"]
    assert states["wrong"] == states["odd"] == 401
    assert states["no ttl"] == states["long ttl"] == states["bad ttl"] == 400
    assert states["forwarded"] == 403
    assert states["post"] == 405
    assert "latest" in answers["root"].split()
    assert {"meta-data", "user-data"} <= set(answers["latest"].split())
    assert {"instance-id", "placement/", "public-keys/", "iam/"} <= set(answers["listing"].split())
    assert answers["zone"] == it["Placement"]["AvailabilityZone"]
    assert answers["zone"].startswith(answers["region"])
    assert answers["type"] == "u1.nano"
    assert answers["address"] == it["PrivateIpAddress"]
    assert answers["mac"] == it["NetworkInterfaces"][0]["MacAddress"]
    assert answers["keys"] == f"0={key['KeyName']}"
    assert answers["key"].startswith("ssh-ed25519 ")
    assert found["authorized"].strip() == answers["key"].strip()
    assert answers["tag"] == "probe"
    assert answers["roles"] == profile
    assert json.loads(answers["info"])["InstanceProfileArn"] == it["IamInstanceProfile"]["Arn"]
    assert answers["user-data"] == PROBE
    assert json.loads(answers["identity"])["instanceId"] == it["InstanceId"]
    assert states["absent"] == 404
    credentials = json.loads(answers["credentials"])
    assert credentials["Code"] == "Success"
    assert credentials["AccessKeyId"].startswith("ASIA")


def test_role_credentials_work_against_s3(volano, ec2, launch, profile):
    """The instance finds the cloud's own door in AWS_ENDPOINT_URL; its role may write there."""
    bucket = f"from-instance-{uuid.uuid4().hex[:8]}"
    s3 = volano.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-home-1"})
    it = launch(UserData=S3_PUT.replace("BUCKET", bucket), IamInstanceProfile={"Name": profile})
    assert console_line(ec2, it["InstanceId"], "PUT ") == "200"
    assert (
        s3.get_object(Bucket=bucket, Key="report.txt")["Body"].read() == b"written by an instance"
    )


def test_tokens_can_be_required(ec2, launch):
    ask = (
        "curl -s -o /dev/null -w '%{http_code}' http://169.254.169.254/latest/meta-data/instance-id"
    )
    it = launch(
        UserData=f'#!/bin/sh\necho "STATUS $({ask})"\n', MetadataOptions={"HttpTokens": "required"}
    )
    assert it["MetadataOptions"]["HttpTokens"] == "required"
    assert console_line(ec2, it["InstanceId"], "STATUS ") == "401"
    changed = ec2.modify_instance_metadata_options(
        InstanceId=it["InstanceId"], HttpTokens="optional"
    )
    assert changed["InstanceMetadataOptions"]["HttpTokens"] == "optional"


def test_launch_with_a_role_needs_pass_role(volano, profile):
    iam = volano.client("iam")
    user = f"launcher-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    allow = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}],
    }
    iam.put_user_policy(UserName=user, PolicyName="ec2", PolicyDocument=json.dumps(allow))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    ec2 = volano.client(
        "ec2", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )
    with pytest.raises(ClientError) as error:
        ec2.run_instances(
            ImageId=HOST_IMAGE, InstanceType="u1.nano", MinCount=1, MaxCount=1,
            IamInstanceProfile={"Name": profile},
        )  # fmt: skip
    assert error.value.response["Error"]["Code"] in {"UnauthorizedOperation", "AccessDenied"}


S3_PUT = r"""#!/usr/bin/python3
import datetime, hashlib, hmac, json, os, urllib.error, urllib.request
meta = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
role = urllib.request.urlopen(meta).read().decode()
keys = json.loads(urllib.request.urlopen(meta + role).read())
endpoint, region = os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_DEFAULT_REGION"]
body, path = b"written by an instance", "/BUCKET/report.txt"
now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
digest = hashlib.sha256(body).hexdigest()
headers = {"host": endpoint.split("//")[1], "x-amz-content-sha256": digest, "x-amz-date": now,
           "x-amz-security-token": keys["Token"]}
names = ";".join(sorted(headers))
lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
canonical = f"PUT\n{path}\n\n{lines}\n{names}\n{digest}"
scope = f"{now[:8]}/{region}/s3/aws4_request"
text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
key = ("AWS4" + keys["SecretAccessKey"]).encode()
for part in (now[:8], region, "s3", "aws4_request"):
    key = hmac.new(key, part.encode(), hashlib.sha256).digest()
signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={keys['AccessKeyId']}/{scope}, "
                            f"SignedHeaders={names}, Signature={signature}")
request = urllib.request.Request(endpoint + path, data=body, method="PUT", headers=headers)
try:
    with urllib.request.urlopen(request) as reply:
        print("PUT", reply.status)
except urllib.error.HTTPError as error:
    print("PUT", error.code, error.read())
"""
