"""A cloud whose clock the tests move, with one machine of three zones that tests play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from volano.app.build import open_process
from volano.kernel.call import Call, Env, system_call
from volano.kernel.clock import ManualClock
from volano.kernel.config import Config
from volano.kernel.fleet import GENERATION_LABEL
from volano.kernel.ids import AccountId, seeded_ids
from volano.kernel.runtime import WorkloadState, WorkloadStatus
from volano.services.compute.interface import open_fleet
from volano.services.compute.logic import instances
from volano.services.compute.logic.launch import Launch, run_instances
from volano.services.compute.model import Instance

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

GIB = 1024**3
HOST_IMAGE = "ami-00000000000005057"


@dataclass
class Cloud:
    """An Env and the node side of its fleet."""

    env: Env
    clock: ManualClock
    call: Call

    @property
    def fleet(self):
        return open_fleet(self.env)

    async def beat(self, *, memory_bytes: int = 8 * GIB, cpu_millis: int = 2000) -> None:
        """Every zone's node of the machine is alive."""
        for zone in self.env.region.zones:
            await self.fleet.heartbeat(
                f"machine:{zone}", zone, cpu_millis=cpu_millis, memory_bytes=memory_bytes
            )

    async def launch(self, **more: Any) -> list[Instance]:
        wanted = {"image_id": HOST_IMAGE, "type": "u1.nano"}
        return await run_instances(self.env, self.call, Launch(**wanted | more))

    async def get(self, instance_id: str) -> Instance:
        return await instances.get_instance(self.env, self.call, instance_id)

    async def report(self, it: Instance, state: WorkloadState, **more: Any) -> Instance:
        """The instance's node finds it in a state; returns the instance after that."""
        fresh = await self.get(it.id)
        labels = {GENERATION_LABEL: str(fresh.generation)}
        found = {"id": it.id, "state": state, "labels": labels} | more
        await self.fleet.report(it.node, [WorkloadStatus(**found)])
        return await self.get(it.id)

    async def boot(self, it: Instance) -> Instance:
        return await self.report(it, WorkloadState.RUNNING, started_us=self.clock.now_us())

    async def seconds_billed(self, it: Instance) -> list[tuple[int, int]]:
        """(start, end) of every piece of running time in the outbox, in order."""
        rows = await self.env.store.reader.rows(
            "SELECT payload FROM outbox WHERE type = 'billing.usage' ORDER BY 1"
        )
        import msgspec

        records = [r for row in rows for r in msgspec.json.decode(row[0])["records"]]
        mine = [r for r in records if r["resource"] == it.id]
        assert len({r["id"] for r in mine}) == len(mine)
        assert all(float(r["quantity"]) == (r["end_us"] - r["start_us"]) / 1e6 for r in mine)
        return sorted((r["start_us"], r["end_us"]) for r in mine)


@pytest.fixture
async def cloud(store_kind: str, request: Any, tmp_path: Path) -> AsyncIterator[Cloud]:
    url = "sqlite"
    if store_kind == "postgres":
        url = await request.getfixturevalue("postgres").create_database_async()
    config = Config(data_dir=tmp_path / "data", store=url, runtime="process", log_level="warning")
    clock = ManualClock()
    async with open_process(config, clock=clock, ids=seeded_ids(7)) as process:
        made = Cloud(process.env, clock, system_call(process.env, AccountId("111122223333")))
        await made.beat()
        yield made
