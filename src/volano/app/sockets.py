"""Web sockets on the wire: uvicorn's, and a way to write frames that were made before.

A gateway that tells thousands of clients the same makes the frame once and writes it to each
transport (`FrameWriter` in wire/http.py, offered as an ASGI extension). What a client leaves unread
is bounded by `MAX_UNREAD_BYTES`; who is told the end and does not take it is cut off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from volano.wire.http import FRAMES

if TYPE_CHECKING:
    from websockets.http11 import Request

MAX_UNREAD_BYTES = 256 * 1024
"""Waiting for one client in this process; the operating system's buffers come on top."""
FAREWELL_S = 5.0
"""How long a client that does not read has for the closing frame."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """One web socket; it is the `FrameWriter` of its scope."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:  # else the application is not asked
            self.scope["extensions"][FRAMES] = self  # type: ignore[assignment]  # our own

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
