"""Signing in by an OpenID Connect issuer: authorization code with PKCE (RFC 7636), state, nonce.

`begin` gives the issuer's address to go to and a secret that the browser keeps in its tab; `end`
takes the code that the issuer sent back. A code that somebody else's tab began is worth nothing
here, and the ID token must answer this very nonce. The first time, a person is found by the
provider's rule; from then on by the issuer's `sub` alone, whatever becomes of the e-mail address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from volano.kernel.call import system_call
from volano.kernel.errors import NotFound, Unauthenticated
from volano.kernel.identity import PrincipalKind
from volano.services.identity.logic import login
from volano.services.identity.logic.challenges import (
    count_beginning,
    open_challenge,
    take_challenge,
)
from volano.services.identity.logic.groups import add_user_to_group
from volano.services.identity.logic.issuers import (
    IdpCommunicationError,
    find_issuer,
    redeem_code,
)
from volano.services.identity.logic.jwt import (
    InvalidIdentityToken,
    parse_unverified,
    require_in_time,
    verify_signature,
)
from volano.services.identity.logic.sign_in_providers import secret_context
from volano.services.identity.logic.users import create_user, make_user
from volano.services.identity.model.sign_in import ChallengeKind, LinkBy
from volano.services.identity.store import sign_in_providers as rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.identity.model.principals import User
    from volano.services.identity.model.sign_in import SignInProvider

RETURN_PATH = "/login/provider"
STRONG = frozenset({"mfa", "otp", "hwk", "swk", "sc", "fpt", "face", "iris", "pop"})
"""Values of `amr` (RFC 8176) that tell of more than a password."""
NOBODY = "The issuer knows you, but nobody here is you. Ask your administrator."
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9+=,.@_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Where the browser goes, and what its tab keeps until it is back."""

    url: str
    binding: str


async def begin(env: Env, call: Call, *, account: str, name: str, hint: str = "") -> Departure:
    """Leave for the issuer; raises NotFound, IdpCommunicationError and Throttled."""
    await count_beginning(env, call.source_ip)
    home = await login.find_account(env, account)
    provider = await rows.find_provider(env.store.reader, home.id, name) if home else None
    if provider is None:
        raise NotFound(f"There is no sign-in provider {name[:64]}.")
    document = (await find_issuer(env, _bare(provider))).document
    verifier, nonce, binding = (env.ids.token(32) for _ in range(3))
    data = {
        "account": provider.account,
        "provider": provider.name,
        "verifier": verifier,
        "nonce": nonce,
        "binding": env.secrets.digest(binding).hex(),
    }
    state = await open_challenge(env, ChallengeKind.PROVIDER, data=data)
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": _return_url(env),
        "scope": "openid email profile",
        "state": state,
        "nonce": nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    if hint:
        asked["login_hint"] = hint[:256]
    endpoint = _endpoint(document, "authorization_endpoint")
    joint = "&" if "?" in endpoint else "?"
    return Departure(url=f"{endpoint}{joint}{urlencode(asked)}", binding=binding)


async def end(env: Env, call: Call, *, code: str, state: str, binding: str) -> login.Entered:
    """Come back with a code. Raises Unauthenticated, InvalidIdentityToken.

    A token whose `amr` tells of a second factor needs none here.
    """
    begun = await take_challenge(env, ChallengeKind.PROVIDER, state)
    kept = env.secrets.digest(binding[:128]).hex()
    if not hmac.compare_digest(kept, begun.data["binding"]):
        raise Unauthenticated("Another window began this sign-in; begin again.")
    provider = await rows.find_provider(
        env.store.reader, begun.data["account"], begun.data["provider"]
    )
    if provider is None:
        raise Unauthenticated("This provider is no longer used here.")
    claims = await _redeem(env, provider, code, begun.data["verifier"])
    if claims.get("nonce") != begun.data["nonce"]:
        raise InvalidIdentityToken("The ID Token provided answers another sign-in.")
    user = await _person(env, provider, claims)
    if user.disabled or user.kind is not PrincipalKind.USER:
        raise Unauthenticated(NOBODY)
    methods = claims.get("amr")
    is_strong = isinstance(methods, list) and any(one in STRONG for one in methods)
    method = f"provider:{provider.name}" + ("+mfa" if is_strong else "")
    return await login.enter(env, call, user, method=method, is_strong=is_strong)


async def _redeem(env: Env, provider: SignInProvider, code: str, verifier: str) -> dict[str, Any]:
    """The verified claims of the ID token that the code stands for."""
    url = _bare(provider)
    form = {
        "grant_type": "authorization_code",
        "code": code[:4096],
        "redirect_uri": _return_url(env),
        "client_id": provider.client_id,
        "code_verifier": verifier,
    }
    if provider.client_secret is not None:
        context = secret_context(provider.account, provider.name)
        form["client_secret"] = env.secrets.open(provider.client_secret, context=context).decode()
    endpoint = _endpoint((await find_issuer(env, url)).document, "token_endpoint")
    token = (await redeem_code(env, url, endpoint, form)).get("id_token")
    if not isinstance(token, str):
        raise IdpCommunicationError("The identity provider gave no ID token.")
    try:
        verify_signature(token, (await find_issuer(env, url)).keys)
    except InvalidIdentityToken:  # the issuer may have changed its keys since they were read
        verify_signature(token, (await find_issuer(env, url, fresh=True)).keys)
    _, claims = parse_unverified(token)
    _require_claims(env, provider, claims)
    return claims


def _require_claims(env: Env, provider: SignInProvider, claims: dict[str, Any]) -> None:
    """Issuer, audience, times and subject (OpenID Connect Core 1.0, section 3.1.3.7)."""
    if str(claims.get("iss", "")).rstrip("/") != provider.issuer:
        raise InvalidIdentityToken("The ID Token provided is another issuer's.")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp", provider.client_id if len(audiences) == 1 else None)
    if provider.client_id not in audiences or party != provider.client_id:
        raise InvalidIdentityToken("Incorrect token audience")
    require_in_time(claims, now_s=env.clock.now_us() / 1e6)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or "\x00" in subject:
        raise InvalidIdentityToken("The ID Token provided has no subject.")


async def _person(env: Env, provider: SignInProvider, claims: dict[str, Any]) -> User:
    """Who the subject is here: known, found by the rule, or made where the setting says so."""
    reader = env.store.reader
    subject = claims["sub"]
    known = await rows.find_federated(reader, provider.account, provider.issuer, subject)
    if known is not None:
        user = await user_rows.find_user(reader, known)
        if user is None:
            raise Unauthenticated(NOBODY)
        return user
    email = _email(provider, claims)
    user = await _found(env, provider, subject, email)
    if user is None:
        if not provider.create_users or not email:
            raise Unauthenticated(NOBODY)
        user = await _made(env, provider, claims, email)
    await _link(env, provider, subject, user)
    return user


def _email(provider: SignInProvider, claims: dict[str, Any]) -> str:
    """The verified address, when it is of a domain that the provider may speak for."""
    email = claims.get("email")
    if not isinstance(email, str) or claims.get("email_verified") not in (True, "true"):
        return ""
    domain = email.rpartition("@")[2].lower()
    allowed = not provider.email_domains or domain in provider.email_domains
    return email if allowed and "\x00" not in email and 3 <= len(email) <= 256 else ""


async def _found(env: Env, provider: SignInProvider, subject: str, email: str) -> User | None:
    reader = env.store.reader
    if provider.link_by is LinkBy.SUBJECT:
        found = await user_rows.find_user_by_name(reader, provider.account, subject)
        return found if found is not None and found.kind is PrincipalKind.USER else None
    ids = await rows.select_users_by_email(reader, provider.account, email) if email else []
    if len(ids) > 1:
        raise Unauthenticated("Several people here have your e-mail address; ask to mend that.")
    return await user_rows.find_user(reader, ids[0]) if ids else None


async def _made(env: Env, provider: SignInProvider, claims: dict[str, Any], email: str) -> User:
    preferred = claims.get("preferred_username")
    wanted = preferred if isinstance(preferred, str) and preferred else email.partition("@")[0]
    name = _NOT_IN_NAMES.sub("-", wanted)[:60].strip("-") or "person"
    if await user_rows.is_user_name_taken(env.store.reader, provider.account, name):
        name = f"{name}-{env.ids.hex(4)}"
    shown = claims.get("name")
    call = system_call(env, provider.account)
    user = await create_user(
        env,
        call,
        make_user(
            env,
            provider.account,
            name,
            display_name=shown[:64] if isinstance(shown, str) else "",
            email=email,
        ),
    )
    for group in provider.groups:
        await add_user_to_group(env, call, group, user.name)
    return user


async def _link(env: Env, provider: SignInProvider, subject: str, user: User) -> None:
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> int:
        return await rows.insert_federated(
            tx,
            provider.account,
            provider.issuer,
            subject,
            user_id=user.id,
            created_us=now_us,
        )

    if not await env.store.transact(write):
        raise Unauthenticated("Somebody else came in as you at the same moment; begin again.")


def _bare(provider: SignInProvider) -> str:
    return provider.issuer.partition("://")[2]


def _return_url(env: Env) -> str:
    return env.config.console_url + RETURN_PATH


def _endpoint(document: dict[str, Any], name: str) -> str:
    found = document.get(name)
    if not isinstance(found, str) or not found.startswith(("https://", "http://")):
        raise IdpCommunicationError(f"The issuer's discovery document has no {name}.")
    return found
