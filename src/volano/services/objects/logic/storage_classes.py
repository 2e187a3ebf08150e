"""Storage classes: where the bytes of an object lie (docs/guides/storage-classes.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.bytes import EXTERNAL as EXTERNAL_TIER
from volano.services.objects.logic.errors import InvalidStorageClass

if TYPE_CHECKING:
    from volano.kernel.call import Env

STANDARD = "STANDARD"
ALL_ZONES = "ALL_ZONES"
EXTERNAL = "EXTERNAL"


@dataclass(frozen=True, slots=True)
class Placement:
    """In how many zones, or in which tier outside of them."""

    copies: int
    tier: str = ""


_TWO = Placement(2)
_ONE = Placement(1)
_EVERY = Placement(6)
"""As many zones as a region can have."""
_OUTSIDE = Placement(1, EXTERNAL_TIER)

PLACEMENTS = {
    STANDARD: _TWO,
    "STANDARD_IA": _TWO,
    "INTELLIGENT_TIERING": _TWO,
    ALL_ZONES: _EVERY,
    "ONEZONE_IA": _ONE,
    "REDUCED_REDUNDANCY": _ONE,
    EXTERNAL: _OUTSIDE,
    "GLACIER_IR": _OUTSIDE,
}


def has_storage_class(env: Env, name: str) -> bool:
    """Whether this region keeps objects so; EXTERNAL needs the setting `external_url`."""
    found = PLACEMENTS.get(name)
    return found is not None and (not found.tier or found.tier in env.bytes.tiers)


def placement_of(env: Env, name: str) -> Placement:
    """Raises InvalidStorageClass."""
    if not has_storage_class(env, name):
        here = [each for each in PLACEMENTS if has_storage_class(env, each)]
        raise InvalidStorageClass(
            f"The storage class you specified is not valid; this region has: {', '.join(here)}",
            fields={"StorageClassRequested": name[:64]},
        )
    return PLACEMENTS[name]


def copies_of(name: str) -> int:
    """In how many zones repair keeps the bytes of an object that is there."""
    found = PLACEMENTS.get(name)
    return found.copies if found is not None else _TWO.copies
