"""Port `egress`: requests to URLs that a tenant supplies (webhooks, issuers, other S3 stores).

The one rule stands here: such a URL is http or https, and what its host resolves to is a public
address or lies in a network that the setting `egress_allow` names. Loopback, link-local (the
metadata address of a machine is one), private and all other special addresses are refused: they
are the control plane and its neighbours. The backend resolves a name once and connects to the very
address that was checked, so a name cannot mean another address a moment later; a redirect is a new
URL and checked anew; time and the size of an answer are limited.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from volano.kernel.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_URL_CHARACTERS = 4096
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is public in IPv6; what lies beside it embeds or translates other addresses."""
_SPECIAL = (
    ipaddress.ip_network("192.0.0.0/24"),  # IETF's own; one cloud's metadata is at .192
    ipaddress.ip_network("168.63.129.16/32"),  # Azure's inside of each machine, in a public range
    ipaddress.ip_network("3fff::/20"),  # documentation (RFC 9637), which Python 3.11 does not know
)
"""Public by their numbers only."""


class EgressRefused(Invalid):
    """The rule does not let a request go there; repeating it does not help."""

    code = "EgressRefused"


class EgressFailed(Unavailable):
    """Nobody answered, or not in time, or with more than was allowed."""

    code = "EgressFailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressRequest:
    """One request. `body` may come in chunks; then `length` is their sum.

    `timeout_s` is for everything, redirects too; an answer over `max_bytes` fails.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | AsyncIterator[bytes] = b""
    length: int | None = None
    timeout_s: float = 15.0
    max_bytes: int = 1024 * 1024
    max_redirects: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressReply:
    """The answer; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressStream:
    """An answer whose body comes in `chunks`, as they arrive; decoded of its transfer coding."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class Egress(Protocol):
    def open(self, request: EgressRequest) -> AbstractAsyncContextManager[EgressStream]:
        """The answer as it comes, over a connection that is kept for the next request.

        `timeout_s` is for the head and for the time between two chunks; redirects are not followed.
        Leaving early closes the connection. Raises EgressRefused and EgressFailed.
        """
        ...

    async def fetch(self, request: EgressRequest) -> EgressReply:
        """The answer, whatever its status. Raises EgressRefused and EgressFailed."""
        ...

    async def require_allowed(self, url: str) -> None:
        """Resolve the URL's host and raise EgressRefused when a request may not go there.

        For settings: a name that does not resolve now is let through, since each request asks
        again.
        """
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL points: host and port as written, and the target to ask for."""

    secure: bool
    host: str
    port: int
    target: str
    credentials: str = ""

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def parse_url(url: str) -> Place:
    """Raises EgressRefused for anything but a plain http or https URL."""
    if len(url) > MAX_URL_CHARACTERS or any(c <= " " or c == "\x7f" for c in url):
        raise EgressRefused("The URL is too long or holds characters that no URL has.")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        raise EgressRefused("The URL cannot be read.") from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise EgressRefused("The URL must begin with http:// or https:// and name a host.")
    secure = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii():
        raise EgressRefused("The URL's path must be percent-encoded.")
    credentials = ""
    if parts.username is not None:
        credentials = f"{parts.username}:{parts.password or ''}"
    return Place(secure, host, port or (443 if secure else 80), target, credentials)


def parse_networks(names: Sequence[str], *, setting: str = "egress_allow") -> tuple[Network, ...]:
    """Networks that a setting names; raises Invalid with the name that is none."""
    found = []
    for name in names:
        try:
            found.append(ipaddress.ip_network(name, strict=False))
        except ValueError:
            raise Invalid(f"{setting}: {name!r} is no address and no network.") from None
    return tuple(found)


def is_allowed(address: str, allowed: Sequence[Network]) -> bool:
    """Whether requests may go to that address."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(found.packed[-4:])
        if inner is not None:
            return is_allowed(str(inner), allowed)
    if _is_in(found, allowed):
        return True
    if _is_in(found, _SPECIAL) or (found.version == 6 and found not in _UNICAST):
        return False
    return found.is_global and not found.is_multicast


def _is_in(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, networks: Sequence[Network]
) -> bool:
    return any(address.version == network.version and address in network for network in networks)
