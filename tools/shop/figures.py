"""Forty small drawings, one for each kind of thing the shop sells.

A figure is a function `f(canvas, a, b)` that draws with two colours of the shop's palette on the
background that `picture` has prepared.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from shop.canvas import Canvas, arc, mix

if TYPE_CHECKING:
    from collections.abc import Callable

PALETTE = {
    "olive": "#6f7d3c",
    "brick": "#b9533a",
    "cream": "#f3e6c8",
    "sea": "#3b7c91",
    "sand": "#d2b48c",
    "night": "#2d3a4f",
    "sun": "#e8b23a",
    "mint": "#8fc1a9",
    "honey": "#b97a35",
}
INK = "#2b2a28"
METAL = "#b8bcc0"
PAPER = "#faf6ec"

FIGURES: dict[str, Callable[[Canvas, str, str], None]] = {}


def figure(draw: Callable[[Canvas, str, str], None]) -> Callable[[Canvas, str, str], None]:
    FIGURES[draw.__name__] = draw
    return draw


def picture(spec: str) -> bytes:
    """The PNG of a figure and its two colours, as in `bicycle olive brick`."""
    name, first, second = spec.split()
    a, b = PALETTE[first], PALETTE[second]
    canvas = Canvas(PAPER)
    canvas.circle(50, 48, 42, mix(PAPER, b if first == "cream" else a, 0.22))
    canvas.polygon([(x, 84 + (y - 84) * 0.12) for x, y in arc(50, 84, 34)], mix(PAPER, INK, 0.14))
    FIGURES[name](canvas, a, b)
    return canvas.png()


def _wheel(c: Canvas, x: float, y: float, radius: float, tyre: str) -> None:
    for spoke in range(0, 180, 30):
        dx, dy = radius * math.cos(math.radians(spoke)), radius * math.sin(math.radians(spoke))
        c.line([(x - dx, y - dy), (x + dx, y + dy)], 0.5, METAL)
    c.ring(x, y, radius, 2.2, INK)
    c.ring(x, y, radius - 2.2, 1.2, tyre)
    c.circle(x, y, 1.8, INK)


@figure
def bicycle(c: Canvas, a: str, b: str) -> None:
    _wheel(c, 27, 66, 18, b)
    _wheel(c, 75, 66, 18, b)
    c.line([(27, 66), (42, 40), (66, 40), (49, 66), (27, 66)], 2.6, a)
    c.line([(49, 66), (39.5, 34)], 2.6, a)
    c.line([(75, 66), (64, 32)], 2.6, a)
    c.line([(64, 32), (58, 29), (70, 28)], 2.2, INK)
    c.box(33, 30.5, 46, 34.5, b, round_by=2)
    c.ring(49, 66, 5, 1.4, INK)
    c.line([(45, 72), (53, 60)], 1.6, INK)


@figure
def cargo(c: Canvas, a: str, b: str) -> None:
    _wheel(c, 20, 68, 14, b)
    _wheel(c, 84, 71, 11, b)
    c.polygon([(46, 46), (80, 46), (76, 68), (50, 68)], b)
    for x in (52, 60, 68):
        c.line([(x + 1, 48), (x + 2, 66)], 0.7, mix(b, INK, 0.4))
    c.line([(20, 68), (34, 44), (46, 66), (20, 68)], 2.6, a)
    c.line([(46, 68), (84, 71)], 2.6, a)
    c.line([(34, 44), (32, 38)], 2.6, a)
    c.line([(46, 66), (43, 32), (36, 29)], 2.2, INK)
    c.box(26, 35, 38, 39, INK, round_by=2)


@figure
def saddle(c: Canvas, a: str, b: str) -> None:
    c.line([(30, 60), (44, 66), (72, 60)], 2.2, METAL)
    c.line([(52, 64), (50, 82)], 4, METAL)
    c.polygon(
        [
            (14, 46),
            *arc(24, 50, 12, 180, 270),
            (50, 42),
            (84, 46),
            (88, 51),
            (80, 55),
            (52, 57),
            (32, 64),
            (16, 62),
        ],
        a,
    )
    c.line([(24, 44), (50, 47), (82, 50)], 1, mix(a, b, 0.5))
    for x, y in ((20, 57), (26, 59), (84, 50.5)):
        c.circle(x, y, 1.3, METAL)


@figure
def grips(c: Canvas, a: str, b: str) -> None:
    for y in (38, 60):
        c.line([(22, y), (78, y)], 13, a)
        c.box(16, y - 8, 23, y + 8, b, round_by=2)
        c.circle(80, y, 6.5, METAL)
        for x in range(30, 76, 7):
            c.circle(x, y - 2 + (x % 3) * 2, 0.9, mix(a, INK, 0.35))


@figure
def tape(c: Canvas, a: str, b: str) -> None:
    for x, tone in ((36, a), (64, mix(a, b, 0.35))):
        c.circle(x, 52, 20, tone)
        for radius in (16, 12, 8):
            c.ring(x, 52, radius, 0.8, mix(tone, INK, 0.25))
        c.circle(x, 52, 5, PAPER)
    c.line([(64, 72), (84, 76)], 3, mix(a, b, 0.35))


@figure
def basket(c: Canvas, a: str, b: str) -> None:
    c.polygon([*arc(50, 46, 26, 180, 360), *arc(50, 46, 22, 360, 180)], mix(a, INK, 0.25))
    c.polygon([(20, 44), (80, 44), (72, 80), (28, 80)], a)
    for row in range(5):
        c.line(
            [(23 + row * 1.2, 50 + row * 6), (77 - row * 1.2, 50 + row * 6)], 1.1, mix(a, INK, 0.3)
        )
    for x in range(28, 76, 8):
        c.line([(x, 46), (50 + (x - 50) * 0.78, 79)], 1.1, mix(a, INK, 0.2))
    c.box(17, 41, 83, 47, b)


@figure
def pannier(c: Canvas, a: str, b: str) -> None:
    c.line([(40, 22), (40, 16), (60, 16), (60, 22)], 2.4, INK)
    c.box(26, 24, 74, 82, a, round_by=6)
    c.box(26, 22, 74, 46, mix(a, INK, 0.2), round_by=5)
    for x in (38, 62):
        c.box(x - 2.5, 30, x + 2.5, 60, b, round_by=1)
        c.box(x - 3.5, 50, x + 3.5, 56, METAL, round_by=1)
    c.box(40, 64, 60, 76, mix(a, PAPER, 0.15), round_by=2)


@figure
def pouch(c: Canvas, a: str, b: str) -> None:
    c.polygon([(20, 38), (80, 38), (76, 66), *arc(66, 66, 10, 0, 90), *arc(36, 66, 10, 90, 180)], a)
    c.polygon([(18, 36), (82, 36), (66, 56), (34, 56)], mix(a, INK, 0.18))
    c.box(47, 44, 53, 66, b, round_by=1)
    c.box(45.5, 56, 54.5, 62, METAL, round_by=1)
    for x in (28, 72):
        c.line([(x, 36), (x, 26)], 3, b)


@figure
def backpack(c: Canvas, a: str, b: str) -> None:
    c.ring(50, 24, 8, 2.4, INK)
    c.box(24, 44, 76, 78, mix(a, INK, 0.2), round_by=7)
    c.box(29, 22, 71, 84, a, round_by=12)
    c.box(29, 24, 71, 44, mix(a, INK, 0.15), round_by=10)
    c.box(36, 56, 64, 78, mix(a, PAPER, 0.18), round_by=4)
    c.line([(36, 62), (64, 62)], 1.2, b)
    for x in (41, 59):
        c.box(x - 2, 38, x + 2, 54, b, round_by=1)


@figure
def helmet(c: Canvas, a: str, b: str) -> None:
    c.polygon([*arc(50, 58, 33, 180, 360), (84, 62), (16, 62)], a)
    for x in (34, 50, 66):
        c.polygon(
            [
                (x - 4, 52),
                (x + (50 - x) * 0.35 - 2, 33),
                (x + (50 - x) * 0.35 + 2, 33),
                (x + 4, 52),
            ],
            mix(a, INK, 0.45),
        )
    c.box(15, 58, 85, 64, b, round_by=3)
    c.line([(27, 64), (44, 82), (50, 82)], 1.8, INK)
    c.line([(62, 64), (52, 82)], 1.8, INK)
    c.box(45, 79, 55, 85, b, round_by=2)


@figure
def cap(c: Canvas, a: str, b: str) -> None:
    c.polygon([*arc(46, 60, 28, 180, 360), (74, 64), (18, 64)], a)
    c.polygon([(60, 60), (76, 59), (92, 66), (88, 70), (60, 66)], mix(a, INK, 0.2))
    c.polygon([(42, 33), (50, 33), (52, 62), (40, 62)], b)
    c.circle(46, 32, 2, mix(a, INK, 0.3))


@figure
def lamp(c: Canvas, a: str, b: str) -> None:
    for spread in (-16, 0, 16):
        c.polygon([(58, 46), (92, 42 + spread), (92, 50 + spread)], mix(PAPER, a, 0.55))
    c.polygon([(24, 40), (52, 32), (52, 64), (24, 56)], b)
    c.box(50, 29, 60, 67, METAL, round_by=3)
    c.polygon([(x * 0.5 + 30, y) for x, y in arc(60, 48, 15)], a)
    c.line([(36, 58), (36, 76)], 4, INK)
    c.box(26, 73, 46, 80, INK)


@figure
def bell(c: Canvas, a: str, b: str) -> None:
    c.polygon([*arc(50, 60, 28, 180, 360), (82, 64), (18, 64)], a)
    c.polygon([*arc(50, 58, 20, 190, 250), *arc(50, 58, 16, 250, 190)], mix(a, PAPER, 0.6))
    c.box(16, 60, 84, 66, mix(a, INK, 0.25))
    c.circle(50, 31, 3.4, b)
    c.line([(76, 66), (84, 78)], 3, INK)
    c.circle(85, 79, 4, b)
    c.box(40, 66, 60, 80, METAL, round_by=2)


@figure
def pinwheel(c: Canvas, a: str, b: str) -> None:
    c.line([(50, 46), (50, 90)], 2.6, METAL)
    for turn in range(8):
        start = turn * 45
        tip = arc(50, 44, 30, start, start + 1)[0]
        side = arc(50, 44, 19, start + 40, start + 41)[0]
        c.polygon([(50, 44), tip, side], (a, b)[turn % 2])
    c.circle(50, 44, 4, INK)


@figure
def lock(c: Canvas, a: str, b: str) -> None:
    c.ring(50, 40, 22, 6, METAL)
    c.box(26, 42, 74, 82, a, round_by=7)
    c.circle(50, 58, 5.5, b)
    c.polygon([(48, 60), (52, 60), (54, 73), (46, 73)], b)


@figure
def pump(c: Canvas, a: str, b: str) -> None:
    c.line([(34, 22), (66, 22)], 6, b)
    c.line([(50, 22), (50, 40)], 3, METAL)
    c.box(43, 36, 57, 80, a, round_by=3)
    c.line([(57, 74), (74, 66), (78, 48)], 2, INK)
    c.line([(78, 48), (78, 42)], 4, METAL)
    c.line([(32, 82), (68, 82)], 5, INK)
    c.circle(50, 66, 6, PAPER)
    c.line([(50, 66), (53, 63)], 1.2, INK)


@figure
def tool(c: Canvas, a: str, b: str) -> None:
    for turn, length in ((200, 34), (235, 32), (270, 34), (305, 30), (340, 33)):
        tip = arc(50, 62, length, turn, turn + 1)[0]
        c.line([(50, 60), tip], 3.2, METAL)
        c.circle(*tip, 2.4, b)
    c.box(26, 54, 74, 76, a, round_by=9)
    c.circle(34, 65, 3, METAL)
    c.circle(66, 65, 3, METAL)


@figure
def tin(c: Canvas, a: str, b: str) -> None:
    c.box(20, 40, 80, 80, a, round_by=6)
    c.box(17, 32, 83, 48, mix(a, INK, 0.2), round_by=5)
    c.circle(50, 63, 10, b)
    c.line([(44, 63), (56, 63)], 2.4, a)
    c.line([(50, 57), (50, 69)], 2.4, a)
    for x in (24, 76):
        c.box(x - 2.5, 42, x + 2.5, 56, METAL, round_by=1)


@figure
def bottle(c: Canvas, a: str, b: str) -> None:
    c.box(43, 14, 57, 26, b, round_by=2)
    c.polygon([(44, 26), (56, 26), (64, 40), (64, 84), (36, 84), (36, 40)], a)
    c.box(36, 78, 64, 87, a, round_by=4)
    c.box(36, 50, 64, 70, PAPER, round_by=0)
    c.ring(50, 60, 7, 1.6, b)
    c.line([(41, 36), (41, 46)], 1.6, mix(a, PAPER, 0.6))


@figure
def apron(c: Canvas, a: str, b: str) -> None:
    c.ring(50, 24, 13, 2, b)
    c.polygon([(38, 30), (62, 30), (66, 46), (78, 54), (76, 84), (24, 84), (22, 54), (34, 46)], a)
    c.box(34, 58, 66, 74, mix(a, PAPER, 0.15), round_by=2)
    c.line([(50, 58), (50, 74)], 1, b)
    c.line([(22, 54), (10, 60)], 2, b)
    c.line([(78, 54), (90, 60)], 2, b)


@figure
def jersey(c: Canvas, a: str, b: str) -> None:
    c.polygon(
        [
            (36, 22),
            (64, 22),
            (84, 34),
            (76, 50),
            (68, 46),
            (68, 84),
            (32, 84),
            (32, 46),
            (24, 50),
            (16, 34),
        ],
        a,
    )
    c.polygon([(42, 22), (58, 22), (50, 30)], mix(a, INK, 0.4))
    c.polygon([(32, 50), (68, 50), (68, 58), (32, 58)], b)
    c.line([(50, 30), (50, 84)], 0.9, mix(a, INK, 0.4))


@figure
def socks(c: Canvas, a: str, b: str) -> None:
    for dx, tone in ((-12, a), (14, b)):
        other = b if tone == a else a
        c.line([(44 + dx, 30), (44 + dx, 66), (62 + dx, 76)], 15, tone)
        c.box(36 + dx, 20, 52 + dx, 30, other, round_by=2)
        c.circle(64 + dx, 76, 7, other)
        for y in (38, 46, 54):
            c.line([(38 + dx, y), (50 + dx, y)], 1.4, other)


@figure
def gloves(c: Canvas, a: str, b: str) -> None:
    for mirror in (1, -1):
        x = 50 - 20 * mirror
        c.box(x - 13, 44, x + 13, 78, a, round_by=5)
        for finger in range(4):
            at = x - 9.6 + finger * 6.4
            c.box(at - 2.8, 28 + abs(finger - 1.5) * 2, at + 2.8, 50, a, round_by=2)
        c.line([(x + 12 * mirror, 62), (x + 18 * mirror, 50)], 6, a)
        c.box(x - 14, 74, x + 14, 83, b, round_by=2)


@figure
def cape(c: Canvas, a: str, b: str) -> None:
    c.polygon([(50, 20), (60, 28), (88, 80), (12, 80), (40, 28)], a)
    c.circle(50, 28, 11, mix(a, INK, 0.18))
    c.circle(50, 30, 7, mix(a, INK, 0.5))
    c.line([(14, 78), (86, 78)], 3, b)
    c.line([(50, 42), (50, 76)], 0.9, mix(a, INK, 0.35))


@figure
def strap(c: Canvas, a: str, b: str) -> None:
    c.polygon([(x, 54 + (y - 54) * 0.62) for x, y in arc(48, 54, 34)], mix(a, INK, 0.3))
    c.polygon([(x, 51 + (y - 51) * 0.62) for x, y in arc(48, 51, 34)], a)
    c.polygon([(x, 51 + (y - 51) * 0.58) for x, y in arc(48, 51, 27)], mix(PAPER, b, 0.2))
    c.ring(80, 55, 9, 2.6, METAL)
    c.line([(78, 55), (92, 58)], 5, a)


@figure
def scarf(c: Canvas, a: str, b: str) -> None:
    c.polygon([(50, 14), (84, 48), (50, 82), (16, 48)], a)
    c.polygon([(50, 21), (77, 48), (50, 75), (23, 48)], mix(PAPER, b, 0.35))
    for step in range(5):
        y = 34 + step * 7
        c.line([(40 + (step % 2) * 4, y), (56 + (step % 2) * 4, y + 3.5)], 2, a)
    c.circle(50, 48, 4, b)


@figure
def plate(c: Canvas, a: str, b: str) -> None:
    c.circle(50, 50, 36, mix(b, INK, 0.08))
    c.ring(50, 50, 34, 3, a)
    for spoke in range(0, 360, 15):
        inner, outer = arc(50, 50, 21, spoke, spoke + 1)[0], arc(50, 50, 29, spoke, spoke + 1)[0]
        c.line([inner, outer], 0.9, a)
    c.ring(50, 50, 20, 1.6, a)
    c.circle(50, 50, 4, a)


@figure
def bowl(c: Canvas, a: str, b: str) -> None:
    c.polygon([*arc(50, 46, 34, 0, 180)], a)
    c.box(38, 76, 62, 84, mix(a, INK, 0.25), round_by=2)
    c.polygon([(x, 46 + (y - 46) * 0.22) for x, y in arc(50, 46, 34)], mix(a, INK, 0.2))
    c.polygon([(x, 47 + (y - 47) * 0.2) for x, y in arc(50, 47, 30)], b)
    c.line([(22, 60), (78, 60)], 2, b)
    for x, drift in ((42, 0), (52, 3), (60, -1)):
        c.line([(x, 34), (x + drift, 28), (x - drift, 22)], 1.2, mix(PAPER, INK, 0.25))


@figure
def carafe(c: Canvas, a: str, b: str) -> None:
    c.ring(70, 46, 14, 4, a)
    c.polygon([(40, 18), (60, 18), (58, 34), (72, 56), (68, 84), (32, 84), (28, 56), (42, 34)], a)
    c.polygon([(40, 18), (30, 22), (42, 30)], a)
    c.polygon([(29.5, 58), (71, 58), (70, 66), (30.5, 66)], b)
    c.circle(50, 74, 3, b)


@figure
def cup(c: Canvas, a: str, b: str) -> None:
    c.ring(73, 54, 12, 4, a)
    c.polygon(
        [
            (26, 38),
            (74, 38),
            (70, 70),
            *arc(60, 72, 10, 0, 90),
            *arc(40, 72, 10, 90, 180),
            (30, 70),
        ],
        a,
    )
    c.polygon([(x, 38 + (y - 38) * 0.2) for x, y in arc(50, 38, 24)], "#5b3a26")
    c.line([(29, 56), (71, 56)], 3, b)
    for x in (42, 54):
        c.line([(x, 28), (x + 3, 22), (x, 15)], 1.4, mix(PAPER, INK, 0.25))


@figure
def tile(c: Canvas, a: str, b: str) -> None:
    c.box(20, 18, 80, 78, mix(PAPER, a, 0.12), round_by=3)
    c.box(23, 21, 77, 75, PAPER, round_by=2)
    for x, y in ((23, 21), (77, 21), (23, 75), (77, 75)):
        start = {(23, 21): 0, (77, 21): 90, (77, 75): 180, (23, 75): 270}[(x, y)]
        c.polygon([(x, y), *arc(x, y, 20, start, start + 90)], a)
        c.polygon([(x, y), *arc(x, y, 11, start, start + 90)], b)
    c.polygon([(50, 34), (64, 48), (50, 62), (36, 48)], b)
    c.circle(50, 48, 5, a)


@figure
def blanket(c: Canvas, a: str, b: str) -> None:
    c.polygon([(18, 40), (76, 28), (86, 70), (26, 82)], b)
    for part in range(0, 100, 25):
        t = part / 100 + 0.06
        c.line([(18 + 58 * t, 40 - 12 * t), (26 + 60 * t, 82 - 12 * t)], 4, mix(a, b, 0.25))
        c.line([(18 + 8 * t, 40 + 42 * t), (76 + 10 * t, 28 + 42 * t)], 4, a)
    c.polygon([(66, 30), (76, 28), (86, 70), (77, 72)], mix(a, INK, 0.2))


@figure
def moka(c: Canvas, a: str, b: str) -> None:
    c.polygon([(34, 54), (66, 54), (72, 84), (28, 84)], METAL)
    c.polygon([(30, 26), (70, 26), (64, 52), (36, 52)], mix(METAL, PAPER, 0.35))
    c.polygon([(30, 26), (20, 22), (34, 38)], mix(METAL, PAPER, 0.35))
    c.line([(69, 30), (84, 34), (80, 56)], 4, b)
    c.polygon([(32, 26), (68, 26), (50, 18)], METAL)
    c.circle(50, 16, 3, b)
    c.box(34, 50, 66, 56, a, round_by=1)
    c.line([(44, 56), (40, 84)], 0.8, mix(METAL, INK, 0.4))
    c.line([(56, 56), (60, 84)], 0.8, mix(METAL, INK, 0.4))


@figure
def thermos(c: Canvas, a: str, b: str) -> None:
    c.box(36, 12, 64, 32, b, round_by=4)
    c.box(33, 30, 67, 88, a, round_by=5)
    c.box(33, 34, 67, 38, METAL, round_by=0)
    c.line([(67, 46), (77, 48), (77, 70), (67, 72)], 3, INK)
    c.line([(40, 44), (40, 80)], 1.8, mix(a, PAPER, 0.4))


@figure
def knife(c: Canvas, a: str, b: str) -> None:
    c.polygon([(46, 52), (84, 22), (90, 24), (58, 60)], METAL)
    c.line([(50, 55), (88, 24)], 0.8, mix(METAL, INK, 0.5))
    c.line([(20, 78), (52, 56)], 11, a)
    for x, y in ((26, 74), (36, 67), (46, 60)):
        c.circle(x, y, 1.4, METAL)
    c.circle(53, 55, 3.2, b)


@figure
def tent(c: Canvas, a: str, b: str) -> None:
    c.polygon([(46, 24), (92, 78), (8, 78)], a)
    c.polygon([(46, 24), (58, 78), (30, 78)], b)
    c.polygon([(46, 24), (49, 78), (40, 78)], mix(INK, a, 0.3))
    c.line([(46, 24), (46, 17)], 1.4, INK)
    c.polygon([(46, 14), (56, 17), (46, 20)], b)
    for x in (8, 92):
        c.line([(x, 78), (x + (x - 50) * 0.08, 84)], 1.2, INK)


@figure
def roll(c: Canvas, a: str, b: str) -> None:
    c.line([(30, 56), (72, 56)], 34, a)
    c.circle(72, 56, 17, mix(a, PAPER, 0.3))
    for radius in (13, 9, 5):
        c.ring(72, 56, radius, 1.2, mix(a, INK, 0.2))
    for x in (28, 48):
        c.box(x - 2.5, 38, x + 2.5, 74, b, round_by=1)


@figure
def stove(c: Canvas, a: str, b: str) -> None:
    for x, tall in ((40, 14), (50, 22), (60, 14)):
        c.polygon([(x - 5, 46), (x, 46 - tall), (x + 5, 46), *arc(x, 46, 5, 0, 180)], "#5aa6d6")
        c.polygon([(x - 2.4, 47), (x, 48 - tall / 2), (x + 2.4, 47)], "#d8eefa")
    c.box(30, 50, 70, 74, a, round_by=4)
    c.box(26, 46, 74, 54, mix(a, INK, 0.2), round_by=2)
    for x in (36, 45, 55, 64):
        c.circle(x, 50, 1.3, INK)
    c.line([(70, 64), (84, 64)], 2.4, b)
    c.box(24, 74, 76, 82, b, round_by=3)


@figure
def lantern(c: Canvas, a: str, b: str) -> None:
    c.ring(50, 24, 12, 2, INK)
    c.circle(50, 52, 24, mix(PAPER, a, 0.7))
    for y in (38, 45, 52, 59, 66):
        half = math.sqrt(max(0.0, 24**2 - (y - 52) ** 2))
        c.line([(50 - half, y), (50 + half, y)], 0.9, mix(a, INK, 0.2))
    c.circle(50, 52, 7, PAPER)
    c.box(38, 26, 62, 32, b, round_by=2)
    c.box(38, 73, 62, 80, b, round_by=2)


@figure
def hammock(c: Canvas, a: str, b: str) -> None:
    for x in (12, 88):
        c.line([(x, 20), (x, 86)], 4, mix("#8a6a44", INK, 0.1))
        c.circle(x, 20, 10, mix("#6f7d3c", PAPER, 0.2))
    c.polygon([(22, 44), *arc(50, 36, 30, 165, 15), (78, 44), *arc(50, 18, 38, 35, 145)], a)
    for x, y in ((30, 54), (40, 60), (50, 62), (60, 60), (70, 54)):
        c.line([(x, y - 5), (x, y + 3)], 1.6, b)
    c.line([(13, 36), (23, 45)], 1.4, INK)
    c.line([(87, 36), (77, 45)], 1.4, INK)


@figure
def map(c: Canvas, a: str, b: str) -> None:
    for part in range(4):
        x, lift = 18 + part * 16, (part % 2) * 6
        c.polygon(
            [(x, 28 + lift), (x + 16, 34 - lift), (x + 16, 78 - lift), (x, 72 + lift)],
            mix(PAPER, a, 0.4 + 0.25 * (part % 2)),
        )
    c.line([(22, 64), (34, 52), (44, 58), (56, 42), (66, 50), (78, 36)], 1.8, b)
    c.circle(22, 64, 2.6, INK)
    c.circle(78, 32, 5, "#b9533a")
    c.polygon([(73.4, 34), (82.6, 34), (78, 44)], "#b9533a")
    c.circle(78, 32, 2, PAPER)


@figure
def book(c: Canvas, a: str, b: str) -> None:
    c.polygon([(30, 20), (74, 20), (78, 78), (34, 78)], mix(a, INK, 0.3))
    c.polygon([(33, 74), (75, 74), (76, 82), (34, 82)], PAPER)
    c.polygon([(26, 18), (70, 18), (74, 76), (30, 76)], a)
    c.polygon([(26, 18), (32, 18), (36, 76), (30, 76)], mix(a, INK, 0.25))
    c.ring(53, 42, 11, 2, b)
    c.line([(53, 31), (53, 53)], 1.2, b)
    c.line([(42, 42), (64, 42)], 1.2, b)
    c.line([(44, 64), (66, 64)], 2.4, b)


@figure
def card(c: Canvas, a: str, b: str) -> None:
    c.polygon([(20, 36), (78, 26), (84, 66), (26, 76)], mix(a, INK, 0.25))
    c.box(18, 34, 80, 74, a, round_by=4)
    c.line([(36, 34), (36, 74)], 4, b)
    c.ring(30, 34, 7, 2.4, b)
    c.ring(42, 34, 7, 2.4, b)
    c.box(48, 56, 72, 60, mix(a, PAPER, 0.7), round_by=1)
    c.box(48, 63, 64, 66, mix(a, PAPER, 0.5), round_by=1)
