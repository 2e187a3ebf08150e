"""Requests of one client that repeat one another: only path, time and signature differ.

Programs send the same header lines for every object they read or write. Of a request that was
understood and verified, this keeps the bytes between the parts that differ; the next one is
compared with them, and its signature is verified over the same canonical request with the new parts
in it. What differs in anything else is read anew, line by line. A body is as long as the head says,
or none.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, NamedTuple

from volano.wire.aws.lane_auth import SIGNATURE_CHARACTERS

if TYPE_CHECKING:
    from volano.wire.aws.lane_auth import Credential, LaneAuth
    from volano.wire.lane import Asked

END = b"\r\n\r\n"
"""Of a head."""
STAMP = b"x-amz-date"
SIGNATURE = b"authorization"
PAYLOAD = b"x-amz-content-sha256"
LENGTH = b"content-length"
DRAWN = b"amz-sdk-invocation-id"
"""AWS's SDKs draw a new one for each request, always of the same length."""


class Repeated(NamedTuple):
    """What is new in a request that repeats others, and verified."""

    path: bytes
    credential: Credential
    values: dict[bytes, bytes]
    """Of the headers that may differ."""
    body: bytes


class Repeats:
    """What all these requests have in common."""

    __slots__ = ("_auth", "_canonical", "_differing", "_fixed", "_length", "_literal", "_name",
                 "_path_at", "_signed", "_sized", "_spans", "method")  # fmt: skip

    def __init__(
        self,
        asked: Asked,
        credential: Credential,
        auth: LaneAuth,
        differing: frozenset[bytes] = frozenset(),
    ) -> None:
        """`asked` was signed by `credential`, has no query, and its bytes came at once.

        The values of the headers `differing` may be anything of the same length, with which it is
        the caller's to be content.
        """
        headers = asked.headers
        self.method = asked.method
        self._auth = auth
        self._name = auth.name_of(headers)
        self._path_at = len(asked.method) + 1
        tail = asked.data[self._path_at + len(asked.path) : asked.data.index(END) + len(END)]
        self._length = len(tail)
        spans = self._spans = _spans(tail, headers, differing)
        self._differing, self._sized = spans.get(DRAWN), spans.get(LENGTH)
        ends = sorted((span.start, span.stop) for span in spans.values())
        starts = [0, *(stop for _, stop in ends)]
        stops = [*(start for start, _ in ends), len(tail)]
        self._fixed = list(map(slice, starts, stops))
        self._literal = asked.data[: self._path_at] + self._common(tail)
        names = (*credential.names, PAYLOAD)
        """Whose values the canonical request ends with."""
        values = [b"%b" if name in spans else headers[name].replace(b"%", b"%%") for name in names]
        self._signed = [name for name in names if name in spans]
        self._canonical = credential.canonical % (asked.method, b"%b", b"", *values)

    def fits(self, data: bytes) -> bool:
        """Whether `data` differs from these requests only in what may differ."""
        return self._split(data) is not None

    def verify(self, data: bytes) -> Repeated | None:
        """What is new in a request that repeats these; None for all that is not certain."""
        found = self._split(data)
        if found is None:
            return None
        path, tail, body = found
        values = {name: tail[span] for name, span in self._spans.items()}
        stamp = values[STAMP]
        credential = self._auth.recall(self._name, stamp)
        if credential is None:
            return None
        canonical = self._canonical % (path, *[values[name] for name in self._signed])
        expected = credential.sign(stamp, canonical)
        if not compare_digest(expected, values[SIGNATURE]):
            return None
        return Repeated(path, credential, values, body)

    def _split(self, data: bytes) -> tuple[bytes, bytes, bytes] | None:
        """The path, which may be anything without a space, the rest of the head, and the body."""
        at = data.find(b" ", self._path_at)
        end = at + self._length
        tail, body = data[at:end], data[end:]
        if at < 0 or len(tail) != self._length:
            return None
        length = b"0" if self._sized is None else tail[self._sized]
        if not length.isdigit() or int(length) != len(body):
            return None
        if data[: self._path_at] + self._common(tail) != self._literal:
            return None
        differing = self._differing
        if differing is not None and not tail[differing].replace(b"-", b"").isalnum():
            return None
        return data[self._path_at : at], tail, body

    def _common(self, tail: bytes) -> bytes:
        return b"".join([tail[span] for span in self._fixed])


def _spans(
    tail: bytes, headers: dict[bytes, bytes], differing: frozenset[bytes]
) -> dict[bytes, slice]:
    """Where the values lie that differ from request to request."""
    lower = tail.lower()
    spans = {}
    for name in (STAMP, SIGNATURE, DRAWN, *differing):
        if name in headers:
            start = lower.index(b"\r\n" + name + b": ") + len(name) + 4
            stop = start + len(headers[name])
            if name == SIGNATURE:
                start = stop - SIGNATURE_CHARACTERS
            spans[name] = slice(start, stop)
    return spans
