"""AWS Organizations through boto3: the tree, accounts, and policies that really decide.

Expectations are those of the AWS Organizations API reference and user guide ("SCP evaluation",
"RCP evaluation").
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


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refused(code: str):
    return pytest.raises(ClientError, match=rf"\({code}\)")


class Account:
    """A client of a new account, as its administrator."""

    def __init__(self, volano) -> None:
        self.volano = volano
        made = volano.add_account()
        self.id = made["ACCOUNT"]
        self.key = (made["AWS_ACCESS_KEY_ID"], made["AWS_SECRET_ACCESS_KEY"], None)

    def client(self, service: str, key: tuple | None = None):
        access, secret, token = key or self.key
        return boto3.client(
            service,
            endpoint_url=self.volano.aws_url,
            region_name="eu-home-1",
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}),
        )


@pytest.fixture
def manager(volano):
    return Account(volano)


@pytest.fixture
def org(manager):
    """The Organizations client of a management account, with both control policies enabled."""
    client = manager.client("organizations")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
        client.enable_policy_type(RootId=root, PolicyType=kind)
    return client


@pytest.fixture
def member(volano, org):
    """Another account that accepted an invitation."""
    account = Account(volano)
    invitation = org.invite_account_to_organization(Target={"Id": account.id, "Type": "ACCOUNT"})[
        "Handshake"
    ]
    assert invitation["State"] == "OPEN"
    theirs = account.client("organizations")
    assert [one["Id"] for one in theirs.list_handshakes_for_account()["Handshakes"]] == [
        invitation["Id"]
    ]
    assert theirs.accept_handshake(HandshakeId=invitation["Id"])["Handshake"]["State"] == "ACCEPTED"
    return account


def root_of(org) -> str:
    return org.list_roots()["Roots"][0]["Id"]


def control(org, kind: str, *statements: dict) -> str:
    made = org.create_policy(
        Type=kind, Name=name("control"), Description="", Content=policy(*statements)
    )
    return made["Policy"]["PolicySummary"]["Id"]


def test_tree_of_units_and_accounts(org, member):
    root = root_of(org)
    unit = org.create_organizational_unit(ParentId=root, Name="teams")["OrganizationalUnit"]["Id"]
    inner = org.create_organizational_unit(ParentId=unit, Name="blue")["OrganizationalUnit"]["Id"]
    with refused("DuplicateOrganizationalUnitException"):
        org.create_organizational_unit(ParentId=root, Name="teams")
    org.move_account(AccountId=member.id, SourceParentId=root, DestinationParentId=inner)
    assert org.list_parents(ChildId=member.id)["Parents"] == [
        {"Id": inner, "Type": "ORGANIZATIONAL_UNIT"}
    ]
    assert [one["Id"] for one in org.list_accounts_for_parent(ParentId=inner)["Accounts"]] == [
        member.id
    ]
    assert org.list_children(ParentId=root, ChildType="ORGANIZATIONAL_UNIT")["Children"] == [
        {"Id": unit, "Type": "ORGANIZATIONAL_UNIT"}
    ]
    with refused("OrganizationalUnitNotEmptyException"):
        org.delete_organizational_unit(OrganizationalUnitId=inner)
    with refused("OrganizationNotEmptyException"):
        org.delete_organization()
    described = member.client("organizations").describe_organization()["Organization"]
    assert described["Id"] == org.describe_organization()["Organization"]["Id"]
    with refused("AccessDeniedException"):
        member.client("organizations").list_accounts()


def test_service_control_policy_limits_members_and_their_roots_only(manager, org, member):
    member.client("s3").list_buckets()
    deny = control(
        org,
        "SERVICE_CONTROL_POLICY",
        {"Effect": "Deny", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
    )
    unit = org.create_organizational_unit(ParentId=root_of(org), Name="limited")[
        "OrganizationalUnit"
    ]["Id"]
    org.attach_policy(PolicyId=deny, TargetId=unit)
    member.client("s3").list_buckets()
    org.move_account(AccountId=member.id, SourceParentId=root_of(org), DestinationParentId=unit)
    with pytest.raises(ClientError, match="explicit deny in a service control policy"):
        member.client("s3").list_buckets()
    iam = member.client("iam")
    found = iam.simulate_principal_policy(
        PolicySourceArn=iam.get_user()["User"]["Arn"],
        ActionNames=["s3:ListAllMyBuckets", "iam:ListUsers"],
    )["EvaluationResults"]
    assert [
        (one["EvalDecision"], one["OrganizationsDecisionDetail"]["AllowedByOrganizations"])
        for one in found
    ] == [
        ("explicitDeny", False),
        ("allowed", True),
    ]
    org.attach_policy(PolicyId=deny, TargetId=root_of(org))
    manager.client("s3").list_buckets()  # the management account is never limited
    for target in (unit, root_of(org)):
        org.detach_policy(PolicyId=deny, TargetId=target)
    member.client("s3").list_buckets()


def test_every_level_must_allow(org, member):
    only_s3 = control(
        org, "SERVICE_CONTROL_POLICY", {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    )
    org.attach_policy(PolicyId=only_s3, TargetId=member.id)
    with refused("ConstraintViolationException"):
        org.detach_policy(PolicyId="p-FullAWSAccess", TargetId=root_of(org))
    org.detach_policy(PolicyId="p-FullAWSAccess", TargetId=member.id)
    member.client("s3").list_buckets()
    with pytest.raises(
        ClientError, match="because no service control policy allows the iam:ListUsers action"
    ):
        member.client("iam").list_users()
    # A type that is switched off decides nothing.
    org.disable_policy_type(RootId=root_of(org), PolicyType="SERVICE_CONTROL_POLICY")
    member.client("iam").list_users()


def test_resource_control_policy_guards_what_members_have_against_everyone(manager, org, member):
    bucket = name("guarded")
    theirs = member.client("s3")
    theirs.create_bucket(Bucket=bucket)
    theirs.put_object(Bucket=bucket, Key="k", Body=b"x")
    open_to = {
        "Effect": "Allow",
        "Principal": {"AWS": manager.id},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    theirs.put_bucket_policy(Bucket=bucket, Policy=policy(open_to))
    assert manager.client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    guard = control(
        org,
        "RESOURCE_CONTROL_POLICY",
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalAccount": member.id}},
        },
    )
    org.attach_policy(PolicyId=guard, TargetId=member.id)
    with pytest.raises(ClientError, match="explicit deny in a resource control policy"):
        manager.client("s3").get_object(Bucket=bucket, Key="k")
    assert theirs.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_policies_may_ask_for_the_organization(manager, org, member):
    bucket = name("shared")
    ours = manager.client("s3")
    ours.create_bucket(Bucket=bucket)
    ours.put_object(Bucket=bucket, Key="k", Body=b"x")
    org_id = org.describe_organization()["Organization"]["Id"]
    shared = {
        "Effect": "Allow",
        "Principal": {"AWS": member.id},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {
            "StringEquals": {"aws:PrincipalOrgID": org_id},
            "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{org_id}/*"},
        },
    }
    ours.put_bucket_policy(Bucket=bucket, Policy=policy(shared))
    member.client("s3").get_object(Bucket=bucket, Key="k")
    org.remove_account_from_organization(AccountId=member.id)
    with refused("AccessDenied"):
        member.client("s3").get_object(Bucket=bucket, Key="k")


def test_made_accounts_are_administered_by_their_role_and_can_be_closed(manager, org):
    made = org.create_account(AccountName="team", Email="team@example.com")["CreateAccountStatus"]
    assert (
        org.describe_create_account_status(CreateAccountRequestId=made["Id"])[
            "CreateAccountStatus"
        ]["State"]
        == "SUCCEEDED"
    )
    account = made["AccountId"]
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    credentials = manager.client("sts").assume_role(RoleArn=role, RoleSessionName="setup")[
        "Credentials"
    ]
    key = (credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
    assert manager.client("sts", key).get_caller_identity()["Account"] == account
    manager.client("iam", key).create_user(UserName="ada")
    org.close_account(AccountId=account)
    assert org.describe_account(AccountId=account)["Account"]["State"] == "SUSPENDED"
    with refused("InvalidClientTokenId"):
        manager.client("sts", key).get_caller_identity()
    with refused("AccountAlreadyClosedException"):
        org.close_account(AccountId=account)


def test_policies_are_checked_and_kept(org):
    with refused("MalformedPolicyDocumentException"):
        org.create_policy(Type="SERVICE_CONTROL_POLICY", Name="bad", Description="", Content="{}")
    wanted = control(
        org, "SERVICE_CONTROL_POLICY", {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}
    )
    org.attach_policy(PolicyId=wanted, TargetId=root_of(org))
    with refused("DuplicatePolicyAttachmentException"):
        org.attach_policy(PolicyId=wanted, TargetId=root_of(org))
    with refused("PolicyInUseException"):
        org.delete_policy(PolicyId=wanted)
    assert [one["Type"] for one in org.list_targets_for_policy(PolicyId=wanted)["Targets"]] == [
        "ROOT"
    ]
    listed = org.list_policies_for_target(TargetId=root_of(org), Filter="SERVICE_CONTROL_POLICY")[
        "Policies"
    ]
    assert [one["Id"] for one in listed] == ["p-FullAWSAccess", wanted]
    org.tag_resource(ResourceId=wanted, Tags=[{"Key": "team", "Value": "security"}])
    assert org.list_tags_for_resource(ResourceId=wanted)["Tags"] == [
        {"Key": "team", "Value": "security"}
    ]
    org.detach_policy(PolicyId=wanted, TargetId=root_of(org))
    org.delete_policy(PolicyId=wanted)
    with refused("PolicyNotFoundException"):
        org.describe_policy(PolicyId=wanted)
    with refused("ResourcePolicyNotFoundException"):
        org.describe_resource_policy()
