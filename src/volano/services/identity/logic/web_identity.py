"""AssumeRoleWithWebIdentity: a role for whom a trusted OpenID Connect issuer vouches.

Specified in the STS API reference. The token's signature, issuer, audience and times are checked,
then the role's trust policy decides with the token's claims as condition keys (`ISSUER:sub`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from volano.kernel.call import Call
from volano.kernel.errors import Denied, Invalid
from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import PrincipalId
from volano.services.identity.logic import sts
from volano.services.identity.logic.access import RESOURCE_POLICY, stored_authority
from volano.services.identity.logic.issuers import find_keys
from volano.services.identity.logic.jwt import (
    InvalidIdentityToken,
    parse_unverified,
    verify_signature,
)
from volano.services.identity.logic.policy import PolicyKind, require_policy
from volano.services.identity.store import oidc as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.identity.model.credentials import TemporaryCredentials
    from volano.services.identity.model.oidc import OidcProvider
    from volano.services.identity.model.principals import Role

PERMISSION = "sts:AssumeRoleWithWebIdentity"
SKEW_S = 60


class ExpiredToken(Invalid):
    code = "ExpiredTokenException"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebIdentity:
    """What a token says, once it is verified."""

    provider: OidcProvider
    subject: str
    audience: str


async def assume_role_with_web_identity(
    env: Env, call: Call, wanted: sts.AssumeRole, token: str
) -> tuple[TemporaryCredentials, WebIdentity]:
    """Raises Denied, InvalidIdentityToken, ExpiredToken and IdpCommunicationError."""
    sts.require_session_name(wanted.session_name)
    if wanted.policy is not None:
        require_policy(wanted.policy, PolicyKind.IDENTITY, limit=2048)
    role = await sts.find_role(env, wanted.role_arn)
    if role is None:
        raise _denied()
    identity = await _verify(env, role, token)
    visitor = Principal(
        kind=PrincipalKind.SYSTEM,
        account=role.account,
        id=PrincipalId(identity.subject),
        name=identity.provider.arn,
        arn=identity.provider.arn,
    )
    call = call.acting_as(visitor)
    verdict = await stored_authority(env).verdict(
        call, PERMISSION, role.arn, _facts(role, wanted, identity), resource_must_allow=True
    )
    if not verdict.allowed:
        raise _denied()
    made = await sts.issue_session(
        env,
        role,
        wanted.session_name,
        duration_s=sts.role_duration(call, role, wanted.duration_s),
        policy=wanted.policy,
    )
    return made, identity


def _denied() -> Denied:
    return Denied(f"Not authorized to perform {PERMISSION}")


def _facts(role: Role, wanted: sts.AssumeRole, identity: WebIdentity) -> dict[str, str]:
    url = identity.provider.url
    return {
        RESOURCE_POLICY: role.trust,
        "sts:RoleSessionName": wanted.session_name,
        "aws:FederatedProvider": identity.provider.arn,
        f"{url}:sub": identity.subject,
        f"{url}:aud": identity.audience,
    }


async def _verify(env: Env, role: Role, token: str) -> WebIdentity:
    _, claims = parse_unverified(token)
    url = str(claims.get("iss", "")).partition("://")[2].rstrip("/")
    provider = (
        await rows.find_provider(env.store.reader, role.account, url)
        if url and "\x00" not in url
        else None
    )
    if provider is None:
        raise InvalidIdentityToken("No OpenIDConnect provider found in your account for the issuer")
    try:
        verify_signature(token, await find_keys(env, url))
    except InvalidIdentityToken:
        # The issuer may have changed its keys since they were read.
        verify_signature(token, await find_keys(env, url, fresh=True))
    _require_times(env, claims)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise InvalidIdentityToken("The ID Token provided has no subject.")
    return WebIdentity(
        provider=provider, subject=subject, audience=_require_audience(provider, claims)
    )


def _require_times(env: Env, claims: dict[str, Any]) -> None:
    now_s = env.clock.now_us() / 1e6
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or isinstance(expires, bool):
        raise InvalidIdentityToken("The ID Token provided does not say when it expires.")
    if expires <= now_s:
        raise ExpiredToken("Token expired: the ID Token provided is no longer valid.")
    for name in ("nbf", "iat"):
        value = claims.get(name)
        if isinstance(value, int | float) and value > now_s + SKEW_S:
            raise InvalidIdentityToken("The ID Token provided is not valid yet.")


def _require_audience(provider: OidcProvider, claims: dict[str, Any]) -> str:
    """The audience that the account's provider names; `azp` says it where there are several."""
    audiences = claims.get("aud")
    audiences = [audiences] if isinstance(audiences, str) else audiences
    if not isinstance(audiences, list):
        raise InvalidIdentityToken("The ID Token provided has no audience.")
    for audience in (claims.get("azp"), *audiences):
        if isinstance(audience, str) and audience in provider.client_ids:
            return audience
    raise InvalidIdentityToken("Incorrect token audience")
