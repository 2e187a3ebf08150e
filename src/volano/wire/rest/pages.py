"""Pages of lists that are ordered by time, the newest first: `limit`, and `cursor` to go on.

A cursor is the time (microseconds) of the last item that was shown; another text starts anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PAGE = 100
FOREVER_US = 1 << 62
_MAX_DIGITS = 18

Item = TypeVar("Item")


class TimePage(msgspec.Struct, kw_only=True):
    """A page of at most 100 items; `cursor` is the `next_cursor` of the page before."""

    limit: int = 50
    cursor: str = ""


def size_of(page: TimePage) -> int:
    """How many items the page holds."""
    return min(max(page.limit, 1), MAX_PAGE)


def before_us_of(page: TimePage) -> int:
    """Items of the page are older than this."""
    is_time = page.cursor.isdecimal() and len(page.cursor) <= _MAX_DIGITS
    return int(page.cursor) if is_time else FOREVER_US


def cut_page(
    found: list[Item], size: int, time_us_of: Callable[[Item], int]
) -> tuple[list[Item], str | None]:
    """The page, and its `next_cursor` when one item more than `size` was found."""
    shown = found[:size]
    return shown, str(time_us_of(shown[-1])) if len(found) > size else None
