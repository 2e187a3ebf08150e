"""Port `secrets`: seal what the database may hold only encrypted (AWS secret keys, TOTP seeds)."""

from __future__ import annotations

from typing import Protocol


class SecretBox(Protocol):
    """Authenticated encryption under the root key, which lies outside the database."""

    def seal(self, plain: bytes, *, context: str) -> bytes:
        """Encrypt; `context` is bound to the result and must be given again to open it."""
        ...

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Decrypt; raises Internal when the key or the context is another one."""
        ...

    def digest(self, token: str) -> bytes:
        """A keyed hash of a bearer token: what the database stores to find it again."""
        ...
