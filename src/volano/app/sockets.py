"""Web sockets on the wire: uvicorn's, and a way to write frames that were made before.

A gateway that tells thousands of clients the same makes the frame once and writes it to each
transport (`FrameWriter` in wire/http.py, offered as an ASGI extension). What a client leaves unread
is bounded by `MAX_UNREAD_BYTES`; who is told the end and does not take it is cut off. When many
come at once, a few handshakes are made in each turn of the loop, and requests go on in between.
"""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from volano.wire.http import FRAMES
from volano.wire.rest.live import LIVE_PATH

if TYPE_CHECKING:
    from websockets.http11 import Request

MAX_UNREAD_BYTES = 256 * 1024
"""Waiting for one client in this process; the operating system's buffers come on top."""
FAREWELL_S = 5.0
"""How long a client that does not read has for the closing frame."""
HANDSHAKES = 4
"""In one turn of the loop, about 2 ms."""
PAGE_PING_S = 45.0
"""Proxies commonly end a web socket that was silent for a minute."""
MAX_PONGS = 1000
"""Answers to pings of a client that does not read them."""
MAX_EARLY_BYTES = 128 * 1024
"""What a client may send before its handshake is made."""


class _Arrivals:
    """Sockets whose handshake is still to be made, the first one first."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[SocketProtocol] = deque()

    def add(self, socket: SocketProtocol) -> None:
        if not self._waiting:
            self._loop.call_soon(self._admit)
        self._waiting.append(socket)

    def _admit(self) -> None:
        for _ in range(min(HANDSHAKES, len(self._waiting))):
            self._waiting.popleft().admit()
        if self._waiting:
            self._loop.call_soon(self._admit)


_NUMBERS = count()
_ARRIVALS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Arrivals] = WeakKeyDictionary()


class SocketProtocol(WebSocketsSansIOProtocol):
    """One web socket; it is the `FrameWriter` of its scope."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._early = b""
        self._is_admitted = False
        self._unread_pongs = 0

    def data_received(self, data: bytes) -> None:
        if self._is_admitted:
            super().data_received(data)
            return
        if not self._early:
            _ARRIVALS.setdefault(self.loop, _Arrivals(self.loop)).add(self)
        self._early += data
        if len(self._early) > MAX_EARLY_BYTES:
            self.transport.abort()

    def admit(self) -> None:
        """Make the handshake."""
        early, self._early, self._is_admitted = self._early, b"", True
        if not self.disconnected and not self.transport.is_closing():
            super().data_received(early)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:  # else the application is not asked
            self.scope["extensions"][FRAMES] = self  # type: ignore[assignment]  # our own

    def handle_ping(self) -> None:
        """Each ping is answered at once; who only asks and never reads is cut off."""
        self._unread_pongs = 0 if self.writable.is_set() else self._unread_pongs + 1
        if self._unread_pongs > MAX_PONGS:
            self.transport.abort()
        else:
            super().handle_ping()

    def start_keepalive(self) -> None:
        """Those who came together are not all pinged together, and pages less often than apps."""
        assert self.ping_interval is not None
        if self.scope["path"] == LIVE_PATH:
            self.ping_interval = PAGE_PING_S
        wait_s = self.ping_interval * (1 - next(_NUMBERS) % 32 / 64)
        self.ping_timer = self.loop.call_later(wait_s, self.send_keepalive_ping)

    def write_frames(self, frames: bytes) -> bool:
        """Write without waiting; False when the client is gone or leaves too much unread."""
        if self.close_sent or self.disconnected:
            return False
        transport = self.transport
        transport.write(frames)
        return transport.get_write_buffer_size() <= MAX_UNREAD_BYTES

    def end(self, code: int, reason: str) -> None:
        """Close from this side without waiting for the client to read."""
        if self.close_sent or self.disconnected or not self.handshake_complete:
            return
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.writable.set()  # nobody is to wait for a client that does not read
        self.close_timer = self.loop.call_later(FAREWELL_S, self.transport.abort)
