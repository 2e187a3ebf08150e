"""Bytes of a file to a socket by the kernel (`sendfile`), under a uvloop transport.

uvloop has no `loop.sendfile`. What works: wait until the transport has written all that it holds,
then send from the file to a duplicate of the socket; on a full socket wait until the duplicate is
writable. Each piece is sent by a thread, because a file that is not in memory would stop the loop;
it waits a moment by itself for a fast client, because each way back to the loop costs more.
TLS connections do not get here: the exchange offers the extension only on plain ones.
"""

from __future__ import annotations

import asyncio
import os
import select
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from volano.app.protocol import LimitedProtocol

PIECE_BYTES = 8 * 1024 * 1024
PATIENCE_MS = 5
MAX_WAITS = 16
"""How long, and how often in a piece, a thread waits for a client that takes bytes fast; a slow
one is waited for by the event loop, so that it holds no thread."""


async def send_file(connection: LimitedProtocol, file: Any, offset: int, count: int) -> None:
    """Send `count` bytes; returns early when the client is gone.

    Raises EOFError when the file is shorter: the answer cannot be completed then.
    """
    await connection.flushed()
    if connection.transport.is_closing():
        return
    target = os.dup(connection.transport.get_extra_info("socket").fileno())
    try:
        while count > 0 and not connection.transport.is_closing():
            piece = min(PIECE_BYTES, count)
            sent = await _in_thread(target, file.fileno(), offset, piece)
            offset += sent
            count -= sent
            if sent < piece:
                await _until_writable(connection, target)
    except ConnectionError:
        connection.abort()
    finally:
        os.close(target)


async def _in_thread(target: int, source: int, offset: int, count: int) -> int:
    """What `_send_piece` does; when cancelled, the thread is waited for: it uses the files."""
    job = asyncio.get_running_loop().run_in_executor(
        None, _send_piece, target, source, offset, count
    )
    try:
        return await asyncio.shield(job)
    finally:
        if not job.done():
            await asyncio.wait({job})


def _send_piece(target: int, source: int, offset: int, count: int) -> int:
    """Send until done or the socket stays full; the bytes sent."""
    done = waits = 0
    room = select.poll()
    room.register(target, select.POLLOUT)
    while done < count:
        try:
            sent = os.sendfile(target, source, offset + done, count - done)
        except BlockingIOError:
            waits += 1
            if waits > MAX_WAITS or not room.poll(PATIENCE_MS):
                break
            continue
        if sent == 0:
            raise EOFError("the file ended before the answer did")
        done += sent
    return done


async def _until_writable(connection: LimitedProtocol, target: int) -> None:
    """Wait for the client to take bytes; returns as well when the connection is lost."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(target, _resolve, ready)
    try:
        await connection.stalled(ready)
    finally:
        loop.remove_writer(target)


def _resolve(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
