"""Content-MD5 and `x-amz-checksum-*` of bodies that are read whole (DeleteObjects, tagging, …).

Streamed bodies are checked by the handler that stores them. Specified in the S3 user guide,
"Checking object integrity".
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import TYPE_CHECKING

from awscrt import checksums as crt

from volano.kernel.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PREFIX = "x-amz-checksum-"


def _crc32(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(4, "big")


def _crc32c(body: bytes) -> bytes:
    return int(crt.crc32c(body)).to_bytes(4, "big")


def _crc64nvme(body: bytes) -> bytes:
    return int(crt.crc64nvme(body)).to_bytes(8, "big")


def _sha1(body: bytes) -> bytes:
    return hashlib.sha1(body).digest()  # noqa: S324 - one of the algorithms that clients choose


def _sha256(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def _sha512(body: bytes) -> bytes:
    return hashlib.sha512(body).digest()


def _md5(body: bytes) -> bytes:
    return hashlib.md5(body).digest()  # noqa: S324 - one of the algorithms that clients choose


ALGORITHMS: dict[str, Callable[[bytes], bytes]] = {
    "crc32": _crc32,
    "crc32c": _crc32c,
    "crc64nvme": _crc64nvme,
    "sha1": _sha1,
    "sha256": _sha256,
    "sha512": _sha512,
    "md5": _md5,
}


def check_body_checksums(
    headers: Mapping[str, str], trailers: Mapping[str, str], body: bytes, *, required: bool
) -> None:
    """Raise Invalid when a checksum is wrong, or absent though the operation needs one."""
    md5 = headers.get("content-md5")
    found = md5 is not None
    if md5 is not None:
        _check_md5(md5, body)
    for source in (headers, trailers):
        for name, value in source.items():
            algorithm = ALGORITHMS.get(name.removeprefix(PREFIX))
            if not name.startswith(PREFIX) or algorithm is None:
                continue
            found = True
            _check(name, value, algorithm(body))
    if required and not found:
        raise Invalid(
            "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
            code="InvalidRequest",
        )


def _check_md5(claimed: str, body: bytes) -> None:
    raw = _decode(claimed)
    if raw is None or len(raw) != 16:
        raise Invalid(
            "The Content-MD5 you specified was invalid.",
            code="InvalidDigest",
            fields={"Content-MD5": claimed},
        )
    computed = _md5(body)
    if raw != computed:
        raise Invalid(
            "The Content-MD5 you specified did not match what we received.",
            code="BadDigest",
            fields={
                "ExpectedDigest": raw.hex(),
                "CalculatedDigest": base64.b64encode(computed).decode(),
            },
        )


def _check(name: str, claimed: str, computed: bytes) -> None:
    raw = _decode(claimed)
    if raw is None or len(raw) != len(computed):
        raise Invalid(f"Value for {name} header is invalid.", code="InvalidRequest")
    if raw != computed:
        label = name.removeprefix(PREFIX).upper()
        raise Invalid(
            f"The {label} you specified did not match the calculated checksum.", code="BadDigest"
        )


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return None
