"""CloudTrail with unmodified boto3, and its digests with unmodified `aws cloudtrail validate-logs`.

Expectations are those of the CloudTrail API reference and user guide. Logging that stops closes its
digest at once, so the tests wait for no hour.
"""

import gzip
import json
import os
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests.conftest import start_volano

AWS = Path(sys.executable).parent / "aws"


def code_of(caught) -> str:
    return caught.value.response["Error"]["Code"]


def refused(code, call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert code_of(caught) == code


def until(ask, *, seconds=150):
    """What `ask` answers once it answers something."""
    deadline = time.monotonic() + seconds
    while not (found := ask()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)
    return found


class Trail:
    """A trail with its bucket, and what was delivered there."""

    def __init__(self, cloud, **options):
        self.cloud = cloud
        self.name = f"trail{uuid.uuid4().hex[:8]}"
        self.bucket = f"logs{uuid.uuid4().hex[:8]}"
        self.s3, self.client = cloud.client("s3"), cloud.client("cloudtrail")
        self.s3.create_bucket(Bucket=self.bucket)
        options = {"EnableLogFileValidation": True} | options
        made = self.client.create_trail(Name=self.name, S3BucketName=self.bucket, **options)
        self.arn = made["TrailARN"]

    def start(self):
        self.client.start_logging(Name=self.name)

    def stop(self):
        """Stop, and return when everything is in the bucket."""
        before = len(self.keys("CloudTrail-Digest"))
        self.client.stop_logging(Name=self.name)
        until(lambda: len(self.keys("CloudTrail-Digest")) > before)

    def keys(self, kind):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        found = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return sorted(key for key in found if f"/{kind}/" in key)

    def records(self):
        return [record for key in self.keys("CloudTrail") for record in self.read(key)["Records"]]

    def read(self, key):
        return json.loads(
            gzip.decompress(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        )

    def change(self, key):
        """Flip one bit of what is inside, and store it with the same metadata."""
        found = self.s3.get_object(Bucket=self.bucket, Key=key)
        text = bytearray(gzip.decompress(found["Body"].read()))
        place = text.index(b"20")  # a digit of a time: it stays JSON
        text[place + 1] ^= 1
        self.s3.put_object(
            Bucket=self.bucket, Key=key, Body=gzip.compress(bytes(text)), Metadata=found["Metadata"]
        )

    def validate(self):
        keys = self.cloud.credentials
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
        clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        start = (datetime.now(UTC) - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        done = subprocess.run(
            [
                AWS,
                "cloudtrail",
                "validate-logs",
                "--trail-arn",
                self.arn,
                "--start-time",
                start,
                "--verbose",
            ],
            env=clean
            | {name: keys[name] for name in names}
            | {"AWS_ENDPOINT_URL": self.cloud.aws_url},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def trail(volano):
    made = Trail(volano)
    yield made
    made.client.delete_trail(Name=made.name)


@pytest.fixture(scope="module")
def chained(volano_sqlite):
    """A trail with two log files and two digests, which its own client finds right."""
    trail = Trail(volano_sqlite)
    for number in range(2):
        trail.start()
        trail.s3.create_bucket(Bucket=f"{trail.bucket}{number}")
        trail.stop()
    code, text = trail.validate()
    assert code == 0, text
    assert "2/2 digest files valid" in text
    assert "2/2 log files valid" in text
    return trail


def test_records_tell_parameters_answers_and_the_key(volano, trail):
    """CloudTrail user guide, "CloudTrail record contents" and "userIdentity element"."""
    iam = volano.client("iam")
    user = f"told{uuid.uuid4().hex[:8]}"
    role = f"told{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName=role,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
    )
    trail.start()
    iam.create_user(UserName=user, Tags=[{"Key": "team", "Value": "blue"}])
    secret = iam.create_access_key(UserName=user)["AccessKey"]["SecretAccessKey"]
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    key = volano.client("sts").assume_role(RoleArn=arn, RoleSessionName="told")["Credentials"]
    session = volano.client(
        "iam",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
    )
    refused("AccessDenied", session.create_user, UserName="never")
    trail.stop()
    found = {(one["eventName"], one.get("errorCode", "")): one for one in trail.records()}
    made = found["CreateUser", ""]
    assert made["requestParameters"] == {
        "userName": user,
        "tags": [{"key": "team", "value": "blue"}],
    }
    assert made["responseElements"]["user"]["userName"] == user
    assert made["userIdentity"]["accessKeyId"] == volano.credentials["AWS_ACCESS_KEY_ID"]
    assert found["GetRole", ""]["responseElements"] is None
    never = found["CreateUser", "AccessDenied"]
    assert never["requestParameters"] == {"userName": "never"}
    assert never["responseElements"] is None
    who = never["userIdentity"]
    assert (who["type"], who["accessKeyId"]) == ("AssumedRole", key["AccessKeyId"])
    assert who["sessionContext"]["sessionIssuer"]["userName"] == role
    assert who["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"
    assert not {secret, key["SecretAccessKey"], key["SessionToken"]} & set(
        json.dumps(trail.records()).split('"')
    )
    code, said = trail.validate()
    assert code == 0, said
    by_key = {"AttributeKey": "AccessKeyId", "AttributeValue": key["AccessKeyId"]}
    until(lambda: trail.client.lookup_events(LookupAttributes=[by_key])["Events"])
    (event,) = trail.client.lookup_events(LookupAttributes=[by_key])["Events"]
    assert (event["EventName"], event["AccessKeyId"]) == ("CreateUser", key["AccessKeyId"])


def test_digests_are_chained_by_their_signatures(chained):
    digests = chained.keys("CloudTrail-Digest")
    first, second = (chained.read(key) for key in digests)
    assert first["previousDigestSignature"] is None
    assert second["previousDigestS3Object"] == digests[0]
    named = [entry["s3Object"] for each in (first, second) for entry in each["logFiles"]]
    assert sorted(named) == chained.keys("CloudTrail")


@pytest.mark.parametrize(
    ("kind", "place"), [("CloudTrail", 0), ("CloudTrail-Digest", 0), ("CloudTrail-Digest", 1)]
)
@pytest.mark.parametrize("what", ["one bit changed", "missing"])
def test_the_clients_own_check_fails_after_any_change(chained, kind, place, what):
    key = chained.keys(kind)[place]
    found = chained.s3.get_object(Bucket=chained.bucket, Key=key)
    body, metadata = found["Body"].read(), found["Metadata"]
    if what == "missing":
        chained.s3.delete_object(Bucket=chained.bucket, Key=key)
    else:
        chained.change(key)
    code, text = chained.validate()
    chained.s3.put_object(Bucket=chained.bucket, Key=key, Body=body, Metadata=metadata)
    if (kind, place, what) == ("CloudTrail-Digest", 1, "missing"):
        assert "1/1 digest files valid" in text  # nothing points to the newest digest yet
        return
    assert code == 1, text
    assert "INVALID" in text


def test_records_say_who_did_what(trail):
    cloud = trail.cloud
    trail.start()
    kms, user = cloud.client("kms"), f"u{uuid.uuid4().hex[:8]}"
    key = kms.create_key()["KeyMetadata"]["Arn"]
    cloud.client("iam").create_user(UserName=user)
    refused("NoSuchEntity", cloud.client("iam").get_user, UserName="absent")
    trail.s3.put_object(Bucket=trail.bucket, Key="x", Body=b"data events are not asked for")
    trail.stop()
    found = {record["eventName"]: record for record in trail.records()}
    assert "PutObject" not in found
    made = found["CreateUser"]
    who = cloud.client("sts").get_caller_identity()
    assert (made["eventSource"], made["awsRegion"], made["readOnly"]) == (
        "iam.amazonaws.com",
        cloud.credentials["AWS_DEFAULT_REGION"],
        False,
    )
    assert (made["userIdentity"]["arn"], made["userIdentity"]["type"]) == (who["Arn"], "IAMUser")
    assert made["resources"][0]["ARN"] == f"arn:aws:iam::{who['Account']}:user/{user}"
    assert made["managementEvent"]
    assert made["eventCategory"] == "Management"
    assert found["GetUser"]["errorCode"] == "NoSuchEntity"
    assert found["CreateKey"]["recipientAccountId"] == who["Account"]
    assert abs(datetime.fromisoformat(made["eventTime"]) - datetime.now(UTC)) < timedelta(minutes=5)
    looked = trail.client.lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}]
    )["Events"]
    mine = [event for event in looked if json.loads(event["CloudTrailEvent"]) == made]
    assert len(mine) == 1
    assert mine[0]["Resources"][0]["ResourceType"] == "AWS::IAM::User"
    by_key = trail.client.lookup_events(
        LookupAttributes=[{"AttributeKey": "EventSource", "AttributeValue": "kms.amazonaws.com"}],
        MaxResults=1,
    )
    assert len(by_key["Events"]) == 1
    assert by_key["NextToken"]
    assert key


def test_names_are_cloudtrails_own(volano):
    trail = Trail(volano, S3KeyPrefix="some/where")
    trail.start()
    trail.stop()
    account, region = trail.arn.split(":")[4], volano.credentials["AWS_DEFAULT_REGION"]
    day = datetime.now(UTC).strftime("%Y/%m/%d")
    log, digest = trail.keys("CloudTrail"), trail.keys("CloudTrail-Digest")
    assert len(digest) == 1
    head = f"some/where/AWSLogs/{account}/CloudTrail-Digest/{region}/"
    assert digest[0].startswith(head)
    assert f"/{account}_CloudTrail-Digest_{region}_{trail.name}_{region}_" in digest[0]
    for key in log:
        assert key.startswith(
            f"some/where/AWSLogs/{account}/CloudTrail/{region}/{day}/{account}_CloudTrail_{region}_"
        )
    assert trail.validate()[0] == 0


def test_selectors_choose_data_events(trail):
    basic = [
        {
            "ReadWriteType": "WriteOnly",
            "IncludeManagementEvents": False,
            "DataResources": [
                {"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{trail.bucket}/in/"]}
            ],
        }
    ]
    trail.client.put_event_selectors(TrailName=trail.name, EventSelectors=basic)
    assert trail.client.get_event_selectors(TrailName=trail.name)["EventSelectors"] == basic
    trail.start()
    for key in ("in/a", "out/b"):
        trail.s3.put_object(Bucket=trail.bucket, Key=key, Body=b"x")
    trail.s3.get_object(Bucket=trail.bucket, Key="in/a")["Body"].read()
    trail.stop()
    assert [(r["eventName"], r["requestParameters"]["key"]) for r in trail.records()] == [
        ("PutObject", "in/a")
    ]
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {"Field": "eventName", "NotEquals": ["PutObject"]},
        {"Field": "resources.ARN", "StartsWith": [f"arn:aws:s3:::{trail.bucket}/in"]},
    ]
    trail.client.put_event_selectors(
        TrailName=trail.name, AdvancedEventSelectors=[{"Name": "reads", "FieldSelectors": fields}]
    )
    trail.start()
    trail.s3.get_object(Bucket=trail.bucket, Key="in/a")["Body"].read()
    trail.s3.put_object(Bucket=trail.bucket, Key="in/c", Body=b"x")
    trail.stop()
    assert sorted(r["eventName"] for r in trail.records()) == ["GetObject", "PutObject"]
    wrong = [{"Name": "n", "FieldSelectors": [{"Field": "shoeSize", "Equals": ["43"]}]}]
    refused(
        "InvalidEventSelectorsException",
        trail.client.put_event_selectors,
        TrailName=trail.name,
        AdvancedEventSelectors=wrong,
    )


def test_what_is_wrong_is_refused_in_cloudtrails_words(trail, volano):
    client = trail.client
    refused(
        "TrailAlreadyExistsException",
        client.create_trail,
        Name=trail.name,
        S3BucketName=trail.bucket,
    )
    refused(
        "S3BucketDoesNotExistException",
        client.create_trail,
        Name="other",
        S3BucketName=f"no{uuid.uuid4().hex}",
    )
    refused("InvalidTrailNameException", client.create_trail, Name="a", S3BucketName=trail.bucket)
    refused("TrailNotFoundException", client.get_trail, Name="absent")
    refused(
        "NotImplementedException",
        client.create_trail,
        Name="other",
        S3BucketName=trail.bucket,
        KmsKeyId="x",
    )
    other = volano.add_account()
    keys = {
        "aws_access_key_id": other["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": other["AWS_SECRET_ACCESS_KEY"],
    }
    theirs = volano.client("cloudtrail", **keys)
    refused(
        "InsufficientS3BucketPolicyException",
        theirs.create_trail,
        Name="mine",
        S3BucketName=trail.bucket,
    )
    refused("TrailNotFoundException", theirs.get_trail, Name=trail.arn)
    assert theirs.describe_trails()["trailList"] == []
    client.add_tags(ResourceId=trail.arn, TagsList=[{"Key": "a", "Value": "b"}])
    assert client.list_tags(ResourceIdList=[trail.arn])["ResourceTagList"][0]["TagsList"] == [
        {"Key": "a", "Value": "b"}
    ]
    refused("InsightNotEnabledException", client.get_insight_selectors, TrailName=trail.name)
    refused("TrailNotFoundException", client.get_insight_selectors, TrailName="absent")
    client.remove_tags(ResourceId=trail.arn, TagsList=[{"Key": "a"}])
    assert client.get_trail(Name=trail.name)["Trail"]["LogFileValidationEnabled"] is True
    status = client.get_trail_status(Name=trail.name)
    assert (status["IsLogging"], status["TimeLoggingStarted"]) == (False, "")


def test_another_accounts_bucket_takes_logs_when_its_policy_says_so(volano_sqlite):
    cloud = volano_sqlite
    other, s3 = cloud.add_account(), cloud.client("s3")
    bucket, account = f"central{uuid.uuid4().hex[:8]}", other["ACCOUNT"]
    s3.create_bucket(Bucket=bucket)
    keys = {name.lower(): value for name, value in other.items() if name.startswith("AWS_")}
    theirs, theirs_iam = (cloud.client(name, **keys) for name in ("cloudtrail", "iam"))
    refused(
        "InsufficientS3BucketPolicyException", theirs.create_trail, Name="all", S3BucketName=bucket
    )
    region = cloud.credentials["AWS_DEFAULT_REGION"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/AWSLogs/{account}/*",
        "Condition": {
            "StringEquals": {
                "s3:x-amz-acl": "bucket-owner-full-control",
                "aws:SourceArn": f"arn:aws:cloudtrail:{region}:{account}:trail/all",
            }
        },
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    theirs.create_trail(Name="all", S3BucketName=bucket)
    theirs.start_logging(Name="all")
    theirs_iam.create_user(UserName="seen")
    theirs.stop_logging(Name="all")
    found = until(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"))
    body = s3.get_object(Bucket=bucket, Key=found[0]["Key"])["Body"].read()
    events = [record["eventName"] for record in json.loads(gzip.decompress(body))["Records"]]
    assert "CreateUser" in events


def test_every_record_is_delivered_once_across_kills(tmp_path):
    cloud = start_volano(tmp_path)
    try:
        trail = Trail(cloud)
        trail.start()
        for round_ in range(3):
            for number in range(20):
                cloud.client("iam").create_user(UserName=f"u{round_}-{number}")
            cloud.restart(kill=True)
        trail = _again(trail, cloud)
        cloud.client("iam").create_user(UserName="last")
        trail.stop()
        seen = [r["eventID"] for r in trail.records()]
        assert len(seen) == len(set(seen))
        status, kept = cloud.rest("GET", "/audit?limit=1000&action=iam:CreateUser")
        assert status == 200
        in_trail = {item["id"] for item in kept["items"]}
        assert in_trail == {r["eventID"] for r in trail.records() if r["eventName"] == "CreateUser"}
        assert len(in_trail) > 30
        code, text = trail.validate()
        assert code == 0, text
    finally:
        cloud.stop()


def _again(trail, cloud):
    trail.s3, trail.client = cloud.client("s3"), cloud.client("cloudtrail")
    return trail
