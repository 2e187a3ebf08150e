"""What a writer may say about an object: user metadata, tags, storage class."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from volano.services.objects.logic.errors import (
    InvalidArgument,
    InvalidTag,
    MetadataTooLarge,
)
from volano.services.objects.model import (
    MAX_BUCKET_TAGS,
    MAX_OBJECT_TAGS,
    MAX_USER_METADATA_BYTES,
    Description,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_TAG_KEY = 128
MAX_TAG_VALUE = 256
_TAG_MARKS = frozenset("+-=._:/@")
_SYSTEM_TAG = {
    True: "Your TagKey cannot be prefixed with aws:",
    False: "System tags cannot be added/updated by requester",
}
"""What S3 says of a reserved tag, of objects (True) and of buckets."""


def require_description(description: Description) -> None:
    """Raises MetadataTooLarge and InvalidArgument."""
    size_bytes = 0
    for name, value in description.metadata.items():
        size_bytes += len(name.encode()) + len(value.encode(errors="surrogateescape"))
        if "\x00" in value:
            raise InvalidArgument(f"The metadata value of {name} contains NUL.")
    if size_bytes > MAX_USER_METADATA_BYTES:
        raise MetadataTooLarge(
            "Your metadata headers exceed the maximum allowed metadata size",
            fields={"Size": str(size_bytes), "MaxSizeAllowed": str(MAX_USER_METADATA_BYTES)},
        )


def parse_tag_header(header: str | None) -> dict[str, str]:
    """Tags of an `x-amz-tagging` header (a query string); raises InvalidArgument, InvalidTag."""
    if not header:
        return {}
    try:
        pairs = parse_qsl(header, keep_blank_values=True, max_num_fields=MAX_BUCKET_TAGS * 2)
    except ValueError as error:
        raise InvalidArgument("The header 'x-amz-tagging' has too many fields.") from error
    if len(dict(pairs)) != len(pairs) or not _is_tag_text("".join(chain(*pairs))):
        raise InvalidArgument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "
            "parameters without tag name duplicates.",
            fields={"ArgumentName": "x-amz-tagging", "ArgumentValue": header},
        )
    return to_tags(pairs, limit=MAX_OBJECT_TAGS)


def to_tags(pairs: Iterable[tuple[str, str]], *, limit: int) -> dict[str, str]:
    """Tags from pairs; raises InvalidTag for too many, too long, doubled or reserved ones."""
    tags: dict[str, str] = {}
    for key, value in pairs:
        if not 1 <= len(key) <= MAX_TAG_KEY or not _is_tag_text(key):
            raise InvalidTag(
                "The TagKey you have provided is invalid", fields={"TagKey": key[:MAX_TAG_KEY]}
            )
        if len(value) > MAX_TAG_VALUE or not _is_tag_text(value):
            raise InvalidTag(
                "The TagValue you have provided is invalid",
                fields={"TagKey": key, "TagValue": value[:MAX_TAG_VALUE]},
            )
        if key.lower().startswith("aws:"):
            raise InvalidTag(_SYSTEM_TAG[limit == MAX_OBJECT_TAGS], fields={"TagKey": key})
        if key in tags:
            raise InvalidTag(
                "Cannot provide multiple Tags with the same key", fields={"TagKey": key}
            )
        tags[key] = value
    if len(tags) > limit:
        noun = "Object" if limit == MAX_OBJECT_TAGS else "Bucket"
        raise InvalidTag(f"{noun} tags cannot be greater than {limit}")
    return tags


def _is_tag_text(text: str) -> bool:
    """Whether S3 takes these characters: letters, digits and spaces of any script, and marks."""
    return all(each.isalnum() or each in _TAG_MARKS or each.isspace() for each in text)
