"""KMS: grants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.identity.interface import RESOURCE_POLICY
from volano.services.kms.api.members import (
    KEY,
    facts_of,
    facts_of_key_itself,
    page_limit,
    page_shape,
    parse_marker,
    require_real,
)
from volano.services.kms.logic import grants as logic
from volano.services.kms.logic.access import (
    find_named_key,
    key_facts,
    require_key_name,
)
from volano.services.kms.logic.errors import ValidationException
from volano.services.kms.logic.granting import add_grants
from volano.wire.action import RESOLVED, action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.kms.api.members import Shape
    from volano.services.kms.model import Grant, Key


def _parse(call: Call, key: Key, request: Shape) -> Grant:
    grant = logic.parse_grant(call, key, request["Operations"], request.get("Constraints") or {})
    return replace(
        grant,
        name=request.get("Name") or "",
        grantee=request.get("GranteePrincipal") or request.get("GranteeServicePrincipal") or "",
        retiring=request.get("RetiringPrincipal") or request.get("RetiringServicePrincipal") or "",
    )


async def _facts_of_new(env: Env, call: Call, request: Shape) -> dict[str, str]:
    require_key_name(request["KeyId"])
    key = await find_named_key(env, env.store.reader, call, request["KeyId"])
    child = _parse(call, key, request)
    facts = await key_facts(env, call, key, child=child)
    facts["kms:GrantOperations"] = "\n".join(child.operations)
    facts["kms:GranteePrincipal"] = child.grantee
    if child.retiring:
        facts["kms:RetiringPrincipal"] = child.retiring
    if child.context_equals is not None:
        facts["kms:GrantConstraintType"] = "EncryptionContextEquals"
    elif child.context_subset is not None:
        facts["kms:GrantConstraintType"] = "EncryptionContextSubset"
    return {**facts, RESOLVED: key.arn}


@action(
    "kms:CreateGrant",
    permission="kms:CreateGrant",
    resource=KEY,
    facts=_facts_of_new,
    partial="Constraints on the encryption context; no SourceArn.",
)
async def create_grant(env: Env, call: Call, request: Shape) -> Shape:
    if (request.get("Constraints") or {}).get("SourceArn"):
        raise ValidationException("The grant constraint SourceArn is not supported.")
    key = await find_named_key(env, env.store.reader, call, request["KeyId"])
    grant = _parse(call, key, request)
    if not grant.grantee:
        raise ValidationException("GranteePrincipal is required.")
    grant = replace(grant, id=env.ids.hex(64), created_us=env.clock.now_us())
    logic.require_grant(env, key, grant)
    require_real(request)
    grant = await logic.create_grant(env, call, key, grant)
    return {"GrantId": grant.id, "GrantToken": logic.token_of(env, grant)}


@action("kms:ListGrants", permission="kms:ListGrants", resource=KEY, facts=facts_of_key_itself)
async def list_grants(env: Env, call: Call, request: Shape) -> Shape:
    key, found, after = await logic.list_grants(
        env,
        call,
        request["KeyId"],
        grantee=request.get("GranteePrincipal") or "",
        grant_id=request.get("GrantId") or "",
        after=parse_marker(request),
        limit=page_limit(request, default=50),
    )
    return page_shape("Grants", [_shape(grant, key.arn) for grant in found], after)


@action("kms:ListRetirableGrants", permission="kms:ListRetirableGrants", resource="*")
async def list_retirable_grants(env: Env, call: Call, request: Shape) -> Shape:
    """The retiring principal must be of the caller's own account."""
    retiring = request.get("RetiringPrincipal") or ""
    own = retiring == call.account or f"::{call.account}:" in retiring or env.config.test_mode
    if not own:
        return page_shape("Grants", [], None)
    found, after = await logic.list_retirable_grants(
        env, retiring, after=parse_marker(request), limit=page_limit(request, default=50)
    )
    region = env.region.name
    shapes = [
        _shape(grant, f"arn:aws:kms:{region}:{grant.account}:key/{grant.key_id}") for grant in found
    ]
    return page_shape("Grants", shapes, after)


@action("kms:RevokeGrant", permission="kms:RevokeGrant", resource=KEY, facts=facts_of_key_itself)
async def revoke_grant(env: Env, call: Call, request: Shape) -> None:
    key = await find_named_key(env, env.store.reader, call, request["KeyId"])
    grant = await logic.get_grant(env, key.account, key.id, request["GrantId"])
    require_real(request)
    await logic.delete_grant(env, grant)


async def _find_retired(env: Env, call: Call, request: Shape) -> tuple[Key, Grant]:
    """The grant that a token names, or a key's id and the grant's."""
    if request.get("GrantToken"):
        account, key_id, grant_id = logic.parse_token(env, request["GrantToken"])
        name = f"arn:aws:kms:{env.region.name}:{account}:key/{key_id}"
    elif request.get("KeyId") and request.get("GrantId"):
        name, grant_id = request["KeyId"], request["GrantId"]
    else:
        raise ValidationException("Give a GrantToken, or a KeyId and a GrantId.")
    key = await find_named_key(env, env.store.reader, call, name)
    return key, await logic.get_grant(env, key.account, key.id, grant_id)


async def _facts_of_retired(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """The retiring principal and the issuer's account may, beside whom policies let."""
    key, grant = await _find_retired(env, call, request)
    facts = await facts_of(env, call, key, {"KeyId": key.arn})
    may = [
        replace(grant, grantee=name, operations=("RetireGrant",))
        for name in (grant.retiring, grant.issuer)
        if name
    ]
    facts[RESOURCE_POLICY] = add_grants(facts[RESOURCE_POLICY], may)
    return facts


@action("kms:RetireGrant", permission="kms:RetireGrant", resource=KEY, facts=_facts_of_retired)
async def retire_grant(env: Env, call: Call, request: Shape) -> None:
    _, grant = await _find_retired(env, call, request)
    require_real(request)
    await logic.delete_grant(env, grant)


def _shape(grant: Grant, key_arn: str) -> Shape:
    """GrantListEntry (KMS API reference)."""
    constraints: Shape = {}
    if grant.context_equals is not None:
        constraints["EncryptionContextEquals"] = dict(grant.context_equals)
    if grant.context_subset is not None:
        constraints["EncryptionContextSubset"] = dict(grant.context_subset)
    shape: Shape = {
        "KeyId": key_arn,
        "GrantId": grant.id,
        "CreationDate": grant.created_us / 1e6,
        "GranteePrincipal": grant.grantee,
        "IssuingAccount": grant.issuer,
        "Operations": list(grant.operations),
    }
    if grant.name:
        shape["Name"] = grant.name
    if grant.retiring:
        shape["RetiringPrincipal"] = grant.retiring
    if constraints:
        shape["Constraints"] = constraints
    return shape
