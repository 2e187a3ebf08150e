"""Metadata that is no ASCII travels in headers as words of mail (RFC 2047), as S3 has it.

S3 User Guide, "Working with object metadata": such values are decoded before they are stored and
encoded before they are told. Which form S3 takes, and which characters it keeps, is as recorded.
"""

from __future__ import annotations

import base64
import string
from email.errors import HeaderParseError
from email.header import decode_header

_KEPT = frozenset(string.ascii_letters + string.digits + string.punctuation + "\t") - set("=?_")
"""What stands for itself in an encoded word."""
_UNKNOWN = "\ufffd"


def to_mail_text(text: str) -> str:
    """The text as it goes into a header: ASCII as it is, all else as one encoded word."""
    if text.isascii() and text.replace("\t", "").isprintable():
        return text
    if not text.replace("\t", "").isprintable() or _UNKNOWN in text:
        return f"=?UTF-8?B?{base64.b64encode(_utf8(text)).decode()}?="
    return f"=?UTF-8?Q?{''.join(map(_quoted, text))}?="


def parse_mail_text(text: str) -> str:
    """What encoded words mean; text without any, and words that mean nothing printable, as is."""
    if "=?" not in text or not text.isascii():
        return text
    try:
        parts = [
            part if isinstance(part, str) else part.decode(charset or "ascii")
            for part, charset in decode_header(text)
        ]
    except (HeaderParseError, UnicodeDecodeError, LookupError, ValueError):
        return text
    meant = "".join(parts)
    return meant if meant.isprintable() and _UNKNOWN not in meant else text


def _quoted(char: str) -> str:
    if char == " ":
        return "_"
    return char if char in _KEPT else "".join(f"={byte:02X}" for byte in _utf8(char))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
