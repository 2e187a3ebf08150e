"""What a put on the fast lane says of its body, and the body behind that.

SDKs send a small body as it is with its hash in the head, or `aws-chunked`: in pieces, signed or
not, with a checksum behind them. Both are taken; None stands for what only the gateway words.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, NamedTuple

from volano.kernel.errors import VolanoError
from volano.services.objects.logic.checksums import DEFAULT_ALGORITHM, full_checksum, new_hash
from volano.wire.aws.chunked import STREAMING, UNSIGNED_TRAILER, ChunkedPayload, ChunkSigner
from volano.wire.aws.lane_auth import UNSIGNED_PAYLOAD, request_of_asked
from volano.wire.aws.lane_repeats import PAYLOAD
from volano.wire.aws.sigv4 import find_claim, signing_key
from volano.wire.http import body_of
from volano.wire.lane import NotNow, run_now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.services.objects.model import Checksum
    from volano.wire.aws.lane_auth import Credential
    from volano.wire.lane import Asked

CHECKSUMS = {
    f"x-amz-checksum-{name.lower()}".encode(): name
    for name in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")
}
MD5 = b"content-md5"
ALGORITHM = b"x-amz-sdk-checksum-algorithm"
ENCODING = b"content-encoding"
TRAILER = b"x-amz-trailer"
DECODED_LENGTH = b"x-amz-decoded-content-length"
MAX_LENGTH_DIGITS = 9
_STREAMING = frozenset(name.encode() for name in STREAMING)


class Hashed(NamedTuple):
    """A body that is what was said of it."""

    body: bytes
    md5_hex: str
    checksum: Checksum


class Frames(NamedTuple):
    """How an `aws-chunked` body comes."""

    length: int
    announced: frozenset[str]
    signer: ChunkSigner | None


class Claims(NamedTuple):
    """What a body shall hash to; '' and b'' for what was not said."""

    sha256: bytes
    md5: bytes
    algorithm: str
    value: str
    """Of the checksum; a trailer's comes behind the body."""
    named: bytes
    """The header that has it; b'' for none."""
    trailer: bytes
    is_streaming: bool

    def of(self, values: dict[bytes, bytes]) -> Claims:
        """The same claims of another body that comes as it is, whose headers have these values."""
        return Claims(
            self.sha256 and values[PAYLOAD],
            self.md5 and values[MD5],
            self.algorithm,
            values[self.named].decode("latin-1") if self.named else "",
            self.named,
            self.trailer,
            self.is_streaming,
        )

    def take(self, body: bytes, frames: Frames | None) -> Hashed | None:
        """The body without its frames, when everything is as it was said."""
        value = self.value
        if frames is not None:
            decoded = _decode(body, frames)
            if decoded is None:
                return None
            body, trailers = decoded
            value = trailers.get(self.trailer.decode(), value)
        if not body or (self.sha256 and hashlib.sha256(body).hexdigest().encode() != self.sha256):
            return None
        md5 = hashlib.md5(body, usedforsecurity=False)
        if self.md5 and base64.b64encode(md5.digest()) != self.md5:
            return None
        hashed = new_hash(self.algorithm)
        hashed.update(body)
        checksum = full_checksum(self.algorithm, hashed.digest())
        if value and checksum.value != value:
            return None
        return Hashed(body, md5.hexdigest(), checksum)


def claims_of(headers: dict[bytes, bytes]) -> Claims | None:
    """None for claims that cannot be."""
    declared = headers.get(PAYLOAD, b"")
    is_streaming = declared in _STREAMING
    if not is_streaming and declared != UNSIGNED_PAYLOAD and len(declared) != 64:
        return None
    trailer = headers.get(TRAILER, b"").lower()
    named = [name for name in CHECKSUMS if name in headers]
    if is_streaming:
        if headers.get(ENCODING, b"aws-chunked") != b"aws-chunked":
            return None
        if trailer and (named or trailer not in CHECKSUMS):
            return None
    elif trailer or ENCODING in headers or DECODED_LENGTH in headers:
        return None
    found = [trailer] if trailer else named
    announced = headers.get(ALGORITHM, b"").decode("latin-1").upper()
    algorithm = CHECKSUMS[found[0]] if found else DEFAULT_ALGORITHM
    if len(named) > 1 or (announced and (not found or announced != algorithm)):
        return None
    value = headers[named[0]].decode("latin-1") if named else ""
    md5 = headers.get(MD5, b"")
    if (named and not value) or (MD5 in headers and not md5):
        return None
    sha256 = declared if len(declared) == 64 and not is_streaming else b""
    return Claims(sha256, md5, algorithm, value, b"".join(named), trailer, is_streaming)


def frames_of(asked: Asked, credential: Credential) -> Frames | None:
    """How the body of a request that streams comes, whose signature is verified."""
    headers = asked.headers
    length = headers.get(DECODED_LENGTH, b"")
    if not length.isdigit() or len(length) > MAX_LENGTH_DIGITS:
        return None
    signer = None
    if headers[PAYLOAD] != UNSIGNED_TRAILER.encode():
        try:
            claim = find_claim(request_of_asked(asked))
        except VolanoError:
            return None
        if claim is None:
            return None
        secret = credential.key.secret_access_key
        key = signing_key(secret, claim.date, claim.region, claim.service)
        signer = ChunkSigner(claim, key)
    trailer = headers.get(TRAILER, b"").lower().decode("latin-1")
    return Frames(int(length), frozenset({trailer} - {""}), signer)


def _decode(body: bytes, frames: Frames) -> tuple[bytes, Mapping[str, str]] | None:
    payload = ChunkedPayload(
        body_of(body), length=frames.length, signer=frames.signer, announced=frames.announced
    )
    try:
        return run_now(_all_of(payload)), payload.trailers
    except (VolanoError, NotNow):
        return None


async def _all_of(payload: ChunkedPayload) -> bytes:
    return b"".join([piece async for piece in payload])
