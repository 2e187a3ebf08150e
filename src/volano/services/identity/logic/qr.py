"""QR codes as PNG: what an authenticator app scans to take a seed.

ISO/IEC 18004, byte mode, error correction level L, versions 1 to 10 (up to 271 bytes), and always
mask 0: readers take any mask, and choosing the prettiest one would be most of the code.
"""

from __future__ import annotations

import struct
import zlib

MAX_BYTES = 271
PIXELS = 6
QUIET = 4
"""Pixels of a module's side, and modules of white around the code."""

# By version: all code words, correction code words of a block, blocks (level L), and where the
# alignment patterns are (Annex E).
_VERSIONS: tuple[tuple[int, int, int, tuple[int, ...]], ...] = (
    (26, 7, 1, ()),
    (44, 10, 1, (6, 18)),
    (70, 15, 1, (6, 22)),
    (100, 20, 1, (6, 26)),
    (134, 26, 1, (6, 30)),
    (172, 18, 2, (6, 34)),
    (196, 20, 2, (6, 22, 38)),
    (242, 24, 2, (6, 24, 42)),
    (292, 30, 2, (6, 26, 46)),
    (346, 18, 4, (6, 28, 50)),
)
_FORMAT_L_MASK_0 = 0b01000
_Grid = list[list[bool | None]]


def qr_png(text: str) -> bytes:
    """The picture of a text; raises ValueError for more than MAX_BYTES."""
    return _png(qr_modules(text.encode()))


def qr_modules(data: bytes) -> list[list[bool]]:
    """The modules of the code row by row, True for dark."""
    version = next((v for v in range(1, 11) if len(data) <= _room(v)), None)
    if version is None:
        raise ValueError(f"a QR code here has at most {MAX_BYTES} bytes")
    grid = _frame(version)
    _fill(grid, _code_words(data, version))
    _format(grid)
    return [[bool(module) for module in row] for row in grid]


def _room(version: int) -> int:
    """Bytes of text that fit."""
    total, correction, blocks, _ = _VERSIONS[version - 1]
    return total - correction * blocks - (2 if version < 10 else 3)


def _code_words(data: bytes, version: int) -> bytes:
    """Text and correction, the blocks interleaved (7.6)."""
    total, correction, blocks, _ = _VERSIONS[version - 1]
    room = total - correction * blocks
    count_bits = 8 if version < 10 else 16
    bits = f"{0b0100:04b}{len(data):0{count_bits}b}" + "".join(f"{byte:08b}" for byte in data)
    bits += "0" * min(4, room * 8 - len(bits))
    bits += "0" * (-len(bits) % 8)
    words = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    words += (b"\xec\x11" * room)[: room - len(words)]
    short, longer = room // blocks, room % blocks
    parts, start = [], 0
    for index in range(blocks):
        size = short + (1 if index >= blocks - longer else 0)
        parts.append(words[start : start + size])
        start += size
    checks = [_correction(part, correction) for part in parts]
    mixed = [part[i] for i in range(short + 1) for part in parts if i < len(part)]
    return bytes(mixed + [check[i] for i in range(correction) for check in checks])


def _times(a: int, b: int) -> int:
    """Product in GF(256) with the code's polynomial."""
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11D if a & 0x80 else 0)
        b >>= 1
    return product


def _correction(part: bytes, count: int) -> bytes:
    """The remainder of the Reed-Solomon division (7.5)."""
    generator, root = [1], 1
    for _ in range(count):
        shifted = [*generator, 0]
        for index, value in enumerate(generator):
            shifted[index + 1] ^= _times(value, root)
        generator, root = shifted, _times(root, 2)
    rest = list(part) + [0] * count
    for index in range(len(part)):
        factor = rest[index]
        for offset, value in enumerate(generator):
            rest[index + offset] ^= _times(value, factor)
    return bytes(rest[-count:])


def _frame(version: int) -> _Grid:
    """Everything but text and format; modules of the text are None."""
    size = 17 + 4 * version
    grid: _Grid = [[None] * size for _ in range(size)]
    for row, column in ((0, 0), (0, size - 7), (size - 7, 0)):
        _finder(grid, row, column)
    for index in range(8, size - 8):
        grid[6][index] = grid[index][6] = index % 2 == 0
    places = _VERSIONS[version - 1][3]
    last = places[-1] if places else 0
    for row in places:
        for column in places:
            if (row, column) not in ((6, 6), (6, last), (last, 6)):
                _square(grid, row - 2, column - 2, 5)
    for index in range(9):
        for row, column in ((8, index), (index, 8)):
            if grid[row][column] is None:
                grid[row][column] = False
    for index in range(8):
        grid[8][size - 1 - index] = grid[size - 1 - index][8] = False
    grid[size - 8][8] = True
    if version >= 7:
        _version(grid, version)
    return grid


def _finder(grid: _Grid, row: int, column: int) -> None:
    size = len(grid)
    for r in range(max(row - 1, 0), min(row + 8, size)):
        for c in range(max(column - 1, 0), min(column + 8, size)):
            grid[r][c] = False
    _square(grid, row, column, 7)


def _square(grid: _Grid, row: int, column: int, size: int) -> None:
    """A dark ring, a light ring, and a dark middle."""
    for r in range(size):
        for c in range(size):
            ring = min(r, c, size - 1 - r, size - 1 - c)
            grid[row + r][column + c] = ring != 1


def _bch(value: int, polynomial: int, degree: int) -> int:
    """The value with its remainder behind it."""
    rest = value << degree
    while rest.bit_length() > degree:
        rest ^= polynomial << (rest.bit_length() - degree - 1)
    return value << degree | rest


def _version(grid: _Grid, version: int) -> None:
    bits, size = _bch(version, 0x1F25, 12), len(grid)
    for index in range(18):
        row, column = index // 3, size - 11 + index % 3
        grid[row][column] = grid[column][row] = bool(bits >> index & 1)


def _fill(grid: _Grid, words: bytes) -> None:
    """The code words, two columns at a time from the right, up and down, masked."""
    bits = iter([word >> shift & 1 for word in words for shift in range(7, -1, -1)])
    size, upwards = len(grid), True
    right = size - 1
    while right > 0:
        right -= right == 6
        for step in range(size):
            row = size - 1 - step if upwards else step
            for column in (right, right - 1):
                if grid[row][column] is None:
                    grid[row][column] = bool(next(bits, 0)) != ((row + column) % 2 == 0)
        upwards = not upwards
        right -= 2


def _format(grid: _Grid) -> None:
    """Level and mask, written twice (7.9)."""
    bits, size = _bch(_FORMAT_L_MASK_0, 0x537, 10) ^ 0x5412, len(grid)
    around = [(8, c) for c in (0, 1, 2, 3, 4, 5, 7, 8)] + [(r, 8) for r in (7, 5, 4, 3, 2, 1, 0)]
    apart = [(size - 1 - i, 8) for i in range(7)] + [(8, size - 8 + i) for i in range(8)]
    for index in range(15):
        module = bool(bits >> (14 - index) & 1)
        for row, column in (around[index], apart[index]):
            grid[row][column] = module


def _png(modules: list[list[bool]]) -> bytes:
    """Black and white, one bit a pixel (RFC 2083)."""
    side = (len(modules) + 2 * QUIET) * PIXELS
    white = [False] * QUIET
    blank = [False] * (len(modules) + 2 * QUIET)
    rows = [blank] * QUIET + [white + row + white for row in modules] + [blank] * QUIET
    lines = b"".join(_line(row, side) * PIXELS for row in rows)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _line(row: list[bool], side: int) -> bytes:
    bits = "".join(("0" if dark else "1") * PIXELS for dark in row)
    bits += "0" * (-side % 8)
    return b"\x00" + int(bits, 2).to_bytes(len(bits) // 8, "big")
