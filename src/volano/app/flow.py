"""The writing side of a connection: what all answers say, how long a client may take nothing, and
who waits for it."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, Any

from volano.wire.spelling import SPELLED

if TYPE_CHECKING:
    from uvicorn.server import ServerState

    from volano.app.head import Limits


class WriteFlow(asyncio.Protocol):
    """What a transport tells of its buffer, and what writers wait for."""

    limits: Limits
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    write_paused = False
    write_deadline = inf
    """Until when the client has to take a byte of what was written."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._default_pairs: Any = None
        self._default_lines: list[bytes] = []
        self._waiters: list[asyncio.Future[None]] = []

    def default_lines(self) -> list[bytes]:
        """Headers of every answer (the date), as uvicorn keeps them: a new list each second."""
        pairs = self._state.default_headers
        if pairs is not self._default_pairs:
            self._default_pairs = pairs
            self._default_lines = [b"%b: %b\r\n" % (SPELLED.get(k, k), v) for k, v in pairs]
        return self._default_lines

    def pause_writing(self) -> None:
        self.write_paused = True
        self.write_deadline = self.loop.time() + self.limits.stall_s

    def resume_writing(self) -> None:
        self.write_paused = False
        self.write_deadline = inf
        self.wake()

    async def drained(self) -> None:
        """Return when the client took enough of what was written, or is gone."""
        while self.write_paused and not self.transport.is_closing():
            waiter: asyncio.Future[None] = self.loop.create_future()
            self._waiters.append(waiter)
            await waiter

    async def flushed(self) -> None:
        """Return when all that was written is in the socket, or the client is gone."""
        self.transport.set_write_buffer_limits(high=0)
        try:
            while self.transport.get_write_buffer_size() and not self.transport.is_closing():
                await (self.drained() if self.write_paused else asyncio.sleep(0))
        finally:
            self.transport.set_write_buffer_limits()

    async def stalled(self, ready: asyncio.Future[None]) -> None:
        """Wait for `ready`, as long as a client may take nothing; or until it is gone."""
        self.write_deadline = self.loop.time() + self.limits.stall_s
        self._waiters.append(ready)
        try:
            await ready
        finally:
            self.write_deadline = inf
            if ready in self._waiters:
                self._waiters.remove(ready)

    def wake(self) -> None:
        """Let all who wait look again."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
