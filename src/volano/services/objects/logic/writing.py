"""From a request's body to a durable blob: streamed once, hashed once, never held whole.

Small bodies are hashed here and now, larger ones in blocks of 1 MiB in a worker thread while the
block before is written (hashlib frees the interpreter lock). At most two blocks are in memory.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from volano.services.objects.logic.checksums import (
    DEFAULT_ALGORITHM,
    NO_CLAIMS,
    Claims,
    claim_from_trailers,
    full_checksum,
    new_hash,
    require_match,
)
from volano.services.objects.logic.encryption_stream import SALT_BYTES, Sealer, new_seal
from volano.services.objects.logic.errors import EntityTooLarge, IncompleteBody
from volano.services.objects.logic.storage_classes import STANDARD, placement_of
from volano.services.objects.model import MAX_PUT_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from volano.kernel.bytes import Blob, BlobWriter
    from volano.kernel.call import Env
    from volano.services.objects.model import Checksum

BLOCK_BYTES = 1024 * 1024
INLINE_BYTES = 64 * 1024
"""Hashing this much takes 0.1 ms, less than handing it to a thread is worth."""


class IncomingBody(Protocol):
    """What the gateway hands over: decoded chunks; trailers once they were all read."""

    length: int | None
    trailers: Mapping[str, str]

    def __aiter__(self) -> AsyncIterator[bytes]: ...


class BytesBody:
    """A body that is already here."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.length: int | None = len(data)
        self.trailers: Mapping[str, str] = {}

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._data:
            yield self._data


class StreamBody:
    """A body from any stream of chunks."""

    def __init__(self, chunks: AsyncIterator[bytes], length: int | None = None) -> None:
        self._chunks = chunks
        self.length = length
        self.trailers: Mapping[str, str] = {}

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Durable bytes; `blob` is None for no bytes. `crc` is their CRC-64/NVME when asked for.

    `seal` is the stream that the blob is, '' for plain bytes; hashes are of the plain bytes.
    """

    blob: Blob | None
    size_bytes: int
    md5: bytes
    checksum: Checksum
    crc: int = 0
    seal: str = ""


class _Hashes:
    """MD5, the wanted checksum and perhaps the CRC-64/NVME beside it."""

    def __init__(self, algorithm: str, *, with_crc: bool) -> None:
        self.algorithm = algorithm
        self.md5 = new_hash("MD5")
        self.checksum = new_hash(algorithm)
        self.crc = new_hash(DEFAULT_ALGORITHM) if with_crc else None

    def update(self, block: bytes) -> None:
        self.md5.update(block)
        self.checksum.update(block)
        if self.crc is not None:
            self.crc.update(block)


async def write_body(
    env: Env,
    body: IncomingBody,
    *,
    key: str,
    claims: Claims = NO_CLAIMS,
    algorithm: str = "",
    with_crc: bool = False,
    limit_bytes: int = MAX_PUT_BYTES,
    data_key: bytes | None = None,
    storage_class: str = STANDARD,
) -> Written:
    """Store the body as its storage class says and check what the client claimed about it.

    `algorithm` is the checksum to keep when the client claims none; with a `data_key` the bytes are
    sealed on their way. Raises BadDigest, EntityTooLarge, IncompleteBody, InvalidStorageClass and
    InvalidRequest; then nothing is left behind.
    """
    if body.length is not None and body.length > limit_bytes:
        raise _too_large(body.length, limit_bytes)
    placement = placement_of(env, storage_class)
    hashes = _Hashes(claims.algorithm or algorithm or DEFAULT_ALGORITHM, with_crc=with_crc)
    blocks = _blocks(body, limit_bytes)
    first = await anext(blocks, b"")
    if not first:
        return _finish(body, claims, hashes, blob=None, size_bytes=0)
    size_bytes = 0
    seal = "" if data_key is None else new_seal(env.ids.bytes(SALT_BYTES))
    sealer = None if data_key is None else Sealer(data_key, seal)
    async with env.bytes.writer(
        copies=placement.copies, tier=placement.tier, size_hint=body.length, key=key
    ) as writer:
        block = first
        while block:
            size_bytes += len(block)
            if len(block) <= INLINE_BYTES:
                hashes.update(block)
                await _write(writer, sealer, block)
            else:
                await asyncio.gather(
                    asyncio.to_thread(hashes.update, block), _write(writer, sealer, block)
                )
            block = await anext(blocks, b"")
        if sealer is not None:
            await writer.write(sealer.finish())
        checked = _finish(body, claims, hashes, blob=None, size_bytes=size_bytes)
        blob = await writer.commit()
    return Written(
        blob=blob,
        size_bytes=size_bytes,
        md5=checked.md5,
        checksum=checked.checksum,
        crc=checked.crc,
        seal=seal,
    )


async def _write(writer: BlobWriter, sealer: Sealer | None, block: bytes) -> None:
    if sealer is None:
        await writer.write(block)
    elif len(block) <= INLINE_BYTES:
        await writer.write(sealer.update(block))
    else:
        await writer.write(await asyncio.to_thread(sealer.update, block))


def _finish(
    body: IncomingBody, claims: Claims, hashes: _Hashes, *, blob: Blob | None, size_bytes: int
) -> Written:
    if body.length is not None and body.length != size_bytes:
        raise IncompleteBody(
            "You did not provide the number of bytes specified by the Content-Length HTTP header."
        )
    claim_from_trailers(claims, body.trailers)
    md5 = hashes.md5.digest()
    checksum = full_checksum(hashes.algorithm, hashes.checksum.digest())
    require_match(claims, md5=md5, checksum=checksum)
    crc = int.from_bytes(hashes.crc.digest(), "big") if hashes.crc is not None else 0
    return Written(blob=blob, size_bytes=size_bytes, md5=md5, checksum=checksum, crc=crc)


async def _blocks(body: IncomingBody, limit_bytes: int) -> AsyncIterator[bytes]:
    """Chunks gathered to blocks, so that a thread hop is paid once per MiB."""
    received = waiting_bytes = 0
    waiting: list[bytes] = []
    async for chunk in body:
        received += len(chunk)
        if received > limit_bytes:
            raise _too_large(received, limit_bytes)
        waiting.append(chunk)
        waiting_bytes += len(chunk)
        if waiting_bytes >= BLOCK_BYTES:
            yield b"".join(waiting)
            waiting, waiting_bytes = [], 0
    if waiting_bytes:
        yield b"".join(waiting)


def _too_large(size_bytes: int, limit_bytes: int) -> EntityTooLarge:
    return EntityTooLarge(
        "Your proposed upload exceeds the maximum allowed size",
        fields={"ProposedSize": str(size_bytes), "MaxSizeAllowed": str(limit_bytes)},
    )
