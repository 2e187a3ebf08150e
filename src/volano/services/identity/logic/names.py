"""What IAM allows as names, paths, tags and page sizes, refused in its words.

Specified in the IAM API reference at each operation, and in "IAM and AWS STS quotas".
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from volano.services.identity.model.errors import LimitExceeded, ValidationError

T = TypeVar("T")

_NAME = re.compile(r"[\w+=,.@-]+\Z", re.ASCII)
_PATH = re.compile(r"/|/[\x21-\x7e]+/\Z")
_BARE_PATH = re.compile(r"[\x21-\x7e]+\Z")
MAX_TAGS = 50
MAX_ITEMS = 1000
DEFAULT_ITEMS = 100


def require_name(value: str, *, field: str, limit: int = 64) -> None:
    if not 1 <= len(value) <= limit:
        raise _constraint(field, value, f"Member must have length less than or equal to {limit}")
    if not _NAME.match(value):
        raise ValidationError(
            f"The specified value for {field} is invalid. It must contain only alphanumeric "
            "characters and/or the following: +=,.@_-"
        )


def require_path(path: str, *, field: str = "path", bare: bool = False) -> None:
    """`bare` paths may lack the slashes around them, which suites leave out."""
    if len(path) > 512 or not (_BARE_PATH if bare else _PATH).match(path):
        raise ValidationError(
            f"The specified value for {field} is invalid. It must begin and end with / and contain "
            "only alphanumeric characters and/or / characters."
        )


def require_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > MAX_TAGS:
        raise LimitExceeded(f"The number of tags has reached the maximum limit of {MAX_TAGS}.")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128:
            raise _constraint("tags.1.member.key", key, "Member must have length from 1 to 128")
        if len(value) > 256:
            raise _constraint("tags.1.member.value", value, "Member must have length up to 256")
        if key.lower().startswith(("aws:", "volano:")):
            raise ValidationError("System tags cannot be added/updated/deleted by requester.")


def _constraint(field: str, value: str, rule: str) -> ValidationError:
    return ValidationError(
        f"1 validation error detected: Value '{value[:80]}' at '{field}' failed to satisfy "
        f"constraint: {rule}"
    )


def parse_marker(marker: str | None) -> str:
    """The name after which a page begins; raises ValidationError."""
    if not marker:
        return ""
    try:
        return base64.urlsafe_b64decode(marker.encode()).decode()
    except (binascii.Error, ValueError) as error:
        raise ValidationError("Invalid Marker.") from error


def parse_count_marker(marker: str | None) -> int:
    """How many come before the page, for lists without names; raises ValidationError."""
    if not marker:
        return 0
    if not marker.isascii() or not marker.isdigit() or len(marker) > 6:
        raise ValidationError("Invalid Marker.")
    return int(marker)


def to_marker(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def require_page_size(max_items: int | None) -> int:
    if max_items is None:
        return DEFAULT_ITEMS
    if not 1 <= max_items <= MAX_ITEMS:
        raise _constraint(
            "maxItems", str(max_items), f"Member must have value between 1 and {MAX_ITEMS}"
        )
    return max_items


def cut_page(rows: Sequence[T], limit: int, key: Callable[[T], str]) -> tuple[list[T], str | None]:
    """The first `limit` of `limit + 1` selected rows, and the marker of the next page."""
    if len(rows) <= limit:
        return list(rows), None
    return list(rows[:limit]), to_marker(key(rows[limit - 1]))
