"""Bodies that stream: plain ones whose hash is checked, and `aws-chunked` ones that are decoded.

A `Payload` is what a handler gets as `Body`: iterate it once; it ends normally only when length,
SHA-256, chunk signatures and framing were right, so a handler that commits after the loop commits
only what the client meant. Nothing is held but one piece of a chunk. Trailers are in `trailers`
afterwards. Formats: S3 API reference, "Signature calculations: transferring payload in multiple
chunks" and "… including trailing headers".
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid
from volano.wire.aws.sigv4 import EMPTY_SHA256, AuthFailure
from volano.wire.http import ClientGone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.wire.aws.sigv4 import Claim
    from volano.wire.http import Body

MAX_CHUNK_HEADER_BYTES = 1024
MAX_TRAILER_BYTES = 8 * 1024
MAX_CHUNK_SIZE_DIGITS = 12
MIN_CHUNK_BYTES = 8 * 1024
"""All chunks but the last must have this size."""

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
STREAMING = (SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER)

_TRAILER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+").fullmatch
_CHUNK_SIGNATURE = re.compile(rb"chunk-signature=([0-9a-f]{64})").fullmatch


def _incomplete() -> Invalid:
    return Invalid(
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
        code="IncompleteBody",
    )


def _bad_chunk() -> Invalid:
    return Invalid("The request body is not a well-formed aws-chunked body.", code="IncompleteBody")


def _bad_trailer() -> Invalid:
    return Invalid(
        "The request contained trailing data that was not well-formed or did not conform to our "
        "published schema.",
        code="MalformedTrailerError",
    )


class Payload:
    """A body sent as it is. `length` is what the handler may expect, None when unknown."""

    def __init__(self, body: Body, *, length: int | None, sha256_hex: str | None = None) -> None:
        self._body = body
        self.length = length
        self._sha256_hex = sha256_hex
        self.trailers: dict[str, str] = {}
        self.announced: frozenset[str] = frozenset()
        """Names of the trailers that will come."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to read or to check."""
        return self.length == 0 and self._sha256_hex in (None, EMPTY_SHA256)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        digest = sha256() if self._sha256_hex is not None else None
        count = 0
        try:
            async for chunk in self._body:
                count += len(chunk)
                if digest is not None:
                    digest.update(chunk)
                yield chunk
        except ClientGone:
            raise _incomplete() from None
        if self.length is not None and count != self.length:
            raise _incomplete()
        if digest is not None and digest.hexdigest() != self._sha256_hex:
            raise hash_mismatch(str(self._sha256_hex), digest.hexdigest())


def hash_mismatch(claimed: str, computed: str) -> Invalid:
    """The error for a body that is not what was signed."""
    return Invalid(
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        code="XAmzContentSHA256Mismatch",
        fields={
            "ClientComputedContentSHA256": claimed,
            "S3ComputedContentSHA256": computed,
        },
    )


class ChunkSigner:
    """The chain of signatures over chunks and trailers, seeded by the request's own."""

    def __init__(self, claim: Claim, key: bytes) -> None:
        self._key = key
        self._stamp = f"{claim.timestamp}\n{claim.scope}\n"
        self._previous = claim.signature

    def check_chunk(self, signature: str, content_sha256: str) -> None:
        self._check(
            f"AWS4-HMAC-SHA256-PAYLOAD\n{self._stamp}{self._previous}\n"
            f"{EMPTY_SHA256}\n{content_sha256}",
            signature,
        )

    def check_trailer(self, signature: str, lines: bytes) -> None:
        self._check(
            f"AWS4-HMAC-SHA256-TRAILER\n{self._stamp}{self._previous}\n{sha256(lines).hexdigest()}",
            signature,
        )

    def _check(self, text: str, signature: str) -> None:
        expected = hmac.digest(self._key, text.encode("latin-1"), "sha256").hex()
        if not hmac.compare_digest(expected.encode(), signature.encode("latin-1", "replace")):
            raise AuthFailure(
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method.",
                code="SignatureDoesNotMatch",
            )
        self._previous = expected


class ChunkedPayload(Payload):
    """An `aws-chunked` body, decoded.

    `length` is `x-amz-decoded-content-length`. `signer` is None for unsigned chunks. `announced`
    are the names in `x-amz-trailer`; all of them must come, and no others.
    """

    def __init__(
        self, body: Body, *, length: int, signer: ChunkSigner | None, announced: frozenset[str]
    ) -> None:
        super().__init__(body, length=length)
        self._signer = signer
        self.announced = announced
        self._source = aiter(body)
        self._buffer = b""

    @property
    def empty(self) -> bool:
        return False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        count, previous_size = 0, MIN_CHUNK_BYTES
        while True:
            size, signature = _parse_chunk_header(
                await self._line(MAX_CHUNK_HEADER_BYTES, _bad_chunk()), signed=bool(self._signer)
            )
            if size == 0:
                break
            if previous_size < MIN_CHUNK_BYTES:
                raise _too_small(previous_size)
            previous_size = size
            count += size
            if count > (self.length or 0):
                raise _incomplete()
            digest = sha256()
            async for piece in self._exactly(size):
                if self._signer is not None:
                    digest.update(piece)
                yield piece
            if await self._line(2, _bad_chunk()):
                raise _bad_chunk()
            if self._signer is not None:
                self._signer.check_chunk(signature, digest.hexdigest())
        if count != self.length:
            raise _incomplete()
        if self._signer is not None:
            self._signer.check_chunk(signature, EMPTY_SHA256)
        await self._read_trailers()

    async def _more(self) -> bool:
        """Read another piece into the buffer; False at the end of the body."""
        try:
            self._buffer += await anext(self._source)
        except StopAsyncIteration:
            return False
        except ClientGone:
            raise _incomplete() from None
        return True

    async def _line(self, limit: int, error: Invalid) -> bytes:
        """Up to and without CRLF; raises `error` when it is longer than `limit`."""
        start = 0
        while (end := self._buffer.find(b"\r\n", start)) < 0:
            if len(self._buffer) > limit:
                raise error
            start = max(0, len(self._buffer) - 1)
            if not await self._more():
                raise _incomplete()
        if end > limit:
            raise error
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        return line

    async def _exactly(self, size: int) -> AsyncIterator[bytes]:
        while size > 0:
            if not self._buffer and not await self._more():
                raise _incomplete()
            if len(self._buffer) <= size:
                piece, self._buffer = self._buffer, b""
            else:
                piece, self._buffer = self._buffer[:size], self._buffer[size:]
            size -= len(piece)
            yield piece

    async def _read_trailers(self) -> None:
        signature: str | None = None
        lines = b""
        while self.announced or self._buffer or await self._more():
            line = await self._trailer_line()
            if not line:
                break
            name, value = _parse_trailer(line)
            if name == "x-amz-trailer-signature":
                signature = value
                continue
            if name not in self.announced or name in self.trailers or signature is not None:
                raise _bad_trailer()
            self.trailers[name] = value
            lines += f"{name}:{value}\n".encode("latin-1")
            if len(lines) > MAX_TRAILER_BYTES:
                raise _bad_trailer()
        if self.announced - self.trailers.keys():
            raise _bad_trailer()
        if self._signer is not None and self.announced:
            if signature is None:
                raise _bad_trailer()
            self._signer.check_trailer(signature, lines)
        if self._buffer or await self._more():
            raise _bad_chunk()

    async def _trailer_line(self) -> bytes:
        """A trailer ends with CRLF; some signers end it with LF only, as the reference shows."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_TRAILER_BYTES:
                raise _bad_trailer()
            if not await self._more():
                if self._buffer:
                    raise _bad_trailer()
                return b""
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")


def _parse_chunk_header(line: bytes, *, signed: bool) -> tuple[int, str]:
    digits, _, extension = line.partition(b";")
    if not digits or len(digits) > MAX_CHUNK_SIZE_DIGITS:
        raise _bad_chunk()
    try:
        if not digits.isalnum():
            raise ValueError
        size = int(digits, 16)
    except ValueError:
        raise _bad_chunk() from None
    if not signed:
        if extension:
            raise _bad_chunk()
        return size, ""
    found = _CHUNK_SIGNATURE(extension)
    if found is None:
        raise _bad_chunk()
    return size, found.group(1).decode()


def _parse_trailer(line: bytes) -> tuple[str, str]:
    name, colon, value = line.decode("latin-1").partition(":")
    name = name.strip().lower()
    if not colon or not _TRAILER_NAME(name):
        raise _bad_trailer()
    return name, value.strip()


def _too_small(size: int) -> Invalid:
    return Invalid(
        "Only the last chunk is allowed to have a size less than 8192 bytes",
        code="InvalidChunkSizeError",
        status=403,
        fields={"BadChunkSize": str(size)},
    )
