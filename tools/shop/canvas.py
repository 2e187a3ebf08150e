"""A tiny drawing canvas: filled shapes with smooth edges, written as PNG.

Only the standard library is used, so that the pictures of the shop can be made again anywhere.
Coordinates run from 0 to 100 in both directions, y downwards. Colours are `#rrggbb`.
"""

from __future__ import annotations

import math
import struct
import zlib
from itertools import pairwise

SIDE_PX = 300
SUBROWS = 4  # sample rows per pixel row
SHADES = 8  # steps from uncovered to covered at an edge: fewer make smaller files

Point = tuple[float, float]


class Canvas:
    """An opaque RGB picture of SIDE_PX by SIDE_PX pixels."""

    def __init__(self, background: str) -> None:
        self._rows = [bytearray(_rgb(background) * SIDE_PX) for _ in range(SIDE_PX)]

    def polygon(self, points: list[Point], colour: str) -> None:
        """Fill a closed outline; where it crosses itself the overlap stays empty."""
        scale = SIDE_PX / 100
        outline = [(x * scale, y * scale) for x, y in points]
        edges = [
            (a, b) if a[1] < b[1] else (b, a)
            for a, b in pairwise([*outline, outline[0]])
            if a[1] != b[1]
        ]
        top = max(0, math.floor(min(y for _, y in outline)))
        bottom = min(SIDE_PX, math.ceil(max(y for _, y in outline)))
        ink = _rgb(colour)
        for y in range(top, bottom):
            near = [edge for edge in edges if edge[0][1] < y + 1 and edge[1][1] > y]
            self._fill_row(y, near, ink)

    def _fill_row(self, y: int, edges: list[tuple[Point, Point]], ink: bytes) -> None:
        cover: dict[int, float] = {}
        solid: list[tuple[int, int]] = []
        for sub in range(SUBROWS):
            at = y + (sub + 0.5) / SUBROWS
            crossings = sorted(
                a[0] + (at - a[1]) * (b[0] - a[0]) / (b[1] - a[1])
                for a, b in edges
                if a[1] <= at < b[1]
            )
            for left, right in zip(crossings[::2], crossings[1::2], strict=False):
                solid += _cover_span(max(0.0, left), min(float(SIDE_PX), right), cover)
        row = self._rows[y]
        for start, end, count in _counted(solid):
            if count == SUBROWS:
                row[3 * start : 3 * end] = ink * (end - start)
                continue
            for x in range(start, end):
                cover[x] = cover.get(x, 0.0) + count
        for x, amount in cover.items():
            _blend(row, x, ink, min(SHADES, round(amount * SHADES / SUBROWS)))

    def circle(self, x: float, y: float, radius: float, colour: str) -> None:
        self.polygon(arc(x, y, radius), colour)

    def ring(self, x: float, y: float, radius: float, width: float, colour: str) -> None:
        """A circle's outline `width` wide, inside `radius`."""
        inner = arc(x, y, radius - width)[::-1]
        outer = arc(x, y, radius)
        self.polygon([*outer, outer[0], inner[0], *inner[1:], inner[0]], colour)

    def line(self, points: list[Point], width: float, colour: str) -> None:
        """A stroke with round ends and joints."""
        for a, b in pairwise(points):
            length = math.hypot(b[0] - a[0], b[1] - a[1]) or 1.0
            dx, dy = (b[1] - a[1]) / length * width / 2, (a[0] - b[0]) / length * width / 2
            corners = [(a[0] + dx, a[1] + dy), (b[0] + dx, b[1] + dy)]
            corners += [(b[0] - dx, b[1] - dy), (a[0] - dx, a[1] - dy)]
            self.polygon(corners, colour)
        for x, y in points:
            self.circle(x, y, width / 2, colour)

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        colour: str,
        *,
        round_by: float = 3,
    ) -> None:
        """A rectangle with rounded corners."""
        r = min(round_by, (right - left) / 2, (bottom - top) / 2)
        corners = (
            arc(right - r, top + r, r, -90, 0)
            + arc(right - r, bottom - r, r, 0, 90)
            + arc(left + r, bottom - r, r, 90, 180)
            + arc(left + r, top + r, r, 180, 270)
        )
        self.polygon(corners, colour)

    def png(self) -> bytes:
        """The picture as a PNG file (RFC 2083); flat colours pack best without row filters."""
        raw = b"".join(b"\0" + bytes(row) for row in self._rows)
        header = struct.pack(">IIBBBBB", SIDE_PX, SIDE_PX, 8, 2, 0, 0, 0)
        chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)


def arc(x: float, y: float, radius: float, start: float = 0, end: float = 360) -> list[Point]:
    """Points on a circle from angle `start` to `end` in degrees, clockwise from the right."""
    steps = max(6, int(abs(end - start) / 360 * (24 + radius * 2)))
    angles = (math.radians(start + (end - start) * i / steps) for i in range(steps + 1))
    return [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles]


def mix(colour: str, other: str, part: float) -> str:
    """`colour` with `part` (0 to 1) of `other` stirred in."""
    a, b = _rgb(colour), _rgb(other)
    return "#" + "".join(f"{round(p + (q - p) * part):02x}" for p, q in zip(a, b, strict=True))


def _rgb(colour: str) -> bytes:
    return bytes.fromhex(colour[1:])


def _cover_span(left: float, right: float, cover: dict[int, float]) -> list[tuple[int, int]]:
    """Add one sample row's partly covered pixels to `cover`; return its wholly covered range."""
    if right <= left:
        return []
    first, last = math.floor(left), math.ceil(right) - 1
    if first == last:
        cover[first] = cover.get(first, 0.0) + right - left
        return []
    cover[first] = cover.get(first, 0.0) + first + 1 - left
    cover[last] = cover.get(last, 0.0) + right - last
    return [(first + 1, last)] if last > first + 1 else []


def _counted(ranges: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """The stretches that lie in any of the half-open ranges, with in how many of them."""
    steps: dict[int, int] = {}
    for start, end in ranges:
        steps[start] = steps.get(start, 0) + 1
        steps[end] = steps.get(end, 0) - 1
    counted = []
    depth = 0
    for at, following in pairwise([*sorted(steps), SIDE_PX]):
        depth += steps[at]
        if depth:
            counted.append((at, following, depth))
    return counted


def _blend(row: bytearray, x: int, ink: bytes, shade: int) -> None:
    at = 3 * x
    if x >= SIDE_PX or shade == 0:
        return
    if shade == SHADES:
        row[at : at + 3] = ink
        return
    for channel in range(3):
        under = row[at + channel]
        row[at + channel] = under + (ink[channel] - under) * shade // SHADES


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
