"""User data: what may be given, and what of it is run at the first boot.

It is kept as it came and the metadata service answers exactly that. Run is what begins with `#!`,
also when it came compressed by gzip (cloud-init's rule); anything else stays unread and the
console says so.
"""

from __future__ import annotations

import base64
import binascii
import zlib

from volano.kernel.errors import Invalid

MAX_BYTES = 16 * 1024
MAX_UNPACKED_BYTES = 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31


class MalformedScript(Invalid):
    code = "InvalidUserData.Malformed"


def require_user_data(given: str) -> None:
    """Refuse what is not base64, is too long, or is a script that is not text."""
    content = _decoded(given)
    if len(content) > MAX_BYTES:
        raise Invalid(f"User data is limited to {MAX_BYTES} bytes", code="InvalidParameterValue")
    script = _unpacked(content)
    if script.startswith(b"#!") and not _is_text(script):
        raise MalformedScript("A user data script must be UTF-8 text without NUL characters.")


def to_script(given: str) -> str:
    """What init is to run or to explain that it does not run; empty without user data."""
    return _unpacked(_decoded(given)).decode("utf-8", "replace").replace("\0", "�")


def to_bytes(given: str) -> bytes:
    """Exactly what was given, for the metadata service."""
    return _decoded(given)


def _decoded(given: str) -> bytes:
    try:
        return base64.b64decode("".join(given.split()), validate=True)
    except (binascii.Error, ValueError):
        raise MalformedScript("Invalid BASE64 encoding of user data") from None


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(_GZIP_MAGIC):
        return content
    try:
        unpacker = zlib.decompressobj(_GZIP_WINDOW)
        unpacked = unpacker.decompress(content, MAX_UNPACKED_BYTES)
    except zlib.error:
        raise MalformedScript("The user data begins like gzip but is not.") from None
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise MalformedScript(
            f"Compressed user data must unpack completely to at most {MAX_UNPACKED_BYTES} bytes."
        )
    return unpacked


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False
