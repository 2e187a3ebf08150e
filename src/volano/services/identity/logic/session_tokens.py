"""GetSessionToken and GetFederationToken: temporary credentials of a user, or for a stranger.

Specified in the AWS STS API reference. Neither may be called with temporary credentials. The first
may carry a second factor, which the session then has for good; without one it may not call IAM.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from volano.kernel.errors import Denied
from volano.kernel.identity import PrincipalKind
from volano.services.identity.logic.mfa import require_code
from volano.services.identity.logic.names import require_tags
from volano.services.identity.logic.session_policies import (
    NOTHING,
    packed_percent,
    require_session_policies,
)
from volano.services.identity.logic.sts import (
    MIN_DURATION_S,
    make_key,
    out_of_range,
    require_session_name,
    session_facts,
)
from volano.services.identity.model.credentials import TemporaryCredentials
from volano.services.identity.model.errors import ValidationError
from volano.services.identity.store import keys as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

DEFAULT_TOKEN_DURATION_S = 12 * 3600
MAX_TOKEN_DURATION_S = 36 * 3600
MAX_ROOT_DURATION_S = 3600


async def get_session_token(
    env: Env,
    call: Call,
    duration_s: int | None,
    *,
    policy: str | None = None,
    serial: str | None = None,
    code: str | None = None,
) -> TemporaryCredentials:
    """Temporary credentials of the calling user; raises Denied for sessions of STS.

    `policy` limits what they may do (JSON text), as presigned links of the console need it.
    """
    who = call.principal
    duration_s = _duration(call, duration_s, "GetSessionToken")
    if (serial is None) != (code is None):
        raise ValidationError("SerialNumber and TokenCode go together.")
    if serial is not None and code is not None:
        await require_code(env, who.id, call.account, serial, code)
    key, secret, token = make_key(env, who.account, who.id, "", duration_s)
    facts = session_facts(env, call, mfa=code is not None)
    key = replace(key, policy=policy, facts=facts)

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


def _duration(call: Call, wanted_s: int | None, operation: str) -> int:
    """Seconds; raises Denied for temporary credentials and ValidationError."""
    who = call.principal
    if who.kind is PrincipalKind.ROLE_SESSION or who.session_expires_us is not None:
        raise Denied(f"Cannot call {operation} with session credentials")
    wanted_s = DEFAULT_TOKEN_DURATION_S if wanted_s is None else wanted_s
    if wanted_s < MIN_DURATION_S:
        raise out_of_range(wanted_s, f"greater than or equal to {MIN_DURATION_S}")
    if wanted_s > MAX_TOKEN_DURATION_S:
        raise out_of_range(wanted_s, f"less than or equal to {MAX_TOKEN_DURATION_S}")
    return min(wanted_s, MAX_ROOT_DURATION_S) if who.kind is PrincipalKind.ROOT else wanted_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Federation:
    """What the asker of GetFederationToken gives."""

    name: str
    duration_s: int | None = None
    policy: str | None = None
    policy_arns: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


async def get_federation_token(env: Env, call: Call, wanted: Federation) -> TemporaryCredentials:
    """Credentials for somebody whom the caller answers for: what both the caller's policies and
    the given ones allow. Without a given policy only resources' policies open anything."""
    who = call.principal
    duration_s = _duration(call, wanted.duration_s, "GetFederationToken")
    if len(wanted.name) > 32:
        raise ValidationError(
            f"1 validation error detected: Value '{wanted.name[:80]}' at 'name' failed to satisfy "
            "constraint: Member must have length less than or equal to 32"
        )
    require_session_name(wanted.name, field="name")
    require_tags(wanted.tags)
    policy = await require_session_policies(env, call.account, wanted.policy, wanted.policy_arns)
    packed = packed_percent(wanted.policy, wanted.policy_arns, wanted.tags)
    key, secret, token = make_key(env, who.account, who.id, wanted.name, duration_s)
    facts = session_facts(env, call, mfa=False)
    key = replace(key, policy=policy or NOTHING, tags=dict(wanted.tags), facts=facts)

    async def write(tx: Tx) -> None:
        await rows.insert_temporary_key(tx, key)

    await env.store.transact(write)
    return TemporaryCredentials(
        access_key_id=key.id,
        secret_access_key=secret,
        session_token=token,
        expires_us=key.expires_us,
        principal_id=f"{who.account}:{wanted.name}",
        arn=f"arn:aws:sts::{who.account}:federated-user/{wanted.name}",
        packed_percent=packed,
    )
