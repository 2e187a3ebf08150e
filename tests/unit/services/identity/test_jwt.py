"""JSON Web Tokens: what counts as signed, and when a token counts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA512

from volano.services.identity.logic.jwt import (
    InvalidIdentityToken,
    parse_unverified,
    require_in_time,
    verify_signature,
)

RSA = rsa.generate_private_key(65537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
NOW_S = 1_700_000_000


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int, size: int) -> str:
    return b64(value.to_bytes(size, "big"))


def rsa_key(**more) -> dict[str, str]:
    public = RSA.public_key().public_numbers()
    return {"kty": "RSA", "n": number(public.n, 256), "e": "AQAB"} | more


def curve_key() -> dict[str, str]:
    public = CURVE.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": number(public.x, 32), "y": number(public.y, 32)}


def signed(claims: dict, algorithm: str = "RS256", **head) -> str:
    text = ".".join(b64(json.dumps(p).encode()) for p in ({"alg": algorithm} | head, claims))
    return f"{text}.{b64(signature(text.encode(), algorithm))}"


def signature(text: bytes, algorithm: str) -> bytes:
    if algorithm == "none":
        return b""
    if algorithm == "HS256":  # the public key as a secret: the classical confusion
        return hmac.digest(json.dumps(rsa_key()).encode(), text, hashlib.sha256)
    if algorithm == "ES256":
        r, s = utils.decode_dss_signature(CURVE.sign(text, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return RSA.sign(text, padding.PKCS1v15(), SHA512() if algorithm == "RS512" else SHA256())


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
@pytest.mark.parametrize("length", range(4))
def test_tokens_of_every_length_are_read(algorithm, length):
    token = signed({"sub": "x" * length}, algorithm)
    verify_signature(token, [rsa_key(), curve_key()])
    assert parse_unverified(token)[1] == {"sub": "x" * length}


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "ES512", "rs256"])
def test_algorithms_that_prove_nothing_are_refused(algorithm):
    with pytest.raises(InvalidIdentityToken):
        verify_signature(signed({"sub": "a"}, algorithm), [rsa_key(), curve_key()])


def test_a_changed_claim_or_another_key_is_refused():
    head, claims, made = signed({"sub": "a"}).split(".")
    forged = f"{head}.{b64(json.dumps({'sub': 'b'}).encode())}.{made}"
    with pytest.raises(InvalidIdentityToken):
        verify_signature(forged, [rsa_key()])
    with pytest.raises(InvalidIdentityToken):
        verify_signature(f"{head}.{claims}.{made}", [curve_key()])
    with pytest.raises(InvalidIdentityToken):
        verify_signature(signed({}, kid="one"), [rsa_key(kid="two")])
    with pytest.raises(InvalidIdentityToken):
        verify_signature(signed({}), [rsa_key(use="enc")])


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "....", "x" * 30_000, "é.é.é"])
def test_what_is_no_token_is_refused(token):
    with pytest.raises(InvalidIdentityToken):
        parse_unverified(token)


@pytest.mark.parametrize(
    ("claims", "counts"),
    [
        ({"exp": NOW_S + 1}, True),
        ({"exp": NOW_S}, False),
        ({}, False),
        ({"exp": True}, False),
        ({"exp": "never"}, False),
        ({"exp": NOW_S + 100, "nbf": NOW_S + 61}, False),
        ({"exp": NOW_S + 100, "iat": NOW_S + 61}, False),
        ({"exp": NOW_S + 100, "nbf": NOW_S + 59}, True),
    ],
)
def test_a_token_counts_in_its_time_only(claims, counts):
    if counts:
        require_in_time(claims, now_s=NOW_S)
        return
    with pytest.raises(InvalidIdentityToken):
        require_in_time(claims, now_s=NOW_S)
