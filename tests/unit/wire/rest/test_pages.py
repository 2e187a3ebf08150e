"""Pages by time: what is asked for and where the next one goes on."""

from __future__ import annotations

import pytest

from volano.wire.rest.pages import FOREVER_US, TimePage, before_us_of, cut_page, size_of


@pytest.mark.parametrize(("limit", "size"), [(-1, 1), (0, 1), (50, 50), (1000, 100)])
def test_a_page_holds_one_to_a_hundred(limit: int, size: int) -> None:
    assert size_of(TimePage(limit=limit)) == size


@pytest.mark.parametrize(
    ("cursor", "before_us"),
    [("", FOREVER_US), ("17", 17), ("x", FOREVER_US), ("²", FOREVER_US), ("9" * 40, FOREVER_US)],
)
def test_a_cursor_is_a_time(cursor: str, before_us: int) -> None:
    assert before_us_of(TimePage(cursor=cursor)) == before_us


def test_the_next_page_begins_below_the_last_item_that_was_shown() -> None:
    assert cut_page([9, 7, 5], 2, lambda item: item) == ([9, 7], "7")
    assert cut_page([9, 7], 2, lambda item: item) == ([9, 7], None)
    assert cut_page([], 2, lambda item: item) == ([], None)
