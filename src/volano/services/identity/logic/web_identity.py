"""AssumeRoleWithWebIdentity: a role for whom a trusted OpenID Connect issuer vouches.

Specified in the STS API reference. The token's signature, issuer, audience and times are checked,
then the role's trust policy decides with the token's claims as condition keys (`ISSUER:sub`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from volano.services.identity.logic import sts
from volano.services.identity.logic.federation import (
    ExpiredToken,
    Vouched,
    open_session,
    refusal,
)
from volano.services.identity.logic.issuers import find_keys
from volano.services.identity.logic.jwt import (
    InvalidIdentityToken,
    parse_unverified,
    verify_signature,
)
from volano.services.identity.logic.names import require_tags
from volano.services.identity.store import oidc as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.identity.model.credentials import TemporaryCredentials
    from volano.services.identity.model.oidc import OidcProvider
    from volano.services.identity.model.principals import Role

PERMISSION = "sts:AssumeRoleWithWebIdentity"
TAGS_CLAIM = "https://aws.amazon.com/tags"
SOURCE_CLAIM = "https://aws.amazon.com/source_identity"
SKEW_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class WebIdentity:
    """What a token says, once it is verified."""

    provider: OidcProvider
    audience: str
    vouched: Vouched


async def assume_role_with_web_identity(
    env: Env, call: Call, wanted: sts.AssumeRole, token: str
) -> tuple[TemporaryCredentials, WebIdentity]:
    """Raises Denied, InvalidIdentityToken, ExpiredToken and IdpCommunicationError."""
    sts.require_session_name(wanted.session_name)
    role = await sts.find_role(env, wanted.role_arn)
    if role is None:
        raise refusal(PERMISSION)
    identity = await _verify(env, role, token)
    made = await open_session(env, call, role, wanted, identity.vouched, permission=PERMISSION)
    return made, identity


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
    audience = _require_audience(provider, claims)
    tags, transitive = _tags(claims)
    source = claims.get(SOURCE_CLAIM)
    vouched = Vouched(
        provider_arn=provider.arn,
        subject=subject,
        keys=_keys(provider.url, claims, subject, audience),
        tags=tags,
        transitive=transitive,
        source_identity=source if isinstance(source, str) else "",
    )
    return WebIdentity(provider=provider, audience=audience, vouched=vouched)


def _keys(url: str, claims: dict[str, Any], subject: str, audience: str) -> dict[str, str]:
    keys = {f"{url}:sub": subject, f"{url}:aud": audience}
    for name in ("amr", "azp", "email", "oaud"):
        value = claims.get("aud" if name == "oaud" else name)
        if isinstance(value, str):
            keys[f"{url}:{name}"] = value
    return keys


def _tags(claims: dict[str, Any]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Session tags of the token: key to value, and the keys that go on; raises
    InvalidIdentityToken."""
    given = claims.get(TAGS_CLAIM)
    if given is None:
        return {}, ()
    found: dict[str, str] = {}
    named = given.get("principal_tags") if isinstance(given, dict) else None
    for key, values in named.items() if isinstance(named, dict) else ():
        value = values[0] if isinstance(values, list) and len(values) == 1 else values
        if not isinstance(value, str):
            raise InvalidIdentityToken("A session tag of the ID Token has no single value.")
        found[key] = value
    going = given.get("transitive_tag_keys") if isinstance(given, dict) else None
    going = going if isinstance(going, list) else []
    require_tags(found)
    return found, tuple(key for key in going if key in found)


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
