"""One-time passwords against RFC 6238's own table, the window, and refused replays."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from volano.services.identity.logic import totp

SEED = b"12345678901234567890"
NOW_US = 1_700_000_000_000_000


@pytest.mark.parametrize(
    ("at_s", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(at_s, code):
    assert totp.code_at(SEED, totp.step_at(at_s * 1_000_000)) == code[-6:]


@pytest.mark.parametrize(
    ("off", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_counts_one_step_either_side(off, taken):
    step = totp.step_at(NOW_US) + off
    matched = totp.match_step(SEED, totp.code_at(SEED, step), now_us=NOW_US)
    assert matched == (step if taken else None)


def test_a_code_is_taken_once():
    step = totp.step_at(NOW_US)
    code = totp.code_at(SEED, step)
    assert totp.match_step(SEED, code, now_us=NOW_US, after_step=step) is None
    assert totp.match_step(SEED, code, now_us=NOW_US, after_step=step - 1) == step


@pytest.mark.parametrize("wrong", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12345é", "-12345"])
def test_what_is_no_code_is_refused(wrong):
    assert totp.match_step(SEED, wrong, now_us=NOW_US) is None


def test_a_pair_is_two_codes_in_a_row():
    step = totp.step_at(NOW_US)
    first, second = totp.code_at(SEED, step - 1), totp.code_at(SEED, step)
    assert totp.match_pair(SEED, first, second, now_us=NOW_US) == step
    assert totp.match_pair(SEED, second, first, now_us=NOW_US) is None
    assert totp.match_pair(SEED, second, second, now_us=NOW_US) is None
    assert totp.match_pair(SEED, "é", second, now_us=NOW_US) is None
    used = totp.match_pair(SEED, first, second, now_us=NOW_US, after_step=step - 1)
    assert used is None


def test_the_uri_holds_what_an_app_asks_for():
    uri = urlsplit(totp.as_uri(SEED, issuer="Volano Home", name="ada@example.com"))
    assert (uri.scheme, uri.netloc, uri.path) == (
        "otpauth",
        "totp",
        "/Volano%20Home%3Aada@example.com",
    )
    assert parse_qs(uri.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["Volano Home"],
        "digits": ["6"],
        "period": ["30"],
    }
