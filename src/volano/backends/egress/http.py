"""HTTP/1.1 to URLs that tenants supply; the only place that makes such requests.

One connection for one request; those that are opened as streams are kept (`streams.py`). The name
is resolved once, the address checked (`kernel/egress.py`) and connected to; TLS still verifies the
certificate against the name. Answers are read up to their limit and no further.
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httptools

from volano.backends.egress.streams import KeptConnections, read_stream
from volano.kernel.egress import (
    EgressFailed,
    EgressRefused,
    EgressReply,
    EgressRequest,
    EgressStream,
    Place,
    is_allowed,
    parse_url,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from volano.backends.egress.streams import Connection
    from volano.kernel.egress import Network

MAX_PARALLEL = 64
"""Requests under way; more wait for their turn."""
RESOLVE_TIMEOUT_S = 3.0
"""For `require_allowed`, which only looks."""
MAX_HEAD_BYTES = 64 * 1024
READ_BYTES = 64 * 1024
REDIRECTS = (301, 302, 303, 307, 308)
_OWN = ("host", "content-length", "connection", "transfer-encoding")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_KEPT_ELSEWHERE = ("accept", "content-type", "user-agent")
"""Headers that go along a redirect to another place; any other may be meant for the first only."""


class HttpEgress:
    """Requests under the rule, with the networks that the operator opened."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)
        self._turns = asyncio.Semaphore(MAX_PARALLEL)
        self._kept = KeptConnections()

    async def require_allowed(self, url: str) -> None:
        place = parse_url(url)
        try:
            async with asyncio.timeout(RESOLVE_TIMEOUT_S):
                await self._resolve(place)
        except (EgressFailed, TimeoutError):
            return

    async def fetch(self, request: EgressRequest) -> EgressReply:
        try:
            async with asyncio.timeout(request.timeout_s), self._turns:
                return await self._follow(request)
        except (
            OSError,
            TimeoutError,
            asyncio.IncompleteReadError,
            httptools.HttpParserError,
        ) as error:
            raise _no_answer(request, error) from error

    @asynccontextmanager
    async def open(self, request: EgressRequest) -> AsyncIterator[EgressStream]:
        place = parse_url(request.url)
        assert isinstance(request.body, bytes), "what may be sent twice is held whole"
        head = _head(request, place, request.method, request.headers, request.body, keep=True)
        while True:
            connection = self._kept.take(place)
            is_new = connection is None
            try:
                async with asyncio.timeout(request.timeout_s):
                    connection = connection or await self._connect(place)
                    connection.writer.write(head + request.body)
                    stream = await read_stream(connection, request)
            except (OSError, TimeoutError, httptools.HttpParserError) as error:
                if connection is not None:
                    connection.writer.close()
                # A kept connection may have been closed meanwhile; nothing was answered on it.
                if is_new or isinstance(error, TimeoutError):
                    raise _no_answer(request, error) from error
                continue
            except BaseException:
                if connection is not None:
                    connection.writer.close()
                raise
            break
        try:
            yield stream
        except (OSError, TimeoutError, httptools.HttpParserError) as error:
            raise _no_answer(request, error) from error
        finally:
            self._kept.give_back(place, connection)

    async def _connect(self, place: Place) -> Connection:
        address = await self._resolve(place)
        return await self._kept.connect(place, address, _tls() if place.secure else None)

    async def _follow(self, request: EgressRequest) -> EgressReply:
        url, method, body = request.url, request.method, request.body
        headers = {name.lower(): value for name, value in request.headers.items()}
        for left in range(request.max_redirects, -1, -1):
            place = parse_url(url)
            reply = await self._ask(request, place, method, headers, body)
            target = reply.headers.get("location")
            if reply.status not in REDIRECTS or not target or not left:
                return reply
            if reply.status in (301, 302, 303) and method not in ("GET", "HEAD"):
                method, body = "GET", b""
                headers.pop("content-type", None)
            elif not isinstance(body, bytes):
                return reply  # a stream is sent only once
            url = urljoin(url, target)
            there = parse_url(url)
            if (there.secure, there.authority) != (place.secure, place.authority):
                headers = {name: headers[name] for name in _KEPT_ELSEWHERE if name in headers}
        raise AssertionError("the last round always returns")

    async def _resolve(self, place: Place) -> str:
        """One address of the host that the rule allows."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(place.host, place.port, type=1)
        except (OSError, UnicodeError) as error:
            raise EgressFailed(f"The name {place.host[:100]} does not resolve.") from error
        for *_, where in found:
            if is_allowed(str(where[0]), self._allowed):
                return str(where[0])
        raise EgressRefused(
            f"{place.host[:100]} is not a public address; ask your operator to allow it "
            "(egress_allow)."
        )

    async def _ask(
        self,
        request: EgressRequest,
        place: Place,
        method: str,
        headers: Mapping[str, str],
        body: Any,
    ) -> EgressReply:
        address = await self._resolve(place)
        reader, writer = await asyncio.open_connection(
            address,
            place.port,
            ssl=_tls() if place.secure else None,
            server_hostname=place.host if place.secure else None,
        )
        try:
            writer.write(_head(request, place, method, headers, body))
            if isinstance(body, bytes):
                writer.write(body)
            else:
                async for chunk in body:
                    writer.write(chunk)
                    await writer.drain()
            await writer.drain()
            return await _read(reader, request.max_bytes, head_only=method == "HEAD")
        finally:
            writer.close()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _no_answer(request: EgressRequest, error: Exception) -> EgressFailed:
    said = "The other side could not be reached or does not speak HTTP."
    if isinstance(error, TimeoutError):
        said = f"No answer within {request.timeout_s:g} seconds."
    return EgressFailed(said, facts={"url": request.url[:200], "error": repr(error)})


def _head(
    request: EgressRequest,
    place: Place,
    method: str,
    headers: Mapping[str, str],
    body: Any,
    *,
    keep: bool = False,
) -> bytes:
    lines = [f"{method} {place.target} HTTP/1.1", f"host: {place.authority}"]
    lines.append("connection: keep-alive" if keep else "connection: close")
    sent = {name: value for name, value in headers.items() if name not in _OWN}
    sent.setdefault("user-agent", "Volano")
    if place.credentials:
        token = base64.b64encode(place.credentials.encode()).decode()
        sent.setdefault("authorization", f"Basic {token}")
    for name, value in sent.items():
        if not _TOKEN(name) or any(c in "\r\n\x00" for c in value):
            raise EgressRefused("A header of the request holds a line break, or has no name.")
        lines.append(f"{name}: {value}")
    length = len(body) if isinstance(body, bytes) else request.length
    if length is None:
        raise EgressRefused("A body in chunks needs its length.")
    if length or method in ("POST", "PUT"):
        lines.append(f"content-length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


class _Reply:
    """What httptools tells of an answer."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body: list[bytes] = []
        self.size_bytes = 0
        self.has_head = False
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, chunk: bytes) -> None:
        self.body.append(chunk)
        self.size_bytes += len(chunk)

    def on_message_complete(self) -> None:
        self.complete = True


async def _read(reader: asyncio.StreamReader, max_bytes: int, *, head_only: bool) -> EgressReply:
    found = _Reply()
    parser = httptools.HttpResponseParser(found)
    received = 0
    while not found.complete:
        if head_only and found.has_head:
            break
        chunk = await reader.read(READ_BYTES)
        if not chunk:
            if not found.has_head or "content-length" in found.headers:
                raise EgressFailed("The answer broke off.")
            if "chunked" in found.headers.get("transfer-encoding", ""):
                raise EgressFailed("The answer broke off.")
            break
        received += len(chunk)
        parser.feed_data(chunk)
        if not found.has_head and received > MAX_HEAD_BYTES:
            raise EgressFailed("The answer's headers are too long.")
        if found.size_bytes > max_bytes:
            raise EgressFailed(f"The answer is longer than {max_bytes} bytes.")
    return EgressReply(
        status=parser.get_status_code(), headers=found.headers, body=b"".join(found.body)
    )
