"""Whose word on the caller's address counts, and how far (RFC 7239)."""

from __future__ import annotations

import pytest

from volano.kernel.egress import parse_networks
from volano.wire.proxies import FORWARDED, X_FORWARDED, Proxies

NETWORKS = parse_networks(["10.0.0.0/8", "fd00::/8"])


def told(
    peer: str, *headers: tuple[str, str], header: str = X_FORWARDED, kind: str = "http"
) -> tuple[str, str]:
    """(address, scheme) as the rest of the process sees them."""
    scope = {
        "type": kind,
        "scheme": "http" if kind == "http" else "ws",
        "client": (peer, 4711),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    Proxies(NETWORKS, header).tell(scope)
    return scope["client"][0], scope["scheme"]


def by(addresses: str, proto: str = "https") -> list[tuple[str, str]]:
    return [("x-forwarded-for", addresses), ("x-forwarded-proto", proto)]


def test_a_trusted_proxy_is_believed() -> None:
    assert told("10.1.1.1", *by("203.0.113.7")) == ("203.0.113.7", "https")
    assert told("fd00::1", *by("2001:db8::5")) == ("2001:db8::5", "https")
    assert told("::ffff:10.1.1.1", *by("203.0.113.7")) == ("203.0.113.7", "https")
    assert told("10.1.1.1", *by("203.0.113.7:5555")) == ("203.0.113.7", "https")
    assert told("10.1.1.1", *by("203.0.113.7"), kind="websocket") == ("203.0.113.7", "wss")


def test_nobody_else_is_believed() -> None:
    assert told("203.0.113.9", *by("10.0.0.1")) == ("203.0.113.9", "http")
    assert Proxies(()) or told("", *by("1.2.3.4")) == ("", "http")
    scope = {"type": "http", "client": None, "headers": []}
    Proxies(NETWORKS).tell(scope)
    assert scope["client"] is None


def test_what_the_client_itself_wrote_in_front_is_not_believed() -> None:
    assert told("10.1.1.1", *by("127.0.0.1, 203.0.113.7")) == ("203.0.113.7", "https")
    assert told("10.1.1.1", *by("127.0.0.1, 203.0.113.7, 10.2.2.2")) == ("203.0.113.7", "https")
    twice = [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-for", "203.0.113.7")]
    assert told("10.1.1.1", *twice)[0] == "203.0.113.7"
    assert told("10.1.1.1", *by("203.0.113.7", "https, http")) == ("203.0.113.7", "http")


@pytest.mark.parametrize("nonsense", ["unknown", "1.2.3", "_hidden", "a:b:c", "'", "1.2.3.4.5"])
def test_behind_nonsense_the_last_proxy_is_the_caller(nonsense: str) -> None:
    assert told("10.1.1.1", *by(f"203.0.113.7, {nonsense}")) == ("10.1.1.1", "http")
    assert told("10.1.1.1", *by(f"203.0.113.7, {nonsense}, 10.2.2.2"))[0] == "10.2.2.2"


def test_unknown_schemes_and_other_headers_change_nothing() -> None:
    assert told("10.1.1.1", *by("203.0.113.7", "gopher")) == ("203.0.113.7", "http")
    assert told("10.1.1.1", ("x-forwarded-proto", "https")) == ("10.1.1.1", "http")
    forwarded = ("forwarded", "for=198.51.100.1;proto=https")
    assert told("10.1.1.1", forwarded, ("x-forwarded-for", "203.0.113.7"))[0] == "203.0.113.7"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("for=203.0.113.7;proto=https", ("203.0.113.7", "https")),
        ('For="[2001:db8::5]:4711"; Proto=HTTPS; by=10.1.1.1', ("2001:db8::5", "https")),
        ("for=127.0.0.1, for=203.0.113.7;proto=http", ("203.0.113.7", "http")),
        ("for=127.0.0.1;proto=https, for=203.0.113.7, for=10.9.9.9", ("203.0.113.7", "http")),
        ("for=203.0.113.7, for=unknown", ("10.1.1.1", "http")),
        ('for="203.0.113.7', ("10.1.1.1", "http")),
        ("proto=https", ("10.1.1.1", "http")),
    ],
)
def test_the_header_of_rfc_7239(value: str, wanted: tuple[str, str]) -> None:
    header = ("forwarded", value)
    assert told("10.1.1.1", header, *by("198.51.100.1"), header=FORWARDED) == wanted
