"""The loop of one zone of this machine: ask what is wanted, make it so, report what is.

A loop takes no input but the fleet's answer and the runtime's state folders, so that a crash
anywhere is mended by the next round. Starts and stops of different instances run side by side, of
the same one never. A start that fails is repeated `MAX_STARTS` times and then given up with its
reason; a stop is repeated until it succeeds. A zone that a drill has failed stops what runs there
and falls silent, as a real one would; the fleet was told before, and wants it started again later.

A woken round first starts what this loop has never seen, without looking first: `Runtime.start`
does nothing for what runs already. That keeps the way from a launch to user code short.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.kernel.fleet import GENERATION_LABEL
from volano.kernel.runtime import WorkloadState, WorkloadStatus

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from volano.kernel.call import Env
    from volano.kernel.fleet import Fleet, WantedInstance
    from volano.node.images import Images
    from volano.node.networks import Networks

POLL_S = 2.0
STOP_GRACE_S = 10.0
RETRY_S = 0.5
MAX_RETRY_S = 30.0
MAX_STARTS = 4
CONSOLE_BYTES = 64 * 1024


class ZoneLoop:
    """The node of one zone on this machine."""

    def __init__(
        self,
        env: Env,
        fleet: Fleet,
        *,
        node: str,
        zone: str,
        networks: Networks,
        images: Images,
    ) -> None:
        self.node = node
        self._env = env
        self._fleet = fleet
        self._zone = zone
        self._networks = networks
        self._images = images
        self._found: dict[str, WorkloadStatus] | None = None
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[tuple[str, int], int] = {}
        self._image_errors: dict[str, str] = {}
        self._silent = False
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Go round until cancelled; what runs goes on."""
        watcher = asyncio.get_running_loop().create_task(self._watch())
        try:
            while True:
                self._wake.clear()
                try:
                    await self.round()
                except Exception as error:  # noqa: BLE001 - node loop: log and go on
                    self._env.log.warning("node round failed", node=self.node, error=repr(error))
                    await self._env.clock.sleep(RETRY_S)
                await self._pause()
        finally:
            tasks = [watcher, *self._busy.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._wake.wait()

    async def _watch(self) -> None:
        while True:  # a listener that lags is closed by the feed; listen again
            async for _ in self._env.events.listen(self._fleet.topic(self.node)):
                self._wake.set()

    async def round(self) -> None:
        """Once round; begins what must be done and does not wait for it."""
        up = await self._fleet.is_zone_up(self._zone)
        wanted = {item.id: item for item in await self._fleet.list_wanted(self.node)}
        self._forget(wanted)
        if up and self._found is not None:
            for item in wanted.values():
                if item.wanted == "running" and item.id not in self._found:
                    self._act(item, None)
        if not wanted:
            self._found = {}
            return
        listed = {status.id: status for status in await self._env.runtime.list()}
        self._found = {key: listed[key] for key in wanted if key in listed}
        if not up:
            await self._fall_silent(wanted)
            return
        self._silent = False
        for item in wanted.values():
            self._act(item, self._found.get(item.id))
        await self._report(wanted)

    def _forget(self, wanted: dict[str, WantedInstance]) -> None:
        current = {(item.id, item.generation) for item in wanted.values()}
        for key in [key for key in self._failures if key not in current]:
            del self._failures[key]

    def _act(self, item: WantedInstance, status: WorkloadStatus | None) -> None:
        """Begin what brings this instance nearer to what is wanted, if anything must be done."""
        if item.id in self._busy:
            return
        if item.wanted == "gone":
            self._begin(item, self._remove(item.id))
        elif item.wanted == "stopped":
            if _is_here(status):
                self._begin(item, self._stop(item.id))
        elif not _is_settled(item, status):
            self._start_when_ready(item, running=_is_here(status))
        elif not self._networks.is_open(item.network):
            self._begin(item, self._networks.open(item.network))

    def _start_when_ready(self, item: WantedInstance, *, running: bool) -> None:
        """Start it, or have its image made first; while that lasts it is not busy and can go."""
        if self._images.is_ready(item.image):
            work = self._restart(item) if running else self._start(item)
            self._begin(item, work, starting=True)
        elif item.image in self._image_errors:
            self._begin(item, self._give_up(item, self._image_errors[item.image]))
        else:
            self._images.prepare(item.image, lambda problem: self._image_done(item.image, problem))

    def _image_done(self, image: str, problem: str) -> None:
        """Who waited for an image that could not be made is told once; the next tries again."""
        if problem:
            self._image_errors[image] = problem
            asyncio.get_running_loop().call_later(
                POLL_S, lambda: self._image_errors.pop(image, None)
            )
        self._wake.set()

    async def _report(self, wanted: dict[str, WantedInstance]) -> None:
        """What is certain: not what is being changed right now."""
        found = self._found or {}
        statuses = [
            found.get(item_id, WorkloadStatus(id=item_id, state=WorkloadState.MISSING))
            for item_id in wanted
            if item_id not in self._busy
        ]
        await self._fleet.report(self.node, statuses)

    async def _fall_silent(self, wanted: dict[str, WantedInstance]) -> None:
        """The zone is gone: nothing runs in it, and nobody hears from it."""
        found = self._found or {}
        here = [wanted[key] for key in wanted if _is_here(found.get(key)) and key not in self._busy]
        if not self._silent:
            self._env.log.warning("zone failed", zone=self._zone, instances=len(here))
        self._silent = True
        if here:
            await self._fleet.report_interrupted([item.id for item in here])
        for item in here:
            self._begin(item, self._env.runtime.stop(item.id, grace_s=0.0))

    def _begin(
        self,
        item: WantedInstance,
        work: Coroutine[object, object, None],
        *,
        starting: bool = False,
    ) -> None:
        guarded = self._guarded(item, work, starting=starting)
        task = asyncio.get_running_loop().create_task(guarded)
        self._busy[item.id] = task

        def done(_: asyncio.Task[None]) -> None:
            self._busy.pop(item.id, None)
            self._wake.set()

        task.add_done_callback(done)

    async def _guarded(
        self, item: WantedInstance, work: Coroutine[object, object, None], *, starting: bool
    ) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - node loop: log, wait, repeat
            await self._failed(item, error, starting=starting)
        else:
            self._failures.pop((item.id, item.generation), None)

    async def _failed(self, item: WantedInstance, error: Exception, *, starting: bool) -> None:
        key = (item.id, item.generation)
        count = self._failures[key] = self._failures.get(key, 0) + 1
        message = error.message if isinstance(error, VolanoError) else ""
        self._env.log.warning(
            "instance not as wanted",
            instance=item.id,
            wanted=item.wanted,
            attempt=count,
            error=message or repr(error),
            facts=getattr(error, "facts", {}),
        )
        if starting and count >= MAX_STARTS:
            with suppress(Exception):  # the next round meets the same instance again
                await self._give_up(item, message or "see the log of its node")
                return
        await self._env.clock.sleep(min(RETRY_S * 2 ** min(count - 1, 10), MAX_RETRY_S))

    async def _give_up(self, item: WantedInstance, reason: str) -> None:
        await self._fleet.report_not_started(item.id, item.generation, reason)

    async def _start(self, item: WantedInstance) -> None:
        workload = await self._fleet.find_workload(item.id)
        if workload is None:
            return
        if workload.network:
            await self._networks.open(workload.network)
        await self._env.runtime.start(workload)

    async def _restart(self, item: WantedInstance) -> None:
        await self._stop(item.id)
        await self._start(item)

    async def _stop(self, instance_id: str) -> None:
        await self._env.runtime.stop(instance_id, grace_s=STOP_GRACE_S)

    async def _remove(self, instance_id: str) -> None:
        console = await self._env.runtime.console(instance_id, last_bytes=CONSOLE_BYTES)
        if console:
            await self._fleet.keep_console(instance_id, console)
        await self._env.runtime.destroy(instance_id)
        await self._fleet.report_removed(instance_id)


def _is_here(status: WorkloadStatus | None) -> bool:
    return status is not None and status.state in (WorkloadState.RUNNING, WorkloadState.STARTING)


def _is_settled(item: WantedInstance, status: WorkloadStatus | None) -> bool:
    """Whether nothing need be done for an instance that is wanted running.

    One whose first process ended by itself is not started again: the fleet is told and decides.
    One that ended without an exit code went down with its host, and one that ended before it began
    was cut off in the middle of its start: both are started.
    """
    if status is None or status.labels.get(GENERATION_LABEL) != str(item.generation):
        return False
    if status.state is WorkloadState.EXITED:
        return status.exit_code is not None and status.started_us is not None
    return status.state is WorkloadState.RUNNING
