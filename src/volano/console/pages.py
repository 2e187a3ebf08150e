"""The built console: files of `dist/`, read once, with the headers that a page should have.

Every path that is no file is the single page itself, so that its own routes can be reloaded.
Assets have hashed names and are cached for a year; the page is never cached. Without a build the
answer says how to make one.
"""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from volano.wire.http import Response

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.wire.http import Request

DIST = Path(__file__).parent / "dist"
MIN_GZIP_BYTES = 1024
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
"""Styles may stand in the page, since the components write theirs there; scripts may not."""
PAGE_HEADERS = (
    ("content-security-policy", CONTENT_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
STRICT_TRANSPORT = ("strict-transport-security", "max-age=31536000")
NOT_BUILT = (
    b"<!doctype html><title>Volano</title><h1>The console is not built</h1>"
    b"<p>Run <code>make web</code> in the repository (it needs Node.js), then reload.</p>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    content_type: str
    body: bytes
    zipped: bytes | None
    forever: bool


async def serve_page(env: Env, request: Request) -> Response:
    """A file of the console, or the page itself for any other path."""
    if request.method not in ("GET", "HEAD"):
        headers = [("content-type", "text/plain"), ("allow", "GET, HEAD")]
        return Response(status=405, headers=headers, body=b"Only GET is served here.\n")
    files = _files()
    found = files.get(request.raw_path) or files.get("/index.html")
    if found is None:
        headers = [("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store")]
        return Response(status=503, headers=headers, body=NOT_BUILT)
    if request.raw_path.startswith("/assets/") and request.raw_path not in files:
        return Response(status=404, headers=[("content-type", "text/plain")], body=b"not found\n")
    headers = [
        ("content-type", found.content_type),
        ("cache-control", "public, max-age=31536000, immutable" if found.forever else "no-cache"),
        *PAGE_HEADERS,
        ("vary", "accept-encoding"),
    ]
    if request.scheme == "https":
        headers.append(STRICT_TRANSPORT)
    if found.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(headers=[*headers, ("content-encoding", "gzip")], body=found.zipped)
    return Response(headers=headers, body=found.body)


@cache
def _files() -> dict[str, _File]:
    """Every file of the build by its path; the build is a few megabytes."""
    if not (DIST / "index.html").is_file():
        return {}
    return {
        "/" + path.relative_to(DIST).as_posix(): _read(path)
        for path in DIST.rglob("*")
        if path.is_file()
    }


def _read(path: Path) -> _File:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind.endswith(("javascript", "json", "svg+xml"))
    return _File(
        content_type=f"{kind}; charset=utf-8" if text else kind,
        body=body,
        zipped=gzip.compress(body, 6) if text and len(body) >= MIN_GZIP_BYTES else None,
        forever=path.parent.name == "assets",
    )
