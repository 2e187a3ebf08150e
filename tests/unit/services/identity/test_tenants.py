"""Every IAM and identity action, called from another account: nothing is seen, nothing changes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from volano.kernel.call import Call, anonymous
from volano.kernel.errors import Denied, Unauthenticated, VolanoError
from volano.kernel.ids import RequestId
from volano.services.identity import interface as identity
from volano.services.identity.logic.bootstrap import (
    add_account,
    add_administrator,
    make_account_id,
)
from volano.wire.action import PUBLIC, SIGNED_IN, find_action, list_actions, run_action

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
)


def call_of(env, principal, **changes) -> Call:
    made = Call(
        principal=principal,
        account=principal.account,
        region=env.region.name,
        request_id=RequestId(env.ids.uuid()),
        deadline_s=env.clock.monotonic_s() + 60,
        door="aws",
    )
    return replace(made, **changes)


async def run(env, call, name, **request):
    found = find_action(name)
    assert found is not None, name
    return await run_action(env, call, found, request)


@pytest.fixture
async def owner(env) -> Call:
    """An administrator whose account has one of everything."""
    first = await identity.bootstrap(env)
    call = call_of(env, await env.authority.find_token(first.api_key))
    await run(env, call, "iam:CreateUser", UserName="ada")
    await run(env, call, "iam:CreateGroup", GroupName="team")
    await run(env, call, "iam:AddUserToGroup", GroupName="team", UserName="ada")
    await run(env, call, "iam:CreateRole", RoleName="role", AssumeRolePolicyDocument=TRUST)
    await run(env, call, "iam:CreateInstanceProfile", InstanceProfileName="profile")
    await run(env, call, "iam:CreatePolicy", PolicyName="policy", PolicyDocument=POLICY)
    await run(env, call, "iam:CreateAccessKey", UserName="ada")
    issuer = {"Url": "https://issuer.example", "ClientIDList": ["app"]}
    await run(env, call, "iam:CreateOpenIDConnectProvider", **issuer)
    for kind in ("User", "Group", "Role"):
        name = {"User": "ada", "Group": "team", "Role": "role"}[kind]
        await run(
            env,
            call,
            f"iam:Put{kind}Policy",
            PolicyName="inline",
            PolicyDocument=POLICY,
            **{f"{kind}Name": name},
        )
    return call


@pytest.fixture
async def stranger(env, owner) -> Call:
    """An administrator of another account."""

    async def write(tx):
        account, _ = await add_account(tx, env, make_account_id(env), name="O", alias="other")
        return await add_administrator(tx, env, account.id, "eve")

    user = await env.store.transact(write)
    return call_of(env, user.principal())


def requests(owner: Call, key_id: str) -> dict[str, object]:
    """Every field that names a thing of the owner's, for any action."""
    return {
        "UserName": "ada", "GroupName": "team", "RoleName": "role", "NewUserName": "eva",
        "InstanceProfileName": "profile", "PolicyName": "inline", "PolicyDocument": POLICY,
        "PolicyArn": f"arn:aws:iam::{owner.account}:policy/policy", "VersionId": "v1",
        "AccessKeyId": key_id, "Status": "Inactive", "Description": "x",
        "AccountAlias": "home", "Tags": [{"Key": "a", "Value": "b"}], "TagKeys": ["a"],
        "PermissionsBoundary": f"arn:aws:iam::{owner.account}:policy/policy",
        "Password": "a long enough one", "OldPassword": "x", "NewPassword": "a long enough one",
        "PrincipalArn": f"arn:aws:iam::{owner.account}:saml-provider/idp", "SAMLAssertion": "PHg+",
        "OpenIDConnectProviderArn": f"arn:aws:iam::{owner.account}:oidc-provider/issuer.example",
        "Url": "https://other.example", "ClientID": "app", "ThumbprintList": ["a" * 40],
        "WebIdentityToken": "not.a.token",
        "RoleArn": f"arn:aws:iam::{owner.account}:role/role", "RoleSessionName": "work",
        "AssumeRolePolicyDocument": TRUST,
        "ActionNames": ["s3:GetObject"], "PolicyInputList": [POLICY], "EncodedMessage": "eA==",
        "PolicySourceArn": f"arn:aws:iam::{owner.account}:user/ada", "Name": "visitor",
        "Arn": f"arn:aws:iam::{owner.account}:user/ada", "ServiceNamespaces": ["s3"],
        "SerialNumber": f"arn:aws:iam::{owner.account}:mfa/phone", "JobId": "j" * 36,
        "VirtualMFADeviceName": "mine", "AuthenticationCode1": "123456",
        "AuthenticationCode2": "234567", "ServerCertificateName": "cert",
        "CertificateBody": "x", "PrivateKey": "x", "CertificateId": "C" * 24,
        "SSHPublicKeyBody": "x", "SSHPublicKeyId": "APKA" + "A" * 16, "Encoding": "SSH",
        "ServiceName": "codecommit.amazonaws.com", "ServiceSpecificCredentialId": "A" * 20,
        "SAMLProviderArn": f"arn:aws:iam::{owner.account}:saml-provider/idp",
        "SAMLMetadataDocument": "x" * 1000, "AWSServiceName": "ec2.amazonaws.com",
        "DeletionTaskId": "task/aws-service-role/x/y/" + "0" * 36, "ServiceNamespace": "s3",
        "AssignmentStatus": "Any", "Marker": None,
    }  # fmt: skip


async def snapshot(env, account: str) -> list[object]:
    """All that is stored of an account, but for what its own calls leave behind."""
    found: list[object] = []
    for table in ("user", "group", "role", "instance_profile", "policy", "access_key"):
        sql = f"SELECT * FROM identity_{table} WHERE account = ? ORDER BY id"
        found += await env.store.reader.rows(sql, account)
    for table in ("policy_version", "inline_policy", "attachment", "membership", "login"):
        found += await env.store.reader.rows(
            f"SELECT * FROM identity_{table} WHERE "
            + {
                "policy_version": "policy_id IN (SELECT id FROM identity_policy WHERE account = ?)",
                "inline_policy": "target_id IN (SELECT id FROM identity_user WHERE account = ?)",
                "attachment": "account = ?",
                "membership": "user_id IN (SELECT id FROM identity_user WHERE account = ?)",
                "login": "user_id IN (SELECT id FROM identity_user WHERE account = ?)",
            }[table]
            + " ORDER BY 1, 2",
            account,
        )
    found += await env.store.reader.rows("SELECT * FROM identity_account WHERE id = ?", account)
    return found


OWN_ONLY = {
    # These make or read the caller's own things whatever names are given.
    "iam:CreateUser", "iam:CreateGroup", "iam:CreateRole", "iam:CreateInstanceProfile",
    "iam:CreateOpenIDConnectProvider", "iam:ListOpenIDConnectProviders",
    "iam:CreatePolicy", "iam:ListUsers", "iam:ListGroups", "iam:ListRoles", "iam:ListPolicies",
    "iam:ListInstanceProfiles", "iam:GetAccountSummary", "iam:ListAccountAliases",
    "sts:GetCallerIdentity", "sts:GetSessionToken", "sts:GetFederationToken",
    "iam:SimulateCustomPolicy", "iam:GetContextKeysForCustomPolicy",
    "iam:CreateVirtualMFADevice", "iam:CreateServiceLinkedRole", "iam:UpdateAccountPasswordPolicy",
    "iam:DeleteAccountPasswordPolicy", "iam:GetAccountPasswordPolicy",
    "iam:GenerateCredentialReport", "iam:GetCredentialReport", "iam:ListSAMLProviders",
    "iam:GetAccountAuthorizationDetails", "iam:ListServerCertificates",
    "iam:ListVirtualMFADevices", "iam:DeleteOpenIDConnectProvider",
    "iam:GetServiceLinkedRoleDeletionStatus",
}  # fmt: skip


async def attempt(env, call, name, fields):
    try:
        return await run(env, call, name, **fields), None
    except VolanoError as error:
        return None, error


async def test_no_action_of_another_account_reaches_anything(env, owner, stranger):
    key_id = (await env.store.reader.rows("SELECT id FROM identity_access_key"))[0][0]
    before = await snapshot(env, owner.account)
    fields = requests(owner, key_id)
    names = [a.name for a in list_actions("aws") if a.name.startswith(("iam:", "sts:"))]
    assert len(names) > 80
    for name in sorted(names, key=lambda one: (one in OWN_ONLY, one)):
        answer, error = await attempt(env, stranger, name, fields)
        if name in OWN_ONLY:
            assert owner.account not in json.dumps(answer, default=str), name
        else:
            assert error is not None, f"{name} answered {answer}"
            assert error.wire_status in (400, 403, 404, 409), name
    assert await snapshot(env, owner.account) == before


async def test_every_action_refuses_nobody_and_the_powerless(env, owner):
    await run(env, owner, "iam:CreateUser", UserName="weak")
    weak = await env.store.reader.row("SELECT id FROM identity_user WHERE name = 'weak'")
    principal = await identity.find_principal(env.store.reader, weak[0])
    fields = requests(owner, "AKIANONE")
    for found in list_actions("aws"):
        if not found.name.startswith(("iam:", "sts:")) or found.permission in (PUBLIC, SIGNED_IN):
            continue
        for who in (anonymous(), principal):
            with pytest.raises((Denied, Unauthenticated)):
                await run(env, call_of(env, who), found.name, **fields)


async def test_signed_in_actions_refuse_nobody(env, owner):
    nobody = call_of(env, anonymous())
    checked = 0
    for found in list_actions():
        if found.permission == SIGNED_IN and found.name.startswith(("sts:", "volano:")):
            with pytest.raises((Unauthenticated, Denied)):
                await run_action(env, nobody, found, {})
            checked += 1
    assert checked > 5
