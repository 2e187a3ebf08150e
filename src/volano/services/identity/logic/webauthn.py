"""What a passkey's answers prove (W3C Web Authentication Level 3, sections 7.1 and 7.2).

Pure: bytes in, facts out. No attestation is asked for, so none is believed: a new key is trusted
because the person who is signed in brings it. A person must have been verified by the
authenticator (PIN, finger), which makes a passkey two factors in one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from volano.kernel.errors import Invalid
from volano.kernel.foreign_json import decode_foreign
from volano.services.identity.logic.cbor import BadCbor, decode

ES256, EDDSA, RS256 = -7, -8, -257
ALGORITHMS = (ES256, EDDSA, RS256)
MIN_RSA_BITS = 2048
MAX_FIELD_CHARACTERS = 16_384
MAX_CREDENTIAL_BYTES = 1023
_PRESENT, _VERIFIED, _BACKED_UP, _HAS_KEY = 1, 4, 16, 64


class PasskeyRefused(Invalid):
    """An answer of an authenticator that proves nothing."""

    code = "PasskeyRefused"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """A key that an authenticator made; `public_key` is DER."""

    id: str
    public_key: bytes
    algorithm: int
    sign_count: int
    backed_up: bool


@dataclass(frozen=True, slots=True)
class _Statement:
    flags: int
    sign_count: int
    rest: bytes


def read_registration(
    *, client_data: str, attestation: str, challenge: str, origin: str
) -> NewCredential:
    """The credential of `navigator.credentials.create`; raises PasskeyRefused.

    `client_data` and `attestation` are base64url, as browsers' `toJSON` gives them.
    """
    _require_client_data(_bytes(client_data), "webauthn.create", challenge, origin)
    try:
        found, _ = decode(_bytes(attestation))
    except BadCbor as error:
        raise PasskeyRefused(error.message) from error
    raw = found.get("authData") if isinstance(found, dict) else None
    if not isinstance(raw, bytes):
        raise PasskeyRefused("The passkey's answer has no authenticator data.")
    data = _authenticator_data(raw, origin)
    if not data.flags & _HAS_KEY or len(data.rest) < 18:
        raise PasskeyRefused("The passkey's answer holds no key.")
    length = int.from_bytes(data.rest[16:18], "big")
    credential, cose = data.rest[18 : 18 + length], data.rest[18 + length :]
    if not 1 <= length <= MAX_CREDENTIAL_BYTES or len(credential) != length:
        raise PasskeyRefused("The passkey's id is not valid.")
    algorithm, public_key = _public_key(cose)
    return NewCredential(
        id=to_base64(credential),
        public_key=public_key,
        algorithm=algorithm,
        sign_count=data.sign_count,
        backed_up=bool(data.flags & _BACKED_UP),
    )


def verify_assertion(
    *,
    client_data: str,
    authenticator_data: str,
    signature: str,
    public_key: bytes,
    challenge: str,
    origin: str,
) -> int:
    """The new signature count of `navigator.credentials.get`; raises PasskeyRefused."""
    signed_client = _bytes(client_data)
    _require_client_data(signed_client, "webauthn.get", challenge, origin)
    raw = _bytes(authenticator_data)
    data = _authenticator_data(raw, origin)
    signed = raw + hashlib.sha256(signed_client).digest()
    if not _is_signed(public_key, _bytes(signature), signed):
        raise PasskeyRefused("The passkey's signature is not right.")
    return data.sign_count


def to_base64(data: bytes) -> str:
    """base64url without padding, as all of WebAuthn's JSON is."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    if len(text) > MAX_FIELD_CHARACTERS:
        raise PasskeyRefused("The passkey's answer is too long.")
    try:
        padded = text.rstrip("=").encode("ascii")
        return base64.b64decode(padded + b"=" * (-len(padded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise PasskeyRefused("The passkey's answer is not base64url.") from error


def _require_client_data(raw: bytes, kind: str, challenge: str, origin: str) -> None:
    try:
        said = decode_foreign(raw, dict[str, Any])
    except msgspec.DecodeError as error:
        raise PasskeyRefused("The passkey's answer is not JSON.") from error
    if said.get("type") != kind:
        raise PasskeyRefused("The passkey answered another question.")
    given = str(said.get("challenge", "")).rstrip("=").encode()
    if not hmac.compare_digest(given, challenge.encode()):
        raise PasskeyRefused("The passkey answered another challenge.")
    if said.get("origin") != origin or said.get("crossOrigin") is True:
        raise PasskeyRefused("The passkey was asked by another site.")


def _authenticator_data(raw: bytes, origin: str) -> _Statement:
    if len(raw) < 37:
        raise PasskeyRefused("The passkey's answer is too short.")
    site = urlsplit(origin).hostname or ""
    if not hmac.compare_digest(raw[:32], hashlib.sha256(site.encode()).digest()):
        raise PasskeyRefused("The passkey belongs to another site.")
    flags = raw[32]
    if not flags & _PRESENT or not flags & _VERIFIED:
        raise PasskeyRefused("The authenticator did not verify the person (PIN or finger).")
    return _Statement(flags, int.from_bytes(raw[33:37], "big"), raw[37:])


def _public_key(cose: bytes) -> tuple[int, bytes]:
    """Algorithm and DER of a COSE key (RFC 9052 section 7, RFC 9053)."""
    try:
        key, _ = decode(cose)
        if not isinstance(key, dict) or not isinstance(algorithm := key.get(3), int):
            raise PasskeyRefused("The passkey's key cannot be read.")
        public = _of_cose(algorithm, key)
    except (BadCbor, KeyError, TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise PasskeyRefused("The passkey's key cannot be read.") from error
    if public is None:
        raise PasskeyRefused("The passkey's algorithm is not one that was asked for.")
    return algorithm, public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _of_cose(
    algorithm: int, key: dict[Any, Any]
) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey | None:
    if algorithm == ES256 and key[1] == 2 and key[-1] == 1:
        x, y = int.from_bytes(key[-2], "big"), int.from_bytes(key[-3], "big")
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    if algorithm == EDDSA and key[1] == 1 and key[-1] == 6:
        return ed25519.Ed25519PublicKey.from_public_bytes(key[-2])
    if algorithm == RS256 and key[1] == 3:
        n, e = int.from_bytes(key[-1], "big"), int.from_bytes(key[-2], "big")
        public = rsa.RSAPublicNumbers(e, n).public_key()
        return public if public.key_size >= MIN_RSA_BITS else None
    return None


def _is_signed(public_key: bytes, signature: bytes, signed: bytes) -> bool:
    key = load_der_public_key(public_key)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(SHA256()))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, signed)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True
