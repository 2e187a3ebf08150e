"""QR codes: the fixed parts of the standard, and a code that a reader has read."""

from __future__ import annotations

import hashlib
import zlib

import pytest

from volano.services.identity.logic.qr import MAX_BYTES, PIXELS, QUIET, qr_modules, qr_png

FINDER = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]


def text_of(rows) -> list[str]:
    return ["".join("01"[module] for module in row) for row in rows]


@pytest.mark.parametrize(
    ("size", "side"), [(1, 21), (17, 21), (18, 25), (106, 37), (MAX_BYTES, 57)]
)
def test_version_and_finders_follow_the_standard(size, side):
    rows = text_of(qr_modules(b"x" * size))
    assert len(rows) == side
    for top, left in ((0, 0), (0, side - 7), (side - 7, 0)):
        assert [row[left : left + 7] for row in rows[top : top + 7]] == FINDER
    assert rows[6][8 : side - 8] == ("10" * side)[: side - 16]
    assert rows[8][:6] + rows[8][7] == "1110111"  # level L, mask 0 (table C.1: 111011111000100)


def test_codes_are_those_that_a_reader_read():
    """Every length from 1 to 271 of this text was read back by zxing-cpp (22 November 2026)."""
    text = "otpauth://totp/Volano:ada?secret=ABCDEFGH" + "xYz0123456789%&=" * 20
    digest = hashlib.sha256()
    for size in range(1, MAX_BYTES + 1):
        digest.update("".join(text_of(qr_modules(text[:size].encode()))).encode())
    assert digest.hexdigest() == "a109ae87f359c0dd34a081be4303d7e6fdf3cd0b00895cf7ab71602de8e42824"


def test_picture_is_a_png_with_a_quiet_zone():
    picture = qr_png("volano")
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    side = (21 + 2 * QUIET) * PIXELS
    assert int.from_bytes(picture[16:20], "big") == side
    start = picture.index(b"IDAT") + 4
    lines = zlib.decompress(
        picture[start : start + int.from_bytes(picture[start - 8 : start - 4], "big")]
    )
    assert len(lines) == side * (1 + (side + 7) // 8)
    assert lines[1 : 1 + side // 8] == b"\xff" * (side // 8)


def test_too_much_text_is_refused():
    with pytest.raises(ValueError, match="271"):
        qr_png("x" * (MAX_BYTES + 1))
