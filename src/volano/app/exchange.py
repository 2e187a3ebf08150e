"""One request and its answer on a connection: the ASGI `receive` and `send` of our protocol.

The connection parses and feeds body pieces in; the application takes them with `receive` and
answers with `send`. Beyond plain ASGI it knows `http.response.zerocopysend` (the ASGI extension
"Zero Copy Send"). A client that closes its sending side (half-close) after a whole request still
gets its answer, but `receive` then says `http.disconnect`, so that streams to nobody end.
"""

from __future__ import annotations

import asyncio
import http
from typing import TYPE_CHECKING, Any

from volano.app.sendfile import send_file
from volano.wire.spelling import SPELLED

if TYPE_CHECKING:
    from volano.app.protocol import LimitedProtocol

    Message = dict[str, Any]

MAX_BUFFERED_BODY_BYTES = 256 * 1024
"""Of a body that the application has not taken yet; more waits in the socket."""
_BODILESS = (204, 304)
JOIN_BYTES = 16 * 1024
"""Copying this much is cheaper than handing the kernel two buffers."""
_UNTIL_CLOSE = -1
"""The length of an answer that ends with its connection (HTTP/1.0)."""
_GONE: Message = {"type": "http.disconnect"}


def _status_lines() -> dict[int, bytes]:
    phrases = {status.value: status.phrase for status in http.HTTPStatus}
    return {
        status: f"HTTP/1.1 {status} {phrases.get(status, '')}\r\n".encode()
        for status in range(100, 600)
    }


STATUS_LINES = _status_lines()


class Exchange:
    """A request that was parsed at least up to its body, and its answer so far."""

    __slots__ = (
        "_chunked",
        "_chunks",
        "_connection",
        "_end_taken",
        "_expects_continue",
        "_head",
        "_left",
        "_news",
        "_waiting_bytes",
        "body_ended",
        "complete",
        "gone",
        "keep_alive",
        "lost",
        "scope",
        "started",
        "task",
    )

    def __init__(
        self,
        connection: LimitedProtocol,
        scope: dict[str, Any],
        *,
        keep_alive: bool,
        expects_continue: bool,
    ) -> None:
        self.scope = scope
        self.keep_alive = keep_alive
        self.started = False
        self.complete = False
        self.body_ended = False
        self.gone = False
        """The client sends no more; it may still read."""
        self.lost = False
        """The connection is closed, or the request was refused: nobody waits for the answer."""
        self.task: asyncio.Task[None] | None = None
        self._connection = connection
        self._expects_continue = expects_continue
        self._chunks: list[bytes] = []
        self._waiting_bytes = 0
        self._end_taken = False
        self._news: asyncio.Event | None = None
        self._chunked = False
        self._left = 0
        self._head = b""
        """Of the answer, held back until there is something to send with it."""

    async def run(self, app: Any) -> None:
        """Let the application answer; what it leaves unanswered is answered or cut off here."""
        connection, ended = self._connection, False
        try:
            await app(self.scope, self.receive, self.send)
            ended = True
        except Exception as error:  # an application's bug ends one answer
            connection.logger.error("the application failed", exc_info=error)
            ended = True
        finally:
            if not ended:
                connection.abort()
        if not self.complete:
            await self._give_up()
        connection.exchange_ended(self)

    async def _give_up(self) -> None:
        if self.lost:
            return
        if self.gone:
            self._connection.close()
        elif self.started:
            self._connection.abort()
        else:
            self.keep_alive = False
            headers = [(b"content-type", b"text/plain"), (b"content-length", b"21")]
            await self.send({"type": "http.response.start", "status": 500, "headers": headers})
            await self.send({"type": "http.response.body", "body": b"Internal Server Error"})

    # What the connection tells.

    def feed(self, data: bytes) -> bool:
        """Take a piece of the body; True when the connection should stop reading for now."""
        if self.complete:
            return False
        self._chunks.append(data)
        self._waiting_bytes += len(data)
        self._tell()
        return self._waiting_bytes > MAX_BUFFERED_BODY_BYTES

    def end_body(self) -> None:
        self.body_ended = True
        self._tell()

    def leave(self, *, lost: bool) -> None:
        """The client sends no more, or is gone altogether."""
        self.gone = True
        self.lost = self.lost or lost
        self._tell()

    def _tell(self) -> None:
        if self._news is not None:
            self._news.set()

    # What the application calls.

    async def receive(self) -> Message:
        connection = self._connection
        if self._expects_continue:
            self._expects_continue = False
            if not self.started and not self.lost:
                connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while True:
            if self._chunks or (self.body_ended and not self._end_taken):
                return self._take()
            if self.gone or self.complete:
                return _GONE
            connection.want_body(self)
            if self._news is None:
                self._news = asyncio.Event()
            self._news.clear()
            await self._news.wait()

    def _take(self) -> Message:
        chunks = self._chunks
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._chunks = []
        self._waiting_bytes = 0
        self._end_taken = self.body_ended
        if not self.body_ended:
            self._connection.want_body(self)
        return {"type": "http.request", "body": body, "more_body": not self.body_ended}

    async def send(self, message: Message) -> None:
        connection = self._connection
        if connection.write_paused and not self.lost:
            await connection.drained()
        if self.lost:
            return
        kind = message["type"]
        if not self.started:
            if kind != "http.response.start":
                raise RuntimeError(f"expected http.response.start, got {kind}")
            self._start(message)
        elif self.complete:
            raise RuntimeError(f"{kind} after the answer was complete")
        elif kind == "http.response.body":
            last = not message.get("more_body", False)
            self._write(message.get("body", b""), last=last)
            if last:
                self._finish()
        elif kind == "http.response.zerocopysend":
            await self._send_file(message)
        else:
            raise RuntimeError(f"unexpected message {kind}")

    def _start(self, message: Message) -> None:
        status = message["status"]
        parts = [STATUS_LINES[status], *self._connection.default_lines()]
        length: int | None = None
        closing = False
        if not self.body_ended:
            self.keep_alive = False  # what is left of the body would have to be read first
        for name, value in message["headers"]:
            if name == b"content-length":
                length = int(value)
            elif name == b"connection" and b"close" in value.lower():
                self.keep_alive, closing = False, True
            parts.append(b"%b: %b\r\n" % (SPELLED.get(name, name), value))
        if not self.keep_alive and not closing:
            parts.append(b"Connection: close\r\n")
        if self.scope["method"] == "HEAD" or status in _BODILESS:
            length = 0
        elif length is None and self.scope["http_version"] == "1.0":
            length = _UNTIL_CLOSE
        elif length is None:
            self._chunked = True
            parts.append(b"Transfer-Encoding: chunked\r\n")
        self._left = length or 0
        head = b"".join(parts)
        if head.count(b"\n") != len(parts) or head.count(b"\r") != len(parts) or b"\0" in head:
            raise RuntimeError("a header of the answer has a line break or NUL in it")
        self.started = True
        self._expects_continue = False
        self._head = head + b"\r\n"

    def _write(self, body: bytes, *, last: bool) -> None:
        """Write what there is at once: each write of the transport is a system call."""
        head, self._head = self._head, b""
        if self.scope["method"] == "HEAD":
            body = b""
        elif self._chunked:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if last:
                body += b"0\r\n\r\n"
        elif self._left is not _UNTIL_CLOSE:
            if len(body) > self._left:
                raise RuntimeError("the answer is longer than its content-length")
            self._left -= len(body)
        if head and len(body) > JOIN_BYTES:
            self._connection.transport.writelines((head, body))
        elif head or body:
            self._connection.transport.write(head + body if head else body)

    async def _send_file(self, message: Message) -> None:
        count = message["count"]
        if self._chunked or count > self._left:
            raise RuntimeError("the answer is longer than its content-length")
        self._write(b"", last=False)
        if count:
            await send_file(self._connection, message["file"], message["offset"], count)
            if self.lost:
                return
            self._left -= count
        if not message.get("more_body", False):
            self._finish()

    def _finish(self) -> None:
        if self._left > 0:
            raise RuntimeError("the answer is shorter than its content-length")
        self.complete = True
        self._tell()
