"""Sessions of roles for people for whom a provider outside vouches: OpenID Connect and SAML.

Whoever calls has checked the token or assertion; here the role's trust policy decides, with what
it says as condition keys. Specified in the IAM user guide, "Identity providers and federation".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from volano.kernel.errors import Denied, Invalid
from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import PrincipalId
from volano.services.identity.logic import sts
from volano.services.identity.logic.access import RESOURCE_POLICY, stored_authority
from volano.services.identity.logic.session_policies import (
    packed_percent,
    require_session_policies,
)

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.identity.model.credentials import TemporaryCredentials
    from volano.services.identity.model.principals import Role


class ExpiredToken(Invalid):
    code = "ExpiredTokenException"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Who comes, as the provider says: `keys` are condition keys (`ISSUER:sub`, `SAML:aud`)."""

    provider_arn: str
    subject: str
    keys: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    source_identity: str = ""


def refusal(permission: str) -> Denied:
    return Denied(f"Not authorized to perform {permission}")


async def open_session(
    env: Env, call: Call, role: Role, wanted: sts.AssumeRole, vouched: Vouched, *, permission: str
) -> TemporaryCredentials:
    """A session of `role`, if its trust policy lets the provider do `permission`; raises Denied."""
    policy = await require_session_policies(env, role.account, wanted.policy, wanted.policy_arns)
    visitor = Principal(
        kind=PrincipalKind.SYSTEM,
        account=role.account,
        id=PrincipalId(vouched.subject),
        name=vouched.provider_arn,
        arn=vouched.provider_arn,
    )
    call = call.acting_as(visitor)
    facts = _facts(role, wanted, vouched)
    needed = [permission] + (["sts:TagSession"] if vouched.tags else [])
    if vouched.source_identity:
        needed.append("sts:SetSourceIdentity")
    for each in needed:
        verdict = await stored_authority(env).verdict(
            call, each, role.arn, facts, resource_must_allow=True
        )
        if not verdict.allowed:
            raise refusal(permission)
    return await sts.issue_session(
        env,
        role,
        wanted.session_name,
        duration_s=sts.role_duration(call, role, wanted.duration_s),
        policy=policy,
        tags=vouched.tags,
        facts=_session_facts(env, call, vouched),
        packed=packed_percent(wanted.policy, wanted.policy_arns, vouched.tags),
    )


def _session_facts(env: Env, call: Call, vouched: Vouched) -> dict[str, str]:
    facts = sts.session_facts(env, call, mfa=False)
    facts["aws:FederatedProvider"] = vouched.provider_arn
    facts |= vouched.keys
    if vouched.transitive:
        facts[sts.TRANSITIVE] = "\n".join(vouched.transitive)
    if vouched.source_identity:
        facts[sts.SOURCE_IDENTITY] = vouched.source_identity
    return facts


def _facts(role: Role, wanted: sts.AssumeRole, vouched: Vouched) -> dict[str, str]:
    found = {
        RESOURCE_POLICY: role.trust,
        "sts:RoleSessionName": wanted.session_name,
        "aws:FederatedProvider": vouched.provider_arn,
        **vouched.keys,
    }
    if vouched.tags:
        found["aws:TagKeys"] = "\n".join(vouched.tags)
        found |= {f"aws:RequestTag/{key}": value for key, value in vouched.tags.items()}
    if vouched.source_identity:
        found["sts:SourceIdentity"] = vouched.source_identity
    return found
