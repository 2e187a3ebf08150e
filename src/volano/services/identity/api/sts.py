"""The Security Token Service."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import Shape, credentials, tags_of
from volano.services.identity.logic import messages, session_tokens, sts
from volano.services.identity.model.errors import InvalidParameterValue, ValidationError
from volano.services.identity.store.keys import find_access_key, find_temporary_key
from volano.wire.action import SIGNED_IN, action


def _policy_arns(request: Shape) -> list[str]:
    return [one["arn"] for one in request.get("PolicyArns") or () if one.get("arn")]


@action(
    "sts:GetCallerIdentity",
    permission=SIGNED_IN,
    resource="*",
)
async def get_caller_identity(env: Env, call: Call, request: Shape) -> Shape:
    who = call.principal
    return {"UserId": who.id, "Account": who.account, "Arn": who.arn}


# The role's trust policy decides, which only logic can read: see `sts.assume_role`.
@action("sts:AssumeRole", permission=SIGNED_IN, resource="{RoleArn}", read_only=False)
async def assume_role(env: Env, call: Call, request: Shape) -> Shape:
    if request.get("ProvidedContexts"):
        raise ValidationError("ProvidedContexts are not supported.")
    if bool(request.get("SerialNumber")) != bool(request.get("TokenCode")):
        raise ValidationError("SerialNumber and TokenCode go together.")
    wanted = sts.AssumeRole(
        role_arn=request["RoleArn"],
        session_name=request["RoleSessionName"],
        duration_s=request.get("DurationSeconds"),
        policy=request.get("Policy"),
        policy_arns=_policy_arns(request),
        tags=tags_of(request, InvalidParameterValue),
        transitive=tuple(request.get("TransitiveTagKeys") or ()),
        external_id=request.get("ExternalId"),
        source_identity=request.get("SourceIdentity"),
        serial=request.get("SerialNumber"),
        code=request.get("TokenCode"),
    )
    made = await sts.assume_role(env, call, wanted)
    shape: Shape = {
        "Credentials": credentials(made),
        "AssumedRoleUser": {"AssumedRoleId": made.principal_id, "Arn": made.arn},
        "PackedPolicySize": made.packed_percent,
    }
    if wanted.source_identity:
        shape["SourceIdentity"] = wanted.source_identity
    return shape


@action("sts:GetSessionToken", permission=SIGNED_IN, resource="*", read_only=False)
async def get_session_token(env: Env, call: Call, request: Shape) -> Shape:
    made = await session_tokens.get_session_token(
        env,
        call,
        request.get("DurationSeconds"),
        serial=request.get("SerialNumber"),
        code=request.get("TokenCode"),
    )
    return {"Credentials": credentials(made)}


@action(
    "sts:GetFederationToken",
    permission="sts:GetFederationToken",
    resource="arn:aws:sts::{account}:federated-user/{Name}",
    read_only=False,
)
async def get_federation_token(env: Env, call: Call, request: Shape) -> Shape:
    wanted = session_tokens.Federation(
        name=request["Name"],
        duration_s=request.get("DurationSeconds"),
        policy=request.get("Policy"),
        policy_arns=_policy_arns(request),
        tags=tags_of(request, InvalidParameterValue),
    )
    made = await session_tokens.get_federation_token(env, call, wanted)
    return {
        "Credentials": credentials(made),
        "FederatedUser": {"FederatedUserId": made.principal_id, "Arn": made.arn},
        "PackedPolicySize": made.packed_percent,
    }


@action(
    "sts:DecodeAuthorizationMessage",
    permission="sts:DecodeAuthorizationMessage",
    resource="*",
    read_only=True,
)
async def decode_authorization_message(env: Env, call: Call, request: Shape) -> Shape:
    return {"DecodedMessage": messages.decode_message(env, call, request["EncodedMessage"])}


@action("sts:GetAccessKeyInfo", permission="sts:GetAccessKeyInfo", resource="*")
async def get_access_key_info(env: Env, call: Call, request: Shape) -> Shape:
    key_id = request["AccessKeyId"]
    found = await find_access_key(env.store.reader, key_id)
    temporary = None if found else await find_temporary_key(env.store.reader, key_id)
    account = found.account if found else temporary.account if temporary else ""
    # Only keys of the own account are told, so that nobody can probe for other tenants' keys.
    if account != call.account:
        raise ValidationError(f"Invalid access key id: {key_id[:128]}")
    return {"Account": account}
