"""Only what no row wants is removed, and only when it was unknown twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from volano.kernel.clock import SystemClock
from volano.kernel.fleet import NETWORK_LABEL
from volano.kernel.log import StreamLog
from volano.kernel.runtime import WorkloadState, WorkloadStatus
from volano.node.orphans import remove_once


@dataclass
class World:
    """A runtime, a fleet and networks in memory, as far as this needs them."""

    here: dict[str, str]
    known: set[str]
    networks: set[str] = field(default_factory=set)
    log: Any = field(default_factory=lambda: StreamLog(SystemClock(), level="error"))

    @property
    def runtime(self):
        return self

    async def list(self):
        return [
            WorkloadStatus(id=key, state=WorkloadState.RUNNING, labels={NETWORK_LABEL: network})
            for key, network in self.here.items()
        ]

    async def destroy(self, workload_id: str) -> None:
        del self.here[workload_id]

    async def list_unknown(self, ids):
        return set(ids) - self.known

    async def remove(self, network: str) -> None:
        self.networks.discard(network)


async def test_an_orphan_goes_in_the_second_round():
    world = World(
        {"i-1": "v-1", "i-2": "v-2", "i-3": "v-2"}, known={"i-3"}, networks={"v-1", "v-2"}
    )
    suspected = await remove_once(world, world, world, set())
    assert suspected == {"i-1", "i-2"}
    assert len(world.here) == 3
    assert await remove_once(world, world, world, suspected) == set()
    assert set(world.here) == {"i-3"}
    assert world.networks == {"v-2"}


async def test_a_row_that_comes_in_time_saves_its_workload():
    world = World({"i-1": "v-1"}, known=set())
    suspected = await remove_once(world, world, world, set())
    world.known.add("i-1")
    assert await remove_once(world, world, world, suspected) == set()
    assert set(world.here) == {"i-1"}
