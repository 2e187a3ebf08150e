"""A connection to the engine's process: many requests at once over one local socket.

Frames are four bytes of length, big-endian, and a MessagePack map; `ml/engine/protocol.py`
describes the messages. This side imports nothing of `ml`: the engine may run on another Python.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from volano.kernel.errors import (
    Conflict,
    DeadlineExceeded,
    Internal,
    Invalid,
    Throttled,
    Unavailable,
    VolanoError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

FRAME_BYTES_MAX = 64 * 1024 * 1024
# Nothing heard for this long means that the engine is stuck: loading, queueing and reading a long
# prompt included.
SILENCE_S_MAX = 600.0

Reply: TypeAlias = dict[str, object]
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[str, object])


class ConnectionLost(Exception):
    """The engine's process went away while a request was open."""


class Connection:
    """Requests to one engine process; `lost` is set once the process is gone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._open: dict[str, asyncio.Queue[Reply | None]] = {}
        self._numbers = iter(range(1, 2**62))
        self.lost = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._read(reader))

    @property
    def open_requests(self) -> int:
        """How many requests wait for a reply."""
        return len(self._open)

    async def ask(self, request: Reply) -> Reply:
        """One request with one reply; raises as `stream` does."""
        async with contextlib.aclosing(self.stream(request)) as replies:
            async for reply in replies:
                return reply
        raise ConnectionLost

    async def stream(self, request: Reply) -> AsyncGenerator[Reply, None]:
        """The replies to one request, without end; closing it cancels the request.

        Raises the kernel's error for an error reply, ConnectionLost, or DeadlineExceeded when the
        engine says nothing for SILENCE_S_MAX.
        """
        if self.lost.is_set():
            raise ConnectionLost
        id = str(next(self._numbers))
        # Bounded by the engine: a request's replies are limited by its own max_tokens.
        replies: asyncio.Queue[Reply | None] = asyncio.Queue()
        self._open[id] = replies
        ended = False
        try:
            self._send({**request, "id": id})
            await self._drain()
            while True:
                reply = await _next(replies)
                if reply is None:
                    raise ConnectionLost
                ended = reply.get("event") != "delta" or reply.get("last") is True
                if reply.get("event") == "error":
                    raise _to_error(reply)
                yield reply
        finally:
            self._open.pop(id, None)
            if not ended:
                self._send({"op": "cancel", "id": f"cancel-{id}", "target": id})

    async def close(self) -> None:
        """Leave; every open request gets ConnectionLost."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._writer.close()

    def _send(self, request: Reply) -> None:
        if self._writer.is_closing() or self.lost.is_set():
            return
        body = _encoder.encode(request)
        if len(body) > FRAME_BYTES_MAX:
            raise Invalid(f"The request is larger than {FRAME_BYTES_MAX} bytes.")
        self._writer.write(len(body).to_bytes(4, "big") + body)

    async def _drain(self) -> None:
        try:
            await self._writer.drain()
        except ConnectionError as error:
            raise ConnectionLost from error

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(4), "big")
                reply = _decoder.decode(await reader.readexactly(size))
                waiting = self._open.get(str(reply.get("id")))
                if waiting is not None:
                    waiting.put_nowait(reply)
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError):
            pass
        finally:
            self.lost.set()
            for waiting in self._open.values():
                waiting.put_nowait(None)


async def connect(socket: Path) -> Connection:
    """Connect to a process that listens; raises ConnectionLost when it does not."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError as error:
        raise ConnectionLost from error
    return Connection(reader, writer)


async def _next(replies: asyncio.Queue[Reply | None]) -> Reply | None:
    try:
        async with asyncio.timeout(SILENCE_S_MAX):
            return await replies.get()
    except TimeoutError as error:
        raise DeadlineExceeded(
            f"The inference engine said nothing for {SILENCE_S_MAX:.0f} seconds. Try again."
        ) from error


def _to_error(reply: Reply) -> VolanoError:
    message = str(reply.get("message", ""))
    code = str(reply.get("code") or "") or None
    match reply.get("kind"):
        case "invalid":
            param = reply.get("param")
            return Invalid(message, code=code, fields={"param": str(param)} if param else None)
        case "bad_model":
            return Conflict(message, code=code or "model_unusable")
        case "busy":
            return Throttled(message, code=code, retry_after_s=1.0)
        case "deadline":
            return DeadlineExceeded(message, code=code)
        case "out_of_memory":
            return Unavailable(message, code=code or "insufficient_memory")
        case _:
            return Internal(message or "The inference engine failed.", code=code)
