"""Temporary credentials: AssumeRole, GetSessionToken, and the credentials of instances.

Specified in the AWS STS API reference. A session's key is sealed and its token kept as a digest;
both end with the role or user they stand for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import Denied
from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import AccountId, PrincipalId, parse_arn
from volano.services.identity.logic.access import RESOURCE_POLICY, stored_authority
from volano.services.identity.logic.access_keys import make_secret
from volano.services.identity.logic.names import require_tags
from volano.services.identity.logic.policy import PolicyKind, require_policy
from volano.services.identity.model.credentials import TemporaryCredentials, TemporaryKey
from volano.services.identity.model.errors import ValidationError
from volano.services.identity.store import keys as rows
from volano.services.identity.store import roles as role_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.identity.model.principals import Role

MIN_DURATION_S = 900
DEFAULT_ROLE_DURATION_S = 3600
DEFAULT_TOKEN_DURATION_S = 12 * 3600
MAX_TOKEN_DURATION_S = 36 * 3600
MAX_CHAINED_DURATION_S = 3600
INSTANCE_DURATION_S = 6 * 3600
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}\Z", re.ASCII)
INSTANCE_SERVICE = "ec2.amazonaws.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumeRole:
    """What the asker of AssumeRole gives."""

    role_arn: str
    session_name: str
    duration_s: int | None = None
    policy: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    external_id: str | None = None


async def assume_role(env: Env, call: Call, wanted: AssumeRole) -> TemporaryCredentials:
    """A session of a role whose trust policy lets the caller in; raises Denied otherwise."""
    require_session_name(wanted.session_name)
    if call.principal.kind is PrincipalKind.ROOT and not env.config.test_mode:
        raise Denied("Roles may not be assumed by root accounts.")
    require_tags(wanted.tags)
    if wanted.policy is not None:
        require_policy(wanted.policy, PolicyKind.IDENTITY, limit=2048)
    role = await find_role(env, wanted.role_arn)
    if role is None:
        raise _not_allowed(call, wanted.role_arn)
    await _require_trust(env, call, role, wanted)
    duration_s = role_duration(call, role, wanted.duration_s)
    return await issue_session(
        env,
        role,
        wanted.session_name,
        duration_s=duration_s,
        policy=wanted.policy,
        tags=wanted.tags,
    )


def require_session_name(name: str) -> None:
    if not _SESSION_NAME.match(name):
        raise ValidationError(
            f"1 validation error detected: Value '{name[:80]}' at 'roleSessionName' "
            "failed to satisfy constraint: Member must satisfy regular expression pattern: "
            r"[\w+=,.@-]*"
        )


async def find_role(env: Env, arn: str) -> Role | None:
    """The role of that ARN in any account; raises ValidationError when it is no role's."""
    parsed = parse_arn(arn)
    if parsed is None or parsed.service != "iam" or not parsed.resource.startswith("role/"):
        raise ValidationError(f"{arn[:200]} is invalid")
    name = parsed.resource.rpartition("/")[2]
    role = await role_rows.find_role_by_name(env.store.reader, parsed.account, name)
    return role if role is not None and role.arn == arn else None


async def _require_trust(env: Env, call: Call, role: Role, wanted: AssumeRole) -> None:
    context = {RESOURCE_POLICY: role.trust, "sts:RoleSessionName": wanted.session_name}
    if wanted.external_id is not None:
        context["sts:ExternalId"] = wanted.external_id
    if wanted.tags:
        context["aws:TagKeys"] = "\n".join(wanted.tags)
        context |= {f"aws:RequestTag/{key}": value for key, value in wanted.tags.items()}
    actions = ["sts:AssumeRole"] + (["sts:TagSession"] if wanted.tags else [])
    for permission in actions:
        verdict = await stored_authority(env).verdict(
            call, permission, role.arn, context, resource_must_allow=True
        )
        if not verdict.allowed:
            raise _not_allowed(call, role.arn, permission)


def _not_allowed(call: Call, role_arn: str, permission: str = "sts:AssumeRole") -> Denied:
    return Denied(
        f"User: {call.principal.arn} is not authorized to perform: {permission} on resource: "
        f"{role_arn[:200]}"
    )


def role_duration(call: Call, role: Role, wanted_s: int | None) -> int:
    """How long a session lasts; raises ValidationError."""
    chained = call.principal.kind is PrincipalKind.ROLE_SESSION
    limit_s = min(role.max_session_s, MAX_CHAINED_DURATION_S if chained else role.max_session_s)
    duration_s = min(DEFAULT_ROLE_DURATION_S, limit_s) if wanted_s is None else wanted_s
    if duration_s < MIN_DURATION_S:
        raise _out_of_range(duration_s, f"greater than or equal to {MIN_DURATION_S}")
    if duration_s > limit_s:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining"
            if chained
            else "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return duration_s


def _out_of_range(duration_s: int, rule: str) -> ValidationError:
    return ValidationError(
        f"1 validation error detected: Value '{duration_s}' at 'durationSeconds' failed to satisfy "
        f"constraint: Member must have value {rule}"
    )


async def issue_session(
    env: Env,
    role: Role,
    session_name: str,
    *,
    duration_s: int,
    policy: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> TemporaryCredentials:
    """Credentials for a session of `role`, for a caller that was checked already."""
    key, secret, token = _make_key(env, role.account, role.id, session_name, duration_s)
    key = replace(key, policy=policy, tags=dict(tags or {}))

    async def write(tx: Tx) -> None:
        await rows.insert_temporary_key(tx, key)
        await role_rows.update_role_used(tx, role.id, key.created_us)

    await env.store.transact(write)
    return TemporaryCredentials(
        access_key_id=key.id,
        secret_access_key=secret,
        session_token=token,
        expires_us=key.expires_us,
        principal_id=f"{role.id}:{session_name}",
        arn=role.session_arn(session_name),
    )


def _make_key(
    env: Env, account: str, principal_id: str, session_name: str, duration_s: int
) -> tuple[TemporaryKey, str, str]:
    key_id, secret = env.ids.unique("ASIA"), make_secret(env)
    token = "FwoG" + env.ids.token(96)
    now_us = env.clock.now_us()
    key = TemporaryKey(
        id=key_id,
        account=AccountId(account),
        principal_id=principal_id,
        session_name=session_name,
        secret=env.secrets.seal(secret.encode(), context=key_id),
        token_digest=env.secrets.digest(token),
        policy=None,
        created_us=now_us,
        expires_us=now_us + duration_s * 1_000_000,
    )
    return key, secret, token


async def get_session_token(
    env: Env, call: Call, duration_s: int | None, *, policy: str | None = None
) -> TemporaryCredentials:
    """Temporary credentials of the calling user; raises Denied for sessions of STS.

    `policy` limits what they may do (JSON text), as presigned links of the console need it.
    """
    who = call.principal
    if who.kind is PrincipalKind.ROLE_SESSION or who.session_expires_us is not None:
        raise Denied("Cannot call GetSessionToken with session credentials")
    duration_s = DEFAULT_TOKEN_DURATION_S if duration_s is None else duration_s
    limit_s = 3600 if who.kind is PrincipalKind.ROOT else MAX_TOKEN_DURATION_S
    if duration_s < MIN_DURATION_S:
        raise _out_of_range(duration_s, f"greater than or equal to {MIN_DURATION_S}")
    if duration_s > MAX_TOKEN_DURATION_S:
        raise _out_of_range(duration_s, f"less than or equal to {MAX_TOKEN_DURATION_S}")
    key, secret, token = _make_key(env, who.account, who.id, "", min(duration_s, limit_s))
    key = replace(key, policy=policy)

    async def write(tx: Tx) -> None:
        await rows.insert_temporary_key(tx, key)

    await env.store.transact(write)
    return TemporaryCredentials(
        access_key_id=key.id,
        secret_access_key=secret,
        session_token=token,
        expires_us=key.expires_us,
        principal_id=who.id,
        arn=who.arn,
    )


async def require_pass_role(env: Env, call: Call, role: Role, *, service: str) -> None:
    """Who gives a role to a service hands its permissions on (IAM user guide, PassRole)."""
    context = {"iam:PassedToService": service}
    await env.authority.authorize(call, "iam:PassRole", role.arn, context)


async def assume_role_for_instance(
    env: Env, role: Role, instance_id: str, *, service: str = INSTANCE_SERVICE
) -> TemporaryCredentials:
    """What the metadata service hands to an instance; raises Denied when the role's trust policy
    does not name the service."""
    call = system_call(env, role.account)
    machine = Principal(
        kind=PrincipalKind.SYSTEM,
        account=role.account,
        id=PrincipalId(service),
        name=service,
        arn=service,
    )
    call = call.acting_as(machine)
    verdict = await stored_authority(env).verdict(
        call, "sts:AssumeRole", role.arn, {RESOURCE_POLICY: role.trust}, resource_must_allow=True
    )
    if not verdict.allowed:
        raise _not_allowed(call, role.arn)
    return await issue_session(
        env, role, instance_id, duration_s=min(INSTANCE_DURATION_S, role.max_session_s)
    )
