"""One loop per zone of this machine: ask what is wanted, make it so, report what is.

A loop takes no input but the fleet's answer and the runtime's state folders, so that a crash
anywhere is mended by the next round. Starts and stops of different instances run side by side;
each is repeated until the world agrees. A zone that a drill has failed stops what runs there and
falls silent, as a real one would; when it is restored the loop starts again what was running.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import VolanoError
from volano.kernel.runtime import WorkloadState
from volano.node.networks import Networks

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.fleet import Fleet, WantedWorkload
    from volano.kernel.place import ZoneName
    from volano.kernel.runtime import Workload, WorkloadStatus
    from volano.node.networks import Serve

POLL_S = 2.0
HEARTBEAT_S = 5.0
STOP_GRACE_S = 10.0
RETRY_S = 2.0
MAX_ATTEMPTS = 5
CONSOLE_BYTES = 64 * 1024
GENERATION = "generation"


async def run_node(env: Env, fleet: Fleet, *, aws_app: Any, console_app: Any, serve: Serve) -> None:
    """Run every zone's loop and the networks' listeners until cancelled."""
    networks = Networks(env, fleet, aws_app=aws_app, console_app=console_app, serve=serve)
    try:
        async with asyncio.TaskGroup() as group:
            for zone in env.region.zones:
                loop = ZoneLoop(env, fleet, zone, networks)
                group.create_task(loop.run(), name=loop.name)
    finally:
        await networks.close()


class ZoneLoop:
    """The node of one zone on this machine."""

    def __init__(self, env: Env, fleet: Fleet, zone: ZoneName, networks: Networks) -> None:
        self.name = f"{os.uname().nodename}:{zone}"
        self._env = env
        self._fleet = fleet
        self._zone = zone
        self._networks = networks
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._attempts: dict[str, int] = {}
        self._consoles: dict[str, bytes] = {}
        self._failed_zone = False
        self._wake = asyncio.Event()

    async def run(self) -> None:
        watcher = asyncio.create_task(self._watch())
        beat = asyncio.create_task(self._beat())
        try:
            while True:
                self._wake.clear()
                try:
                    await self._round()
                except Exception as error:  # noqa: BLE001 - node loop: log and go on
                    self._env.log.warning("node round failed", node=self.name, error=repr(error))
                    await asyncio.sleep(RETRY_S)
                await self._pause()
        finally:
            tasks = [watcher, beat, *self._busy.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._wake.wait()

    async def _watch(self) -> None:
        async for _ in self._env.events.listen(self._fleet.topic(self.name)):
            self._wake.set()

    async def _beat(self) -> None:
        """Say that the node is alive, but not from a zone that has failed."""
        cpu_millis = (os.cpu_count() or 1) * 1000
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        while True:
            if self._zone in self._env.bytes.zones_up():
                with suppress(VolanoError):
                    await self._fleet.heartbeat(
                        self.name, self._zone, cpu_millis=cpu_millis, memory_bytes=memory
                    )
            await asyncio.sleep(HEARTBEAT_S)

    async def _round(self) -> None:
        wanted = {item.workload.id: item for item in await self._fleet.wanted(self.name)}
        if not wanted and not self._busy:
            return
        found = {status.id: status for status in await self._env.runtime.list()}
        if self._zone not in self._env.bytes.zones_up():
            await self._fail(wanted, found)
            return
        self._failed_zone = False
        for item in wanted.values():
            if item.workload.id not in self._busy:
                self._act(item, found.get(item.workload.id))
        await self._report(wanted, found)

    def _act(self, item: WantedWorkload, status: WorkloadStatus | None) -> None:
        """Begin what brings this instance nearer to what is wanted, if anything must be done."""
        workload, here = item.workload, _is_here(status)
        fresh = status is not None and status.labels.get(GENERATION) == str(item.generation)
        if item.wanted == "gone":
            if workload.id not in self._consoles:
                self._begin(workload.id, self._remove(workload.id))
        elif item.wanted == "stopped":
            if here:
                self._begin(workload.id, self._stop(workload.id))
        elif not here and (status is None or not fresh or self._was_drilled(workload.id)):
            self._begin(workload.id, self._start(workload))
        elif here and not fresh:
            self._begin(workload.id, self._restart(workload))

    def _was_drilled(self, workload_id: str) -> bool:
        return self._attempts.get(workload_id, 0) < 0

    async def _report(
        self, wanted: dict[str, WantedWorkload], found: dict[str, WorkloadStatus]
    ) -> None:
        mine = [found[workload_id] for workload_id in wanted if workload_id in found]
        settled = [status for status in mine if status.id not in self._busy]
        await self._fleet.report(self.name, settled, dict(self._consoles))
        for workload_id in list(self._consoles):
            if workload_id not in wanted:
                del self._consoles[workload_id]

    async def _fail(
        self, wanted: dict[str, WantedWorkload], found: dict[str, WorkloadStatus]
    ) -> None:
        """The zone is gone: nothing runs in it, and nobody hears from it."""
        for workload_id in wanted:
            if _is_here(found.get(workload_id)) and workload_id not in self._busy:
                self._attempts[workload_id] = -1
                self._begin(workload_id, self._env.runtime.stop(workload_id, grace_s=0.0))
        if not self._failed_zone:
            self._env.log.warning("zone failed", zone=self._zone, instances=len(wanted))
        self._failed_zone = True

    def _begin(self, workload_id: str, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(workload_id, work))
        self._busy[workload_id] = task

        def done(_: asyncio.Task[None]) -> None:
            self._busy.pop(workload_id, None)
            self._wake.set()

        task.add_done_callback(done)

    async def _guarded(self, workload_id: str, work: Any) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - node loop: log, wait, repeat
            attempts = max(self._attempts.get(workload_id, 0), 0) + 1
            self._attempts[workload_id] = attempts
            self._env.log.warning(
                "instance not as wanted",
                instance=workload_id,
                attempt=attempts,
                error=getattr(error, "message", repr(error)),
                facts=getattr(error, "facts", {}),
            )
            await asyncio.sleep(min(RETRY_S * attempts, 30.0))
        else:
            self._attempts.pop(workload_id, None)

    async def _start(self, workload: Workload) -> None:
        if workload.network:
            await self._networks.open(workload.network)
        await self._env.runtime.start(workload)

    async def _restart(self, workload: Workload) -> None:
        await self._env.runtime.stop(workload.id, grace_s=STOP_GRACE_S)
        await self._start(workload)

    async def _stop(self, workload_id: str) -> None:
        await self._env.runtime.stop(workload_id, grace_s=STOP_GRACE_S)

    async def _remove(self, workload_id: str) -> None:
        console = await self._env.runtime.console(workload_id, last_bytes=CONSOLE_BYTES)
        await self._env.runtime.destroy(workload_id)
        self._consoles[workload_id] = console


def _is_here(status: WorkloadStatus | None) -> bool:
    return status is not None and status.state in (WorkloadState.RUNNING, WorkloadState.STARTING)
