"""IAM users, groups, access keys and login profiles through boto3.

Expectations are those of the IAM API reference, at each operation.
"""

from __future__ import annotations

import json
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError


def name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def allow(action: str | list[str], resource: str = "*") -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}],
        }
    )


def client_of(volano, service: str, key: dict, **more):
    return boto3.client(
        service,
        endpoint_url=volano.aws_url,
        region_name="eu-home-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key.get("SessionToken"),
        config=Config(retries={"total_max_attempts": 1}),
        **more,
    )


@pytest.fixture
def iam(volano):
    return volano.client("iam")


@pytest.fixture
def account(volano) -> str:
    return volano.client("sts").get_caller_identity()["Account"]


def test_caller_identity_of_the_administrator(volano, account):
    who = volano.client("sts").get_caller_identity()
    assert who["Arn"] == f"arn:aws:iam::{account}:user/admin"
    assert who["UserId"].startswith("AIDA")


def test_user_lifecycle(iam, account):
    user = name("ada")
    made = iam.create_user(UserName=user, Path="/team/", Tags=[{"Key": "cost", "Value": "1"}])[
        "User"
    ]
    assert made["Arn"] == f"arn:aws:iam::{account}:user/team/{user}"
    assert made["UserId"].startswith("AIDA")
    assert made["Tags"] == [{"Key": "cost", "Value": "1"}]
    assert iam.get_user(UserName=user)["User"]["CreateDate"] == made["CreateDate"]
    renamed = name("ada")
    iam.update_user(UserName=user, NewUserName=renamed, NewPath="/")
    assert iam.get_user(UserName=renamed)["User"]["UserId"] == made["UserId"]
    iam.tag_user(UserName=renamed, Tags=[{"Key": "team", "Value": "x"}])
    iam.untag_user(UserName=renamed, TagKeys=["cost"])
    assert iam.list_user_tags(UserName=renamed)["Tags"] == [{"Key": "team", "Value": "x"}]
    iam.delete_user(UserName=renamed)
    with pytest.raises(iam.exceptions.NoSuchEntityException) as caught:
        iam.get_user(UserName=renamed)
    assert caught.value.response["Error"]["Message"] == (
        f"The user with name {renamed} cannot be found."
    )
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_user_names_are_unique_whatever_their_case(iam):
    user = name("Bob")
    iam.create_user(UserName=user)
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException) as caught:
        iam.create_user(UserName=user.upper())
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName=user.upper())


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"UserName": "a b"}, "ValidationError"),
        ({"UserName": "x" * 65}, "ValidationError"),
        ({"UserName": "ok-name", "Path": "no/slashes"}, "ValidationError"),
        ({"UserName": "ok-name", "Tags": [{"Key": "aws:x", "Value": ""}]}, "ValidationError"),
        (
            {"UserName": "ok-name", "PermissionsBoundary": "arn:aws:iam::aws:policy/Nothing"},
            "NoSuchEntity",
        ),
    ],
)
def test_bad_users_are_refused_and_not_made(iam, fields, code):
    with pytest.raises(ClientError) as caught:
        iam.create_user(**fields)
    assert caught.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError):
        iam.get_user(UserName="ok-name")


def test_list_users_pages(iam):
    path = f"/{uuid.uuid4().hex[:8]}/"
    names = sorted(name("page") for _ in range(5))
    for user in names:
        iam.create_user(UserName=user, Path=path)
    first = iam.list_users(PathPrefix=path, MaxItems=2)
    assert first["IsTruncated"]
    assert len(first["Users"]) == 2
    pages = iam.get_paginator("list_users").paginate(
        PathPrefix=path, PaginationConfig={"PageSize": 2}
    )
    assert [user["UserName"] for page in pages for user in page["Users"]] == names


def test_groups_give_their_policies(volano, iam):
    user, group = name("eve"), name("readers")
    iam.create_user(UserName=user)
    iam.create_group(GroupName=group)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    as_eve = client_of(volano, "iam", key)
    with pytest.raises(ClientError) as caught:
        as_eve.list_users()
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    assert "is not authorized to perform: iam:ListUsers on resource: " in str(caught.value)
    assert "because no identity-based policy allows the iam:ListUsers action" in str(caught.value)
    iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=allow("iam:ListUsers"))
    iam.add_user_to_group(GroupName=group, UserName=user)
    assert as_eve.list_users()["Users"]
    assert [g["GroupName"] for g in iam.list_groups_for_user(UserName=user)["Groups"]] == [group]
    assert [u["UserName"] for u in iam.get_group(GroupName=group)["Users"]] == [user]
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_group(GroupName=group)
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_user(UserName=user)
    iam.remove_user_from_group(GroupName=group, UserName=user)
    with pytest.raises(ClientError):
        as_eve.list_users()
    iam.delete_group_policy(GroupName=group, PolicyName="p")
    iam.delete_group(GroupName=group)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_group(GroupName=group)


def test_access_keys(volano, iam):
    user = name("kay")
    iam.create_user(UserName=user)
    first = iam.create_access_key(UserName=user)["AccessKey"]
    assert first["AccessKeyId"].startswith("AKIA")
    assert len(first["SecretAccessKey"]) == 40
    iam.create_access_key(UserName=user)
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.create_access_key(UserName=user)
    assert client_of(volano, "sts", first).get_caller_identity()["Arn"].endswith(user)
    with pytest.raises(ClientError):
        client_of(volano, "iam", first).list_users()
    used = iam.get_access_key_last_used(AccessKeyId=first["AccessKeyId"])
    assert used["UserName"] == user
    assert "LastUsedDate" in used["AccessKeyLastUsed"]
    assert used["AccessKeyLastUsed"]["ServiceName"] == "iam"
    assert used["AccessKeyLastUsed"]["Region"] == "eu-home-1"
    iam.update_access_key(UserName=user, AccessKeyId=first["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError) as caught:
        client_of(volano, "sts", first).get_caller_identity()
    assert caught.value.response["Error"]["Code"] == "InvalidClientTokenId"
    keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert [key["Status"] for key in keys] == ["Inactive", "Active"]
    assert "SecretAccessKey" not in keys[0]
    iam.delete_access_key(UserName=user, AccessKeyId=first["AccessKeyId"])
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_access_key(UserName=user, AccessKeyId=first["AccessKeyId"])


def test_a_user_manages_the_own_keys_by_policy_variable(volano, iam, account):
    user = name("self")
    iam.create_user(UserName=user)
    iam.put_user_policy(
        UserName=user,
        PolicyName="own",
        PolicyDocument=allow("iam:*AccessKey*", f"arn:aws:iam::{account}:user/${{aws:username}}"),
    )
    key = iam.create_access_key(UserName=user)["AccessKey"]
    own = client_of(volano, "iam", key)
    assert len(own.list_access_keys()["AccessKeyMetadata"]) == 1
    assert own.create_access_key()["AccessKey"]["UserName"] == user
    with pytest.raises(ClientError) as caught:
        own.create_access_key(UserName="admin")
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


def test_login_profiles(iam):
    user = name("pat")
    iam.create_user(UserName=user)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_login_profile(UserName=user)
    with pytest.raises(iam.exceptions.PasswordPolicyViolationException):
        iam.create_login_profile(UserName=user, Password="short")
    made = iam.create_login_profile(
        UserName=user, Password="correct horse battery", PasswordResetRequired=True
    )["LoginProfile"]
    assert made["PasswordResetRequired"] is True
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_login_profile(UserName=user, Password="correct horse battery")
    iam.update_login_profile(UserName=user, Password="another long password")
    iam.delete_login_profile(UserName=user)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_login_profile(UserName=user)


def test_account_alias_and_summary(iam):
    alias = name("firm")
    iam.create_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == [alias]
    with pytest.raises(ClientError) as caught:
        iam.create_account_alias(AccountAlias="No--Good")
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    summary = iam.get_account_summary()["SummaryMap"]
    assert summary["Users"] >= 1
    assert summary["AccessKeysPerUserQuota"] == 2
    iam.delete_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.create_account_alias(AccountAlias="home")
