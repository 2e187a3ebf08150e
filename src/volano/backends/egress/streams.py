"""Connections that are kept between requests, and answers read as they come.

A connection is given back only when its answer was read to the end and the other side keeps it;
any other is closed. The address of a kept connection was checked when it was made.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httptools

from volano.kernel.egress import EgressFailed, EgressStream

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from volano.kernel.egress import EgressRequest, Place

MAX_IDLE = 64
"""Connections that wait for the next request to one place."""
MAX_PLACES = 256
MAX_HEAD_BYTES = 64 * 1024
READ_BYTES = 64 * 1024
BUFFER_BYTES = 256 * 1024

_Key = tuple[bool, str, int]


@dataclass(slots=True, eq=False)
class Connection:
    """`is_free` says that its last answer was read to the end and the other side keeps it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_free: bool = False


@dataclass(slots=True)
class KeptConnections:
    """Idle connections by place, the last used first."""

    _idle: dict[_Key, deque[Connection]] = field(default_factory=dict)

    def take(self, place: Place) -> Connection | None:
        """An idle connection that is still open, or None."""
        idle = self._idle.get(_key(place))
        while idle:
            connection = idle.pop()
            if not (connection.reader.at_eof() or connection.writer.is_closing()):
                connection.is_free = False
                return connection
            connection.writer.close()
        return None

    async def connect(self, place: Place, address: str, tls: ssl.SSLContext | None) -> Connection:
        """A new connection to a checked address."""
        reader, writer = await asyncio.open_connection(
            address,
            place.port,
            ssl=tls,
            server_hostname=place.host if tls else None,
            limit=BUFFER_BYTES,
        )
        return Connection(reader, writer)

    def give_back(self, place: Place, connection: Connection) -> None:
        """Keep it for the next request, or close it."""
        key = _key(place)
        if not connection.is_free or (key not in self._idle and len(self._idle) >= MAX_PLACES):
            connection.writer.close()
            return
        idle = self._idle.setdefault(key, deque())
        idle.append(connection)
        if len(idle) > MAX_IDLE:
            idle.popleft().writer.close()


def _key(place: Place) -> _Key:
    return place.secure, place.host, place.port


class _Parsed:
    """What httptools tells of an answer. `is_kept` says that the connection may be used again."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.is_kept = False
        self.headers: dict[str, str] = {}
        self.chunks: deque[bytes] = deque()
        self.has_head = False
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, chunk: bytes) -> None:
        self.chunks.append(chunk)

    def on_message_complete(self) -> None:
        self.complete = True
        self.is_kept = self.parser.should_keep_alive()  # the parser forgets it afterwards


async def read_stream(connection: Connection, request: EgressRequest) -> EgressStream:
    """The head of an answer, and its body to come. Raises ConnectionError when there is none."""
    found = _Parsed()
    received = 0
    while not found.has_head:
        data = await connection.reader.read(READ_BYTES)
        if not data:
            raise ConnectionError("the other side closed the connection")
        received += len(data)
        found.parser.feed_data(data)
        if received > MAX_HEAD_BYTES + READ_BYTES:
            raise EgressFailed("The answer's headers are too long.")
    return EgressStream(
        status=found.parser.get_status_code(),
        headers=found.headers,
        chunks=_body(connection, request, found),
    )


async def _body(
    connection: Connection,
    request: EgressRequest,
    found: _Parsed,
) -> AsyncIterator[bytes]:
    size_bytes = 0
    while True:
        while found.chunks:
            chunk = found.chunks.popleft()
            size_bytes += len(chunk)
            if size_bytes > request.max_bytes:
                raise EgressFailed(f"The answer is longer than {request.max_bytes} bytes.")
            yield chunk
        if found.complete:
            break
        async with asyncio.timeout(request.timeout_s):
            data = await connection.reader.read(READ_BYTES)
        if not data:
            if not _ends_with_connection(found):
                raise EgressFailed("The answer broke off.")
            return
        found.parser.feed_data(data)
    connection.is_free = found.is_kept


def _ends_with_connection(found: _Parsed) -> bool:
    """Whether an answer of no told length ends when the connection does (RFC 9112, 6.3)."""
    chunked = "chunked" in found.headers.get("transfer-encoding", "")
    return not chunked and "content-length" not in found.headers
