"""Signed JSON Web Tokens (RFC 7519) by RS256 and ES256, verified against a key set (RFC 7517)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256

from volano.kernel.errors import Invalid
from volano.kernel.foreign_json import decode_foreign

MAX_TOKEN_CHARACTERS = 20_000
MIN_RSA_BITS = 2048
SKEW_S = 60


class InvalidIdentityToken(Invalid):
    code = "InvalidIdentityToken"


def parse_unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, to learn whose keys to ask for; raises InvalidIdentityToken."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > MAX_TOKEN_CHARACTERS:
        raise InvalidIdentityToken("The ID Token provided is not a valid JWT.")
    header, claims = (_decode_json(part) for part in parts[:2])
    return header, claims


def verify_signature(token: str, keys: list[Any]) -> None:
    """Raises InvalidIdentityToken unless one of `keys` (of a JWKS) made the signature."""
    signed, _, signature_text = token.rpartition(".")
    header, _ = parse_unverified(token)
    signature = _decode(signature_text)
    for key in keys:
        if not isinstance(key, dict) or key.get("use", "sig") != "sig":
            continue
        if header.get("kid") is not None and key.get("kid") not in (None, header["kid"]):
            continue
        if _is_signed(signed.encode(), signature, str(header.get("alg")), key):
            return
    raise InvalidIdentityToken("Couldn't retrieve verification key from your identity provider")


def require_in_time(claims: dict[str, Any], *, now_s: float) -> None:
    """Raises InvalidIdentityToken for a token that is over, or not begun (RFC 7519, 4.1.4-6)."""
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or isinstance(expires, bool) or expires <= now_s:
        raise InvalidIdentityToken("Token expired: the ID Token provided is no longer valid.")
    for name in ("nbf", "iat"):
        value = claims.get(name)
        if isinstance(value, int | float) and value > now_s + SKEW_S:
            raise InvalidIdentityToken("The ID Token provided is not valid yet.")


def _is_signed(signed: bytes, signature: bytes, algorithm: str, key: dict[str, Any]) -> bool:
    try:
        if algorithm == "RS256" and key.get("kty") == "RSA":
            public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
            if public.key_size < MIN_RSA_BITS:
                return False
            public.verify(signature, signed, padding.PKCS1v15(), SHA256())
            return True
        if algorithm == "ES256" and key.get("crv") == "P-256" and len(signature) == 64:
            numbers = ec.EllipticCurvePublicNumbers(
                _number(key["x"]), _number(key["y"]), ec.SECP256R1()
            )
            halves = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
            encoded = utils.encode_dss_signature(*halves)
            numbers.public_key().verify(encoded, signed, ec.ECDSA(SHA256()))
            return True
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return False


def _number(text: str) -> int:
    return int.from_bytes(_decode(text), "big")


def _decode(text: str) -> bytes:
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidIdentityToken("The ID Token provided is not a valid JWT.") from error


def _decode_json(text: str) -> dict[str, Any]:
    try:
        found = decode_foreign(_decode(text), dict[str, Any])
    except msgspec.DecodeError as error:
        raise InvalidIdentityToken("The ID Token provided is not a valid JWT.") from error
    return found
