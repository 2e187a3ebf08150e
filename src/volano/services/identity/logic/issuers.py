"""Asks an OpenID Connect issuer for its keys and tokens (OpenID Connect Discovery 1.0, section 4).

The URL comes from a tenant, so it goes through `env.egress`: https only, no redirects, 5 seconds,
256 KiB. Test mode may ask the issuer on its own machine by http.
Keys are kept for a while, so that a role can be assumed often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit
from weakref import WeakKeyDictionary

import msgspec

from volano.kernel.egress import EgressFailed, EgressRefused, EgressRequest
from volano.kernel.errors import Invalid
from volano.kernel.foreign_json import decode_foreign
from volano.services.identity.logic.oidc import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Env
    from volano.kernel.store import Store

TIMEOUT_S = 5.0
MAX_BYTES = 256 * 1024
KEEP_S = 300.0
MAX_KEPT = 200

_KEPT: WeakKeyDictionary[Store, dict[str, tuple[float, Issuer]]] = WeakKeyDictionary()
"""Issuers by address and until when; one per Env, whose store is its key."""


class IdpCommunicationError(Invalid):
    code = "IDPCommunicationError"


@dataclass(frozen=True, slots=True)
class Issuer:
    """What an issuer says of itself: its discovery document and its signing keys."""

    document: dict[str, Any]
    keys: list[Any]


async def find_keys(env: Env, url: str, *, fresh: bool = False) -> list[Any]:
    """The JWKS keys of the issuer `url` (without scheme). Raises IdpCommunicationError."""
    return (await find_issuer(env, url, fresh=fresh)).keys


async def find_issuer(env: Env, url: str, *, fresh: bool = False) -> Issuer:
    """The issuer `url` (without scheme), kept for KEEP_S. Raises IdpCommunicationError."""
    kept = _KEPT.setdefault(env.store, {})
    known = kept.get(url)
    if known is not None and not fresh and env.clock.monotonic_s() < known[0]:
        return known[1]
    found = await _fetch_issuer(env, url, local=is_local(env, url))
    if len(kept) >= MAX_KEPT:
        kept.clear()
    kept[url] = (env.clock.monotonic_s() + KEEP_S, found)
    return found


def is_local(env: Env, url: str) -> bool:
    """Whether the issuer is test mode's, on this machine and without TLS."""
    return env.config.test_mode and urlsplit(f"//{url}").hostname in LOOPBACK


async def redeem_code(env: Env, url: str, endpoint: str, form: Mapping[str, str]) -> dict[str, Any]:
    """The token endpoint's answer to a code (RFC 6749 section 4.1.3); raises the same."""
    body = urlencode(form).encode()
    return await _fetch(env, endpoint, local=is_local(env, url), form=body)


async def _fetch_issuer(env: Env, url: str, *, local: bool) -> Issuer:
    issuer = f"{'http' if local else 'https'}://{url}"
    document = await _fetch(env, f"{issuer}/.well-known/openid-configuration", local=local)
    if str(document.get("issuer", "")).rstrip("/") != issuer:
        raise IdpCommunicationError("The issuer's discovery document names another issuer.")
    keys = (await _fetch(env, str(document.get("jwks_uri", "")), local=local)).get("keys")
    if not isinstance(keys, list):
        raise IdpCommunicationError("The issuer's key set has no keys.")
    return Issuer(document, keys)


async def _fetch(env: Env, url: str, *, local: bool, form: bytes | None = None) -> dict[str, Any]:
    if not url.startswith("http://" if local else "https://"):
        raise IdpCommunicationError("The issuer's addresses must be https.")
    headers = {"accept": "application/json"}
    if form is not None:
        headers["content-type"] = "application/x-www-form-urlencoded"
    request = EgressRequest(
        method="GET" if form is None else "POST",
        url=url,
        headers=headers,
        body=form or b"",
        timeout_s=TIMEOUT_S,
        max_bytes=MAX_BYTES,
    )
    try:
        reply = await env.egress.fetch(request)
    except EgressRefused as error:
        raise IdpCommunicationError(
            f"The identity provider's address is not one to ask: {error.message}"
        ) from error
    except EgressFailed as error:
        raise IdpCommunicationError("The identity provider could not be reached.") from error
    if reply.status != 200:
        raise IdpCommunicationError(f"The identity provider answered {reply.status}.")
    try:
        return decode_foreign(reply.body, dict[str, Any])
    except msgspec.DecodeError as error:
        raise IdpCommunicationError("The identity provider's answer is not JSON.") from error
