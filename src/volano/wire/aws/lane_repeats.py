"""Requests of one client that repeat one another: only path, time and signature differ.

Programs send the same header lines for every object they read. Of a request that was understood
and verified, this keeps the bytes between the parts that differ; the next one is compared with
them, and its signature is verified over the same canonical request with the new parts in it. What
differs in anything else is read anew, line by line.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from volano.wire.aws.lane_auth import SIGNATURE_CHARACTERS

if TYPE_CHECKING:
    from volano.wire.aws.lane_auth import Credential, LaneAuth
    from volano.wire.lane import Asked

DRAWN = b"amz-sdk-invocation-id"
"""AWS's SDKs draw a new one for each request, always of the same length."""


class Repeats:
    """What all these requests have in common."""

    __slots__ = ("_auth", "_canonical", "_differing", "_fixed", "_length", "_literal", "_name",
                 "_path_at", "_signature", "_signed", "_stamp")  # fmt: skip

    def __init__(self, asked: Asked, credential: Credential, auth: LaneAuth) -> None:
        """`asked` was signed by `credential`, has no query, and its bytes came at once."""
        headers = asked.headers
        self._auth = auth
        self._name = auth.name_of(headers)
        self._path_at = len(asked.method) + 1
        tail = asked.data[self._path_at + len(asked.path) :]
        self._length = len(tail)
        spans = _spans(tail, headers)
        self._stamp = spans[b"x-amz-date"]
        self._signature = spans[b"authorization"]
        self._differing = spans.get(DRAWN)
        ends = sorted((span.start, span.stop) for span in spans.values())
        starts = [0, *(stop for _, stop in ends)]
        stops = [*(start for start, _ in ends), len(tail)]
        self._fixed = list(map(slice, starts, stops))
        self._literal = asked.data[: self._path_at] + self._common(tail)
        values = [headers[name].replace(b"%", b"%%") for name in credential.names]
        for at, name in enumerate(credential.names):
            if name in spans:
                values[at] = b"%b"
        self._signed = [spans[name] for name in credential.names if name in spans]
        self._canonical = credential.canonical % (
            asked.method, b"%b", b"", *values, headers[b"x-amz-content-sha256"],
        )  # fmt: skip

    def fits(self, data: bytes) -> bool:
        """Whether `data` differs from these requests only in what may differ."""
        return self._split(data) is not None

    def verify(self, data: bytes) -> tuple[bytes, Credential] | None:
        """Path and signer of a request that repeats these; None for all that is not certain."""
        found = self._split(data)
        if found is None:
            return None
        path, tail = found
        stamp = tail[self._stamp]
        credential = self._auth.recall(self._name, stamp)
        if credential is None:
            return None
        canonical = self._canonical % (path, *[tail[span] for span in self._signed])
        expected = credential.sign(stamp, canonical)
        return (path, credential) if compare_digest(expected, tail[self._signature]) else None

    def _split(self, data: bytes) -> tuple[bytes, bytes] | None:
        """The path, which may be anything without a space, and what follows it."""
        at = data.find(b" ", self._path_at)
        tail = data[at:]
        if len(tail) != self._length:
            return None
        if data[: self._path_at] + self._common(tail) != self._literal:
            return None
        differing = self._differing
        if differing is not None and not tail[differing].replace(b"-", b"").isalnum():
            return None
        return data[self._path_at : at], tail

    def _common(self, tail: bytes) -> bytes:
        return b"".join([tail[span] for span in self._fixed])


def _spans(tail: bytes, headers: dict[bytes, bytes]) -> dict[bytes, slice]:
    """Where the values lie that differ from request to request."""
    lower = tail.lower()
    spans = {}
    for name in (b"x-amz-date", b"authorization", DRAWN):
        if name in headers:
            start = lower.index(b"\r\n" + name + b": ") + len(name) + 4
            stop = start + len(headers[name])
            if name == b"authorization":
                start = stop - SIGNATURE_CHARACTERS
            spans[name] = slice(start, stop)
    return spans
