"""Where things are: a region is one database, one event feed, one byte store; a zone is a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

ZoneName = NewType("ZoneName", str)
"""Region name and a letter: `eu-home-1a`."""

ZONE_LETTERS = "abcdef"
"""A region has one to six zones."""


_COMPASS = {
    "north": "n", "northeast": "ne", "east": "e", "southeast": "se", "south": "s",
    "southwest": "sw", "west": "w", "northwest": "nw", "central": "c", "gov": "g",
}  # fmt: skip


def zone_id(zone: str) -> str:
    """The zone's id, the same for every account: `eu-home-1b` is `euhome1-az2`, and `us-east-1a`
    is `use1-az1`, as AWS shortens its own names."""
    short = "".join(_COMPASS.get(part, part) for part in zone[:-1].split("-"))
    return f"{short}-az{ord(zone[-1]) - ord('a') + 1}"


@dataclass(frozen=True, slots=True)
class Region:
    """One region and its zones, in order."""

    name: str
    zones: tuple[ZoneName, ...]

    def zone(self, letter_or_name: str) -> ZoneName | None:
        """The zone called `b` or `eu-home-1b`, or None."""
        for zone in self.zones:
            if letter_or_name in (zone, zone[len(self.name) :]):
                return zone
        return None


def region_with_zones(name: str, count: int) -> Region:
    """A region whose zones are `name` + a, b, c ...; `count` from 1 to 6."""
    if not 1 <= count <= len(ZONE_LETTERS):
        raise ValueError(f"a region has 1 to {len(ZONE_LETTERS)} zones, not {count}")
    return Region(name, tuple(ZoneName(name + letter) for letter in ZONE_LETTERS[:count]))
