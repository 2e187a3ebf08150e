"""IAM policies, roles, instance profiles and STS through boto3.

Expectations are those of the IAM and STS API references and of the IAM user guide.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError


def name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str = "*", **more) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal: object, **more) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return policy(statement)


def client_of(volano, service: str, key: dict):
    return boto3.client(
        service,
        endpoint_url=volano.aws_url,
        region_name="eu-home-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key.get("SessionToken"),
        config=Config(retries={"total_max_attempts": 1}),
    )


def refusal(caught) -> str:
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def iam(volano):
    return volano.client("iam")


@pytest.fixture
def sts(volano):
    return volano.client("sts")


@pytest.fixture
def account(sts) -> str:
    return sts.get_caller_identity()["Account"]


@pytest.fixture
def user(iam) -> dict:
    """A fresh user without any policy, with its key."""
    user_name = name("user")
    made = iam.create_user(UserName=user_name)["User"]
    return {**made, **iam.create_access_key(UserName=user_name)["AccessKey"]}


def test_policy_versions(iam, account):
    policy_name = name("pol")
    made = iam.create_policy(
        PolicyName=policy_name, PolicyDocument=policy(allow("s3:GetObject")), Description="d"
    )["Policy"]
    arn = made["Arn"]
    assert arn == f"arn:aws:iam::{account}:policy/{policy_name}"
    assert made["DefaultVersionId"] == "v1"
    for number in range(2, 6):
        version = iam.create_policy_version(
            PolicyArn=arn,
            PolicyDocument=policy(allow(f"s3:Get{number}*")),
            SetAsDefault=number == 5,
        )["PolicyVersion"]
        assert version["VersionId"] == f"v{number}"
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(allow("s3:*")))
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v5"
    document = iam.get_policy_version(PolicyArn=arn, VersionId="v5")["PolicyVersion"]["Document"]
    assert document["Statement"][0]["Action"] == "s3:Get5*"
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_policy_version(PolicyArn=arn, VersionId="v5")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_policy(PolicyArn=arn)
    for number in range(2, 6):
        iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{number}")
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [(v["VersionId"], v["IsDefaultVersion"]) for v in versions] == [("v1", True)]
    iam.delete_policy(PolicyArn=arn)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_policy(PolicyArn=arn)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "Syntax errors in policy."),
        ("[]", "Syntax errors in policy."),
        (json.dumps({"Version": "2020-01-01", "Statement": [allow("s3:*")]}), "Syntax errors"),
        (json.dumps({"Statement": [allow("s3:*")]}), "2012-10-17 or greater"),
        (policy({"Effect": "Maybe", "Action": "s3:*", "Resource": "*"}), "Syntax errors"),
        (policy({"Effect": "Allow", "Action": [], "Resource": "*"}), "must contain actions"),
        (policy({"Effect": "Allow", "Action": "s3:*"}), "must contain resources"),
        (policy(allow("everything")), "must be prefaced by a vendor"),
        (policy(allow("s3:*", "bucket/x")), "must be in ARN format"),
        (policy(allow("s3:*", Principal="*")), "should not specify a principal"),
        (policy(allow("s3:*", Condition={"Sorcery": {"a": "b"}})), "Syntax errors"),
        (policy(allow("s3:*", Sid="a"), allow("ec2:*", Sid="a")), "must be unique"),
        (policy(allow("s3:*", Extra=1)), "Syntax errors"),
    ],
)
def test_malformed_policies_are_refused(iam, document, message):
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException) as caught:
        iam.create_policy(PolicyName=name("bad"), PolicyDocument=document)
    assert message in caught.value.response["Error"]["Message"]


def test_attached_policies_take_effect_at_once(volano, iam, user):
    own = client_of(volano, "iam", user)
    arn = iam.create_policy(PolicyName=name("list"), PolicyDocument=policy(allow("iam:ListRoles")))[
        "Policy"
    ]["Arn"]
    with pytest.raises(ClientError):
        own.list_roles()
    iam.attach_user_policy(UserName=user["UserName"], PolicyArn=arn)
    own.list_roles()
    attached = iam.list_attached_user_policies(UserName=user["UserName"])["AttachedPolicies"]
    assert [one["PolicyArn"] for one in attached] == [arn]
    entities = iam.list_entities_for_policy(PolicyArn=arn)
    assert [one["UserName"] for one in entities["PolicyUsers"]] == [user["UserName"]]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_policy(PolicyArn=arn)
    iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=policy(allow("iam:ListUsers")), SetAsDefault=True
    )
    with pytest.raises(ClientError):
        own.list_roles()
    own.list_users()
    iam.detach_user_policy(UserName=user["UserName"], PolicyArn=arn)
    with pytest.raises(ClientError):
        own.list_users()
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.detach_user_policy(UserName=user["UserName"], PolicyArn=arn)


def test_access_analyzer_says_what_is_wrong_and_where(volano):
    """Access Analyzer API reference, ValidatePolicy."""
    analyzer = volano.client("accessanalyzer")
    bad = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    bad["Condition"] = {"StringFoo": {"aws:username": "x"}}
    text = json.dumps({"Version": "2012-10-17", "Statement": [bad]}, indent=2)
    pages = analyzer.get_paginator("validate_policy").paginate(
        policyDocument=text, policyType="IDENTITY_POLICY"
    )
    (found,) = [one for page in pages for one in page["findings"]]
    assert (found["findingType"], found["issueCode"]) == ("ERROR", "INVALID_CONDITION_OPERATOR")
    (place,) = found["locations"]
    assert place["path"][:2] == [{"value": "Statement"}, {"index": 0}]
    start, end = place["span"]["start"], place["span"]["end"]
    assert json.loads(text[start["offset"] : end["offset"]]) == bad
    assert (start["line"], start["column"]) == (4, 4)
    good = analyzer.validate_policy(
        policyDocument=trust({"Service": "ec2.amazonaws.com"}),
        policyType="RESOURCE_POLICY",
        validatePolicyResourceType="AWS::IAM::AssumeRolePolicyDocument",
    )
    assert good["findings"] == []


def test_access_analyzer_points_at_a_statement_that_stands_alone(volano):
    analyzer = volano.client("accessanalyzer")
    alone = {"Effect": "Allows", "Action": "s3:GetObject", "Resource": "*"}
    for statement in (alone, "words", 5, True):
        text = json.dumps({"Version": "2012-10-17", "Statement": statement})
        (found,) = analyzer.validate_policy(policyDocument=text, policyType="IDENTITY_POLICY")[
            "findings"
        ]
        assert found["findingType"] == "ERROR"
        span = found["locations"][0]["span"]
        there = text[span["start"]["offset"] : span["end"]["offset"]]
        assert json.loads(there) == statement


def test_managed_policies_of_aws_are_read_by_every_account_and_changed_by_none(volano):
    fresh = volano.add_account()
    iam = volano.client(
        "iam",
        aws_access_key_id=fresh["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=fresh["AWS_SECRET_ACCESS_KEY"],
    )
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.get_waiter("policy_exists").wait(PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PolicyName"] == "ReadOnlyAccess"
    (version,) = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    assert found["PolicyVersion"]["Document"]["Statement"]
    assert iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"] == []
    for change in (
        lambda: iam.delete_policy(PolicyArn=arn),
        lambda: iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(allow("s3:*"))),
        lambda: iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "a", "Value": "b"}]),
    ):
        with pytest.raises(ClientError) as caught:
            change()
        assert refusal(caught) == "AccessDenied"


def test_managed_policies_of_aws_are_known_by_arn(volano, iam, user):
    pages = iam.get_paginator("list_policies").paginate(
        Scope="AWS", PaginationConfig={"PageSize": 5}
    )
    names = [one["PolicyName"] for page in pages for one in page["Policies"]]
    for wanted in (
        "AdministratorAccess",
        "ReadOnlyAccess",
        "PowerUserAccess",
        "IAMFullAccess",
        "AmazonS3FullAccess",
        "AmazonS3ReadOnlyAccess",
        "AmazonEC2FullAccess",
    ):
        assert wanted in names
    assert len(names) == len(set(names))
    logs = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    assert iam.get_policy(PolicyArn=logs)["Policy"]["Path"] == "/service-role/"
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.attach_user_policy(UserName=user["UserName"], PolicyArn=arn)
    own = client_of(volano, "iam", user)
    assert own.list_users()["Users"]
    with pytest.raises(ClientError) as caught:
        own.create_user(UserName=name("no"))
    assert refusal(caught) == "AccessDenied"
    with pytest.raises(ClientError) as caught:
        iam.delete_policy(PolicyArn=arn)
    assert refusal(caught) == "AccessDenied"


def test_explicit_deny_beats_administrator_access(volano, iam, user):
    iam.attach_user_policy(
        UserName=user["UserName"], PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    iam.put_user_policy(
        UserName=user["UserName"],
        PolicyName="no-users",
        PolicyDocument=policy({"Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*"}),
    )
    own = client_of(volano, "iam", user)
    own.list_roles()
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
        own.list_users()


def test_permissions_boundary_limits(volano, iam, user):
    iam.attach_user_policy(
        UserName=user["UserName"], PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    boundary = iam.create_policy(
        PolicyName=name("bound"), PolicyDocument=policy(allow("iam:ListUsers"))
    )["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName=user["UserName"], PermissionsBoundary=boundary)
    shown = iam.get_user(UserName=user["UserName"])["User"]["PermissionsBoundary"]
    assert shown == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary}
    with pytest.raises(ClientError, match="Invalid ARN:  Could not be parsed!"):
        iam.attach_user_policy(UserName=user["UserName"], PolicyArn="a-name-without-an-arn")
    own = client_of(volano, "iam", user)
    own.list_users()
    with pytest.raises(ClientError, match="no permissions boundary allows the iam:ListRoles"):
        own.list_roles()
    iam.delete_user_permissions_boundary(UserName=user["UserName"])
    own.list_roles()


def test_paths_count_in_resources_though_requests_name_users_without(volano, iam, user, account):
    hidden = name("boss")
    iam.create_user(UserName=hidden, Path="/board/")
    iam.put_user_policy(
        UserName=user["UserName"],
        PolicyName="p",
        PolicyDocument=policy(
            allow("iam:GetUser"),
            {
                "Effect": "Deny",
                "Action": "iam:*",
                "Resource": f"arn:aws:iam::{account}:user/board/*",
            },
        ),
    )
    own = client_of(volano, "iam", user)
    own.get_user()
    with pytest.raises(ClientError):
        own.get_user(UserName=hidden)


def test_inline_policies(iam, user):
    user_name = user["UserName"]
    document = {"Version": "2012-10-17", "Statement": [allow("s3:*")]}
    iam.put_user_policy(UserName=user_name, PolicyName="b", PolicyDocument=json.dumps(document))
    iam.put_user_policy(UserName=user_name, PolicyName="a", PolicyDocument=json.dumps(document))
    assert iam.list_user_policies(UserName=user_name)["PolicyNames"] == ["a", "b"]
    assert iam.get_user_policy(UserName=user_name, PolicyName="a")["PolicyDocument"] == document
    iam.delete_user_policy(UserName=user_name, PolicyName="a")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user_policy(UserName=user_name, PolicyName="a")


def test_role_lifecycle(iam, account):
    role_name = name("role")
    document = trust({"Service": "ec2.amazonaws.com"})
    role = iam.create_role(
        RoleName=role_name,
        AssumeRolePolicyDocument=document,
        Description="d",
        MaxSessionDuration=7200,
        Tags=[{"Key": "a", "Value": "b"}],
    )["Role"]
    assert role["Arn"] == f"arn:aws:iam::{account}:role/{role_name}"
    assert role["RoleId"].startswith("AROA")
    assert role["AssumeRolePolicyDocument"] == json.loads(document)
    assert "MaxSessionDuration" not in role  # (recorded of AWS; GetRole tells it)
    assert iam.get_role(RoleName=role_name)["Role"]["MaxSessionDuration"] == 7200
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=document)
    iam.update_role(RoleName=role_name, Description="other", MaxSessionDuration=3600)
    assert iam.get_role(RoleName=role_name)["Role"]["Description"] == "other"
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException) as caught:
        iam.update_assume_role_policy(RoleName=role_name, PolicyDocument=policy(allow("s3:*")))
    assert "Missing required field Principal" in str(caught.value)
    profile = name("profile")
    iam.create_instance_profile(InstanceProfileName=profile)
    iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role_name)
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role_name)
    shown = iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]
    assert [one["RoleName"] for one in shown["Roles"]] == [role_name]
    listed = iam.list_instance_profiles_for_role(RoleName=role_name)["InstanceProfiles"]
    assert [one["InstanceProfileName"] for one in listed] == [profile]
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_role(RoleName=role_name)
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_instance_profile(InstanceProfileName=profile)
    iam.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName=role_name)
    iam.delete_instance_profile(InstanceProfileName=profile)
    iam.delete_role(RoleName=role_name)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=role_name)


def test_assume_role_by_direct_trust(volano, iam, sts, user, account):
    role_name = name("role")
    role = iam.create_role(
        RoleName=role_name, AssumeRolePolicyDocument=trust({"AWS": user["Arn"]})
    )["Role"]
    iam.put_role_policy(
        RoleName=role_name, PolicyName="p", PolicyDocument=policy(allow("iam:ListUsers"))
    )
    own = client_of(volano, "sts", user)
    answer = own.assume_role(RoleArn=role["Arn"], RoleSessionName="work", DurationSeconds=900)
    key = answer["Credentials"]
    assert key["AccessKeyId"].startswith("ASIA")
    assert timedelta(seconds=800) < key["Expiration"] - datetime.now(UTC) <= timedelta(seconds=900)
    assert answer["AssumedRoleUser"]["Arn"] == (
        f"arn:aws:sts::{account}:assumed-role/{role_name}/work"
    )
    who = client_of(volano, "sts", key).get_caller_identity()
    assert who["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert who["UserId"] == f"{role['RoleId']}:work"
    as_role = client_of(volano, "iam", key)
    as_role.list_users()
    with pytest.raises(ClientError):
        as_role.list_roles()
    with pytest.raises(ClientError) as caught:
        client_of(volano, "sts", {**key, "SessionToken": "wrong"}).get_caller_identity()
    assert refusal(caught) == "InvalidClientTokenId"
    with pytest.raises(ClientError) as caught:
        client_of(volano, "sts", {**key, "SessionToken": None}).get_caller_identity()
    assert refusal(caught) == "InvalidClientTokenId"


def test_account_trust_needs_an_identity_policy_too(volano, iam, user, account):
    role = iam.create_role(
        RoleName=name("role"),
        AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{account}:root"}),
    )["Role"]
    own = client_of(volano, "sts", user)
    with pytest.raises(ClientError) as caught:
        own.assume_role(RoleArn=role["Arn"], RoleSessionName="work")
    assert refusal(caught) == "AccessDenied"
    assert f"is not authorized to perform: sts:AssumeRole on resource: {role['Arn']}" in str(
        caught.value
    )
    iam.put_user_policy(
        UserName=user["UserName"],
        PolicyName="p",
        PolicyDocument=policy(allow("sts:AssumeRole", role["Arn"])),
    )
    own.assume_role(RoleArn=role["Arn"], RoleSessionName="work")


def test_an_administrator_may_not_assume_a_role_that_does_not_trust(iam, sts):
    role = iam.create_role(
        RoleName=name("role"),
        AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}),
    )["Role"]
    with pytest.raises(ClientError) as caught:
        sts.assume_role(RoleArn=role["Arn"], RoleSessionName="work")
    assert refusal(caught) == "AccessDenied"
    with pytest.raises(ClientError) as caught:
        sts.assume_role(RoleArn=role["Arn"] + "-nothing", RoleSessionName="work")
    assert refusal(caught) == "AccessDenied"


def test_external_id_condition_and_session_policy(volano, iam, sts, account):
    role = iam.create_role(
        RoleName=name("role"),
        AssumeRolePolicyDocument=trust(
            {"AWS": account}, Condition={"StringEquals": {"sts:ExternalId": "42"}}
        ),
    )["Role"]
    iam.attach_role_policy(
        RoleName=role["RoleName"], PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    with pytest.raises(ClientError):
        sts.assume_role(RoleArn=role["Arn"], RoleSessionName="work")
    key = sts.assume_role(
        RoleArn=role["Arn"],
        RoleSessionName="work",
        ExternalId="42",
        Policy=policy(allow("iam:ListUsers")),
    )["Credentials"]
    limited = client_of(volano, "iam", key)
    limited.list_users()
    with pytest.raises(ClientError, match="because no session policy allows"):
        limited.list_roles()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"DurationSeconds": 3601}, "ValidationError"),
        ({"RoleSessionName": "not a name"}, "ValidationError"),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
    ],
)
def test_assume_role_refuses_bad_input(iam, sts, account, fields, code):
    role = iam.create_role(RoleName=name("role"), AssumeRolePolicyDocument=trust({"AWS": account}))[
        "Role"
    ]
    with pytest.raises(ClientError) as caught:
        sts.assume_role(**{"RoleArn": role["Arn"], "RoleSessionName": "work"} | fields)
    assert refusal(caught) == code


def test_session_token_is_the_same_user(volano, user, sts):
    own = client_of(volano, "sts", user)
    key = own.get_session_token()["Credentials"]
    temporary = client_of(volano, "sts", key)
    assert temporary.get_caller_identity()["Arn"] == user["Arn"]
    with pytest.raises(ClientError) as caught:
        temporary.get_session_token()
    assert refusal(caught) == "AccessDenied"
    info = sts.get_access_key_info(AccessKeyId=user["AccessKeyId"])
    assert info["Account"] == sts.get_caller_identity()["Account"]


def test_deleting_a_role_ends_its_sessions(volano, iam, user):
    role_name = name("role")
    role = iam.create_role(
        RoleName=role_name, AssumeRolePolicyDocument=trust({"AWS": user["Arn"]})
    )["Role"]
    key = client_of(volano, "sts", user).assume_role(RoleArn=role["Arn"], RoleSessionName="work")[
        "Credentials"
    ]
    as_role = client_of(volano, "sts", key)
    as_role.get_caller_identity()
    iam.delete_role(RoleName=role_name)
    with pytest.raises(ClientError):
        as_role.get_caller_identity()


def test_entities_for_policy_by_usage_path_and_page(iam, account):
    made = iam.create_policy(PolicyName=name("held"), PolicyDocument=policy(allow("s3:*")))
    arn = made["Policy"]["Arn"]
    first, second, bounded = name("u"), name("u"), name("u")
    iam.create_user(UserName=first, Path="/team/")
    iam.create_user(UserName=second)
    iam.create_user(UserName=bounded, PermissionsBoundary=arn)
    for one in (first, second):
        iam.attach_user_policy(UserName=one, PolicyArn=arn)

    def users(**more) -> list[str]:
        pages = iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn, **more)
        return sorted(one["UserName"] for page in pages for one in page["PolicyUsers"])

    assert users() == sorted([first, second, bounded])
    assert users(PolicyUsageFilter="PermissionsBoundary") == [bounded]
    assert users(PolicyUsageFilter="PermissionsPolicy") == sorted([first, second])
    assert users(PathPrefix="/team/") == [first]
    assert users(PaginationConfig={"PageSize": 1}) == sorted([first, second, bounded])
    assert users(EntityFilter="Role") == []
