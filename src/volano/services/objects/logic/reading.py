"""Bytes of a stored object: one blob, or parts one after the other."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from volano.services.objects.store import uploads as part_rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.bytes import Blob, FileSlice
    from volano.kernel.call import Env
    from volano.services.objects.model import StoredObject

    Content = bytes | AsyncIterator[bytes] | FileSlice

SMALL_BYTES = 64 * 1024
"""Up to here a read is one call and one buffer."""
PART_ROWS = 256


async def open_range(env: Env, item: StoredObject, first_byte: int, end_byte: int) -> Content:
    """The bytes from `first_byte` to before `end_byte`.

    Raises Unavailable before the first byte is sent when no copy can be read.
    """
    length = end_byte - first_byte
    if length <= 0:
        return b""
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


def read_range(
    env: Env, item: StoredObject, first_byte: int, end_byte: int
) -> AsyncIterator[bytes]:
    """The same as a stream of chunks, for those who copy."""
    if item.blob is None:
        return _parts(env, item.content_id, first_byte, end_byte)
    return env.bytes.read(item.blob, start=first_byte, length=end_byte - first_byte)


async def _parts(env: Env, content_id: str, first_byte: int, end_byte: int) -> AsyncIterator[bytes]:
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
            async for chunk in _read(env, part.blob, start, stop - start):
                yield chunk
            position = part.start_bytes + stop


async def _read(env: Env, blob: Blob, start: int, length: int) -> AsyncIterator[bytes]:
    async with aclosing(cast("Any", env.bytes.read(blob, start=start, length=length))) as chunks:
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
