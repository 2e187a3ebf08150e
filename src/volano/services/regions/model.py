"""Zones and their state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from volano.kernel.events import Event, event
from volano.kernel.place import ZoneName


class ZoneHealth(Enum):
    """`impaired` is what a drill makes of a zone: its bytes and nodes count as gone."""

    AVAILABLE = "available"
    IMPAIRED = "impaired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """One zone. `id` is the same for all accounts (`home1-az1`); `changed_us` 0 means never."""

    name: ZoneName
    id: str
    region: str
    state: ZoneHealth
    reason: str = ""
    changed_us: int = 0

    @property
    def is_up(self) -> bool:
        return self.state is ZoneHealth.AVAILABLE


@event("regions.zone_failed")
class ZoneFailed(Event, frozen=True, kw_only=True):
    """A drill took the zone away: what runs there must be treated as lost."""

    zone: str


@event("regions.zone_restored")
class ZoneRestored(Event, frozen=True, kw_only=True):
    zone: str
