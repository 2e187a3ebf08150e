"""The runtime of one host: chooses a driver once, keeps state folders, and never blocks the loop.

Drivers block, so their work runs in a small pool of threads; one lock per instance keeps start,
stop and destroy of the same instance in order.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

from volano.backends.runtime import boot, listeners, probe
from volano.backends.runtime.state import InstanceFolder
from volano.kernel.errors import Unavailable
from volano.kernel.runtime import WorkloadState, WorkloadStatus

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from volano.backends.runtime.driver import Choice
    from volano.kernel.clock import Clock
    from volano.kernel.log import Log
    from volano.kernel.runtime import RuntimeInfo, Workload, WorkloadUsage

THREADS = 8
T = TypeVar("T")
Statuses = list[WorkloadStatus]  # inside the class `list` is a method


class LocalRuntime:
    """Implements the port `runtime` with the driver that `probe` chose."""

    def __init__(
        self, state_dir: Path, log: Log, clock: Clock, *, choice: str, mirror: str
    ) -> None:
        self._state_dir = state_dir
        self._instances = state_dir / "instances"
        self._log = log
        self._clock = clock
        self._wanted = choice
        self._mirror = mirror
        self._choice: Choice | None = None
        self._choosing = asyncio.Lock()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="volano-runtime")

    async def probe(self) -> RuntimeInfo:
        return (await self._chosen()).info

    async def prepare(self, image: str, progress: Callable[[float, str], Awaitable[None]]) -> None:
        choice = await self._chosen()
        await choice.images.prepare(choice.image(image), progress, mirror=self._mirror)

    def is_prepared(self, image: str) -> bool:
        choice = self._choice
        return choice is not None and choice.images.is_prepared(choice.image(image))

    async def start(self, workload: Workload) -> None:
        choice = await self._chosen()
        image = choice.image(workload.image)
        if not choice.images.is_prepared(image):
            await choice.images.prepare(image, _ignore_progress, mirror=self._mirror)
        async with self._lock(workload.id):
            await self._in_thread(lambda: self._start(choice, workload))

    async def stop(self, workload_id: str, *, grace_s: float) -> None:
        choice = await self._chosen()
        async with self._lock(workload_id):
            await self._in_thread(lambda: self._stop(choice, workload_id, grace_s))

    async def destroy(self, workload_id: str) -> None:
        choice = await self._chosen()
        async with self._lock(workload_id):
            await self._in_thread(lambda: self._destroy(choice, workload_id))

    async def list(self) -> Statuses:
        return await self._in_thread(self._list)

    async def console(self, workload_id: str, *, last_bytes: int = 65536) -> bytes:
        choice = await self._chosen()
        folder = InstanceFolder(self._instances, workload_id)
        return await self._in_thread(lambda: choice.driver.read_console(folder, last_bytes))

    async def usage(self, workload_id: str) -> WorkloadUsage | None:
        choice = await self._chosen()
        return await self._in_thread(lambda: self._usage(choice, workload_id))

    async def metadata_socket(self, network: str) -> socket.socket | None:
        return await self._listener(network, boot.METADATA_ADDRESS, 80)

    async def host_listener(self, network: str, port: int) -> socket.socket | None:
        return await self._listener(network, boot.HOST_ADDRESS, port)

    async def remove_network(self, network: str) -> None:
        choice = await self._chosen()
        await self._in_thread(lambda: choice.networks.remove(network))

    async def close(self) -> None:
        if self._choice is not None:
            choice = self._choice
            await self._in_thread(lambda: self._close(choice))
        self._pool.shutdown(wait=False)

    async def _listener(self, network: str, address: str, port: int) -> socket.socket | None:
        choice = await self._chosen()

        def work() -> socket.socket:
            return listeners.open_listener(choice.networks.ensure(network), address, port)

        return await self._in_thread(work)

    async def _chosen(self) -> Choice:
        async with self._choosing:
            if self._choice is None:
                want, folder, clock = self._wanted, self._state_dir, self._clock
                self._choice = await self._in_thread(lambda: probe.choose(folder, want, clock))
                info = self._choice.info
                self._log.info(
                    "runtime chosen", kind=info.kind, engine=info.engine, notes=info.notes
                )
            return self._choice

    def _lock(self, workload_id: str) -> asyncio.Lock:
        lock = self._locks.get(workload_id)
        if lock is None:
            lock = self._locks[workload_id] = asyncio.Lock()
        return lock

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _start(self, choice: Choice, workload: Workload) -> None:
        folder = InstanceFolder(self._instances, workload.id)
        record = folder.running()
        if record is not None and record.started_us:
            return
        if record is not None:  # a start that was cut off between create and start
            folder.end_process(grace_s=0)
        if folder.process() is not None:
            choice.driver.clean(folder, workload)
        try:
            folder.create(workload)
            folder.forget_process()
            choice.driver.launch(folder, workload)
        except OSError as error:
            raise Unavailable(f"The instance could not be started: {error}") from error

    def _stop(self, choice: Choice, workload_id: str, grace_s: float) -> None:
        folder = InstanceFolder(self._instances, workload_id)
        workload = folder.workload()
        if workload is None:
            return
        folder.end_process(grace_s=grace_s)
        choice.driver.clean(folder, workload)

    def _destroy(self, choice: Choice, workload_id: str) -> None:
        self._stop(choice, workload_id, 0)
        folder = InstanceFolder(self._instances, workload_id)
        if folder.path.exists():
            folder.remove()

    def _list(self) -> Statuses:
        if not self._instances.is_dir():
            return []
        folders = (InstanceFolder(self._instances, path.name) for path in self._instances.iterdir())
        found = sorted((folder.status() for folder in folders), key=lambda status: status.id)
        return [status for status in found if status.state is not WorkloadState.MISSING]

    def _close(self, choice: Choice) -> None:
        """Networks in which nothing runs are made again when they are needed; do not leave them."""
        folders = [InstanceFolder(self._instances, status.id) for status in self._list()]
        running = [folder.workload() for folder in folders if folder.running()]
        used = {workload.network for workload in running if workload}
        for name in choice.networks.names():
            if name not in used:
                choice.networks.remove(name)
        choice.driver.close()

    def _usage(self, choice: Choice, workload_id: str) -> WorkloadUsage | None:
        folder = InstanceFolder(self._instances, workload_id)
        record = folder.running()
        return choice.driver.usage(folder, record.pid) if record else None


async def _ignore_progress(fraction: float, text: str) -> None:
    del fraction, text
