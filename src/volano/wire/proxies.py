"""Who really calls, where a proxy stands in front that the operator trusts.

A proxy tells the address and scheme that it saw in a header. Anybody can send such a header, so it
is read only on connections that come from a network of `trusted_proxies`, and only the one that
the operator says the proxy sets (`proxy_header`); from its right end, as far as proxies are
trusted. Specified in RFC 7239; `X-Forwarded-For` and `X-Forwarded-Proto` as proxies use them.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.egress import Network
    from volano.wire.http import Scope

FORWARDED, X_FORWARDED = "forwarded", "x-forwarded-for"
MAX_HOPS = 20
_PAIR = re.compile(r'\s*([a-zA-Z]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]+)\s*\Z')
_SCHEMES = {"http": "http", "https": "https"}
_SOCKET_SCHEMES = {"http": "ws", "https": "wss"}


class Proxies:
    """The proxies that are trusted; none by default, and then nothing is read."""

    def __init__(self, networks: Sequence[Network], header: str = X_FORWARDED) -> None:
        self._networks = networks
        self._header = header.encode()

    def __bool__(self) -> bool:
        return bool(self._networks)

    def tell(self, scope: Scope) -> None:
        """Put the caller's address and scheme into an ASGI scope that a trusted proxy made."""
        peer = scope.get("client")
        if not self._networks or not peer or not self._is_trusted(peer[0]):
            return
        told = [value.decode("latin-1") for name, value in scope["headers"] if name == self._header]
        if self._header == FORWARDED.encode():
            hops = _forwarded(",".join(told))
        else:
            schemes = [v for name, v in scope["headers"] if name == b"x-forwarded-proto"]
            proto = schemes[-1].decode("latin-1").rpartition(",")[2] if schemes else ""
            hops = [(_address(each), proto) for each in ",".join(told).split(",") if each.strip()]
        address, proto = self._caller(peer[0], hops)
        scope["client"] = (address, 0 if address != peer[0] else peer[1])
        schemes_here = _SOCKET_SCHEMES if scope["type"] == "websocket" else _SCHEMES
        scheme = schemes_here.get(proto.strip().lower())
        if scheme is not None:
            scope["scheme"] = scheme

    def _caller(self, peer: str, hops: list[tuple[str, str]]) -> tuple[str, str]:
        """The first address from the right that is no trusted proxy, and the scheme it used.

        Behind what cannot be read nothing is believed: the caller is the last proxy that can.
        """
        known, scheme = peer, ""
        for address, proto in reversed(hops[-MAX_HOPS:]):
            if not address:
                break
            known, scheme = address, proto
            if not self._is_trusted(address):
                break
        return known, scheme

    def _is_trusted(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._networks)


def _forwarded(text: str) -> list[tuple[str, str]]:
    """(address or '', scheme) of each element of `Forwarded`."""
    return [_element(each) for each in text.split(",") if each.strip()]


def _element(text: str) -> tuple[str, str]:
    found = {}
    for part in text.split(";"):
        pair = _PAIR.match(part)
        if pair is None:
            return "", ""
        found[pair.group(1).lower()] = pair.group(2).strip('"')
    return _address(found.get("for", "")), found.get("proto", "")


def _address(text: str) -> str:
    """The address without its port, as it is written everywhere here; '' when there is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
