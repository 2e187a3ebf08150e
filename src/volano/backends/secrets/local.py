"""Sealing under a key that the root key wraps, which lies outside the database (`root.py`).

A stolen database therefore yields no secret key and no usable token. The two uses have keys of
their own, derived by HKDF-SHA256 (RFC 5869); sealing is AES-256-GCM with a random nonce and the
context as associated data; digests are HMAC-SHA256 of tokens that carry 256 random bits.
"""

from __future__ import annotations

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from volano.kernel.errors import Internal

KEY_BYTES = 32
NONCE_BYTES = 12


class LocalSecretBox:
    def __init__(self, sealing_key: bytes) -> None:
        self._cipher = AESGCM(derive(sealing_key, b"volano seal"))
        self._digest_key = derive(sealing_key, b"volano token digest")

    def seal(self, plain: bytes, *, context: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, *, context: str) -> bytes:
        try:
            return self._cipher.decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise Internal(
                "A sealed secret does not open: the root key is not the one that sealed it."
            ) from error

    def digest(self, token: str) -> bytes:
        return hmac.digest(self._digest_key, token.encode(), "sha256")


def derive(key: bytes, purpose: bytes) -> bytes:
    """A key of its own for one purpose."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key)
