"""The format of sealed bytes: AES-256-GCM in chunks, so that a range opens only what it needs.

A stream has a key of its own, drawn by HKDF-SHA256 from the object's data key and a random salt of
16 bytes that stands in the row. Plain bytes are cut into chunks of 64 KiB; each is sealed with the
nonce `last (4 bytes, 0 or 1) || index (8 bytes)` and followed by its tag of 16 bytes. The index
fixes the order, the mark on the last chunk the end: chunks that were changed, swapped, repeated or
cut off do not open, and nothing behind them is delivered.
"""

from __future__ import annotations

import asyncio
import struct
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from volano.kernel.errors import Internal
from volano.services.objects.model import SEAL_CHUNK_BYTES, SEAL_TAG_BYTES, sealed_size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHUNK_BYTES = SEAL_CHUNK_BYTES
TAG_BYTES = SEAL_TAG_BYTES
SALT_BYTES = 16
KEY_BYTES = 32
FORM = "1"
INLINE_BYTES = 64 * 1024
"""Sealing this much takes less time than handing it to a thread."""
SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES
WORTH_CHUNKS = 4
"""Fewer whole chunks wait for the next piece."""
_INFO = b"volano s3 stream 1"


def new_seal(salt: bytes) -> str:
    """What a row keeps of a stream: the form and the salt."""
    assert len(salt) == SALT_BYTES, "a stream has a salt of 16 bytes"
    return f"{FORM}.{salt.hex()}"


def stream_cipher(data_key: bytes, seal: str) -> AESGCM:
    """The cipher of one stream; raises Internal for a form this version does not know."""
    form, _, salt = seal.partition(".")
    if form != FORM or len(salt) != 2 * SALT_BYTES:
        raise Internal("This object was sealed by a newer Volano.", facts={"seal": seal[:80]})
    derive = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=bytes.fromhex(salt), info=_INFO)
    return AESGCM(derive.derive(data_key))


def _nonce(index: int, *, is_last: bool) -> bytes:
    return struct.pack(">IQ", is_last, index)


class Sealer:
    """Seals a stream piece by piece; holds at most one chunk back, for it may be the last."""

    def __init__(self, data_key: bytes, seal: str) -> None:
        self._cipher = stream_cipher(data_key, seal)
        self._held = bytearray()
        self._index = 0

    def update(self, plain: bytes) -> bytes:
        """Take more plain bytes and return what is sealed by now."""
        self._held += plain
        sealed: list[bytes] = []
        start = 0
        while len(self._held) - start > CHUNK_BYTES:
            sealed.append(self._seal(start, start + CHUNK_BYTES, is_last=False))
            start += CHUNK_BYTES
        del self._held[:start]
        return b"".join(sealed)

    def finish(self) -> bytes:
        """The last chunk; b'' for a stream of no bytes."""
        if not self._held:
            return b""
        return self._seal(0, len(self._held), is_last=True)

    def _seal(self, start: int, end: int, *, is_last: bool) -> bytes:
        nonce = _nonce(self._index, is_last=is_last)
        self._index += 1
        with memoryview(self._held) as held:
            return self._cipher.encrypt(nonce, held[start:end], None)


class Window:
    """Which sealed bytes hold the plain bytes from `first_byte` to before `end_byte`."""

    def __init__(self, plain_bytes: int, first_byte: int, end_byte: int) -> None:
        assert 0 <= first_byte < end_byte <= plain_bytes, "a window lies inside its stream"
        self.first_chunk = first_byte // CHUNK_BYTES
        self.end_chunk = -(-end_byte // CHUNK_BYTES)
        self.last_index = -(-plain_bytes // CHUNK_BYTES) - 1
        self.skip = first_byte - self.first_chunk * CHUNK_BYTES
        self.length = end_byte - first_byte
        self.start = self.first_chunk * SEALED_CHUNK
        self.end = min(self.end_chunk * SEALED_CHUNK, sealed_size(plain_bytes))


def open_window(cipher: AESGCM, window: Window, sealed: bytes) -> bytes:
    """The plain bytes of a small window; raises Internal when a chunk was changed."""
    plain = _open_chunks(cipher, window, window.first_chunk, sealed)
    return plain[window.skip : window.skip + window.length]


async def open_stream(
    cipher: AESGCM, window: Window, sealed: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    """The plain bytes of a window as they come; at most 3 MiB are in memory.

    Raises Internal at the first chunk that was changed; nothing of it or behind it is given out.
    """
    index, skip, left = window.first_chunk, window.skip, window.length
    held = b""
    async with aclosing(cast("Any", sealed)) as pieces:
        async for piece in pieces:
            held = held + piece if held else piece
            whole = len(held) // SEALED_CHUNK
            if whole < WORTH_CHUNKS:
                continue
            plain = await _open_batch(
                cipher, window, index, memoryview(held)[: whole * SEALED_CHUNK]
            )
            held = held[whole * SEALED_CHUNK :]
            index += whole
            yield plain if not skip and len(plain) <= left else plain[skip : skip + left]
            left -= len(plain) - skip
            skip = 0
    if held:
        plain = await _open_batch(cipher, window, index, memoryview(held))
        index += -(-len(held) // SEALED_CHUNK)
        yield plain[skip : skip + left]
    if index != window.end_chunk:
        raise _changed(index)


async def _open_batch(cipher: AESGCM, window: Window, index: int, sealed: memoryview) -> bytes:
    if len(sealed) <= INLINE_BYTES + TAG_BYTES:
        return _open_chunks(cipher, window, index, sealed)
    return await asyncio.to_thread(_open_chunks, cipher, window, index, sealed)


def _open_chunks(cipher: AESGCM, window: Window, index: int, sealed: bytes | memoryview) -> bytes:
    plain: list[bytes] = []
    with memoryview(sealed) as view:
        for start in range(0, len(sealed), SEALED_CHUNK):
            nonce = _nonce(index, is_last=index == window.last_index)
            try:
                chunk = cipher.decrypt(nonce, view[start : start + SEALED_CHUNK], None)
            except InvalidTag as error:
                raise _changed(index) from error
            plain.append(chunk)
            index += 1
    return b"".join(plain)


def _changed(index: int) -> Internal:
    return Internal(
        "The stored bytes of this object were changed; they cannot be decrypted.",
        facts={"chunk": index},
    )
