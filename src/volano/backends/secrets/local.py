"""Sealing under a root key that lies in a file of the data folder (mode 0600), not in the database.

A stolen database therefore yields no secret key and no usable token. The two uses have keys of
their own, derived by HKDF-SHA256 (RFC 5869); sealing is AES-256-GCM with a random nonce and the
context as associated data; digests are HMAC-SHA256 of tokens that carry 256 random bits.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from volano.kernel.errors import Internal

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES = 32
NONCE_BYTES = 12


class LocalSecretBox:
    def __init__(self, root_key: bytes) -> None:
        self._cipher = AESGCM(_derive(root_key, b"volano seal"))
        self._digest_key = _derive(root_key, b"volano token digest")

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
        return hmac.new(self._digest_key, token.encode(), hashlib.sha256).digest()


def _derive(root_key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(root_key)


def open_secret_box(path: Path) -> LocalSecretBox:
    """The box whose root key is in `path`; the key is made on first use.

    Raises Internal when the file is not 32 bytes.
    """
    try:
        root_key = path.read_bytes()
    except FileNotFoundError:
        root_key = _create(path)
    if len(root_key) != KEY_BYTES:
        raise Internal(f"{path.name} is damaged: it must hold {KEY_BYTES} bytes. Restore it.")
    return LocalSecretBox(root_key)


def _create(path: Path) -> bytes:
    root_key = os.urandom(KEY_BYTES)
    partial = path.with_suffix(".new")
    file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(file, root_key)
        os.fsync(file)
    finally:
        os.close(file)
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return root_key
