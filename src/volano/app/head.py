"""The head of a request: what is refused before any gateway sees it.

llhttp has refused the ambiguous framing already (two lengths, a length and chunks, folded headers,
bare CR or LF). What it leaves open is refused here: other codings than chunked, chunks in
HTTP/1.0, no Host or two, targets that are not a path, and heads over the limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httptools

if TYPE_CHECKING:
    from collections.abc import Sequence

_TELLING = frozenset((b"host", b"transfer-encoding", b"expect"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a client may send and how slowly. Times are checked every `tick_s`."""

    header_bytes: int = 64 * 1024
    headers: int = 200
    pipelined: int = 64
    """Requests of a connection that wait while another is answered."""
    head_s: float = 20.0
    """To send a request's head."""
    body_idle_s: float = 60.0
    """Between two pieces of a body."""
    stall_s: float = 120.0
    """Without the client taking any byte of an answer."""
    linger_s: float = 2.0
    """For the client to read the answer to a request that was not read to its end."""
    tick_s: float = 5.0


class Refused(Exception):
    """This head is answered with a status and its phrase, and the connection ends."""

    def __init__(self, status: int, phrase: str) -> None:
        super().__init__(phrase)
        self.status = status
        self.phrase = phrase


def check_head(
    url: bytes, headers: Sequence[tuple[bytes, bytes]], version: str, limits: Limits
) -> bool:
    """Whether the client waits for `100 Continue`; raises Refused. Names are in lower case."""
    if len(url) > limits.header_bytes:
        raise Refused(414, "URI Too Long")
    if version not in ("1.1", "1.0"):
        raise Refused(505, "HTTP Version Not Supported")
    size = 4 * len(headers)
    hosts = 0
    chunked = expects = False
    for name, value in headers:
        size += len(name) + len(value)
        if name in _TELLING:
            if name == b"host":
                hosts += 1
            elif name == b"expect":
                expects = value.lower() == b"100-continue"
            elif chunked or version == "1.0" or value.lower() != b"chunked":
                raise Refused(400, "Bad Request")
            else:
                chunked = True
    if size > limits.header_bytes or len(headers) > limits.headers:
        raise Refused(431, "Request Header Fields Too Large")
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        raise Refused(400, "Bad Request")
    return expects and version == "1.1"


def path_and_query(url: bytes) -> tuple[bytes, bytes]:
    """The target (RFC 9112, 3.2), whatever its form, as raw path and query; raises Refused."""
    if not url.startswith(b"/") or b"#" in url:
        return _parsed(url)
    path, _, query = url.partition(b"?")
    return path, query


def _parsed(url: bytes) -> tuple[bytes, bytes]:
    if url == b"*":
        return b"*", b""
    try:
        parsed = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError:
        raise Refused(400, "Bad Request") from None
    return parsed.path or b"/", parsed.query or b""
