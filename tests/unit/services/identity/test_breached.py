"""Passwords that are refused whatever their length: leaked ones, and those about their person."""

from __future__ import annotations

import pytest

from volano.services.identity.logic.breached import (
    DIGEST_BYTES,
    LIST,
    is_about,
    is_breached,
)


@pytest.mark.parametrize("password", ["password", "PassWord", "12345678", "qwertyuiop", "trustno1"])
def test_what_everybody_tries_first_is_known(password):
    assert is_breached(password)


@pytest.mark.parametrize("password", ["correct horse battery", "many words of mine", "", "é" * 9])
def test_what_nobody_chose_is_not(password):
    assert not is_breached(password)


def test_the_list_is_long_enough_and_sorted():
    raw = LIST.read_bytes()
    rows = [raw[at : at + DIGEST_BYTES] for at in range(0, len(raw), DIGEST_BYTES)]
    assert len(rows) >= 3000  # OWASP ASVS 5.0, 6.2.4
    assert rows == sorted(set(rows))


@pytest.mark.parametrize(
    ("password", "about"),
    [
        ("ada.lovelace", True),
        ("Lovelace123", True),
        ("volanoadmin", True),
        ("Volano2026!", False),
        ("lovelace likes engines", False),
        ("correct horse", False),
    ],
)
def test_names_alone_are_no_password(password, about):
    assert is_about(password, ["ada.lovelace", "lovelace", "ada"]) is about
