"""What the trail tells of calls: names and values as CloudTrail has them, and no secret."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import botocore.loaders
import pytest
from botocore.model import ServiceModel

from volano.wire.aws.telling import HIDDEN, MAX_DETAILS_CHARACTERS, compile_teller

CALL = SimpleNamespace(
    context={"volano:access-key-id": "AKIAEXAMPLE"}, principal=SimpleNamespace(facts={})
)
LOADER = botocore.loaders.Loader()


def operation(service: str, name: str):
    model = ServiceModel(LOADER.load_service_model(service, "service-2"), service)
    return model.operation_model(name)


def told(service: str, name: str, request: dict, result: dict | None = None) -> dict[str, Any]:
    tell = compile_teller(operation(service, name))
    assert tell is not None
    return json.loads(tell(CALL, request, result))


def test_parameters_and_elements_are_told_in_lower_camel_case() -> None:
    request = {"RoleName": "r", "Tags": [{"Key": "a", "Value": "b"}], "MaxSessionDuration": 3600}
    found = told("iam", "CreateRole", request, {"Role": {"Arn": "arn", "CreateDate": 5}})
    assert found["requestParameters"] == {
        "roleName": "r",
        "maxSessionDuration": 3600,
        "tags": [{"key": "a", "value": "b"}],
    }
    assert found["responseElements"] == {"role": {"arn": "arn", "createDate": 5}}
    assert found["accessKeyId"] == "AKIAEXAMPLE"
    assert told("s3", "CreateBucket", {"Bucket": "b"})["requestParameters"] == {"bucketName": "b"}


def test_secrets_are_hidden() -> None:
    made = {"AccessKey": {"AccessKeyId": "AKIA1", "SecretAccessKey": "s3cr3t", "UserName": "u"}}
    found = told("iam", "CreateAccessKey", {"UserName": "u"}, made)
    assert found["responseElements"]["accessKey"]["secretAccessKey"] == HIDDEN
    assert found["responseElements"]["accessKey"]["accessKeyId"] == "AKIA1"
    key = {"AccessKeyId": "ASIA1", "SecretAccessKey": "s3cr3t", "SessionToken": "t0k3n"}
    request = {"RoleArn": "r", "RoleSessionName": "n", "TokenCode": "123456"}
    found = told("sts", "AssumeRole", request, {"Credentials": key})
    assert found["responseElements"]["credentials"]["accessKeyId"] == "ASIA1"
    assert not {"s3cr3t", "t0k3n", "123456"} & set(str(found).split("'"))
    found = told("secretsmanager", "CreateSecret", {"Name": "n", "SecretString": "s3cr3t"})
    assert found["requestParameters"] == {"name": "n", "secretString": HIDDEN}
    found = told("kms", "Encrypt", {"KeyId": "k", "Plaintext": b"s3cr3t"}, {"CiphertextBlob": b"c"})
    assert found["requestParameters"] == {"keyId": "k"}


SECRET_WORDS = ("password", "secretaccesskey", "sessiontoken", "privatekey", "assertion")


@pytest.mark.parametrize("service", ["iam", "sts", "secretsmanager", "kms", "sqs", "sns", "ec2"])
def test_no_member_that_sounds_like_a_secret_is_told(service: str) -> None:
    """All operations: a text member whose name says secret must come out hidden, or not at all."""
    model = ServiceModel(LOADER.load_service_model(service, "service-2"), service)
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        tell = compile_teller(model.operation_model(name))
        if shape is None or tell is None:
            continue
        request = {
            member: "t3ll"
            for member, kind in shape.members.items()
            if kind.type_name == "string" and member.lower().endswith(SECRET_WORDS)
        }
        assert "t3ll" not in tell(CALL, request, None), name


def test_data_events_tell_nothing_and_much_is_left_out() -> None:
    for service, name in (("s3", "PutObject"), ("sqs", "SendMessageBatch"), ("sns", "Publish")):
        assert compile_teller(operation(service, name)) is None
    long = {"PolicyName": "p", "PolicyDocument": "x" * 100_000, "UserName": "u"}
    assert len(told("iam", "PutUserPolicy", long)["requestParameters"]["policyDocument"]) == 1024
    many = {"RoleName": "r", "Tags": [{"Key": "k" * 100, "Value": "v" * 256}] * 50}
    found = told("iam", "TagRole", many)
    assert found["requestParameters"]["omitted"] is True
    assert len(json.dumps(found)) < MAX_DETAILS_CHARACTERS


def test_a_session_tells_its_beginning_and_second_factor() -> None:
    facts = {"aws:TokenIssueTime": "2026-11-22T10:00:00Z", "aws:MultiFactorAuthPresent": "true"}
    call = SimpleNamespace(context={}, principal=SimpleNamespace(facts=facts))
    tell = compile_teller(operation("iam", "GetUser"))
    assert tell is not None
    found = json.loads(tell(call, {}, None))
    assert found["attributes"] == {
        "creationDate": "2026-11-22T10:00:00Z",
        "mfaAuthenticated": "true",
    }
