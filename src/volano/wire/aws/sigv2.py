"""AWS Signature Version 2, which only S3 takes: presigned links, and the headers of old programs.

boto3 and aws-cli presign with it unasked when their region is one of S3's old ones (us-east-1 among
them), so a presigned link of theirs has to work. Specified in the S3 user guide ("Signing and
authenticating REST requests", with the query string alternative). Such a signature is HMAC-SHA1
over the method, the resource, what to answer with and the `x-amz-` parameters; it names no region.
"""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING
from urllib.parse import unquote

from volano.kernel.errors import Invalid

if TYPE_CHECKING:
    from volano.wire.http import Request

MAX_EXPIRES_DIGITS = 12
_SUBRESOURCES = frozenset(
    (
        "accelerate", "acl", "analytics", "cors", "delete", "encryption", "intelligent-tiering",
        "inventory", "legal-hold", "lifecycle", "location", "logging", "metrics", "notification",
        "object-lock", "ownershipControls", "partNumber", "policy", "policyStatus",
        "publicAccessBlock", "replication", "requestPayment", "response-cache-control",
        "response-content-disposition", "response-content-encoding", "response-content-language",
        "response-content-type", "response-expires", "restore", "retention", "select",
        "select-type", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning",
        "versions", "website",
    )
)  # fmt: skip


def expires_s(text: str) -> int:
    """The Unix second in `Expires`; raises Invalid."""
    if not text.isascii() or not text.isdigit() or len(text) > MAX_EXPIRES_DIGITS:
        raise Invalid("Invalid date (should be seconds since epoch)", code="AccessDenied")
    return int(text)


def string_to_sign(request: Request, expires: str | None, host_bucket: str) -> str:
    """What was signed; `host_bucket` is the bucket that the Host header names, or ''.

    `expires` is None for a signature in a header, which covers the date.
    """
    headers = request.headers
    if expires is None:
        expires = "" if "x-amz-date" in headers else headers.get("date", "")
    lines = [
        request.method,
        headers.get("content-md5", ""),
        headers.get("content-type", ""),
        expires,
        *_amz_lines(request),
        _resource(request, host_bucket),
    ]
    return "\n".join(lines)


def signature(secret: str, text: str) -> str:
    digest = hmac.digest(secret.encode(), text.encode("latin-1", "replace"), "sha1")
    return base64.b64encode(digest).decode()


def _amz_lines(request: Request) -> list[str]:
    """`x-amz-` headers, and the parameters of the query that stand for such headers."""
    found = {name: value for name, value in request.headers.items() if name.startswith("x-amz-")}
    for name, value in request.query:
        if name.lower().startswith("x-amz-"):
            found[name.lower()] = value
    return [f"{name}:{' '.join(found[name].split())}" for name in sorted(found)]


def _resource(request: Request, host_bucket: str) -> str:
    """The path and the signed parameters; one character is one byte, as in headers."""
    path = f"/{host_bucket}{request.raw_path}" if host_bucket else request.raw_path
    if path.count("/") == 1 and path != "/":
        path += "/"  # a bucket without a key
    named = []
    for piece in request.raw_query.split("&"):
        name, mark, value = piece.partition("=")
        if name in _SUBRESOURCES:
            named.append(f"{name}{mark}{unquote(value, 'latin-1')}")
    return f"{path}?{'&'.join(sorted(named))}" if named else path
