"""The door of regions for the services above it and for app/."""

from __future__ import annotations

from volano.services.regions.logic.zones import (
    LastZone,
    NoSuchZone,
    apply_zone_states,
    fail_zone,
    get_zone,
    list_zones,
    require_zone,
    restore_zone,
    zones_up,
)
from volano.services.regions.model import Zone, ZoneFailed, ZoneHealth, ZoneRestored

__all__ = [
    "LastZone",
    "NoSuchZone",
    "Zone",
    "ZoneFailed",
    "ZoneHealth",
    "ZoneRestored",
    "apply_zone_states",
    "fail_zone",
    "get_zone",
    "list_zones",
    "require_zone",
    "restore_zone",
    "zones_up",
]
