"""Requests, responses and sockets over ASGI 3.

Gateways see `Request` and answer `Response`; nothing above this module touches ASGI. Raw path,
raw query and Host are kept untouched, because AWS clients sign them. A body is read in chunks and
never held whole unless a gateway asks for it with a limit. `Expect: 100-continue` is answered by
the server as soon as the body is first read, so a gateway that refuses early never asks for it.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import parse_qsl, unquote

from volano.kernel.bytes import FileSlice
from volano.kernel.errors import TooLarge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    Scope = dict[str, Any]
    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

MAX_JSON_BODY_BYTES = 32 * 1024 * 1024
FILE_CHUNK_BYTES = 256 * 1024
ZERO_COPY = "http.response.zerocopysend"
"""The message, and the key of `scope["extensions"]`, of ASGI's extension "Zero Copy Send"."""
FRAMES = "volano.frames"
"""The key of `scope["extensions"]` under which a web socket's `FrameWriter` stands."""


class ClientGone(Exception):
    """The client closed the connection while we were reading its body."""


class Body:
    """The request's body: iterate once for chunks, or `read` it whole up to a limit."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._done = False
        self.received_bytes = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self._done:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._done = True
                raise ClientGone
            self._done = not message.get("more_body", False)
            chunk = message.get("body", b"")
            self.received_bytes += len(chunk)
            if chunk:
                yield chunk

    async def wait_gone(self) -> None:
        """Return when the client has left. Call it only once the body was read to its end."""
        if not self._done:
            raise RuntimeError("the body was not read yet")
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def read(self, limit: int = MAX_JSON_BODY_BYTES) -> bytes:
        """All of it; raises TooLarge once more than `limit` bytes came."""
        chunks: list[bytes] = []
        async for chunk in self:
            chunks.append(chunk)
            if self.received_bytes > limit:
                raise TooLarge(f"The body is over the limit of {limit} bytes.")
        return b"".join(chunks)


def body_of(data: bytes) -> Body:
    """A body that is already here (tests, calls made from inside)."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": data, "more_body": False}

    return Body(receive)


@dataclass(slots=True, kw_only=True)
class Request:
    """One HTTP request. Header names are lower case; `path` is percent-decoded once."""

    method: str
    raw_path: str
    raw_query: str
    headers: dict[str, str]
    header_list: list[tuple[str, str]]
    body: Body
    client_ip: str = "127.0.0.1"
    scheme: str = "http"
    port: int = 0
    scope: dict[str, Any] = field(default_factory=dict)
    _query: list[tuple[str, str]] | None = field(default=None, init=False, repr=False)

    @property
    def path(self) -> str:
        return unquote(self.raw_path, errors="surrogateescape")

    @property
    def host(self) -> str:
        return self.headers.get("host", "")

    @property
    def query(self) -> list[tuple[str, str]]:
        """Decoded pairs, in order; a key without `=` has the value ''. Decoded once."""
        if self._query is None:
            self._query = parse_qsl(self.raw_query, keep_blank_values=True, max_num_fields=1000)
        return self._query

    @property
    def cookies(self) -> dict[str, str]:
        pairs = (part.strip().partition("=") for part in self.headers.get("cookie", "").split(";"))
        return {name: value for name, _, value in pairs if name}

    @property
    def base_url(self) -> str:
        return f"{self.scheme}://{self.host}"


Content = "bytes | AsyncIterator[bytes] | FileSlice"


@dataclass(slots=True, kw_only=True)
class Response:
    """One answer. `body` is bytes, chunks as they come, or a range of a local file."""

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | AsyncIterator[bytes] | FileSlice = b""
    length: int | None = None
    """Content-Length of a streamed body when it is known."""
    begun: bool = False
    """Whether a streamed body's first chunk is there, so that the head need not go alone."""

    def header(self, name: str) -> str | None:
        lower = name.lower()
        return next((value for key, value in self.headers if key.lower() == lower), None)


def request_of(scope: Scope, receive: Receive) -> Request:
    """The request in an ASGI `http` or `websocket` scope."""
    pairs = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]]
    headers = dict(pairs)
    if len(headers) != len(pairs):
        headers = _joined(pairs)
    client = scope.get("client")
    server = scope.get("server")
    return Request(
        method=scope.get("method", "GET"),
        raw_path=cast("bytes", scope["raw_path"]).decode("latin-1"),
        raw_query=cast("bytes", scope["query_string"]).decode("latin-1"),
        headers=headers,
        header_list=pairs,
        body=Body(receive),
        client_ip=client[0] if client else "",
        scheme=scope.get("scheme", "http"),
        port=server[1] if server and server[1] else 0,
        scope=scope,
    )


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for key, value in pairs:
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    return headers


async def send_response(
    response: Response,
    receive: Receive,
    send: Send,
    *,
    head: bool,
    scope: Mapping[str, Any] | None = None,
) -> None:
    """Write `response`; `head` leaves the body out but keeps its headers.

    `scope` tells whether the server sends files by itself (ASGI extension "Zero Copy Send").
    """
    body = response.body
    bodiless = response.status in (204, 304) or response.status < 200
    headers = _wire_headers(response, bodiless=bodiless)
    start = {"type": "http.response.start", "status": response.status, "headers": headers}
    if isinstance(body, bytes):
        await send(start)
        await send({"type": "http.response.body", "body": b"" if head or bodiless else body})
    elif head or bodiless:
        await _close(body)
        await send(start)
        await send({"type": "http.response.body", "body": b""})
    elif not isinstance(body, FileSlice):
        await send(start)
        await _send_chunks(body, receive, send, begun=response.begun)
    elif scope is not None and ZERO_COPY in (scope.get("extensions") or ()):
        await _send_file(body, start, send)
    else:
        await send(start)
        await _send_chunks(_file_chunks(body), receive, send, begun=True)


@lru_cache(maxsize=1024)
def _wire_name(name: str) -> bytes:
    return name.lower().encode("latin-1")


def _wire_headers(response: Response, *, bodiless: bool) -> list[tuple[bytes, bytes]]:
    headers = [(_wire_name(k), v.encode("latin-1")) for k, v in response.headers]
    named = False
    for name, _ in headers:
        named = named or name == b"content-length"
    if not (named or bodiless):
        length = _length_of(response)
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
    return headers


async def _send_file(part: FileSlice, start: dict[str, Any], send: Send) -> None:
    """Let the server copy from file to socket; the file is open before the answer begins."""
    file = await asyncio.to_thread(open, part.path, "rb", buffering=0)
    try:
        await send(start)
        await send({"type": ZERO_COPY, "file": file, "offset": part.offset, "count": part.length})
    finally:
        file.close()


def _length_of(response: Response) -> int | None:
    if isinstance(response.body, bytes):
        return len(response.body)
    if isinstance(response.body, FileSlice):
        return response.body.length
    return response.length


async def _close(body: object) -> None:
    close = getattr(body, "aclose", None)
    if close is not None:
        await close()


async def _file_chunks(part: FileSlice) -> AsyncIterator[bytes]:
    import os  # noqa: PLC0415 - only here, and only on the fallback path

    file = await asyncio.to_thread(os.open, part.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        offset, left = part.offset, part.length
        while left > 0:
            chunk = await asyncio.to_thread(os.pread, file, min(FILE_CHUNK_BYTES, left), offset)
            if not chunk:
                raise EOFError(f"{part.path} ended {left} bytes early")
            yield chunk
            offset += len(chunk)
            left -= len(chunk)
    finally:
        os.close(file)


async def _send_chunks(
    chunks: AsyncIterator[bytes], receive: Receive, send: Send, *, begun: bool
) -> None:
    """Send until done; when the client leaves, close the iterator so that work behind it stops."""
    if not begun:  # servers may hold the head back until something comes with it
        await send({"type": "http.response.body", "body": b"", "more_body": True})
    watcher = asyncio.ensure_future(_wait_disconnect(receive))
    sender = asyncio.ensure_future(_pump(chunks, send))
    try:
        await asyncio.wait({watcher, sender}, return_when=asyncio.FIRST_COMPLETED)
        if not sender.done():
            sender.cancel()
        with suppress(asyncio.CancelledError):
            await sender
    finally:
        for task in (watcher, sender):
            if not task.done():
                task.cancel()
        with suppress(asyncio.CancelledError):
            await watcher


async def _pump(chunks: AsyncIterator[bytes], send: Send) -> None:
    async with aclosing(cast("Any", chunks)) as stream:
        async for chunk in stream:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _wait_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class SocketClosed(Exception):
    """The other side closed the web socket."""


class FrameWriter(Protocol):
    """The server's own end of a web socket (app/sockets.py); nothing here waits."""

    def write_frames(self, frames: bytes) -> bool:
        """Write whole frames; False when the client is gone or leaves too much unread."""
        ...

    def end(self, code: int, reason: str) -> None:
        """Close, also when the client does not read."""
        ...


def text_frame(payload: bytes) -> bytes:
    """A server's text frame with this payload (RFC 6455, 5.2): the same for every client."""
    size = len(payload)
    if size < 126:
        return b"\x81" + bytes((size,)) + payload
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


class WebSocket:
    """A web socket over ASGI."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.request = request_of(scope, receive)
        self._receive = receive
        self._send = send

    @property
    def frames(self) -> FrameWriter:
        """For what is told to many at once; every server of ours has it."""
        return cast("FrameWriter", self.request.scope["extensions"][FRAMES])

    async def accept(self) -> None:
        await self._receive()
        await self._send({"type": "websocket.accept"})

    async def refuse(self, status: int = 403) -> None:
        """Close before accepting: the client sees HTTP 403."""
        await self._receive()
        await self._send({"type": "websocket.close", "code": 4000 + status})

    async def receive(self) -> str:
        """The next text frame; raises SocketClosed."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            raise SocketClosed
        text = message.get("text")
        return (
            text
            if text is not None
            else bytes(message.get("bytes") or b"").decode(errors="replace")
        )

    async def send(self, text: str) -> None:
        try:
            await self._send({"type": "websocket.send", "text": text})
        except (RuntimeError, OSError) as error:
            raise SocketClosed from error

    async def receive_bytes(self) -> bytes:
        """The next frame as bytes; raises SocketClosed."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            raise SocketClosed
        data = message.get("bytes")
        return bytes(data) if data is not None else str(message.get("text") or "").encode()

    async def send_bytes(self, data: bytes) -> None:
        """A binary frame."""
        try:
            await self._send({"type": "websocket.send", "bytes": data})
        except (RuntimeError, OSError) as error:
            raise SocketClosed from error

    async def close(self, code: int = 1000, reason: str = "") -> None:
        with suppress(RuntimeError, OSError):
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
