"""Server-sent events (WHATWG HTML, section 9.2): an iterator of items to bytes of a response.

One task drives the items; a burst of them leaves in one write. A comment goes out after 15 s of
silence so that proxies keep the connection. The number of bytes waiting for a slow client is
bounded: the items are not asked for more until it has read. Closing stops the items' own work.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.errors import Internal, VolanoError
from volano.wire.http import Response
from volano.wire.results import EventStream, ServerEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from volano.kernel.call import Call, Env
    from volano.kernel.clock import Clock

KEEP_ALIVE_S = 15.0
MAX_WAITING_BYTES = 256 * 1024
KEEP_ALIVE = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"
SSE_HEADERS = [
    ("content-type", "text/event-stream; charset=utf-8"),
    ("cache-control", "no-cache"),
    ("x-accel-buffering", "no"),
]

_encode = msgspec.json.Encoder().encode


async def stream_response(
    env: Env, call: Call, stream: EventStream, error_event: Callable[[VolanoError], bytes]
) -> Response:
    """The response that carries `stream`; raises what its items raise before their first.

    `error_event` renders an error in mid-stream; one that is no VolanoError is a bug, which is
    logged and shown as Internal.
    """

    def on_error(error: BaseException) -> bytes:
        if isinstance(error, VolanoError):
            return error_event(error)
        env.log.error("stream failed", request_id=call.request_id, error=repr(error))
        said = f"The stream broke; quote request id {call.request_id} to your operator."
        return error_event(Internal(said))

    body = EventBytes(stream, env.clock, on_error)
    try:
        await body.first()
    except BaseException:
        await body.aclose()
        raise
    return Response(headers=list(SSE_HEADERS), body=body, begun=True)


class EventBytes:
    """The body of a server-sent events response; an async iterator with `aclose`.

    `on_error` renders what an error in mid-stream looks like in the protocol. Call `first` before
    the status is sent: it raises what the items raised before their first.
    """

    def __init__(
        self, stream: EventStream, clock: Clock, on_error: Callable[[BaseException], bytes]
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._on_error = on_error
        self._waiting = bytearray()
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._silent = True
        self._ended = False
        self._pump = asyncio.ensure_future(self._drive())
        self._pump.add_done_callback(lambda _: self._changed.set())
        self._keeper: asyncio.Task[None] | None = None

    async def first(self) -> None:
        """Return when the first item (or the end) is there; raises the items' error."""
        await self._changed.wait()
        if self._pump.done() and not self._waiting:
            self._pump.result()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._keeper is None:
            self._keeper = asyncio.ensure_future(self._keep_alive())
        while not self._waiting and not self._pump.done():
            self._changed.clear()
            await self._changed.wait()
        if self._waiting:
            return self._take()
        if self._ended:
            raise StopAsyncIteration
        self._ended = True
        return self._ending()

    def _take(self) -> bytes:
        chunk = bytes(self._waiting)
        self._waiting.clear()
        self._room.set()
        self._silent = False
        return chunk

    def _ending(self) -> bytes:
        error = None if self._pump.cancelled() else self._pump.exception()
        if error is not None:
            return self._on_error(error)
        if self._stream.done:
            return DONE
        raise StopAsyncIteration

    async def _drive(self) -> None:
        items = self._stream.items
        try:
            async for item in items:
                self._waiting += _event_of(item, named=self._stream.named)
                self._changed.set()
                if len(self._waiting) > MAX_WAITING_BYTES:
                    self._room.clear()
                    await self._room.wait()
        finally:
            await self._close_items()

    async def _close_items(self) -> None:
        close = getattr(self._stream.items, "aclose", None)
        if close is not None:
            await close()

    async def _keep_alive(self) -> None:
        while True:
            self._silent = True
            await self._clock.sleep(KEEP_ALIVE_S)
            if self._silent and not self._waiting and not self._pump.done():
                self._waiting += KEEP_ALIVE
                self._changed.set()

    async def aclose(self) -> None:
        """Stop the items and wait until their clean-up is done."""
        tasks = {task for task in (self._keeper, self._pump) if task is not None}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await self._close_items()  # a task that was cancelled before it began has closed nothing
        if self._pump.done() and not self._pump.cancelled():
            self._pump.exception()


def _event_of(item: Any, *, named: bool) -> bytes:
    if isinstance(item, ServerEvent):
        identity = f"id: {item.id}\n".encode() if item.id else b""
        name = f"event: {item.name}\n".encode() if item.name else b""
        return name + identity + _data_of(item.data)
    if not named:
        return _data_of(item)
    kind = item.get("type", "") if isinstance(item, dict) else getattr(item, "type", "")
    return f"event: {kind}\n".encode() + _data_of(item)


def _data_of(item: Any) -> bytes:
    # JSON has no raw line break in it, so one `data:` line holds any item.
    return b"data: " + _encode(item) + b"\n\n"
