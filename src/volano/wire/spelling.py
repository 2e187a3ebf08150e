"""How the names of response headers are written on the wire.

Names mean the same in any case (RFC 9110 section 5.1), and inside they are lower case. Scripts that
read raw lines look for the spelling that AWS itself uses, so our own protocol writes that one.
Names that are not here (`x-amz-…` too) are written in lower case, which is how S3 writes them.
"""

from __future__ import annotations

_NAMES = (
    b"Accept-Ranges",
    b"Access-Control-Allow-Credentials",
    b"Access-Control-Allow-Headers",
    b"Access-Control-Allow-Methods",
    b"Access-Control-Allow-Origin",
    b"Access-Control-Expose-Headers",
    b"Access-Control-Max-Age",
    b"Allow",
    b"Cache-Control",
    b"Connection",
    b"Content-Disposition",
    b"Content-Encoding",
    b"Content-Language",
    b"Content-Length",
    b"Content-Range",
    b"Content-Type",
    b"Date",
    b"ETag",
    b"Expires",
    b"Last-Modified",
    b"Location",
    b"Retry-After",
    b"Set-Cookie",
    b"Transfer-Encoding",
    b"Vary",
    b"WWW-Authenticate",
)
SPELLED = {name.lower(): name for name in _NAMES}
"""The usual spelling, by the name in lower case."""


def header_line(name: str, value: str) -> str:
    """A header's line as our own protocol writes it; `name` in any case."""
    lower = name.lower().encode("latin-1")
    return f"{SPELLED.get(lower, lower).decode('latin-1')}: {value}\r\n"
