"""Bytes of a stored object: one blob, or parts one after the other."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from volano.kernel.errors import Internal
from volano.services.objects.logic.encryption_stream import (
    Window,
    open_stream,
    open_window,
    stream_cipher,
)
from volano.services.objects.store import uploads as part_rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.bytes import Blob, FileSlice
    from volano.kernel.call import Env
    from volano.services.objects.model import Part, StoredObject

    Content = bytes | AsyncIterator[bytes] | FileSlice

SMALL_BYTES = 64 * 1024
"""Up to here a read is one call and one buffer."""
PART_ROWS = 256


async def open_range(
    env: Env, item: StoredObject, first_byte: int, end_byte: int, *, data_key: bytes | None
) -> Content:
    """The bytes from `first_byte` to before `end_byte`; `data_key` opens those of an encrypted one.

    Raises Unavailable before the first byte is sent when no copy can be read.
    """
    length = end_byte - first_byte
    if length <= 0:
        return b""
    if item.description.encryption is not None:
        return await _open_sealed(env, item, first_byte, end_byte, data_key)
    if item.blob is not None:
        return await _open_blob(env, item.blob, first_byte, length)
    parts = await part_rows.select_parts_in_range(
        env.store.reader, item.content_id, first_byte=first_byte, end_byte=end_byte, limit=2
    )
    if len(parts) == 1 and parts[0].blob is not None:
        return await _open_blob(env, parts[0].blob, first_byte - parts[0].start_bytes, length)
    return await _started(_parts(env, item.content_id, first_byte, end_byte))


async def _open_blob(env: Env, blob: Blob, start: int, length: int) -> Content:
    if length <= SMALL_BYTES:
        return await env.bytes.read_all(blob, start=start, length=length)
    part = env.bytes.file_slice(blob, start=start, length=length)
    if part is not None:
        return part
    return await _started(env.bytes.read(blob, start=start, length=length))


async def _open_sealed(
    env: Env, item: StoredObject, first_byte: int, end_byte: int, data_key: bytes | None
) -> Content:
    if end_byte - first_byte > SMALL_BYTES:
        return await _started(read_range(env, item, first_byte, end_byte, data_key=data_key))
    encryption = item.description.encryption
    if item.blob is None or encryption is None or data_key is None:
        chunks = read_range(env, item, first_byte, end_byte, data_key=data_key)
        return b"".join([chunk async for chunk in chunks])
    window = Window(item.size_bytes, first_byte, end_byte)
    sealed = await env.bytes.read_all(
        item.blob, start=window.start, length=window.end - window.start
    )
    return open_window(stream_cipher(data_key, encryption.seal), window, sealed)


def read_range(
    env: Env, item: StoredObject, first_byte: int, end_byte: int, *, data_key: bytes | None
) -> AsyncIterator[bytes]:
    """The same as a stream of chunks, for those who copy."""
    encryption = item.description.encryption
    if encryption is not None and data_key is None:
        raise Internal("An encrypted object was read without its key.", facts={"key": item.key})
    if item.blob is None:
        return _parts(env, item.content_id, first_byte, end_byte, data_key)
    if encryption is not None and data_key is not None and end_byte > first_byte:
        return _unseal(
            env, item.blob, encryption.seal, data_key, item.size_bytes, first_byte, end_byte
        )
    return env.bytes.read(item.blob, start=first_byte, length=end_byte - first_byte)


def _unseal(
    env: Env, blob: Blob, seal: str, data_key: bytes, plain_bytes: int, first: int, end: int
) -> AsyncIterator[bytes]:
    window = Window(plain_bytes, first, end)
    sealed = env.bytes.read(blob, start=window.start, length=window.end - window.start)
    return open_stream(stream_cipher(data_key, seal), window, sealed)


async def _parts(
    env: Env, content_id: str, first_byte: int, end_byte: int, data_key: bytes | None = None
) -> AsyncIterator[bytes]:
    position = first_byte
    while position < end_byte:
        parts = await part_rows.select_parts_in_range(
            env.store.reader,
            content_id,
            first_byte=position,
            end_byte=end_byte,
            limit=PART_ROWS,
        )
        assert parts, f"object content {content_id} ends at byte {position}"
        for part in parts:
            assert part.blob is not None
            assert part.start_bytes <= position
            start = position - part.start_bytes
            stop = min(part.size_bytes, end_byte - part.start_bytes)
            async for chunk in _read(env, part, start, stop, data_key):
                yield chunk
            position = part.start_bytes + stop


async def _read(
    env: Env, part: Part, start: int, stop: int, data_key: bytes | None
) -> AsyncIterator[bytes]:
    assert part.blob is not None
    if part.seal and data_key is not None:
        source = _unseal(env, part.blob, part.seal, data_key, part.size_bytes, start, stop)
    else:
        source = env.bytes.read(part.blob, start=start, length=stop - start)
    async with aclosing(cast("Any", source)) as chunks:
        async for chunk in chunks:
            yield chunk


async def _started(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks, with the first one read: an error there is still an error answer."""
    first = await anext(chunks, b"")
    return _continued(first, chunks)


async def _continued(first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(cast("Any", chunks)) as rest:
        if first:
            yield first
        async for chunk in rest:
            yield chunk
