"""IAM SAML providers, and STS AssumeRoleWithSAML."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import (
    Shape,
    credentials,
    new_resource,
    seconds,
    tag_condition,
    tag_shapes,
    tags_of,
)
from volano.services.identity.logic import saml as logic
from volano.services.identity.logic import saml_sign_in, sts
from volano.services.identity.model.errors import ValidationError
from volano.services.identity.model.items import Item
from volano.wire.action import PUBLIC, action

PROVIDER = "{SAMLProviderArn}"
PROVIDERS = "arn:aws:iam::{account}:saml-provider/*"


def _require_plain(request: Shape) -> None:
    if request.get("AddPrivateKey") or request.get("AssertionEncryptionMode"):
        raise ValidationError("Encrypted SAML assertions are not supported.")


@action(
    "iam:CreateSAMLProvider",
    permission="iam:CreateSAMLProvider",
    resource=new_resource("saml-provider", "Name"),
    condition=tag_condition,
)
async def create_saml_provider(env: Env, call: Call, request: Shape) -> Shape:
    _require_plain(request)
    made = await logic.create_provider(
        env, call, request["Name"], request["SAMLMetadataDocument"], tags_of(request)
    )
    return {"SAMLProviderArn": made.id} | ({"Tags": tag_shapes(made.tags)} if made.tags else {})


@action("iam:GetSAMLProvider", permission="iam:GetSAMLProvider", resource=PROVIDER)
async def get_saml_provider(env: Env, call: Call, request: Shape) -> Shape:
    found = await logic.get_provider(env.store.reader, call.account, request["SAMLProviderArn"])
    return {
        "SAMLProviderUUID": found.body["uuid"],
        "SAMLMetadataDocument": found.body["metadata"],
        **_dates(found),
        "Tags": tag_shapes(found.tags),
    }


def _dates(found: Item) -> Shape:
    return {
        "CreateDate": seconds(found.created_us),
        "ValidUntil": seconds(found.created_us + logic.VALID_US),
    }


@action("iam:ListSAMLProviders", permission="iam:ListSAMLProviders", resource=PROVIDERS)
async def list_saml_providers(env: Env, call: Call, request: Shape) -> Shape:
    found = await logic.list_providers(env, call)
    return {"SAMLProviderList": [{"Arn": one.id, **_dates(one)} for one in found]}


@action("iam:UpdateSAMLProvider", permission="iam:UpdateSAMLProvider", resource=PROVIDER)
async def update_saml_provider(env: Env, call: Call, request: Shape) -> Shape:
    _require_plain(request)
    arn = request["SAMLProviderArn"]
    await logic.update_provider(env, call, arn, request.get("SAMLMetadataDocument"))
    return {"SAMLProviderArn": arn}


@action("iam:DeleteSAMLProvider", permission="iam:DeleteSAMLProvider", resource=PROVIDER)
async def delete_saml_provider(env: Env, call: Call, request: Shape) -> None:
    await logic.delete_provider(env, call, request["SAMLProviderArn"])


# The assertion is the credential, and the role's trust policy decides: see logic/saml_sign_in.py.
@action(
    "sts:AssumeRoleWithSAML",
    permission=PUBLIC,
    resource="{RoleArn}",
    read_only=False,
    partial="Assertions that are signed with SHA-2 and not encrypted.",
)
async def assume_role_with_saml(env: Env, call: Call, request: Shape) -> Shape:
    wanted = sts.AssumeRole(
        role_arn=request["RoleArn"],
        session_name="",
        duration_s=request.get("DurationSeconds"),
        policy=request.get("Policy"),
        policy_arns=[one["arn"] for one in request.get("PolicyArns") or ()],
    )
    made, identity = await saml_sign_in.assume_role_with_saml(
        env, call, wanted, request["PrincipalArn"], request["SAMLAssertion"]
    )
    return {
        "Credentials": credentials(made),
        "AssumedRoleUser": {"AssumedRoleId": made.principal_id, "Arn": made.arn},
        "PackedPolicySize": made.packed_percent,
        "Subject": identity.assertion.subject,
        "SubjectType": identity.subject_type,
        "Issuer": identity.assertion.issuer,
        "Audience": identity.assertion.recipient,
        "NameQualifier": identity.qualifier,
    } | ({"SourceIdentity": identity.source_identity} if identity.source_identity else {})
