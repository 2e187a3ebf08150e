"""May a service of the cloud (`sns.amazonaws.com`) do this for an account? Its name in the policy
of the resource decides and nothing else, as at AWS."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import Denied
from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import AccountId, PrincipalId
from volano.services.identity.logic.access import RESOURCE_POLICY, stored_authority
from volano.services.identity.logic.policy import CallFacts, Effect, PolicyKind, compile_policy
from volano.services.identity.model.errors import MalformedPolicyDocument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Env
    from volano.services.identity.model.principals import Role


def service_may(
    env: Env,
    service: str,
    permission: str,
    resource: str,
    *,
    policy: str,
    account: str,
    context: Mapping[str, str],
) -> bool:
    """Whether the resource's policy lets `service` do `permission` on behalf of `account`.

    `context` holds `aws:SourceArn` and the like; `aws:SourceAccount` is the account. No policy and
    one that cannot be read allow nothing.
    """
    if not policy:
        return False
    who = Principal(
        kind=PrincipalKind.SYSTEM,
        account=AccountId(account),
        id=PrincipalId(service),
        name=service,
        arn=service,
    )
    call = replace(system_call(env, AccountId(account)), principal=who, source_ip="")
    facts = CallFacts(
        call,
        {"aws:SourceAccount": account, **context},
        now_us=env.clock.now_us(),
        resource_account=account,
    )
    try:
        compiled = compile_policy(policy, PolicyKind.RESOURCE)
    except MalformedPolicyDocument:
        return False
    effect, _ = compiled.evaluate_for(who, permission, resource, facts)
    return effect is Effect.ALLOW


async def service_session(env: Env, role: Role, service: str, session_name: str) -> Principal:
    """The asker that a service is when it acts in a role; raises Denied when the role's trust
    policy does not name the service."""
    who = Principal(
        kind=PrincipalKind.SYSTEM,
        account=role.account,
        id=PrincipalId(service),
        name=service,
        arn=service,
    )
    call = replace(system_call(env, role.account), principal=who, source_ip="")
    verdict = await stored_authority(env).verdict(
        call, "sts:AssumeRole", role.arn, {RESOURCE_POLICY: role.trust}, resource_must_allow=True
    )
    if not verdict.allowed:
        raise Denied(f"The role {role.arn} does not trust {service}.")
    expires_us = env.clock.now_us() + role.max_session_s * 1_000_000
    return role.principal(session_name, session_policy=None, expires_us=expires_us, tags={})
