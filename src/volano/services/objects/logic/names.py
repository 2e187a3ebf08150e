"""Which names buckets and keys may have (S3 user guide, "Bucket naming rules", "Object keys")."""

from __future__ import annotations

import re

from volano.services.objects.logic.errors import (
    InvalidArgument,
    InvalidBucketName,
    InvalidUri,
    KeyTooLong,
)
from volano.services.objects.model import MAX_KEY_BYTES

_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def require_bucket_name(name: str) -> None:
    """Raises InvalidBucketName with the rule that is broken."""
    rule = _broken_rule(name)
    if rule:
        raise InvalidBucketName(
            f"The specified bucket is not valid: {rule}.", fields={"BucketName": name}
        )


def _broken_rule(name: str) -> str:
    if not 3 <= len(name) <= 63:
        return "a name has 3 to 63 characters"
    if not _BUCKET.fullmatch(name):
        return "a name consists of lower-case letters, digits, hyphens and single dots"
    if _ADDRESS.fullmatch(name):
        return "a name must not look like an IP address"
    if name.startswith(_RESERVED_PREFIXES) or name.endswith(_RESERVED_SUFFIXES):
        return "this prefix or suffix is reserved"
    return ""


def require_key(key: str) -> None:
    """Raises KeyTooLong, InvalidUri (not UTF-8) or InvalidArgument (empty, NUL)."""
    if not key:
        raise InvalidArgument("A key has at least one character.", fields={"ArgumentName": "Key"})
    try:
        length = len(key) if key.isascii() else len(key.encode())
    except UnicodeEncodeError as error:
        raise InvalidUri("The key is not valid UTF-8.") from error
    if length > MAX_KEY_BYTES:
        raise KeyTooLong(
            "Your key is too long.",
            fields={"Size": str(length), "MaxSizeAllowed": str(MAX_KEY_BYTES)},
        )
    if "\x00" in key:
        raise InvalidArgument("A key must not contain NUL.", fields={"ArgumentName": "Key"})


def require_text(value: str, name: str) -> str:
    """A prefix, marker or delimiter that the database can compare; raises InvalidArgument."""
    if "\x00" in value:
        raise InvalidArgument(f"{name} must not contain NUL.", fields={"ArgumentName": name})
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InvalidArgument(
                f"{name} is not valid UTF-8.", fields={"ArgumentName": name}
            ) from error
    return value
