"""Reconcilers and handlers of compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.events import subscribe
from volano.kernel.work import reconciler
from volano.services.compute.logic.placement import meter_running, place_pending, wake_nodes
from volano.services.compute.model import InstancesWanted

if TYPE_CHECKING:
    from volano.kernel.call import Env


@subscribe("compute:instances", InstancesWanted)
async def on_instances_wanted(env: Env, event: InstancesWanted) -> None:
    """Place what is new and wake the nodes of what changed."""
    await place_pending(env)
    await wake_nodes(env, event.ids)


@reconciler("compute:place", every_s=5.0)
async def place(env: Env) -> None:
    """Place what could not be placed before, when there is room now."""
    await place_pending(env)


@reconciler("compute:meter", every_s=60.0)
async def meter(env: Env) -> None:
    """Bill running time minute by minute."""
    await meter_running(env)
