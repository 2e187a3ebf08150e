"""HTTP/1.1 on the wire: uvicorn's httptools protocol with limits on what a client may send.

Limits: `MAX_HEADER_BYTES` and `MAX_HEADERS` of one request's head, `HEAD_TIMEOUT_S` to send the
head, `BODY_IDLE_S` between two pieces of a body. A client that breaks one gets a short answer and
its connection is closed; nothing reaches a gateway. `VOLANO_HTTP=stock` uses uvicorn's own class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

MAX_HEADER_BYTES = 64 * 1024
MAX_HEADERS = 200
HEAD_TIMEOUT_S = 20.0
BODY_IDLE_S = 60.0


class LimitedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._in_head = False
        self._refused = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._arm(HEAD_TIMEOUT_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEADER_BYTES + len(data):
                self._refuse(431, "Request Header Fields Too Large")
                return
        super().data_received(data)
        if self._timer is not None and not self._in_head:
            self._arm(BODY_IDLE_S)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0
        self._arm(HEAD_TIMEOUT_S)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._head_bytes += len(name) + len(value) + 4
        if len(self.headers) > MAX_HEADERS or self._head_bytes > MAX_HEADER_BYTES:
            self._refuse(431, "Request Header Fields Too Large")

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_HEADER_BYTES:
            self._refuse(414, "URI Too Long")

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._refused:
            return
        self._arm(BODY_IDLE_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._disarm()
        super().on_message_complete()

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._timed_out)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _timed_out(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self._arm(BODY_IDLE_S)  # we stopped reading, so the client is not the slow one
            return
        if self._in_head and self._head_bytes == 0:
            self.transport.close()
        else:
            self._refuse(408, "Request Timeout")

    def _refuse(self, status: int, phrase: str) -> None:
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        cycle: Any = self.cycle  # None until the first request, whatever its annotation says
        if cycle is None or cycle.response_complete:
            body = f"{status} {phrase}\n".encode()
            self.transport.write(
                f"HTTP/1.1 {status} {phrase}\r\ncontent-type: text/plain\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
                + body
            )
        self.transport.close()
