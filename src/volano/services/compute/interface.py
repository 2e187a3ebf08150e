"""What others may ask of compute; `open_fleet` gives the nodes' side to app/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.compute.logic.fleet import RowFleet
from volano.services.compute.logic.instances import list_instances
from volano.services.compute.model import INSTANCE_TYPES, InstanceChanged

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.fleet import Fleet


def open_fleet(env: Env) -> Fleet:
    """The fleet as this region's rows say."""
    return RowFleet(env)


__all__ = ["INSTANCE_TYPES", "InstanceChanged", "list_instances", "open_fleet"]
