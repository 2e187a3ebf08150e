"""What is on its way to live sockets: each event made a frame once, written in ticks.

A write to a socket is a system call and most of the cost of telling somebody, so what comes within
a tick is written together. A tick that has many to write to gives way to requests in between.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Protocol

import msgspec

from volano.wire.http import text_frame

if TYPE_CHECKING:
    from collections.abc import Callable

TICK_S = 0.004
"""The least time between two ticks; the first event after a pause goes at once."""
SLICE = 256
"""Clients that are written to (about 2 ms) before anything else has its turn."""


class Flushed(Protocol):
    """Somebody for whom frames wait."""

    def flush(self) -> None: ...


class Ticks:
    """Calls `flush` of everyone who was added, soon and together."""

    def __init__(self) -> None:
        self._due: deque[Flushed] = deque()
        self._last_s = 0.0

    def add(self, client: Flushed) -> None:
        """Write to `client` in the next tick; add it once for each tick."""
        if not self._due:
            loop = asyncio.get_running_loop()
            wait_s = self._last_s + TICK_S - loop.time()
            later: Callable[[], object] = self._run
            if wait_s > 0:
                loop.call_later(wait_s, later)
            else:
                loop.call_soon(later)
        self._due.append(client)

    def _run(self) -> None:
        for _ in range(min(SLICE, len(self._due))):
            self._due.popleft().flush()
        loop = asyncio.get_running_loop()
        self._last_s = loop.time()
        if self._due:
            loop.call_soon(self._run)


class Frames:
    """Makes the frame of an event; the same event for the next client is not made again."""

    def __init__(self) -> None:
        self._name, self._payload, self._frame = "", b"", b""

    def event(self, name: str, payload: bytes) -> bytes:
        """`{"topic": name, "event": payload}`; `payload` is JSON."""
        if payload is not self._payload or name != self._name:
            self._name, self._payload = name, payload
            self._frame = text_frame(event_text(name, payload))
        return self._frame


def event_text(name: str, payload: bytes) -> bytes:
    """The message that tells an event."""
    return b'{"topic":%b,"event":%b}' % (msgspec.json.encode(name), payload)
