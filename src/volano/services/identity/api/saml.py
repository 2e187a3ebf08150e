"""IAM SAML providers."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import (
    Shape,
    new_resource,
    seconds,
    tag_condition,
    tag_shapes,
    tags_of,
)
from volano.services.identity.logic import saml as logic
from volano.services.identity.model.errors import ValidationError
from volano.services.identity.model.items import Item
from volano.wire.action import action

PROVIDER = "{SAMLProviderArn}"
PROVIDERS = "arn:aws:iam::{account}:saml-provider/*"
_KEPT = "The provider is kept; AssumeRoleWithSAML is not built, so it lets nobody in."


def _require_plain(request: Shape) -> None:
    if request.get("AddPrivateKey") or request.get("AssertionEncryptionMode"):
        raise ValidationError("Encrypted SAML assertions are not supported.")


@action(
    "iam:CreateSAMLProvider",
    permission="iam:CreateSAMLProvider",
    resource=new_resource("saml-provider", "Name"),
    condition=tag_condition,
    partial=_KEPT,
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
