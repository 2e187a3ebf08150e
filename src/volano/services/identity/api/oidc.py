"""IAM OpenID Connect providers, and STS AssumeRoleWithWebIdentity."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import (
    Shape,
    credentials,
    seconds,
    tag_condition,
    tag_shapes,
    tags_of,
)
from volano.services.identity.logic import oidc as logic
from volano.services.identity.logic import sts, web_identity
from volano.services.identity.model.errors import ValidationError
from volano.wire.action import PUBLIC, action

PROVIDER = "{OpenIDConnectProviderArn}"
PROVIDERS = "arn:aws:iam::{account}:oidc-provider/*"


def _new_provider(call: Call, request: Shape) -> str:
    url = str(request.get("Url") or "").partition("://")[2]
    return f"arn:aws:iam::{call.account}:oidc-provider/{url}"


@action(
    "iam:CreateOpenIDConnectProvider",
    permission="iam:CreateOpenIDConnectProvider",
    resource=_new_provider,
    condition=tag_condition,
)
async def create_open_id_connect_provider(env: Env, call: Call, request: Shape) -> Shape:
    made = await logic.create_provider(
        env,
        call,
        request["Url"],
        client_ids=request.get("ClientIDList") or (),
        thumbprints=request.get("ThumbprintList") or (),
        tags=tags_of(request),
    )
    return {"OpenIDConnectProviderArn": made.arn, "Tags": tag_shapes(made.tags)}


@action(
    "iam:GetOpenIDConnectProvider",
    permission="iam:GetOpenIDConnectProvider",
    resource=PROVIDER,
)
async def get_open_id_connect_provider(env: Env, call: Call, request: Shape) -> Shape:
    found = await logic.get_provider(env, call, request["OpenIDConnectProviderArn"])
    return {
        "Url": found.url,
        "ClientIDList": list(found.client_ids),
        "ThumbprintList": list(found.thumbprints),
        "CreateDate": seconds(found.created_us),
        "Tags": tag_shapes(found.tags),
    }


@action(
    "iam:ListOpenIDConnectProviders",
    permission="iam:ListOpenIDConnectProviders",
    resource=PROVIDERS,
)
async def list_open_id_connect_providers(env: Env, call: Call, request: Shape) -> Shape:
    found = await logic.list_providers(env, call)
    return {"OpenIDConnectProviderList": [{"Arn": each.arn} for each in found]}


@action(
    "iam:DeleteOpenIDConnectProvider",
    permission="iam:DeleteOpenIDConnectProvider",
    resource=PROVIDER,
)
async def delete_open_id_connect_provider(env: Env, call: Call, request: Shape) -> None:
    await logic.delete_provider(env, call, request["OpenIDConnectProviderArn"])


@action(
    "iam:AddClientIDToOpenIDConnectProvider",
    permission="iam:AddClientIDToOpenIDConnectProvider",
    resource=PROVIDER,
)
async def add_client_id_to_open_id_connect_provider(env: Env, call: Call, request: Shape) -> None:
    await logic.add_client_id(env, call, request["OpenIDConnectProviderArn"], request["ClientID"])


@action(
    "iam:RemoveClientIDFromOpenIDConnectProvider",
    permission="iam:RemoveClientIDFromOpenIDConnectProvider",
    resource=PROVIDER,
)
async def remove_client_id_from_open_id_connect_provider(
    env: Env, call: Call, request: Shape
) -> None:
    arn = request["OpenIDConnectProviderArn"]
    await logic.remove_client_id(env, call, arn, request["ClientID"])


@action(
    "iam:UpdateOpenIDConnectProviderThumbprint",
    permission="iam:UpdateOpenIDConnectProviderThumbprint",
    resource=PROVIDER,
)
async def update_open_id_connect_provider_thumbprint(env: Env, call: Call, request: Shape) -> None:
    arn = request["OpenIDConnectProviderArn"]
    await logic.update_thumbprints(env, call, arn, request["ThumbprintList"])


# The token is the credential, and the role's trust policy decides: see logic/web_identity.py.
@action(
    "sts:AssumeRoleWithWebIdentity",
    permission=PUBLIC,
    resource="{RoleArn}",
    read_only=False,
    partial="Issuers that sign with RS256 or ES256.",
)
async def assume_role_with_web_identity(env: Env, call: Call, request: Shape) -> Shape:
    if request.get("ProviderId"):
        raise ValidationError("ProviderId is for OAuth 2.0 providers, which are not supported.")
    wanted = sts.AssumeRole(
        role_arn=request["RoleArn"],
        session_name=request["RoleSessionName"],
        duration_s=request.get("DurationSeconds"),
        policy=request.get("Policy"),
        policy_arns=[one["arn"] for one in request.get("PolicyArns") or ()],
    )
    made, identity = await web_identity.assume_role_with_web_identity(
        env, call, wanted, request["WebIdentityToken"]
    )
    vouched = identity.vouched
    return {
        "Credentials": credentials(made),
        "SubjectFromWebIdentityToken": vouched.subject,
        "AssumedRoleUser": {"AssumedRoleId": made.principal_id, "Arn": made.arn},
        "Provider": identity.provider.arn,
        "Audience": identity.audience,
        "PackedPolicySize": made.packed_percent,
    } | ({"SourceIdentity": vouched.source_identity} if vouched.source_identity else {})
