"""Asks an OpenID Connect issuer for its keys (OpenID Connect Discovery 1.0, section 4).

The URL comes from a tenant, so what is fetched is fenced in: https only, no redirects, public
addresses only, 5 seconds, 256 KiB. Test mode may ask the issuer on its own machine by http.
Keys are kept for a while, so that a role can be assumed often.
"""

from __future__ import annotations

import asyncio
import http.client
import ipaddress
import socket
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import msgspec

from volano.kernel.errors import Invalid
from volano.services.identity.logic.oidc import LOOPBACK

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Store

TIMEOUT_S = 5.0
MAX_BYTES = 256 * 1024
KEEP_S = 300.0
MAX_KEPT = 200

_KEPT: WeakKeyDictionary[Store, dict[str, tuple[float, list[Any]]]] = WeakKeyDictionary()
"""Keys by issuer and until when; one per Env, whose store is its key."""


class IdpCommunicationError(Invalid):
    code = "IDPCommunicationError"


async def find_keys(env: Env, url: str, *, fresh: bool = False) -> list[Any]:
    """The JWKS keys of the issuer `url` (without scheme). Raises IdpCommunicationError."""
    kept = _KEPT.setdefault(env.store, {})
    known = kept.get(url)
    if known is not None and not fresh and env.clock.monotonic_s() < known[0]:
        return known[1]
    local = env.config.test_mode and urlsplit(f"//{url}").hostname in LOOPBACK
    keys = await asyncio.to_thread(_fetch_keys, url, local=local)
    if len(kept) >= MAX_KEPT:
        kept.clear()
    kept[url] = (env.clock.monotonic_s() + KEEP_S, keys)
    return keys


def _fetch_keys(url: str, *, local: bool) -> list[Any]:
    issuer = f"{'http' if local else 'https'}://{url}"
    document = _fetch(f"{issuer}/.well-known/openid-configuration", local=local)
    if str(document.get("issuer", "")).rstrip("/") != issuer:
        raise IdpCommunicationError("The issuer's discovery document names another issuer.")
    keys = _fetch(str(document.get("jwks_uri", "")), local=local).get("keys")
    if not isinstance(keys, list):
        raise IdpCommunicationError("The issuer's key set has no keys.")
    return keys


def _fetch(url: str, *, local: bool) -> dict[str, Any]:
    parts = urlsplit(url)
    try:
        port = parts.port or (80 if local else 443)
        if parts.scheme != ("http" if local else "https") or not parts.hostname:
            raise IdpCommunicationError("The issuer's addresses must be https.")
        address = _resolve(parts.hostname, port, local=local)
        connection = _connect(parts.hostname, address, port, local=local)
        try:
            connection.request("GET", parts.path or "/", headers={"accept": "application/json"})
            reply = connection.getresponse()
            body = reply.read(MAX_BYTES + 1)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise IdpCommunicationError("The identity provider could not be reached.") from error
    if reply.status != 200 or len(body) > MAX_BYTES:
        raise IdpCommunicationError(f"The identity provider answered {reply.status}.")
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise IdpCommunicationError("The identity provider's answer is not JSON.") from error


def _resolve(host: str, port: int, *, local: bool) -> str:
    """One address of the host; refuses a private one, so that tenants cannot reach inside."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_, place in found:
        address = str(place[0])
        if local == ipaddress.ip_address(address).is_loopback and (
            local or ipaddress.ip_address(address).is_global
        ):
            return address
    raise IdpCommunicationError("The identity provider's address is not a public one.")


def _connect(host: str, address: str, port: int, *, local: bool) -> http.client.HTTPConnection:
    """A connection to the address that was checked, whatever the name means by now."""
    raw = socket.create_connection((address, port), timeout=TIMEOUT_S)
    if not local:
        raw = ssl.create_default_context().wrap_socket(raw, server_hostname=host)
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    connection.sock = raw
    return connection
