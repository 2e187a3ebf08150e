"""Checksums of S3: computing, checking and combining them.

Every write computes MD5 (the ETag) and one checksum: the one that the client chose, else
CRC-64/NVME as S3 itself does. Source: S3 user guide, "Checking object integrity". A composite
checksum is the checksum of the parts' checksums followed by `-N`; a full-object checksum of parts
is combined from their CRCs without reading bytes again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from typing import TYPE_CHECKING, Any, Protocol

from awscrt import checksums as crt

from volano.services.objects.logic.errors import BadDigest, InvalidDigest, InvalidRequest
from volano.services.objects.model import Checksum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

COMPOSITE = "COMPOSITE"
FULL_OBJECT = "FULL_OBJECT"
DEFAULT_ALGORITHM = "CRC64NVME"

ALGORITHMS = {
    "CRC32": 4,
    "CRC32C": 4,
    "CRC64NVME": 8,
    "SHA1": 20,
    "SHA256": 32,
    "SHA512": 64,
    "MD5": 16,
    "XXHASH64": 8,
    "XXHASH3": 8,
    "XXHASH128": 16,
}
"""Algorithms and the size of their value in bytes."""

_CRC_ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME")
_TRAILER_PREFIX = "x-amz-checksum-"


class Hash(Protocol):
    def update(self, data: Any, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc:
    """A running CRC with the interface of hashlib."""

    def __init__(self, function: Callable[[Any, int], int], size_bytes: int) -> None:
        self._function = function
        self._size_bytes = size_bytes
        self.value = 0

    def update(self, data: Any, /) -> None:
        self.value = self._function(data, self.value)

    def digest(self) -> bytes:
        return self.value.to_bytes(self._size_bytes, "big")


class _XxHash:
    def __init__(self, inner: crt.XXHash) -> None:
        self._inner = inner

    def update(self, data: Any, /) -> None:
        self._inner.update(data)

    def digest(self) -> bytes:
        value: bytes = self._inner.finalize()
        return value


_MAKERS: dict[str, Callable[[], Hash]] = {
    "CRC32": lambda: _Crc(zlib.crc32, 4),
    "CRC32C": lambda: _Crc(crt.crc32c, 4),
    "CRC64NVME": lambda: _Crc(crt.crc64nvme, 8),
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
    "MD5": lambda: hashlib.md5(usedforsecurity=False),
    "XXHASH64": lambda: _XxHash(crt.XXHash.new_xxhash64()),
    "XXHASH3": lambda: _XxHash(crt.XXHash.new_xxhash3_64()),
    "XXHASH128": lambda: _XxHash(crt.XXHash.new_xxhash3_128()),
}


def new_hash(algorithm: str) -> Hash:
    return _MAKERS[algorithm]()


class Claims:
    """What the client says its bytes hash to: `Content-MD5`, one checksum, or a trailer.

    `algorithm` is known before the body is read; a value in a trailer comes after it.
    """

    __slots__ = ("algorithm", "md5", "value")

    def __init__(self, *, md5: str | None, algorithm: str | None, value: str | None) -> None:
        self.md5 = md5
        self.algorithm = algorithm
        self.value = value


NO_CLAIMS = Claims(md5=None, algorithm=None, value=None)


def parse_claims(request: Mapping[str, Any], trailer_names: Iterable[str] = ()) -> Claims:
    """The claims of a request by botocore's member names.

    Raises InvalidDigest and BadDigest for values that cannot be a hash, InvalidRequest for two
    checksums, and for an announced algorithm without a value.
    """
    named = [name for name in ALGORITHMS if request.get("Checksum" + name)]
    trailing = [name for name in map(_trailer_algorithm, trailer_names) if name]
    if len(named) + len(trailing) > 1:
        raise InvalidRequest("Expecting a single x-amz-checksum- header.")
    announced = require_algorithm(request.get("ChecksumAlgorithm"))
    algorithm = next(iter(named or trailing), None)
    if announced and announced != algorithm:
        raise InvalidRequest(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
            "x-amz-trailer headers were found."
        )
    value = str(request["Checksum" + named[0]]) if named else None
    if algorithm is not None and value is not None:
        _require_value(algorithm, value)
    md5 = request.get("ContentMD5")
    if md5 is not None and len(_decoded(str(md5))) != ALGORITHMS["MD5"]:
        raise InvalidDigest(
            "The Content-MD5 you specified was invalid.", fields={"Content-MD5": str(md5)}
        )
    return Claims(md5=md5, algorithm=algorithm, value=value)


def require_algorithm(name: str | None) -> str | None:
    """The algorithm in capitals, None for none; raises InvalidRequest for an unknown one."""
    if not name:
        return None
    if name.upper() not in ALGORITHMS:
        raise InvalidRequest(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid "
            f"types: [{', '.join(ALGORITHMS)}]"
        )
    return name.upper()


def claim_from_trailers(claims: Claims, trailers: Mapping[str, str]) -> None:
    """Take the value that came after the body; raises BadDigest when it is no hash."""
    if claims.algorithm is None or claims.value is not None:
        return
    value = trailers.get(_TRAILER_PREFIX + claims.algorithm.lower())
    if value is None:
        raise InvalidRequest(
            f"The trailer x-amz-checksum-{claims.algorithm.lower()} was announced but not sent."
        )
    _require_value(claims.algorithm, value)
    claims.value = value


def require_match(claims: Claims, *, md5: bytes, checksum: Checksum) -> None:
    """Raises BadDigest when the bytes are not what the client said."""
    if claims.md5 is not None and _decoded(claims.md5) != md5:
        raise BadDigest(
            "The Content-MD5 you specified did not match what we received.",
            fields={
                "ExpectedDigest": _decoded(claims.md5).hex(),
                "CalculatedDigest": base64.b64encode(md5).decode(),
            },
        )
    if claims.value is not None and claims.value != checksum.value:
        raise BadDigest(
            f"The {checksum.algorithm} you specified did not match the calculated checksum."
        )


def full_checksum(algorithm: str, digest: bytes) -> Checksum:
    value = base64.b64encode(digest).decode()
    return Checksum(algorithm=algorithm, kind=FULL_OBJECT, value=value)


def require_kind(algorithm: str, kind: str | None) -> str:
    """How an upload's checksum is built from its parts; raises InvalidRequest.

    Only CRCs can be combined; CRC-64/NVME has no composite form.
    """
    default = FULL_OBJECT if algorithm == "CRC64NVME" else COMPOSITE
    wanted = kind or default
    allowed = {FULL_OBJECT} if algorithm == "CRC64NVME" else {COMPOSITE}
    if algorithm in _CRC_ALGORITHMS:
        allowed.add(FULL_OBJECT)
    if wanted not in allowed:
        raise InvalidRequest(
            f"The {wanted} checksum type cannot be used with the {algorithm.lower()} checksum "
            "algorithm."
        )
    return wanted


def combine(algorithm: str, kind: str, parts: Sequence[tuple[str, int]]) -> Checksum:
    """The checksum of an object from its parts' (base64 value, size in bytes)."""
    if kind == COMPOSITE:
        joined = new_hash(algorithm)
        for value, _ in parts:
            joined.update(base64.b64decode(value))
        value = f"{base64.b64encode(joined.digest()).decode()}-{len(parts)}"
        return Checksum(algorithm=algorithm, kind=COMPOSITE, value=value)
    crcs = [(int.from_bytes(base64.b64decode(value), "big"), size) for value, size in parts]
    return full_checksum(algorithm, combine_crcs(algorithm, crcs))


def combine_crcs(algorithm: str, parts: Sequence[tuple[int, int]]) -> bytes:
    """The CRC of all bytes from the (CRC, size in bytes) of each part."""
    function = _COMBINERS[algorithm]
    total = 0
    for crc, size_bytes in parts:
        total = function(total, crc, size_bytes)
    return total.to_bytes(ALGORITHMS[algorithm], "big")


_COMBINERS: dict[str, Callable[[int, int, int], int]] = {
    "CRC32": crt.combine_crc32,
    "CRC32C": crt.combine_crc32c,
    "CRC64NVME": crt.combine_crc64nvme,
}


def _trailer_algorithm(name: str) -> str | None:
    upper = name.strip().lower().removeprefix(_TRAILER_PREFIX).upper()
    return upper if upper in ALGORITHMS else None


def _require_value(algorithm: str, value: str) -> None:
    if len(_decoded(value)) != ALGORITHMS[algorithm]:
        raise BadDigest(
            f"The {algorithm} you specified did not match the calculated checksum: it is none."
        )


def _decoded(value: str) -> bytes:
    """The bytes of a base64 text, or b'' when it is not base64."""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""
