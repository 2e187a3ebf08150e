"""The end of workloads that no row knows: what a reset of test mode leaves behind.

The runtime lists only what belongs to this data folder, and only workloads with the label of a
network are instances: others belong to those who started them. A workload is removed when it was
unknown in two rounds one after the other; its network goes with the last of its workloads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.kernel.fleet import NETWORK_LABEL

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.fleet import Fleet
    from volano.node.networks import Networks

EVERY_S = 5.0


async def remove_orphans(env: Env, fleet: Fleet, networks: Networks) -> None:
    """Look for orphans until cancelled."""
    suspected: set[str] = set()
    while True:
        await env.clock.sleep(EVERY_S)
        try:
            suspected = await remove_once(env, fleet, networks, suspected)
        except VolanoError as error:
            env.log.warning("orphans not removed", error=error.message)


async def remove_once(env: Env, fleet: Fleet, networks: Networks, suspected: set[str]) -> set[str]:
    """Remove those suspected before that still are; returns those to suspect next time."""
    listed = await env.runtime.list()
    here = {status.id: status for status in listed if NETWORK_LABEL in status.labels}
    unknown = await fleet.list_unknown(list(here)) if here else set()
    for workload_id in sorted(unknown & suspected):
        env.log.warning("orphan removed", instance=workload_id)
        await env.runtime.destroy(workload_id)
        network = here.pop(workload_id).labels.get(NETWORK_LABEL, "")
        if network and network not in {other.labels.get(NETWORK_LABEL) for other in here.values()}:
            await networks.remove(network)
    return unknown - suspected
