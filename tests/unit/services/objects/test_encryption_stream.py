"""The format of sealed bytes: known answers, every border, and what happens to tampered chunks."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from volano.kernel.errors import Internal
from volano.services.objects.logic.encryption_stream import (
    CHUNK_BYTES,
    TAG_BYTES,
    Sealer,
    Window,
    new_seal,
    open_stream,
    open_window,
    stream_cipher,
)
from volano.services.objects.model import sealed_size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = bytes(range(32))
SEAL = new_seal(bytes(range(16)))
SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES


def _plain(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def _seal(plain: bytes, *, piece: int = 100_001) -> bytes:
    sealer = Sealer(KEY, SEAL)
    pieces = [sealer.update(plain[at : at + piece]) for at in range(0, len(plain), piece)]
    return b"".join(pieces) + sealer.finish()


async def _pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def _open(sealed: bytes, size: int, first: int, end: int, *, piece: int = 1 << 20) -> bytes:
    window = Window(size, first, end)
    cut = sealed[window.start : window.end]
    chunks = open_stream(stream_cipher(KEY, SEAL), window, _pieces(cut, piece))
    return b"".join([chunk async for chunk in chunks])


def test_format_is_hkdf_and_gcm_with_numbered_nonces() -> None:
    """The format in other words than the code's: what is stored today must open for ever."""
    plain = _plain(CHUNK_BYTES + 5)
    derive = HKDF(SHA256(), 32, bytes(range(16)), b"volano s3 stream 1")
    cipher = AESGCM(derive.derive(KEY))
    first = cipher.encrypt(bytes(12), plain[:CHUNK_BYTES], None)
    last = cipher.encrypt(bytes.fromhex("000000010000000000000001"), plain[CHUNK_BYTES:], None)
    assert _seal(plain) == first + last
    assert SEAL == "1.000102030405060708090a0b0c0d0e0f"


def test_known_answer() -> None:
    digest = hashlib.sha256(_seal(b"volano" * 30_000)).hexdigest()
    assert digest == "5cbc4071b0bdf59c853b6c8faad9ae696984b58fbafbdaf11b29fa9dcdd227e0"


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 300_000])
def test_pieces_do_not_matter_and_the_size_is_known(size: int) -> None:
    plain = _plain(size)
    sealed = _seal(plain)
    assert len(sealed) == sealed_size(size)
    assert sealed == _seal(plain, piece=17_000) == _seal(plain, piece=1 << 22)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "size", [1, CHUNK_BYTES, CHUNK_BYTES + 1, 4 * CHUNK_BYTES, 40 * CHUNK_BYTES + 7]
)
async def test_every_range_around_every_border_is_what_was_written(size: int) -> None:
    plain = _plain(size)
    sealed = _seal(plain)
    borders = [0, 1, size - 1, size, *range(CHUNK_BYTES, size, 7 * CHUNK_BYTES)]
    near = sorted({at + by for at in borders for by in (-1, 0, 1) if 0 <= at + by <= size})
    for first in near:
        for end in near:
            if first < end:
                assert await _open(sealed, size, first, end, piece=70_001) == plain[first:end]
                window = Window(size, first, end)
                assert window.end - window.start <= sealed_size(end - first) + 2 * SEALED_CHUNK


def test_small_window_opens_at_once() -> None:
    plain = _plain(3 * CHUNK_BYTES)
    sealed = _seal(plain)
    window = Window(len(plain), CHUNK_BYTES - 3, CHUNK_BYTES + 3)
    cut = sealed[window.start : window.end]
    assert open_window(stream_cipher(KEY, SEAL), window, cut) == plain[CHUNK_BYTES - 3 :][:6]


@pytest.mark.asyncio
@pytest.mark.parametrize("chunk", [0, 1, 17, 39])
async def test_nothing_behind_a_changed_chunk_is_delivered(chunk: int) -> None:
    plain = _plain(40 * CHUNK_BYTES)
    sealed = bytearray(_seal(plain))
    sealed[chunk * SEALED_CHUNK + 11] ^= 1
    window = Window(len(plain), 0, len(plain))
    given = bytearray()
    chunks = open_stream(stream_cipher(KEY, SEAL), window, _pieces(bytes(sealed), 1 << 20))

    async def take() -> None:
        async for piece in chunks:
            given.extend(piece)

    with pytest.raises(Internal, match="were changed"):
        await take()
    assert len(given) <= chunk * CHUNK_BYTES
    assert plain.startswith(bytes(given))


def _swapped(sealed: bytes) -> bytes:
    first, second = sealed[:SEALED_CHUNK], sealed[SEALED_CHUNK : 2 * SEALED_CHUNK]
    return second + first + sealed[2 * SEALED_CHUNK :]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "damage",
    [
        _swapped,
        lambda sealed: sealed[:SEALED_CHUNK] * 3,
        lambda sealed: sealed[: 2 * SEALED_CHUNK],
        lambda sealed: sealed[:-1],
        lambda sealed: b"",
    ],
    ids=["swapped", "repeated", "cut at a chunk", "cut in a chunk", "gone"],
)
async def test_chunks_swapped_repeated_or_cut_off_do_not_open(damage: object) -> None:
    plain = _plain(3 * CHUNK_BYTES)
    sealed = damage(_seal(plain))  # type: ignore[operator]  # one of the functions above
    window = Window(len(plain), 0, len(plain))
    with pytest.raises(Internal, match="were changed"):
        _ = [
            chunk
            async for chunk in open_stream(
                stream_cipher(KEY, SEAL), window, _pieces(sealed, 50_000)
            )
        ]


@pytest.mark.asyncio
async def test_stream_cut_to_its_first_chunk_is_no_shorter_stream() -> None:
    """Whoever can write rows and bytes cannot make a longer object look like a shorter one."""
    sealed = _seal(_plain(2 * CHUNK_BYTES))[:SEALED_CHUNK]
    with pytest.raises(Internal, match="were changed"):
        await _open(sealed, CHUNK_BYTES, 0, CHUNK_BYTES)


def test_unknown_form_is_refused() -> None:
    with pytest.raises(Internal, match="newer Volano"):
        stream_cipher(KEY, "2." + "00" * 16)
