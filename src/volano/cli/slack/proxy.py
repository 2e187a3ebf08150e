"""A proxy on this machine for one program: what is meant for Slack goes to Volano.

`CONNECT slack.com:443` is answered with a certificate that the program was told to trust, and what
comes through the tunnel is handed to Volano byte by byte: its paths are Slack's. Requests in
absolute form (axios sends them) are handed over with their path alone. Anything else is tunnelled
to where it is meant to go.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from volano.kernel.errors import Invalid

if TYPE_CHECKING:
    from types import TracebackType

MAX_HEAD_BYTES = 64 * 1024
CHUNK_BYTES = 64 * 1024
HEAD_TIMEOUT_S = 30.0
SLACK_DOMAINS = ("slack.com", "slack-edge.com", "slack-files.com")


def is_slack(host: str) -> bool:
    """Whether a host is Slack's."""
    host = host.lower().rstrip(".")
    return any(host == domain or host.endswith(f".{domain}") for domain in SLACK_DOMAINS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where Volano is."""

    host: str
    port: int
    secure: bool

    @staticmethod
    def parse(url: str) -> Upstream:
        """Raises Invalid for what is no http or https URL."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Invalid(f"{url!r} is not the URL of a Volano.")
        secure = parts.scheme == "https"
        return Upstream(
            host=parts.hostname, port=parts.port or (443 if secure else 80), secure=secure
        )

    @property
    def url(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}"

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = ssl.create_default_context() if self.secure else None
        return await asyncio.open_connection(self.host, self.port, ssl=context)


class SlackProxy:
    """Listens while it is entered; `url` is for the program's environment."""

    def __init__(self, upstream: Upstream, server: ssl.SSLContext) -> None:
        self._upstream = upstream
        self._tls = server
        self._server: asyncio.Server | None = None
        # asyncio holds tasks weakly, and with TLS the protocol that held this one is replaced.
        self._serving: set[asyncio.Task[None]] = set()
        self.url = ""

    async def __aenter__(self) -> SlackProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
            async with asyncio.timeout(HEAD_TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
            await self._route(head, reader, writer)
        with contextlib.suppress(OSError):
            writer.close()

    async def _route(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        method, target, version = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if method != "CONNECT":
            await self._forward(head, method, target, version, reader, writer)
            return
        host, _, port = target.rpartition(":")
        if is_slack(host):
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await writer.start_tls(self._tls)
            theirs, ours = await self._upstream.connect()
        else:
            theirs, ours = await asyncio.open_connection(host.strip("[]"), int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join(reader, writer, theirs, ours)

    async def _forward(
        self,
        head: bytes,
        method: str,
        target: str,
        version: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """A request in absolute form; the connection serves this one only."""
        parts = urlsplit(target)
        host = parts.hostname or ""
        if is_slack(host):
            theirs, ours = await self._upstream.connect()
        elif parts.scheme == "http":
            theirs, ours = await asyncio.open_connection(host, parts.port or 80)
        else:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
            return
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [
            line
            for line in head.split(b"\r\n")[1:-2]
            if not line.lower().startswith((b"connection:", b"proxy-"))
        ]
        first = f"{method} {path} {version}".encode("latin-1")
        ours.write(b"\r\n".join([first, *lines, b"connection: close", b"", b""]))
        await _join(reader, writer, theirs, ours)


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    theirs: asyncio.StreamReader,
    ours: asyncio.StreamWriter,
) -> None:
    """Carry bytes both ways until both sides are done."""
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_pump(reader, ours))
            tasks.create_task(_pump(theirs, writer))
    except* OSError:
        pass
    finally:
        ours.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK_BYTES):
        sink.write(data)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()
    else:
        sink.close()
