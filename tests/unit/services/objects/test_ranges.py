"""The Range header."""

from __future__ import annotations

import pytest

from volano.services.objects.logic.errors import InvalidArgument, InvalidRange
from volano.services.objects.logic.ranges import parse_copy_range, parse_range


@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        (None, 10, None),
        ("bytes=0-0", 10, (0, 1)),
        ("bytes=3-", 10, (3, 10)),
        ("bytes=3-99", 10, (3, 10)),
        ("bytes=-4", 10, (6, 10)),
        ("bytes=-99", 10, (0, 10)),
        ("bytes=0-1,4-5", 10, None),
        ("bytes=5-3", 10, None),
        ("bytes=-", 10, None),
        ("lines=1-2", 10, None),
        ("nonsense", 10, None),
    ],
)
def test_parse_range(header, size, expected):
    assert parse_range(header, size) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)])
def test_range_without_any_byte_is_refused(header, size):
    with pytest.raises(InvalidRange) as caught:
        parse_range(header, size)
    assert caught.value.wire_status == 416
    assert caught.value.fields["ActualObjectSize"] == str(size)


def test_copy_range_needs_both_ends_inside_the_source():
    assert parse_copy_range("bytes=0-9", 10) == (0, 10)
    with pytest.raises(InvalidRange):
        parse_copy_range("bytes=0-10", 10)
    for header in ("0-9", "bytes=0-", "bytes=5-4", "bytes=0-9,11-12"):
        with pytest.raises(InvalidArgument):
            parse_copy_range(header, 10)
