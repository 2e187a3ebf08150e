"""AssumeRoleWithSAML through boto3, with responses that a test's own identity provider signs.

Expectations are those of the STS API reference and of the IAM user guide, "Configure SAML
assertions for the authentication response" and "Available keys for SAML-based federation".
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.saml import RECIPIENT, Provider, encode


def name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def policy(**statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def refused(code: str):
    return pytest.raises(ClientError, match=rf"\({code}\)")


class Company:
    """A provider, a role that trusts it, and people who come without any key."""

    def __init__(self, volano) -> None:
        self.volano = volano
        self.iam = volano.client("iam")
        self.idp = Provider(f"https://{name('idp')}.example.com")
        self.name = name("idp")
        made = self.iam.create_saml_provider(
            Name=self.name, SAMLMetadataDocument=self.idp.metadata()
        )
        self.provider = made["SAMLProviderArn"]
        self.role = self.make_role({"StringEquals": {"SAML:aud": RECIPIENT}})
        self.idp.pairs.append((self.role, self.provider))
        options = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
        self.sts = boto3.client(
            "sts", endpoint_url=volano.aws_url, region_name="eu-home-1", config=options
        )

    def make_role(self, condition: dict, actions=("sts:AssumeRoleWithSAML", "sts:TagSession")):
        trust = policy(
            Principal={"Federated": self.provider}, Action=list(actions), Condition=condition
        )
        role = self.iam.create_role(RoleName=name("saml"), AssumeRolePolicyDocument=trust)["Role"]
        rights = policy(Action="s3:ListAllMyBuckets", Resource="*")
        self.iam.put_role_policy(RoleName=role["RoleName"], PolicyName="p", PolicyDocument=rights)
        return role["Arn"]

    def enter(self, response=None, role: str = "", **options):
        response = self.idp.sign(self.idp.response()) if response is None else response
        return self.sts.assume_role_with_saml(
            RoleArn=role or self.role,
            PrincipalArn=self.provider,
            SAMLAssertion=response if isinstance(response, str) else encode(response),
            **options,
        )


@pytest.fixture
def company(volano):
    return Company(volano)


def test_a_person_of_the_company_gets_the_roles_rights(volano, company):
    made = company.enter()
    account = company.role.split(":")[4]
    qualifier = hashlib.sha1(f"{company.idp.issuer}{account}/{company.name}".encode()).digest()
    assert made["Subject"] == "anna@example.com"
    assert made["SubjectType"] == "persistent"
    assert made["Issuer"] == company.idp.issuer
    assert made["Audience"] == RECIPIENT
    assert made["NameQualifier"] == base64.b64encode(qualifier).decode()
    assert made["AssumedRoleUser"]["Arn"].endswith("/anna")
    key = made["Credentials"]
    s3 = volano.client(
        "s3",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
    )
    s3.list_buckets()
    with refused("AccessDenied"):
        s3.create_bucket(Bucket=name("b"))


def test_the_trust_policy_sees_what_the_assertion_says(company):
    wanted = {
        "StringEquals": {
            "saml:sub": "anna@example.com",
            "saml:sub_type": "persistent",
            "saml:iss": company.idp.issuer,
            "aws:RequestTag/team": "blue",
        },
        "StringLike": {"saml:doc": f"*/{company.name}"},
    }
    role = company.make_role(wanted)
    company.idp.pairs.append((role, company.provider))
    team = {"PrincipalTag:team": ["blue"], "TransitiveTagKeys": ["team"]}
    company.enter(company.idp.sign(company.idp.response(attributes=team)), role)
    for other in ({"attributes": {}}, {"attributes": team, "subject": "bob@example.com"}):
        with refused("AccessDenied"):
            company.enter(company.idp.sign(company.idp.response(**other)), role)


def test_a_role_that_does_not_trust_the_provider_or_is_not_named_is_refused(company):
    foreign = company.make_role({}, actions=("sts:AssumeRoleWithWebIdentity",))
    company.idp.pairs.append((foreign, company.provider))
    with refused("AccessDenied"):
        company.enter(role=foreign)
    with refused("IDPRejectedClaim"):
        company.enter(role=company.make_role({}))


def test_forged_old_and_misdirected_assertions_are_refused(company):
    response, sign = company.idp.response, company.idp.sign
    with refused("InvalidIdentityToken"):
        company.enter(response())
    with refused("InvalidIdentityToken"):
        company.enter(Provider("https://evil.example.com").sign(response()))
    hour = timedelta(hours=1)
    with refused("ExpiredTokenException"):
        company.enter(sign(response(now=datetime.now(UTC) - hour)))
    with refused("InvalidIdentityToken"):
        company.enter(sign(response(now=datetime.now(UTC) + hour)))
    with refused("InvalidIdentityToken"):
        company.enter(sign(response(audience="https://other.example.com")))
    with refused("InvalidIdentityToken"):
        company.enter(sign(response(recipient="https://other.example.com/saml")))
    with refused("InvalidIdentityToken"):
        company.enter(sign(response(attributes={"RoleSessionName": []})))
    other = Provider("https://someone.example.com", company.idp.pairs)
    company.iam.update_saml_provider(
        SAMLProviderArn=company.provider,
        SAMLMetadataDocument=company.idp.metadata("https://someone.example.com"),
    )
    with refused("InvalidIdentityToken"):  # its key is known, its name is not
        company.enter(other.sign(other.response()))
    company.iam.delete_saml_provider(SAMLProviderArn=company.provider)
    with refused("AccessDenied"):
        company.enter()


def test_sessions_end_with_the_providers_own(company):
    made = company.enter(company.idp.sign(company.idp.response(ends=timedelta(minutes=20))))
    left = made["Credentials"]["Expiration"] - datetime.now(UTC)
    assert timedelta(minutes=15) < left <= timedelta(minutes=20)
    with refused("ExpiredTokenException"):
        company.enter(company.idp.sign(company.idp.response(ends=timedelta(minutes=5))))
    with refused("ValidationError"):
        company.enter(DurationSeconds=7200)
