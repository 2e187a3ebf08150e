"""Passkeys: registered by who is signed in, and signing in without name or password.

A passkey belongs to a site, the host name of the console; which pages may ask is fixed by the
settings, never by the request. The challenge that the authenticator signs is the token of
`challenges.py`, so an answer counts once and for ten minutes.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from volano.kernel.errors import AlreadyExists, Conflict, Invalid, NotFound, Unauthenticated
from volano.services.identity.logic.challenges import open_challenge, take_challenge
from volano.services.identity.logic.webauthn import (
    ALGORITHMS,
    PasskeyRefused,
    read_registration,
    to_base64,
    verify_assertion,
)
from volano.services.identity.model.sign_in import (
    CHALLENGE_LIFE_S,
    MAX_PASSKEY_NAME,
    MAX_PASSKEYS,
    ChallengeKind,
    Passkey,
)
from volano.services.identity.store import sign_in as rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.identity.model.principals import User

UNKNOWN = "This passkey is not known here."
DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """An authenticator's answer to a challenge, in base64url as browsers' `toJSON` gives it."""

    id: str
    challenge: str
    client_data: str
    authenticator_data: str
    signature: str


def require_origin(env: Env, origin: str) -> str:
    """The site (host name) of a page that may ask for passkeys; raises Invalid."""
    if origin not in _origins(env):
        raise Invalid(
            f"Passkeys work at {_origin_of(env.config.console_url)} only.",
            fields={"param": "origin"},
        )
    site = urlsplit(origin).hostname or ""
    if _is_address(site):
        raise Invalid("Passkeys need a host name; an address has none.", fields={"param": "origin"})
    return site


def _origins(env: Env) -> set[str]:
    """The console's own addresses; a proxy may serve them by TLS, this machine as localhost."""
    config = env.config
    origins = {_origin_of(config.console_url), f"https://{config.public_host}"}
    if _is_loopback(config.listen):
        origins.add(_origin_of(f"http://localhost:{config.port}"))
    return origins


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    port = "" if parts.port in (None, DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


async def begin_registration(env: Env, user: User, origin: str) -> dict[str, Any]:
    """Options for `navigator.credentials.create`; raises Conflict when there are too many."""
    site = require_origin(env, origin)
    known = await rows.select_passkeys(env.store.reader, user.id)
    if len(known) >= MAX_PASSKEYS:
        raise Conflict(f"A person has at most {MAX_PASSKEYS} passkeys.")
    challenge = await open_challenge(
        env, ChallengeKind.NEW_PASSKEY, user_id=user.id, data={"origin": origin}
    )
    return {
        "challenge": challenge,
        "rp": {"id": site, "name": "Volano"},
        "user": {
            "id": to_base64(user.id.encode()),
            "name": f"{user.name}@{user.account}",
            "displayName": user.display_name or user.name,
        },
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in ALGORITHMS],
        "excludeCredentials": [{"type": "public-key", "id": one.id} for one in known],
        "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
        "attestation": "none",
        "timeout": CHALLENGE_LIFE_S * 1000,
    }


async def end_registration(
    env: Env, user: User, *, challenge: str, client_data: str, attestation: str, name: str
) -> Passkey:
    """Keep the passkey that was made; raises PasskeyRefused, AlreadyExists, Unauthenticated."""
    _require_name(name)
    begun = await take_challenge(env, ChallengeKind.NEW_PASSKEY, challenge)
    if begun.user_id != user.id:
        raise PasskeyRefused("Somebody else began this passkey.")
    origin = begun.data["origin"]
    made = read_registration(
        client_data=client_data, attestation=attestation, challenge=challenge, origin=origin
    )
    passkey = Passkey(
        id=made.id,
        user_id=user.id,
        site=require_origin(env, origin),
        name=name,
        public_key=made.public_key,
        algorithm=made.algorithm,
        sign_count=made.sign_count,
        backed_up=made.backed_up,
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> int:
        if len(await rows.select_passkeys(tx, user.id)) >= MAX_PASSKEYS:
            raise Conflict(f"A person has at most {MAX_PASSKEYS} passkeys.")
        return await rows.insert_passkey(tx, passkey)

    if not await env.store.transact(write):
        raise AlreadyExists("This passkey is registered already.")
    return passkey


def _require_name(name: str) -> None:
    if not 1 <= len(name) <= MAX_PASSKEY_NAME or not name.isprintable():
        raise Invalid(
            f"A passkey's name has 1 to {MAX_PASSKEY_NAME} characters.", fields={"param": "name"}
        )


async def begin_assertion(env: Env, origin: str) -> dict[str, Any]:
    """Options for `navigator.credentials.get`: any passkey of this site, whosever it is."""
    site = require_origin(env, origin)
    challenge = await open_challenge(env, ChallengeKind.PASSKEY, data={"origin": origin})
    return {
        "challenge": challenge,
        "rpId": site,
        "allowCredentials": [],
        "userVerification": "required",
        "timeout": CHALLENGE_LIFE_S * 1000,
    }


async def check_assertion(env: Env, answer: Assertion) -> User:
    """Whose passkey it was. Raises Unauthenticated and PasskeyRefused; the challenge is used up."""
    begun = await take_challenge(env, ChallengeKind.PASSKEY, answer.challenge)
    known = await rows.find_passkey(env.store.reader, answer.id[:2048])
    user = await user_rows.find_user(env.store.reader, known.user_id) if known else None
    origin = begun.data["origin"]
    if known is None or user is None or user.disabled or known.site != require_origin(env, origin):
        raise Unauthenticated(UNKNOWN)
    sign_count = verify_assertion(
        client_data=answer.client_data,
        authenticator_data=answer.authenticator_data,
        signature=answer.signature,
        public_key=known.public_key,
        challenge=answer.challenge,
        origin=origin,
    )
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> int:
        return await rows.update_passkey_used(tx, known.id, sign_count=sign_count, used_us=now_us)

    if not await env.store.transact(write):
        # A counter that does not grow tells of a copy (Web Authentication section 6.1.1).
        raise PasskeyRefused("This passkey was used elsewhere since; it may have been copied.")
    return user


async def rename_passkey(env: Env, user: User, passkey_id: str, name: str) -> None:
    """Raises NotFound."""
    _require_name(name)

    async def write(tx: Tx) -> int:
        return await rows.update_passkey_name(tx, user.id, passkey_id, name)

    if not await env.store.transact(write):
        raise NotFound(UNKNOWN)


async def remove_passkey(env: Env, user: User, passkey_id: str) -> None:
    """Raises NotFound."""

    async def write(tx: Tx) -> int:
        return await rows.delete_passkey(tx, user.id, passkey_id)

    if not await env.store.transact(write):
        raise NotFound(UNKNOWN)
