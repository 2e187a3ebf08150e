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
_COLD = Placement(2, "cold")
"""Outside where there is an outside store, else in two zones (this tier is never written)."""

PLACEMENTS = {
    STANDARD: _TWO,
    "STANDARD_IA": _TWO,
    "INTELLIGENT_TIERING": _TWO,
    ALL_ZONES: _EVERY,
    "ONEZONE_IA": _ONE,
    "REDUCED_REDUNDANCY": _ONE,
    EXTERNAL: _OUTSIDE,
    "GLACIER_IR": _COLD,
    "GLACIER": _COLD,
    "DEEP_ARCHIVE": _COLD,
}
ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Classes whose objects are restored before they are read."""


def has_storage_class(env: Env, name: str) -> bool:
    """Whether this region keeps objects so; EXTERNAL needs the setting `external_url`."""
    found = PLACEMENTS.get(name)
    return found is not None and (found is not _OUTSIDE or _has_outside(env))


def placement_of(env: Env, name: str) -> Placement:
    """Where new bytes of a class go; cold ones outside where there is an outside.

    Raises InvalidStorageClass.
    """
    if not has_storage_class(env, name):
        here = ", ".join(each for each in PLACEMENTS if has_storage_class(env, each))
        raise InvalidStorageClass(
            "The storage class you specified is not valid",
            fields={"StorageClassRequested": name[:64], "StorageClassesHere": here},
        )
    found = PLACEMENTS[name]
    if found is not _COLD:
        return found
    return _OUTSIDE if _has_outside(env) else _TWO


def _has_outside(env: Env) -> bool:
    return EXTERNAL_TIER in env.bytes.tiers


def copies_of(name: str) -> int:
    """In how many zones repair keeps the bytes of an object that is there."""
    found = PLACEMENTS.get(name)
    return found.copies if found is not None else _TWO.copies
