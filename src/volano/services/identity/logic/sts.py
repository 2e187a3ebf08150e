"""Temporary credentials: sessions of roles, for callers and for instances.

Specified in the AWS STS API reference, AssumeRole. A session's key is sealed and its token kept as
a digest; both end with the role or user they stand for. What is known of a session for good (its
second factor, source identity, tags that go on) is kept with it as condition keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import Denied
from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import AccountId, PrincipalId, parse_arn
from volano.services.identity.logic.access import RESOURCE_POLICY, stored_authority
from volano.services.identity.logic.access_keys import make_secret
from volano.services.identity.logic.mfa import require_code
from volano.services.identity.logic.names import require_tags
from volano.services.identity.logic.policy import MFA_TIME
from volano.services.identity.logic.session_policies import (
    packed_percent,
    require_session_policies,
)
from volano.services.identity.model.credentials import TemporaryCredentials, TemporaryKey
from volano.services.identity.model.errors import InvalidParameterValue, ValidationError
from volano.services.identity.store import keys as rows
from volano.services.identity.store import roles as role_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.identity.model.principals import Role

MIN_DURATION_S = 900
DEFAULT_ROLE_DURATION_S = 3600
MAX_CHAINED_DURATION_S = 3600
INSTANCE_DURATION_S = 6 * 3600
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}\Z", re.ASCII)
INSTANCE_SERVICE = "ec2.amazonaws.com"
SOURCE_IDENTITY = "aws:SourceIdentity"
TRANSITIVE = "volano:transitive-tags"
"""Fact of a session: keys of the tags that go on to roles it assumes, a line each."""
MFA = "aws:MultiFactorAuthPresent"
ISSUED = "aws:TokenIssueTime"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumeRole:
    """What the asker of AssumeRole gives."""

    role_arn: str
    session_name: str
    duration_s: int | None = None
    policy: str | None = None
    policy_arns: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: Sequence[str] = ()
    external_id: str | None = None
    source_identity: str | None = None
    serial: str | None = None
    code: str | None = None


async def assume_role(env: Env, call: Call, wanted: AssumeRole) -> TemporaryCredentials:
    """A session of a role whose trust policy lets the caller in; raises Denied otherwise."""
    require_session_name(wanted.session_name)
    if wanted.source_identity is not None:
        require_session_name(wanted.source_identity, field="sourceIdentity")
    if call.principal.kind is PrincipalKind.ROOT and not env.config.test_mode:
        raise Denied("Roles may not be assumed by root accounts.")
    if ":federated-user/" in call.principal.arn:
        raise Denied("Cannot call AssumeRole with federated user credentials")
    wanted = _with_inherited(call, wanted)
    require_tags(wanted.tags)
    role = await find_role(env, wanted.role_arn)
    policy = await require_session_policies(
        env, role.account if role else call.account, wanted.policy, wanted.policy_arns
    )
    if role is None:
        raise _not_allowed(call, wanted.role_arn)
    facts = session_facts(env, call, mfa=wanted.code is not None)
    if wanted.serial is not None and wanted.code is not None:
        holder = call.principal.holder or call.principal.id
        await require_code(env, holder, call.account, wanted.serial, wanted.code)
    await _require_trust(env, call, role, wanted, facts)
    if wanted.source_identity:
        facts[SOURCE_IDENTITY] = wanted.source_identity
    if wanted.transitive:
        facts[TRANSITIVE] = "\n".join(wanted.transitive)
    return await issue_session(
        env,
        role,
        wanted.session_name,
        duration_s=role_duration(call, role, wanted.duration_s),
        policy=policy,
        tags=wanted.tags,
        facts=facts,
        packed=packed_percent(wanted.policy, wanted.policy_arns, wanted.tags),
    )


def _with_inherited(call: Call, wanted: AssumeRole) -> AssumeRole:
    """The tags and source identity that go on from the caller's session. Raises
    InvalidParameterValue; keys are the same in any case of letters."""
    facts, tags = call.principal.facts, call.principal.tags
    inherited = {key: tags[key] for key in facts.get(TRANSITIVE, "").split("\n") if key in tags}
    lowered = {key.lower() for key in inherited}
    if any(key.lower() in lowered for key in wanted.tags):
        raise InvalidParameterValue(
            "One of the specified transitive tag keys can't be set because it conflicts with a "
            "transitive tag key from the calling session."
        )
    spelled = {key.lower(): key for key in wanted.tags}
    if any(key.lower() not in spelled for key in wanted.transitive):
        raise InvalidParameterValue(
            "The specified transitive tag key must be included in the requested tags."
        )
    transitive = [spelled[key.lower()] for key in wanted.transitive]
    known = facts.get(SOURCE_IDENTITY)
    if known is not None and wanted.source_identity not in (None, known):
        raise Denied("The source identity of a session cannot be changed by role chaining.")
    return replace(
        wanted,
        tags={**inherited, **wanted.tags},
        transitive=tuple(dict.fromkeys([*inherited, *transitive])),
        source_identity=wanted.source_identity or known,
    )


def session_facts(env: Env, call: Call, *, mfa: bool) -> dict[str, str]:
    """What is known of a session that the caller opens now."""
    now_us = env.clock.now_us()
    issued = datetime.fromtimestamp(now_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    facts = {ISSUED: issued, MFA: "true" if mfa else "false"}
    if mfa:
        facts[MFA_TIME] = str(now_us)
    return facts


def require_session_name(name: str, *, field: str = "roleSessionName") -> None:
    if not _SESSION_NAME.match(name):
        rule = (
            "Member must have length less than or equal to 64"
            if len(name) > 64
            else r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
        )
        raise ValidationError(
            f"1 validation error detected: Value '{name[:80]}' at '{field}' failed to satisfy "
            f"constraint: {rule}"
        )


async def find_role(env: Env, arn: str) -> Role | None:
    """The role of that ARN in any account; raises ValidationError when it is no role's."""
    parsed = parse_arn(arn)
    if parsed is None or parsed.service != "iam" or not parsed.resource.startswith("role/"):
        raise ValidationError(f"{arn[:200]} is invalid")
    name = parsed.resource.rpartition("/")[2]
    role = await role_rows.find_role_by_name(env.store.reader, parsed.account, name)
    return role if role is not None and role.arn == arn else None


async def _require_trust(
    env: Env, call: Call, role: Role, wanted: AssumeRole, facts: Mapping[str, str]
) -> None:
    context = {RESOURCE_POLICY: role.trust, "sts:RoleSessionName": wanted.session_name}
    context |= {f"iam:ResourceTag/{key}": value for key, value in role.tags.items()}
    context |= {f"aws:ResourceTag/{key}": value for key, value in role.tags.items()}
    if wanted.external_id is not None:
        context["sts:ExternalId"] = wanted.external_id
    if wanted.source_identity is not None:
        context["sts:SourceIdentity"] = wanted.source_identity
    if wanted.tags:
        context["aws:TagKeys"] = "\n".join(wanted.tags)
        context |= {f"aws:RequestTag/{key}": value for key, value in wanted.tags.items()}
    if wanted.transitive:
        context["sts:TransitiveTagKeys"] = "\n".join(wanted.transitive)
    if wanted.code is not None:
        # The second factor was shown for this very call.
        shown = {**call.principal.facts, MFA: "true", MFA_TIME: facts[MFA_TIME]}
        call = replace(call, principal=replace(call.principal, facts=shown))
    actions = ["sts:AssumeRole"] + (["sts:TagSession"] if wanted.tags else [])
    if wanted.source_identity is not None:
        actions.append("sts:SetSourceIdentity")
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
        raise out_of_range(duration_s, f"greater than or equal to {MIN_DURATION_S}")
    if duration_s > limit_s:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining"
            if chained
            else "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return duration_s


def out_of_range(duration_s: int, rule: str) -> ValidationError:
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
    facts: Mapping[str, str] | None = None,
    packed: int = 0,
) -> TemporaryCredentials:
    """Credentials for a session of `role`, for a caller that was checked already."""
    key, secret, token = make_key(env, role.account, role.id, session_name, duration_s)
    key = replace(key, policy=policy, tags=dict(tags or {}), facts=dict(facts or {}))

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
        packed_percent=packed,
    )


TOKEN_PREFIX = "FQoGZXIvYXdzE"  # noqa: S105 - how AWS's session tokens begin
TOKEN_BYTES = 257


def make_key(
    env: Env, account: str, principal_id: str, session_name: str, duration_s: int
) -> tuple[TemporaryKey, str, str]:
    """A key that is not stored yet, its secret and its session token."""
    key_id, secret = env.ids.unique("ASIA"), make_secret(env)
    token = TOKEN_PREFIX + env.ids.token(TOKEN_BYTES)
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
