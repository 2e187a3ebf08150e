"""Keeps this process's byte store in step with the rows, whichever process changed them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.work import reconciler
from volano.services.regions.logic.zones import apply_zone_states

if TYPE_CHECKING:
    from volano.kernel.call import Env


@reconciler("regions:zones", every_s=5.0)
async def reconcile_zones(env: Env) -> None:
    await apply_zone_states(env)
