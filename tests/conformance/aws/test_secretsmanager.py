"""Secrets Manager with unmodified boto3. Expectations are those of its API reference and user guide."""

import http.server
import json
import threading
import time
import uuid

import pytest
from botocore.exceptions import ClientError
from tests.conftest import start_volano


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


@pytest.fixture
def secrets(volano):
    return volano.client("secretsmanager")


@pytest.fixture
def name():
    return f"app/{uuid.uuid4().hex}"


def test_a_secret_has_versions_and_stages(secrets, name):
    made = secrets.create_secret(
        Name=name, SecretString="one", Description="d", Tags=[{"Key": "team", "Value": "a"}]
    )
    assert made["ARN"].rpartition("-")[0].endswith(f":secret:{name}")
    for secret_id in (name, made["ARN"], made["ARN"].rpartition("-")[0]):
        got = secrets.get_secret_value(SecretId=secret_id)
        assert (got["SecretString"], got["VersionStages"], got["VersionId"]) == (
            "one",
            ["AWSCURRENT"],
            made["VersionId"],
        )
    second = secrets.put_secret_value(SecretId=name, SecretBinary=b"\x00two")["VersionId"]
    assert secrets.get_secret_value(SecretId=name)["SecretBinary"] == b"\x00two"
    assert (
        secrets.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"] == "one"
    )
    described = secrets.describe_secret(SecretId=name)
    assert described["VersionIdsToStages"] == {
        second: ["AWSCURRENT"],
        made["VersionId"]: ["AWSPREVIOUS"],
    }
    assert described["Tags"] == [{"Key": "team", "Value": "a"}]
    secrets.update_secret_version_stage(
        SecretId=name,
        VersionStage="AWSCURRENT",
        MoveToVersionId=made["VersionId"],
        RemoveFromVersionId=second,
    )
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "one"
    assert (
        secrets.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["VersionId"] == second
    )
    third = secrets.update_secret(SecretId=name, SecretString="three", Description="e")["VersionId"]
    listed = secrets.list_secret_version_ids(SecretId=name)["Versions"]
    assert {v["VersionId"] for v in listed} == {third, made["VersionId"]}
    everything = secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
    assert len(everything) == 3
    refused(
        "ResourceNotFoundException",
        secrets.get_secret_value,
        SecretId=name,
        VersionId=str(uuid.uuid4()),
    )
    refused(
        "InvalidRequestException",
        secrets.get_secret_value,
        SecretId=name,
        VersionId=third,
        VersionStage="AWSPREVIOUS",
    )
    refused(
        "InvalidParameterException",
        secrets.update_secret_version_stage,
        SecretId=name,
        VersionStage="AWSCURRENT",
        RemoveFromVersionId=third,
    )


def test_versions_tell_their_stages_and_when_they_were_read(secrets, name):
    """As LocalStack's suite of 2026 recorded it of AWS."""
    first = secrets.create_secret(Name=name, SecretString="1")["VersionId"]
    second = secrets.put_secret_value(
        SecretId=name, SecretString="2", VersionStages=["AWSPENDING"]
    )["VersionId"]
    secrets.get_secret_value(SecretId=name)
    secrets.update_secret_version_stage(
        SecretId=name,
        VersionStage="AWSCURRENT",
        RemoveFromVersionId=first,
        MoveToVersionId=second,
    )
    third = secrets.put_secret_value(SecretId=name, SecretString="3")["VersionId"]
    listed = secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
    found = {one["VersionId"]: one for one in listed}
    assert "VersionStages" not in found[first]
    assert found[second]["VersionStages"] == ["AWSPREVIOUS"]  # and not pending any more
    assert found[third]["VersionStages"] == ["AWSCURRENT"]
    read = [version for version in found if "LastAccessedDate" in found[version]]
    assert read == [first]


def test_a_name_that_is_none_is_told_so(secrets):
    for ask in (secrets.describe_secret, secrets.get_secret_value, secrets.delete_secret):
        refused("ValidationException", ask, SecretId="Inv Name")
    refused("ValidationException", secrets.create_secret, Name="Inv*Name", SecretString="x")


def test_a_repeated_request_with_its_token_changes_nothing(secrets, name):
    token = str(uuid.uuid4())
    first = secrets.create_secret(Name=name, SecretString="one", ClientRequestToken=token)
    again = secrets.create_secret(Name=name, SecretString="one", ClientRequestToken=token)
    assert (
        (first["VersionId"], first["ARN"])
        == (again["VersionId"], again["ARN"])
        == (token, first["ARN"])
    )
    refused(
        "ResourceExistsException",
        secrets.create_secret,
        Name=name,
        SecretString="two",
        ClientRequestToken=token,
    )
    refused("ResourceExistsException", secrets.create_secret, Name=name, SecretString="one")
    refused(
        "ResourceExistsException",
        secrets.put_secret_value,
        SecretId=name,
        SecretString="two",
        ClientRequestToken=token,
    )
    assert (
        secrets.put_secret_value(SecretId=name, SecretString="one", ClientRequestToken=token)[
            "VersionId"
        ]
        == token
    )
    assert (
        len(secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]) == 1
    )


def test_deletion_waits_can_be_taken_back_and_can_be_forced(secrets, name):
    arn = secrets.create_secret(Name=name, SecretString="x")["ARN"]
    refused(
        "InvalidParameterException", secrets.delete_secret, SecretId=name, RecoveryWindowInDays=6
    )
    secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    for call in (secrets.get_secret_value, secrets.delete_secret):
        refused("InvalidRequestException", call, SecretId=arn)
    refused("InvalidRequestException", secrets.create_secret, Name=name, SecretString="x")
    assert "DeletedDate" in secrets.describe_secret(SecretId=name)
    assert secrets.list_secrets(Filters=[{"Key": "name", "Values": [name]}])["SecretList"] == []
    assert (
        len(
            secrets.list_secrets(
                Filters=[{"Key": "name", "Values": [name]}], IncludePlannedDeletion=True
            )["SecretList"]
        )
        == 1
    )
    secrets.restore_secret(SecretId=name)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "x"
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    refused("ResourceNotFoundException", secrets.get_secret_value, SecretId=name)
    secrets.create_secret(Name=name, SecretString="y")


def test_lists_are_filtered_and_paged(secrets):
    tag = uuid.uuid4().hex[:8]
    names = [f"list{tag}/{letter}" for letter in "abcde"]
    for each in names:
        secrets.create_secret(
            Name=each, SecretString=each, Tags=[{"Key": f"k{tag}", "Value": each[-1]}]
        )
    pages = secrets.get_paginator("list_secrets").paginate(
        Filters=[{"Key": "tag-key", "Values": [f"k{tag}"]}], PaginationConfig={"PageSize": 2}
    )
    found = [[item["Name"] for item in page["SecretList"]] for page in pages]
    assert found == [names[:2], names[2:4], names[4:]]
    down = secrets.list_secrets(
        Filters=[{"Key": "name", "Values": [f"list{tag}"]}], SortBy="name", SortOrder="desc"
    )
    assert [item["Name"] for item in down["SecretList"]] == names[::-1]
    batch = secrets.batch_get_secret_value(SecretIdList=[names[0], "absent"])
    assert [v["SecretString"] for v in batch["SecretValues"]] == [names[0]]
    assert [e["ErrorCode"] for e in batch["Errors"]] == ["ResourceNotFoundException"]
    assert (
        len(
            secrets.batch_get_secret_value(Filters=[{"Key": "name", "Values": [f"list{tag}"]}])[
                "SecretValues"
            ]
        )
        == 5
    )


@pytest.fixture
def weak(volano):
    """A user without any policy: its name, ARN, and Secrets Manager."""
    iam, user = volano.client("iam"), f"reader{uuid.uuid4().hex[:8]}"
    arn = iam.create_user(UserName=user)["User"]["Arn"]
    made = iam.create_access_key(UserName=user)["AccessKey"]
    options = {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
    }
    return user, arn, volano.client("secretsmanager", **options)


def test_a_policy_of_the_secret_lets_another_read_and_only_that(secrets, weak, name):
    _, arn, theirs = weak
    secrets.create_secret(Name=name, SecretString="x")
    refused("AccessDeniedException", theirs.get_secret_value, SecretId=name)
    refused("AccessDeniedException", theirs.get_secret_value, SecretId="absent")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": arn},
                "Action": "secretsmanager:GetSecretValue",
                "Resource": "*",
            }
        ],
    }
    secrets.put_resource_policy(
        SecretId=name, ResourcePolicy=json.dumps(policy), BlockPublicPolicy=True
    )
    assert theirs.get_secret_value(SecretId=name)["SecretString"] == "x"
    refused("AccessDeniedException", theirs.put_secret_value, SecretId=name, SecretString="y")
    public = {"Version": "2012-10-17", "Statement": [{**policy["Statement"][0], "Principal": "*"}]}
    refused(
        "PublicPolicyException",
        secrets.put_resource_policy,
        SecretId=name,
        ResourcePolicy=json.dumps(public),
        BlockPublicPolicy=True,
    )
    refused(
        "MalformedPolicyDocumentException",
        secrets.put_resource_policy,
        SecretId=name,
        ResourcePolicy="{}",
    )
    assert (
        secrets.validate_resource_policy(ResourcePolicy=json.dumps(policy))[
            "PolicyValidationPassed"
        ]
        is True
    )
    assert (
        secrets.validate_resource_policy(ResourcePolicy=json.dumps(public))[
            "PolicyValidationPassed"
        ]
        is False
    )
    secrets.delete_resource_policy(SecretId=name)
    refused("AccessDeniedException", theirs.get_secret_value, SecretId=name)


def test_a_key_of_kms_guards_the_value(volano, secrets, weak, name):
    user, _, theirs = weak
    kms = volano.client("kms")
    key, other = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)]
    secrets.create_secret(Name=name, SecretString="x", KmsKeyId=key)
    allow = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}],
    }
    volano.client("iam").put_user_policy(
        UserName=user, PolicyName="p", PolicyDocument=json.dumps(allow)
    )
    until(lambda: "Name" in _described(theirs, name))
    refused("AccessDeniedException", theirs.get_secret_value, SecretId=name)
    secrets.update_secret(SecretId=name, KmsKeyId=other)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "x"
    kms.disable_key(KeyId=other)
    with pytest.raises(ClientError):
        secrets.get_secret_value(SecretId=name)
    kms.enable_key(KeyId=other)
    secrets.update_secret(SecretId=name, KmsKeyId="alias/aws/secretsmanager")
    assert theirs.get_secret_value(SecretId=name)["SecretString"] == "x"
    refused(
        "NotFoundException",
        secrets.create_secret,
        Name=f"{name}x",
        SecretString="x",
        KmsKeyId=str(uuid.uuid4()),
    )


def _described(client, name):
    try:
        return client.describe_secret(SecretId=name)
    except ClientError:
        return {}


def test_passwords_are_as_asked(secrets):
    plain = secrets.get_random_password()["RandomPassword"]
    assert len(plain) == 32
    assert any(c.isdigit() for c in plain)
    assert any(c.isupper() for c in plain)
    digits = secrets.get_random_password(
        PasswordLength=100,
        ExcludeLowercase=True,
        ExcludeUppercase=True,
        ExcludePunctuation=True,
        ExcludeCharacters="0",
    )["RandomPassword"]
    assert set(digits) <= set("123456789")
    assert len(digits) == 100


def test_replicas_are_refused_clearly(secrets, name):
    refused(
        "InvalidParameterException",
        secrets.create_secret,
        Name=name,
        SecretString="x",
        AddReplicaRegions=[{"Region": "eu-west-1"}],
    )
    secrets.create_secret(Name=name, SecretString="x")
    refused(
        "InvalidParameterException",
        secrets.replicate_secret_to_regions,
        SecretId=name,
        AddReplicaRegions=[{"Region": "eu-west-1"}],
    )


def test_the_clouds_own_hook_replaces_the_password(secrets, name):
    secrets.create_secret(Name=name, SecretString=json.dumps({"user": "a", "password": "old"}))
    refused("InvalidRequestException", secrets.rotate_secret, SecretId=name)
    refused(
        "InvalidParameterException",
        secrets.rotate_secret,
        SecretId=name,
        RotationLambdaARN="http://127.0.0.1:1/",
    )
    rules = {"AutomaticallyAfterDays": 30}
    begun = secrets.rotate_secret(
        SecretId=name, RotationLambdaARN="volano:random-password", RotationRules=rules
    )["VersionId"]
    until(
        lambda: (
            secrets.describe_secret(SecretId=name)["VersionIdsToStages"].get(begun)
            == ["AWSCURRENT"]
        )
    )
    value = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    assert value["user"] == "a"
    assert len(value["password"]) == 32
    assert (
        json.loads(
            secrets.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"]
        )["password"]
        == "old"
    )
    described = secrets.describe_secret(SecretId=name)
    assert described["RotationEnabled"]
    assert described["RotationRules"] == rules
    assert described["LastRotatedDate"]
    secrets.cancel_rotate_secret(SecretId=name)
    assert secrets.describe_secret(SecretId=name)["RotationEnabled"] is False


class Hook(http.server.BaseHTTPRequestHandler):
    """A rotation hook as one writes it: it uses the ordinary API, step by step."""

    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["content-length"])))
        steps, client = self.server.steps, self.server.client
        steps.append(event["Step"])
        which = {"SecretId": event["SecretId"]}
        token = event["ClientRequestToken"]
        if event["Step"] == "createSecret":
            client.put_secret_value(
                **which, ClientRequestToken=token, SecretString="new", VersionStages=["AWSPENDING"]
            )
        if event["Step"] == "testSecret":
            assert (
                client.get_secret_value(**which, VersionStage="AWSPENDING")["SecretString"] == "new"
            )
        if event["Step"] == "finishSecret":
            old = client.get_secret_value(**which)["VersionId"]
            client.update_secret_version_stage(
                **which, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=old
            )
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_hook_on_the_web_rotates_in_four_steps(tmp_path):
    cloud = start_volano(tmp_path, egress_allow="127.0.0.0/8")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        secrets = server.client = cloud.client("secretsmanager")
        server.steps = []
        secrets.create_secret(Name="db", SecretString="old")
        begun = secrets.rotate_secret(
            SecretId="db", RotationLambdaARN=f"http://127.0.0.1:{server.server_port}/rotate"
        )["VersionId"]
        until(lambda: "LastRotatedDate" in secrets.describe_secret(SecretId="db"))
        assert server.steps == ["createSecret", "setSecret", "testSecret", "finishSecret"]
        assert secrets.describe_secret(SecretId="db")["VersionIdsToStages"][begun] == ["AWSCURRENT"]
        assert secrets.get_secret_value(SecretId="db")["SecretString"] == "new"
    finally:
        server.shutdown()
        server.server_close()
        cloud.stop()


def test_a_refusal_does_not_repeat_the_value(secrets, name):
    with pytest.raises(ClientError) as caught:
        secrets.create_secret(Name=name, SecretString="hunter2" * 10_000)
    assert code_of(caught) == "ValidationException"
    assert "hunter2" not in str(caught.value)
