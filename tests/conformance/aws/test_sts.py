"""STS through boto3: session tags, session policies, chains, federated users, encoded refusals.

Expectations are those of the STS API reference and of the IAM user guide, "Pass session tags".
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


def allow(action: str | list[str], resource: str = "*", **more) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


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


def refused(code: str):
    return pytest.raises(ClientError, match=rf"\({code}\)")


@pytest.fixture
def iam(volano):
    return volano.client("iam")


@pytest.fixture
def account(volano):
    return volano.client("sts").get_caller_identity()["Account"]


@pytest.fixture
def role(iam):
    """Makes roles: (principal, rights, actions of the trust policy) to ARN."""

    def make(
        principal: str,
        rights: dict,
        actions=("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"),
        **more,
    ) -> str:
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": principal},
            "Action": list(actions),
            **more,
        }
        made = iam.create_role(RoleName=name("r"), AssumeRolePolicyDocument=policy(trust))["Role"]
        iam.put_role_policy(
            RoleName=made["RoleName"], PolicyName="p", PolicyDocument=policy(rights)
        )
        return made["Arn"]

    return make


@pytest.fixture
def admin(volano, account):
    return f"arn:aws:iam::{account}:user/admin"


def test_session_tags_decide_and_transitive_ones_go_on(volano, iam, role, admin):
    own = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    second_rights = allow("s3:ListAllMyBuckets", Condition=own)
    first = role(admin, allow(["sts:AssumeRole", "sts:TagSession"]))
    second = role(first, second_rights)
    sts = volano.client("sts")
    made = sts.assume_role(
        RoleArn=first,
        RoleSessionName="one",
        Tags=[{"Key": "team", "Value": "blue"}, {"Key": "cost", "Value": "7"}],
        TransitiveTagKeys=["Team"],  # in any case of letters
    )
    with pytest.raises(ClientError, match="must be included in the requested tags") as caught:
        sts.assume_role(RoleArn=first, RoleSessionName="one", TransitiveTagKeys=["team"])
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert 0 < made["PackedPolicySize"] <= 100
    chained = client_of(volano, "sts", made["Credentials"])
    with pytest.raises(ClientError, match="conflicts with a transitive tag key"):
        chained.assume_role(
            RoleArn=second, RoleSessionName="two", Tags=[{"Key": "Team", "Value": "red"}]
        )
    key = chained.assume_role(RoleArn=second, RoleSessionName="two")["Credentials"]
    client_of(volano, "s3", key).list_buckets()
    plain = sts.assume_role(RoleArn=first, RoleSessionName="one")["Credentials"]
    key = client_of(volano, "sts", plain).assume_role(RoleArn=second, RoleSessionName="two")[
        "Credentials"
    ]
    with refused("AccessDenied"):
        client_of(volano, "s3", key).list_buckets()
    with pytest.raises(ClientError, match="1 hour session limit"):
        chained.assume_role(RoleArn=second, RoleSessionName="two", DurationSeconds=3601)


def test_tags_and_source_identity_need_the_trust_policys_leave(volano, role, admin):
    bare = role(admin, allow("s3:*"), actions=("sts:AssumeRole",))
    sts = volano.client("sts")
    sts.assume_role(RoleArn=bare, RoleSessionName="one")
    with pytest.raises(ClientError, match="sts:TagSession"):
        sts.assume_role(RoleArn=bare, RoleSessionName="one", Tags=[{"Key": "a", "Value": "b"}])
    with pytest.raises(ClientError, match="sts:SetSourceIdentity"):
        sts.assume_role(RoleArn=bare, RoleSessionName="one", SourceIdentity="ada")
    guarded = role(admin, allow("s3:*"), Condition={"StringLike": {"sts:SourceIdentity": "a*"}})
    made = sts.assume_role(RoleArn=guarded, RoleSessionName="one", SourceIdentity="ada")
    assert made["SourceIdentity"] == "ada"
    with refused("AccessDenied"):
        sts.assume_role(RoleArn=guarded, RoleSessionName="one", SourceIdentity="eve")


def test_session_policies_limit_and_are_read_together(volano, iam, role, admin):
    wide = role(admin, allow(["s3:*", "iam:ListUsers", "ec2:DescribeVpcs"]))
    sts = volano.client("sts")
    made = sts.assume_role(
        RoleArn=wide,
        RoleSessionName="one",
        Policy=policy(allow("s3:ListAllMyBuckets")),
        PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"}],
    )["Credentials"]
    client_of(volano, "s3", made).list_buckets()
    client_of(volano, "ec2", made).describe_vpcs()
    with pytest.raises(
        ClientError, match="because no session policy allows the iam:ListUsers action"
    ):
        client_of(volano, "iam", made).list_users()
    with refused("MalformedPolicyDocument"):
        sts.assume_role(RoleArn=wide, RoleSessionName="one", Policy="{}")
    with refused("NoSuchEntity"):
        sts.assume_role(
            RoleArn=wide,
            RoleSessionName="one",
            PolicyArns=[{"arn": "arn:aws:iam::aws:policy/None"}],
        )


def test_older_sessions_can_be_revoked_by_their_time_of_issue(volano, iam, role, admin):
    arn = role(admin, allow("s3:ListAllMyBuckets"))
    key = volano.client("sts").assume_role(RoleArn=arn, RoleSessionName="one")["Credentials"]
    client_of(volano, "s3", key).list_buckets()
    older = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2099-01-01T00:00:00Z"}},
    }
    iam.put_role_policy(
        RoleName=arn.rpartition("/")[2],
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=policy(older),
    )
    with refused("AccessDenied"):
        client_of(volano, "s3", key).list_buckets()


@pytest.fixture
def user(iam):
    """A user with S3 and federation, and a key."""
    made = name("fed")
    iam.create_user(UserName=made)
    rights = policy(allow(["s3:*", "sts:GetFederationToken", "iam:ListUsers"]))
    iam.put_user_policy(UserName=made, PolicyName="p", PolicyDocument=rights)
    return iam.create_access_key(UserName=made)["AccessKey"]


def test_federated_users_have_what_both_policies_allow(volano, user, account):
    sts = client_of(volano, "sts", user)
    made = sts.get_federation_token(
        Name="guest", Policy=policy(allow(["s3:ListAllMyBuckets", "ec2:*", "iam:*"]))
    )
    assert made["FederatedUser"] == {
        "FederatedUserId": f"{account}:guest",
        "Arn": f"arn:aws:sts::{account}:federated-user/guest",
    }
    key = made["Credentials"]
    assert (
        client_of(volano, "sts", key).get_caller_identity()["Arn"].endswith("federated-user/guest")
    )
    client_of(volano, "s3", key).list_buckets()
    with refused("UnauthorizedOperation"):  # the user may not
        client_of(volano, "ec2", key).describe_vpcs()
    with refused("AccessDenied"):  # IAM is closed to federated users
        client_of(volano, "iam", key).list_users()
    with refused("AccessDenied"):
        client_of(volano, "sts", key).get_session_token()


def test_a_federated_user_without_a_policy_has_what_resources_give(volano, user, account):
    s3 = client_of(volano, "s3", user)
    bucket = name("fed")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    key = client_of(volano, "sts", user).get_federation_token(Name="guest")["Credentials"]
    with refused("AccessDenied"):
        client_of(volano, "s3", key).get_object(Bucket=bucket, Key="k")
    grant = {
        **allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"),
        "Principal": {"AWS": f"arn:aws:sts::{account}:federated-user/guest"},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(grant))
    client_of(volano, "s3", key).get_object(Bucket=bucket, Key="k")


def test_what_a_bucket_policy_says_of_a_user_holds_for_the_sessions_it_federates(volano, iam, user):
    """IAM user guide, "Policy evaluation for requests within a single account": the user's ARN
    grants to a federated session what the session's policy does not leave out."""
    s3 = client_of(volano, "s3", user)
    arn = client_of(volano, "sts", user).get_caller_identity()["Arn"]
    bucket = name("fed")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    plain = name("plain")
    created = iam.create_user(UserName=plain)["User"]
    iam.put_user_policy(
        UserName=plain, PolicyName="p", PolicyDocument=policy(allow("sts:GetFederationToken"))
    )
    sts = client_of(volano, "sts", iam.create_access_key(UserName=plain)["AccessKey"])
    reads = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    grant = {**reads, "Principal": {"AWS": created["Arn"]}}
    spared = {"NotPrincipal": {"AWS": arn}, "Effect": "Deny", "Action": "s3:PutObject"}
    spared["Resource"] = f"arn:aws:s3:::{bucket}/*"
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(grant, spared))

    open_one = sts.get_federation_token(Name="guest", Policy=policy(allow("s3:*")))["Credentials"]
    client_of(volano, "s3", open_one).get_object(Bucket=bucket, Key="k")
    shut = sts.get_federation_token(Name="guest", Policy=policy(allow("ec2:*")))["Credentials"]
    with refused("AccessDenied"):
        client_of(volano, "s3", shut).get_object(Bucket=bucket, Key="k")

    of_user = client_of(volano, "sts", user)
    own = of_user.get_federation_token(Name="guest", Policy=policy(allow("s3:*")))["Credentials"]
    client_of(volano, "s3", own).put_object(Bucket=bucket, Key="k", Body=b"y")
    denies = {**reads, "Effect": "Deny", "Principal": {"AWS": arn}}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(denies))
    with refused("AccessDenied"):
        client_of(volano, "s3", own).get_object(Bucket=bucket, Key="k")


def test_not_principal_with_the_account_spares_the_named_user_only(volano, iam, user, account):
    s3 = client_of(volano, "s3", user)
    arn = client_of(volano, "sts", user).get_caller_identity()["Arn"]
    bucket, other = name("np"), name("other")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    iam.create_user(UserName=other)
    iam.put_user_policy(UserName=other, PolicyName="p", PolicyDocument=policy(allow("s3:*")))
    key = iam.create_access_key(UserName=other)["AccessKey"]
    client_of(volano, "s3", key).get_object(Bucket=bucket, Key="k")
    denies = {
        "Effect": "Deny",
        "NotPrincipal": {"AWS": [arn, f"arn:aws:iam::{account}:root"]},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(denies))
    s3.get_object(Bucket=bucket, Key="k")
    with refused("AccessDenied"):
        client_of(volano, "s3", key).get_object(Bucket=bucket, Key="k")


def test_sessions_of_users_without_a_second_factor_may_not_call_iam(volano, user):
    key = client_of(volano, "sts", user).get_session_token()["Credentials"]
    client_of(volano, "s3", key).list_buckets()
    with refused("AccessDenied"):
        client_of(volano, "iam", key).list_users()
    with refused("AccessDenied"):
        client_of(volano, "sts", key).get_federation_token(Name="guest")


def test_encoded_refusals_of_ec2_are_decoded_for_their_account_only(volano, user):
    with pytest.raises(ClientError) as caught:
        client_of(volano, "ec2", user).describe_vpcs()
    error = caught.value.response["Error"]
    assert error["Code"] == "UnauthorizedOperation"
    text = error["Message"].rpartition("Encoded authorization failure message: ")[2]
    decoded = json.loads(
        volano.client("sts").decode_authorization_message(EncodedMessage=text)["DecodedMessage"]
    )
    assert (decoded["allowed"], decoded["explicitDeny"]) == (False, False)
    assert decoded["context"]["action"] == "ec2:DescribeVpcs"
    assert decoded["context"]["principal"]["arn"].endswith(f"user/{user['UserName']}")
    with refused("AccessDenied"):
        client_of(volano, "sts", user).decode_authorization_message(EncodedMessage=text)
    other = volano.add_account()
    stranger = {
        "AccessKeyId": other["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": other["AWS_SECRET_ACCESS_KEY"],
    }
    for message in (text, text[:-8] + "AAAAAAA=", "eA=="):
        with refused("InvalidAuthorizationMessageException"):
            client_of(volano, "sts", stranger).decode_authorization_message(EncodedMessage=message)
