"""Where URLs of tenants may point."""

from __future__ import annotations

import pytest

from volano.kernel.egress import EgressRefused, is_allowed, parse_networks, parse_url
from volano.kernel.errors import Invalid

REFUSED = (
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1",
    "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    "64:ff9b:1::7f00:1", "::7f00:1", "::ffff:0:7f00:1", "fec0::1", "3fff::1", "5f00::1",
    "192.0.0.192", "168.63.129.16",
)  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_addresses_inside_are_refused(address):
    assert not is_allowed(address, ())


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_public_addresses_are_allowed(address):
    assert is_allowed(address, ())


def test_the_operator_opens_networks():
    allowed = parse_networks(["10.0.0.0/8", "::1"])
    assert is_allowed("10.2.3.4", allowed)
    assert is_allowed("::ffff:10.2.3.4", allowed)
    assert is_allowed("::1", allowed)
    assert not is_allowed("192.168.1.1", allowed)
    with pytest.raises(Invalid, match="intranet"):
        parse_networks(["intranet"])


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a/",
        "file:///etc/passwd",
        "http://",
        "http://a b/",
        "http://a:99999/",
        "a",
        "http://a\r\n/",
        "http://a/\u00e9",
        "gopher://a/",
        "http://" + "a" * 5000,
    ],
)
def test_only_plain_http_urls_are_taken(url):
    with pytest.raises(EgressRefused):
        parse_url(url)


def test_a_url_is_taken_apart():
    place = parse_url("https://user:pw@Example.com:8443/a/b?c=d")
    assert (place.secure, place.host, place.port) == (True, "example.com", 8443)
    assert (place.target, place.credentials) == ("/a/b?c=d", "user:pw")
    assert parse_url("http://[::1]/").authority == "[::1]"
