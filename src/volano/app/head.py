"""The head of a request: what is refused before any gateway sees it.

llhttp has refused the ambiguous framing already (two lengths, a length and chunks, folded headers,
bare CR or LF). What it leaves open is refused here: other codings than chunked, chunks in
HTTP/1.0, no Host or two, targets that are not a path, and heads over the limits.

`whole_request` reads the commonest requests without llhttp: a GET, HEAD or PUT that came in one
piece and of which nothing needs a second look. It knows less than llhttp and never more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import httptools

if TYPE_CHECKING:
    from collections.abc import Sequence

_TELLING = frozenset((b"host", b"transfer-encoding", b"expect"))
_FRAMING = frozenset(
    (
        b"content-length",
        b"expect",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""Headers that tell how a message or a connection ends or what it becomes."""
_SIZED, _UNSIZED = frozenset((b"content-length",)), frozenset[bytes]()
MAX_LENGTH_DIGITS = 9
_STAYS = (None, b"keep-alive", b"Keep-Alive")
_WHOLE = re.compile(
    rb"(GET|HEAD|PUT) (/[A-Za-z0-9\-._~/%!$&'()*+,;=:@]*)(?:\?([A-Za-z0-9\-._~/%!$&'()*+,;=:@?]*))?"
    rb" HTTP/1\.1\r\n((?:[A-Za-z0-9\-]+: [!-~][ -~]*\r\n)+)\r\n"
).match


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
    """Without any byte of a body; and what a client may be behind at `body_bytes_s`."""
    body_bytes_s: int = 240
    """How fast a body must come in the long run: each so many bytes buy one second more."""
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


class Head(NamedTuple):
    """Header names are in lower case, none is there twice."""

    method: bytes
    path: bytes
    query: bytes
    headers: dict[bytes, bytes]


def whole_request(data: bytes, limits: Limits) -> tuple[Head, bytes] | None:
    """Head and body of the request of which `data` is the whole, where it is a plain GET or HEAD
    without a body, or a PUT that says how long its body is.

    None means that llhttp is to read it; it would have said the same of every other one.
    """
    found = _WHOLE(data)
    if found is None or found.end() > limits.header_bytes or b" \r\n" in found[0]:
        return None
    method, path, query, block = found.groups()
    lines = block.split(b"\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(b": ")
        headers[name.lower()] = value
    # (The last line is empty: it is what follows the last line break.)
    if len(headers) != len(lines) or len(lines) > limits.headers or b"host" not in headers:
        return None
    del headers[b""]
    body = data[found.end() :]
    length = headers.get(b"content-length", b"")
    if _FRAMING.intersection(headers) != (_SIZED if method == b"PUT" else _UNSIZED):
        return None
    if not _is_long(body, length or b"0") or headers.get(b"connection") not in _STAYS:
        return None
    return Head(method, path, query or b"", headers), body


def _is_long(body: bytes, length: bytes) -> bool:
    """Whether a body is just as long as a header says."""
    return length.isdigit() and len(length) <= MAX_LENGTH_DIGITS and int(length) == len(body)


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
