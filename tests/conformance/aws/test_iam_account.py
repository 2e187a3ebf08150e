"""What IAM keeps beside people and policies, through boto3: MFA, certificates, keys, reports.

Expectations are those of the IAM API reference and of RFC 6238 (codes computed here by hand).
"""

from __future__ import annotations

import base64
import csv
import hmac
import json
import time
import uuid
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from tests.saml import Provider


def name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


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
def user(iam):
    made = name("own")
    iam.create_user(UserName=made)
    return made


def code_at(seed: bytes, moment: float) -> str:
    """RFC 6238 with the parameters of authenticator apps."""
    mac = hmac.digest(seed, int(moment // 30).to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 15
    return f"{(int.from_bytes(mac[offset : offset + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


@pytest.fixture
def device(iam, user):
    """An enabled device of the user: (serial number, seed, the moment that it stands at)."""
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name("phone"))["VirtualMFADevice"]
    seed = base64.b32decode(made["Base32StringSeed"])
    # The device's clock is two minutes behind: later codes are not used up yet.
    moment = time.time() - 120
    iam.enable_mfa_device(
        UserName=user,
        SerialNumber=made["SerialNumber"],
        AuthenticationCode1=code_at(seed, moment - 30),
        AuthenticationCode2=code_at(seed, moment),
    )
    return made["SerialNumber"], seed, moment


def test_mfa_device_is_enabled_by_two_codes_that_follow_each_other(iam, user):
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name("phone"), Path="/phones/")
    device = made["VirtualMFADevice"]
    assert ":mfa/phones/" in device["SerialNumber"]
    assert device["QRCodePNG"].startswith(b"\x89PNG")
    seed = base64.b32decode(device["Base32StringSeed"])
    now = time.time()
    wanted = {"UserName": user, "SerialNumber": device["SerialNumber"]}
    with refused("InvalidAuthenticationCode"):
        iam.enable_mfa_device(
            **wanted, AuthenticationCode1=code_at(seed, now), AuthenticationCode2=code_at(seed, now)
        )
    assert iam.list_mfa_devices(UserName=user)["MFADevices"] == []
    iam.enable_mfa_device(
        **wanted,
        AuthenticationCode1=code_at(seed, now - 30),
        AuthenticationCode2=code_at(seed, now),
    )
    held = iam.list_mfa_devices(UserName=user)["MFADevices"]
    assert [one["SerialNumber"] for one in held] == [device["SerialNumber"]]
    with refused("DeleteConflict"):
        iam.delete_user(UserName=user)
    with refused("DeleteConflict"):
        iam.delete_virtual_mfa_device(SerialNumber=device["SerialNumber"])
    iam.resync_mfa_device(
        **wanted,
        AuthenticationCode1=code_at(seed, now + 30),
        AuthenticationCode2=code_at(seed, now + 60),
    )
    iam.deactivate_mfa_device(**wanted)
    iam.delete_virtual_mfa_device(SerialNumber=device["SerialNumber"])
    iam.delete_user(UserName=user)


def test_policies_ask_for_the_second_factor(volano, iam, user, device):
    serial, seed, moment = device
    statement = {
        "Effect": "Allow",
        "Action": ["s3:ListAllMyBuckets", "iam:ListUsers"],
        "Resource": "*",
        "Condition": {
            "Bool": {"aws:MultiFactorAuthPresent": "true"},
            "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
        },
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="mfa", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    sts = client_of(volano, "sts", key)
    with refused("AccessDenied"):
        client_of(volano, "s3", key).list_buckets()
    without = sts.get_session_token()["Credentials"]
    with refused("AccessDenied"):
        client_of(volano, "s3", without).list_buckets()
    with refused("AccessDenied"):
        sts.get_session_token(
            SerialNumber=serial,
            TokenCode="000000" if code_at(seed, moment + 30) != "000000" else "000001",
        )
    code = code_at(seed, moment + 30)
    shown = sts.get_session_token(SerialNumber=serial, TokenCode=code)["Credentials"]
    client_of(volano, "s3", shown).list_buckets()
    client_of(volano, "iam", shown).list_users(MaxItems=1)
    with refused("AccessDenied"):  # a code is taken once
        sts.get_session_token(SerialNumber=serial, TokenCode=code)


def test_role_may_ask_for_the_second_factor(volano, iam, user, device):
    serial, seed, moment = device
    arn = iam.get_user(UserName=user)["User"]["Arn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": arn},
        "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName=name("guarded"), AssumeRolePolicyDocument=document)["Role"][
        "Arn"
    ]
    sts = client_of(volano, "sts", iam.create_access_key(UserName=user)["AccessKey"])
    with refused("AccessDenied"):
        sts.assume_role(RoleArn=role, RoleSessionName="work")
    sts.assume_role(
        RoleArn=role,
        RoleSessionName="work",
        SerialNumber=serial,
        TokenCode=code_at(seed, moment + 30),
    )


def certificate() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "volano.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return made.public_bytes(Encoding.PEM).decode(), private


def test_server_certificates(iam):
    body, private = certificate()
    other, _ = certificate()
    wanted = name("cert")
    with refused("KeyPairMismatch"):
        iam.upload_server_certificate(
            ServerCertificateName=wanted, CertificateBody=other, PrivateKey=private
        )
    with refused("MalformedCertificate"):
        iam.upload_server_certificate(
            ServerCertificateName=wanted, CertificateBody="x", PrivateKey=private
        )
    made = iam.upload_server_certificate(
        ServerCertificateName=wanted,
        CertificateBody=body,
        PrivateKey=private,
        CertificateChain=other,
        Path="/cdn/",
        Tags=[{"Key": "team", "Value": "web"}],
    )
    metadata = made["ServerCertificateMetadata"]
    assert metadata["Arn"].endswith(f":server-certificate/cdn/{wanted}")
    assert metadata["Expiration"] > datetime.now(UTC) + timedelta(days=29)
    with refused("EntityAlreadyExists"):
        iam.upload_server_certificate(
            ServerCertificateName=wanted, CertificateBody=body, PrivateKey=private
        )
    iam.update_server_certificate(
        ServerCertificateName=wanted, NewServerCertificateName=wanted + "2"
    )
    found = iam.get_server_certificate(ServerCertificateName=wanted + "2")["ServerCertificate"]
    assert (found["CertificateBody"].strip(), found["CertificateChain"].strip()) == (
        body.strip(),
        other.strip(),
    )
    assert "PrivateKey" not in str(found)
    assert iam.list_server_certificate_tags(ServerCertificateName=wanted + "2")["Tags"] == [
        {"Key": "team", "Value": "web"}
    ]
    listed = iam.list_server_certificates(PathPrefix="/cdn/")["ServerCertificateMetadataList"]
    assert wanted + "2" in [one["ServerCertificateName"] for one in listed]
    iam.delete_server_certificate(ServerCertificateName=wanted + "2")
    with refused("NoSuchEntity"):
        iam.get_server_certificate(ServerCertificateName=wanted + "2")


def test_keys_and_certificates_of_a_user(iam, user):
    body, _ = certificate()
    signing = iam.upload_signing_certificate(UserName=user, CertificateBody=body)["Certificate"]
    iam.update_signing_certificate(
        UserName=user, CertificateId=signing["CertificateId"], Status="Inactive"
    )
    assert [
        one["Status"] for one in iam.list_signing_certificates(UserName=user)["Certificates"]
    ] == ["Inactive"]
    public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    text = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    key = iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody=text)["SSHPublicKey"]
    pem = iam.get_ssh_public_key(
        UserName=user, SSHPublicKeyId=key["SSHPublicKeyId"], Encoding="PEM"
    )
    assert pem["SSHPublicKey"]["SSHPublicKeyBody"].startswith("-----BEGIN PUBLIC KEY-----")
    with refused("InvalidPublicKey"):
        iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody="not a key")
    made = iam.create_service_specific_credential(
        UserName=user, ServiceName="codecommit.amazonaws.com"
    )
    credential = made["ServiceSpecificCredential"]
    listed = iam.list_service_specific_credentials(UserName=user)["ServiceSpecificCredentials"]
    assert "ServicePassword" not in listed[0]
    reset = iam.reset_service_specific_credential(
        UserName=user, ServiceSpecificCredentialId=credential["ServiceSpecificCredentialId"]
    )["ServiceSpecificCredential"]
    assert reset["ServicePassword"] not in ("", credential["ServicePassword"])
    with refused("NoSuchEntity"):
        iam.create_service_specific_credential(UserName=user, ServiceName="s3.amazonaws.com")
    with refused("NoSuchEntity"):
        iam.list_service_specific_credentials(UserName=user, ServiceName="s3.amazonaws.com")
    iam.delete_service_specific_credential(
        UserName=user, ServiceSpecificCredentialId=credential["ServiceSpecificCredentialId"]
    )
    iam.delete_ssh_public_key(UserName=user, SSHPublicKeyId=key["SSHPublicKeyId"])
    iam.delete_signing_certificate(UserName=user, CertificateId=signing["CertificateId"])
    iam.delete_user(UserName=user)


def test_saml_providers_are_kept_and_changed(volano, iam):
    metadata = Provider().metadata()
    made = iam.create_saml_provider(Name=name("idp"), SAMLMetadataDocument=metadata)[
        "SAMLProviderArn"
    ]
    assert iam.get_saml_provider(SAMLProviderArn=made)["SAMLMetadataDocument"] == metadata
    assert made in [one["Arn"] for one in iam.list_saml_providers()["SAMLProviderList"]]
    newer = Provider("https://newer.example.com").metadata()
    iam.update_saml_provider(SAMLProviderArn=made, SAMLMetadataDocument=newer)
    assert iam.get_saml_provider(SAMLProviderArn=made)["SAMLMetadataDocument"] == newer
    for document in ("x" * 1000, metadata.replace("X509Certificate>", "X509Nothing>")):
        with refused("InvalidInput"):
            iam.create_saml_provider(Name=name("idp"), SAMLMetadataDocument=document)
    iam.delete_saml_provider(SAMLProviderArn=made)


def test_service_linked_roles_change_by_their_own_actions_only(iam):
    made = iam.create_service_linked_role(
        AWSServiceName="autoscaling.amazonaws.com", CustomSuffix=uuid.uuid4().hex[:8]
    )["Role"]
    assert made["Path"] == "/aws-service-role/autoscaling.amazonaws.com/"
    for change in (
        lambda: iam.delete_role(RoleName=made["RoleName"]),
        lambda: iam.attach_role_policy(
            RoleName=made["RoleName"], PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"
        ),
    ):
        with refused("UnmodifiableEntity"):
            change()
    task = iam.delete_service_linked_role(RoleName=made["RoleName"])["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    with refused("NoSuchEntity"):
        iam.get_role(RoleName=made["RoleName"])
    with pytest.raises(ClientError, match="Custom suffix is not allowed for batch"):
        iam.create_service_linked_role(AWSServiceName="batch.amazonaws.com", CustomSuffix="a")
    batch = iam.create_service_linked_role(AWSServiceName="batch.amazonaws.com")["Role"]["RoleName"]
    assert batch == "AWSServiceRoleForBatch"
    iam.delete_service_linked_role(RoleName=batch)


# --- an account of its own: these change or list what the whole account has ------------------------


@pytest.fixture
def other(volano):
    """IAM as the administrator of a new account."""
    made = volano.add_account()
    key = {
        "AccessKeyId": made["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": made["AWS_SECRET_ACCESS_KEY"],
    }
    return client_of(volano, "iam", key)


def test_password_policy_is_enforced(other):
    with refused("NoSuchEntity"):
        other.get_account_password_policy()
    other.update_account_password_policy(
        MinimumPasswordLength=12,
        RequireNumbers=True,
        RequireSymbols=True,
        PasswordReusePrevention=2,
        MaxPasswordAge=90,
    )
    policy = other.get_account_password_policy()["PasswordPolicy"]
    assert (policy["MinimumPasswordLength"], policy["ExpirePasswords"], policy["HardExpiry"]) == (
        12,
        True,
        False,
    )
    other.create_user(UserName="ada")
    with refused("PasswordPolicyViolation"):
        other.create_login_profile(UserName="ada", Password="only letters here")
    other.create_login_profile(UserName="ada", Password="a number 1 and a sign!")
    with refused("PasswordPolicyViolation"):
        other.update_login_profile(UserName="ada", Password="a number 1 and a sign!")
    other.update_login_profile(UserName="ada", Password="a number 2 and a sign!")
    with pytest.raises(ClientError, match="3 validation errors detected"):
        other.update_account_password_policy(
            MinimumPasswordLength=200, PasswordReusePrevention=30, MaxPasswordAge=2000
        )
    other.delete_account_password_policy()


def test_credential_report(other):
    other.create_user(UserName="ada")
    other.create_access_key(UserName="ada")
    with refused("ReportNotPresent"):
        other.get_credential_report()
    assert other.generate_credential_report()["State"] == "STARTED"
    assert other.generate_credential_report()["State"] == "COMPLETE"
    report = other.get_credential_report()["Content"].decode()
    lines = {line["user"]: line for line in csv.DictReader(report.splitlines())}
    assert set(lines) == {"<root_account>", "admin", "ada"}
    ada = lines["ada"]
    assert (ada["password_enabled"], ada["mfa_active"], ada["access_key_1_active"]) == (
        "false",
        "false",
        "true",
    )
    assert lines["admin"]["access_key_1_last_used_service"] == "iam"


def test_authorization_details_and_summary(other):
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
        }
    )
    other.create_user(UserName="ada", Tags=[{"Key": "team", "Value": "blue"}])
    other.put_user_policy(UserName="ada", PolicyName="own", PolicyDocument=document)
    other.create_group(GroupName="team")
    other.add_user_to_group(GroupName="team", UserName="ada")
    policy = other.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    other.attach_group_policy(GroupName="team", PolicyArn=policy)
    found = other.get_account_authorization_details(Filter=["User", "Group", "LocalManagedPolicy"])
    users = {one["UserName"]: one for one in found["UserDetailList"]}
    assert users["ada"]["GroupList"] == ["team"]
    assert users["ada"]["UserPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] == "s3:*"
    assert found["GroupDetailList"][0]["AttachedManagedPolicies"] == [
        {"PolicyName": "p", "PolicyArn": policy}
    ]
    assert found["Policies"][0]["PolicyVersionList"][0]["IsDefaultVersion"] is True
    assert found["RoleDetailList"] == []
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    other.create_role(RoleName="worker", AssumeRolePolicyDocument=trust, Description="works")
    roles = other.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]
    assert [one["RoleName"] for one in roles] == ["worker"]
    pages = other.get_paginator("get_account_authorization_details").paginate(
        PaginationConfig={"PageSize": 3}
    )
    names = [one["PolicyName"] for page in pages for one in page["Policies"]]
    assert len(names) == len(set(names)) > 10
    summary = other.get_account_summary()["SummaryMap"]
    assert (
        summary["Users"],
        summary["Groups"],
        summary["MFADevices"],
        summary["AccountMFAEnabled"],
    ) == (2, 1, 0, 0)


def test_what_was_last_accessed_and_which_policies_open_it(volano, other):
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": ["s3:List*", "sqs:*"], "Resource": "*"}],
        }
    )
    arn = other.create_user(UserName="ada")["User"]["Arn"]
    other.put_user_policy(UserName="ada", PolicyName="own", PolicyDocument=document)
    other.attach_user_policy(
        UserName="ada", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
    )
    key = other.create_access_key(UserName="ada")["AccessKey"]
    client_of(volano, "s3", key).list_buckets()
    job = other.generate_service_last_accessed_details(Arn=arn)["JobId"]
    answer = other.get_service_last_accessed_details(JobId=job)
    found = {one["ServiceNamespace"]: one for one in answer["ServicesLastAccessed"]}
    assert answer["JobStatus"] == "COMPLETED"
    assert set(found) == {"ec2", "s3", "sqs"}
    assert (found["s3"]["LastAuthenticatedEntity"], "LastAuthenticated" in found["sqs"]) == (
        arn,
        False,
    )
    who = other.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="s3")
    assert who["EntityDetailsList"][0]["EntityInfo"]["Arn"] == arn
    granting = other.list_policies_granting_service_access(
        Arn=arn, ServiceNamespaces=["s3", "ec2", "kms"]
    )
    policies = {
        one["ServiceNamespace"]: one["Policies"]
        for one in granting["PoliciesGrantingServiceAccess"]
    }
    assert policies["s3"] == [
        {"PolicyName": "own", "PolicyType": "INLINE", "EntityType": "USER", "EntityName": "ada"}
    ]
    assert [one["PolicyName"] for one in policies["ec2"]] == ["AmazonEC2ReadOnlyAccess"]
    assert policies["kms"] == []
    with refused("NoSuchEntity"):
        other.get_service_last_accessed_details(JobId=str(uuid.uuid4()))
