"""Opaque cursors: what Slack's clients hand back to get the next page."""

from __future__ import annotations

import base64
import binascii

from volano.services.chat.logic.errors import refused

MAX_CURSOR_CHARACTERS = 200


def to_cursor(kind: str, position: str) -> str:
    """A cursor for the page after `position`; '' when there is none."""
    if not position:
        return ""
    return base64.urlsafe_b64encode(f"{kind}:{position}".encode()).decode()


def parse_cursor(kind: str, cursor: str) -> str:
    """The position in a cursor, '' for none; raises `invalid_cursor`."""
    if not cursor:
        return ""
    try:
        text = base64.urlsafe_b64decode(cursor[:MAX_CURSOR_CHARACTERS].encode()).decode()
    except (binascii.Error, ValueError) as error:
        raise refused("invalid_cursor", "The cursor is not one that was given out.") from error
    found, _, position = text.partition(":")
    if found != kind or not position:
        raise refused("invalid_cursor", "The cursor belongs to another method.")
    return position


def require_limit(limit: int, *, default: int, maximum: int) -> int:
    """How many a page has; 0 is the default. Raises `invalid_limit`."""
    if limit < 0:
        raise refused("invalid_limit", "limit is not negative.")
    return min(limit or default, maximum)


def page_metadata(cursor: str) -> dict[str, object]:
    """Slack's `response_metadata` of a page."""
    return {"response_metadata": {"next_cursor": cursor}}
