"""Test mode as public conformance suites use it: seeded accounts, reset, short lifecycle days."""

import base64
import http.client
import json
import subprocess
import sys
import time
import urllib.request

import openai
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.conftest import ROOT, free_port, start_volano

MAIN, OTHER = "111111111111", "222222222222"
SEED = f"""
[[account]]
id = "{MAIN}"
name = "Main"
root_key = [{{ access_key_id = "0555b35654ad1656d804", secret_access_key = "main/secret==" }}]
kms_key = [{{ id = "testkey-1" }}, {{ id = "testkey-2", description = "second" }}]
  [[account.user]]
  name = "tester"
  api_key = "sk-test-seeded-key"
  key = [{{ access_key_id = "AKIATESTER", secret_access_key = "tester-secret" }}]
  [[account.user]]
  name = "suite"
  api_key = "My API Key"
  [[account.user]]
  name = "reader"
  administrator = false
  policies = ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
  key = [{{ access_key_id = "AKIAREADER", secret_access_key = "reader-secret" }}]
[[account]]
id = "{OTHER}"
root_key = [{{ access_key_id = "NOPQRSTUVWXYZABCDEFG", secret_access_key = "other-secret" }}]
"""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def cloud(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("test-mode")
    (folder / "seed.toml").write_text(SEED)
    store = "sqlite"
    if request.param == "postgres":
        store = request.getfixturevalue("postgres").create_database()
    server = start_volano(
        folder, store=store, test_mode="1", test_file=str(folder / "seed.toml"), lifecycle_day_s="1"
    )
    yield server
    server.stop()


def client(cloud, service, key="0555b35654ad1656d804", secret="main/secret=="):
    return cloud.client(service, aws_access_key_id=key, aws_secret_access_key=secret)


def reset(cloud) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.aws_port, timeout=30)
    connection.request("POST", "/moto-api/reset")
    return connection.getresponse().status


def test_queues_topics_and_keys_are_named_by_the_region_that_is_signed_for(cloud):
    keys = {
        "aws_access_key_id": "0555b35654ad1656d804",
        "aws_secret_access_key": "main/secret==",
        "region_name": "ap-south-9",
    }
    sqs, sns, kms = (cloud.client(service, **keys) for service in ("sqs", "sns", "kms"))
    url = sqs.create_queue(QueueName="far-away")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    queue_arn = queue["Attributes"]["QueueArn"]
    assert queue_arn == f"arn:aws:sqs:ap-south-9:{MAIN}:far-away"
    topic_arn = sns.create_topic(Name="far-away")["TopicArn"]
    assert topic_arn == f"arn:aws:sns:ap-south-9:{MAIN}:far-away"
    assert kms.create_key()["KeyMetadata"]["Arn"].startswith(f"arn:aws:kms:ap-south-9:{MAIN}:")
    sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)
    client(cloud, "sns").publish(TopicArn=topic_arn, Message="from home")
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(message["Body"])["TopicArn"] == topic_arn
    s3 = client(cloud, "s3")
    s3.create_bucket(Bucket="tells-far-away")
    rule = {"QueueArn": queue_arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="tells-far-away", NotificationConfiguration={"QueueConfigurations": [rule]}
    )
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(message["Body"])["Event"] == "s3:TestEvent"


def test_root_principals_of_several_accounts_sign(cloud):
    for key, secret, account in (
        ("0555b35654ad1656d804", "main/secret==", MAIN),
        ("NOPQRSTUVWXYZABCDEFG", "other-secret", OTHER),
    ):
        who = client(cloud, "sts", key, secret).get_caller_identity()
        assert (who["Account"], who["Arn"]) == (account, f"arn:aws:iam::{account}:root")


def test_users_have_the_keys_and_permissions_of_the_file(cloud):
    tester = client(cloud, "s3", "AKIATESTER", "tester-secret")
    tester.create_bucket(Bucket="seed-tester")
    reader = client(cloud, "s3", "AKIAREADER", "reader-secret")
    assert "seed-tester" in [b["Name"] for b in reader.list_buckets()["Buckets"]]
    with pytest.raises(ClientError):
        reader.put_object(Bucket="seed-tester", Key="k", Body=b"x")
    assert cloud.openai(api_key="sk-test-seeded-key").models.list().data


def test_bearer_tokens_of_any_form_are_taken_as_seeded(cloud):
    assert cloud.openai(api_key="My API Key").models.list().data
    with pytest.raises(openai.AuthenticationError):
        cloud.openai(api_key="My API key").models.list()


def test_seeded_keys_encrypt(cloud):
    kms = client(cloud, "kms")
    blob = kms.encrypt(KeyId="testkey-1", Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["KeyId"].endswith(f":{MAIN}:key/testkey-1")
    assert kms.describe_key(KeyId="testkey-2")["KeyMetadata"]["Description"] == "second"


def test_every_account_has_a_default_vpc_with_a_subnet_per_zone(cloud):
    ec2 = client(cloud, "ec2")
    vpcs = ec2.describe_vpcs()["Vpcs"]
    assert [vpc["IsDefault"] for vpc in vpcs] == [True]
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
    assert (
        sorted(subnet["AvailabilityZone"] for subnet in ec2.describe_subnets()["Subnets"]) == zones
    )


def test_reset_returns_every_service_to_its_first_state(cloud):
    assert reset(cloud) == 200
    s3, iam, kms, ec2 = (client(cloud, name) for name in ("s3", "iam", "kms", "ec2"))
    first_vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    general = cloud.slack().conversations_list()["channels"]
    for _ in range(2):
        s3.create_bucket(Bucket="before")
        s3.put_object(Bucket="before", Key="k", Body=b"x" * 5000)
        upload = s3.create_multipart_upload(Bucket="before", Key="m")["UploadId"]
        s3.upload_part(Bucket="before", Key="m", UploadId=upload, PartNumber=1, Body=b"y" * 5000)
        iam.create_user(UserName="before")
        made = iam.create_access_key(UserName="before")["AccessKey"]
        kms.create_key()
        kms.disable_key(KeyId="testkey-1")
        cloud.slack().conversations_create(name="before")
        assert reset(cloud) == 200
        assert s3.list_buckets()["Buckets"] == []
        assert {user["UserName"] for user in iam.list_users()["Users"]} == {
            "tester",
            "suite",
            "reader",
        }
        assert sorted(key["KeyId"] for key in kms.list_keys()["Keys"]) == ["testkey-1", "testkey-2"]
        kms.encrypt(KeyId="testkey-1", Plaintext=b"x")
        assert [channel["id"] for channel in cloud.slack().conversations_list()["channels"]] == [
            c["id"] for c in general
        ]
        assert ec2.describe_vpcs()["Vpcs"][0]["VpcId"] == first_vpc
        with pytest.raises(ClientError) as caught:
            client(cloud, "sts", made["AccessKeyId"], made["SecretAccessKey"]).get_caller_identity()
        assert caught.value.response["Error"]["Code"] == "InvalidClientTokenId"


def test_a_lifecycle_day_lasts_as_long_as_the_setting_says(cloud):
    s3 = client(cloud, "s3")
    s3.create_bucket(Bucket="short-days")
    for key in ("old/a", "new/a"):
        s3.put_object(Bucket="short-days", Key=key, Body=b"x")
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(
        Bucket="short-days", LifecycleConfiguration={"Rules": [rule]}
    )
    deadline = time.monotonic() + 120
    while len(found := s3.list_objects_v2(Bucket="short-days")["Contents"]) == 2:
        assert time.monotonic() < deadline, "nothing expired"
        time.sleep(0.1)
    assert [item["Key"] for item in found] == ["new/a"]


def test_only_reset_is_there(cloud):
    for method, path in (("GET", "/moto-api/reset"), ("POST", "/moto-api/data.json")):
        connection = http.client.HTTPConnection("127.0.0.1", cloud.aws_port, timeout=30)
        connection.request(method, path)
        assert connection.getresponse().status == 404


def test_without_test_mode_there_is_no_reset(volano_sqlite):
    volano_sqlite.client("s3").create_bucket(Bucket="not-reset")
    assert reset(volano_sqlite) >= 400
    volano_sqlite.client("s3").head_bucket(Bucket="not-reset")


@pytest.mark.parametrize("listen", ["0.0.0.0", "::", "192.0.2.1"])
def test_test_mode_is_refused_off_loopback(tmp_path, listen):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "volano",
            "up",
            "--data",
            str(tmp_path / "d"),
            "--port",
            str(free_port()),
            "--aws-port",
            str(free_port()),
        ],
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT / "src"),
            "VOLANO_TEST_MODE": "1",
            "VOLANO_LISTEN": listen,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "loopback" in done.stderr
    assert not (tmp_path / "d").exists()


def test_a_bad_test_file_is_said_and_nothing_starts(tmp_path):
    (tmp_path / "seed.toml").write_text('[[account]]\nid = "12"\n')
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "volano",
            "up",
            "--data",
            str(tmp_path / "d"),
            "--port",
            str(free_port()),
            "--aws-port",
            str(free_port()),
        ],
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT / "src"),
            "VOLANO_TEST_MODE": "1",
            "VOLANO_TEST_FILE": str(tmp_path / "seed.toml"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "seed.toml" in done.stderr


def token_of(cloud, **asked):
    """A token of the cloud's own issuer, by a client that knows nothing but its discovery."""
    base = f"{cloud.aws_url}/moto-api/oidc"
    with urllib.request.urlopen(f"{base}/.well-known/openid-configuration", timeout=30) as reply:
        found = json.loads(reply.read())
    assert found["issuer"] == base
    body = json.dumps(asked).encode()
    with urllib.request.urlopen(
        urllib.request.Request(found["token_endpoint"], data=body), timeout=30
    ) as reply:
        return json.loads(reply.read())["id_token"]


@pytest.fixture
def federated(cloud):
    """(role ARN, an unsigned STS client): a role for subject `ci` and audience `deploy`."""
    reset(cloud)
    iam = client(cloud, "iam")
    url = f"{cloud.aws_url}/moto-api/oidc"
    provider = iam.create_open_id_connect_provider(
        Url=url, ClientIDList=["deploy"], ThumbprintList=["a" * 40]
    )["OpenIDConnectProviderArn"]
    assert [
        each["Arn"] for each in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    ] == [provider]
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)["ClientIDList"] == [
        "deploy"
    ]
    issuer = url.partition("://")[2]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {f"{issuer}:sub": "ci", f"{issuer}:aud": "deploy"}},
            }
        ],
    }
    role = iam.create_role(RoleName="ci", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="ci", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    return role, cloud.client("sts", config=Config(signature_version=UNSIGNED)), provider


def test_a_role_is_assumed_with_a_token_of_the_local_issuer(cloud, federated):
    role, sts, _ = federated
    made = sts.assume_role_with_web_identity(
        RoleArn=role,
        RoleSessionName="job-1",
        WebIdentityToken=token_of(cloud, sub="ci", aud="deploy"),
    )
    assert (made["SubjectFromWebIdentityToken"], made["Audience"]) == ("ci", "deploy")
    keys = made["Credentials"]
    options = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    assert (
        cloud.client("sts", **options).get_caller_identity()["Arn"]
        == f"arn:aws:sts::{MAIN}:assumed-role/ci/job-1"
    )
    cloud.client("s3", **options).create_bucket(Bucket="by-web-identity")
    with pytest.raises(ClientError):
        cloud.client("iam", **options).list_users()


def test_a_token_brings_session_tags_where_the_role_lets_it(cloud, federated):
    role, sts, provider = federated
    claims = {
        "https://aws.amazon.com/tags": {
            "principal_tags": {"team": ["blue"]},
            "transitive_tag_keys": ["team"],
        }
    }
    token = token_of(cloud, sub="ci", aud="deploy", claims=claims)
    asked = {"RoleArn": role, "RoleSessionName": "job-1", "WebIdentityToken": token}
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role_with_web_identity(**asked)
    iam = client(cloud, "iam")
    actions = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]
    trust = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": actions}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.update_assume_role_policy(RoleName="ci", PolicyDocument=document)
    own = {"StringNotEquals": {"aws:PrincipalTag/team": "blue"}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": own}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.put_role_policy(RoleName="ci", PolicyName="team", PolicyDocument=document)
    keys = sts.assume_role_with_web_identity(**asked)["Credentials"]
    tagged = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    cloud.client("s3", **tagged).list_buckets()


def test_tokens_that_prove_nothing_are_refused(cloud, federated):
    role, sts, provider = federated
    good = token_of(cloud, sub="ci", aud="deploy")
    head, claims, signature = good.split(".")
    forged = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    for token, code in (
        (token_of(cloud, sub="someone", aud="deploy"), "AccessDenied"),
        (token_of(cloud, sub="ci", aud="other"), "InvalidIdentityToken"),
        (token_of(cloud, sub="ci", aud="deploy", expires_in=-5), "ExpiredTokenException"),
        (
            token_of(cloud, sub="ci", aud="deploy", claims={"iss": "https://elsewhere.example"}),
            "InvalidIdentityToken",
        ),
        (f"{head}.{claims}.{signature[:-6]}AAAAAA", "InvalidIdentityToken"),
        (f"{forged}.{claims}.", "InvalidIdentityToken"),
        ("not.a.token", "InvalidIdentityToken"),
    ):
        with pytest.raises(ClientError) as caught:
            sts.assume_role_with_web_identity(
                RoleArn=role, RoleSessionName="job", WebIdentityToken=token
            )
        assert caught.value.response["Error"]["Code"] == code, token[-40:]
    client(cloud, "iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    with pytest.raises(ClientError) as caught:
        sts.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="job", WebIdentityToken=good
        )
    assert caught.value.response["Error"]["Code"] == "InvalidIdentityToken"


def test_providers_have_plain_urls_and_are_there_once(cloud, federated):
    iam = client(cloud, "iam")
    for url, code in (
        ("ftp://x", "ValidationError"),
        ("https://issuer.example?a=b", "ValidationError"),
        (f"{cloud.aws_url}/moto-api/oidc", "EntityAlreadyExists"),
    ):
        with pytest.raises(ClientError) as caught:
            iam.create_open_id_connect_provider(Url=url, ThumbprintList=["a" * 40])
        assert caught.value.response["Error"]["Code"] == code
