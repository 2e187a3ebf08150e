"""`Contents` written from rows is what the writer of entries makes of them."""

from __future__ import annotations

import itertools

import pytest

from volano.wire.aws.listing import ContentRows, contents_writer

ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")
KINDS = ("FULL_OBJECT", "COMPOSITE")
CHECKSUMS = [
    "",
    *(f"{a} {k} {v}" for a, k, v in itertools.product(ALGORITHMS, KINDS, ("x==", "y"))),
]
MOMENTS_US = (0, 1, 499, 500, 999_499, 999_500, 1_763_000_000_123_456, 1_763_000_059_999_999)


def rows():
    """Every checksum with every moment, twice, and keys that must be escaped."""
    for number, (checksum, us) in enumerate(itertools.product(CHECKSUMS * 2, MOMENTS_US)):
        yield f"a&b<{number}>\r", number, f"etag-{number}", us, "STANDARD", checksum


@pytest.mark.parametrize("owner", [None, {"ID": "me&", "DisplayName": "<I>"}, {"ID": "me"}])
def test_rows_are_written_as_their_entries(owner):
    all_rows = list(rows())
    made = ContentRows(all_rows, [row[0] for row in all_rows], owner)
    written: list[str] = []

    def generic(_append, entries):
        raise AssertionError(f"an unusual entry: {entries}")

    write = contents_writer(generic)
    write(written.append, list(made))
    assert made.xml() == "".join(written)
    assert made.xml().count("<Contents>") == len(all_rows)


def test_no_rows_are_no_elements():
    assert ContentRows([], [], None).xml() == ""
