"""Real instances on this machine: containers where root and an engine are there, and sandboxes.

Tests that look into an instance's network from outside need root and run with containers only.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from volano.backends.runtime import commands, listeners, open_runtime
from volano.kernel.clock import SystemClock
from volano.kernel.log import StreamLog
from volano.kernel.runtime import Workload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from volano.kernel.runtime import Runtime

WAIT_LIMIT_S = 120.0
POLL_S = 0.02
HAS_CONTAINERS = os.geteuid() == 0 and all(
    commands.find_program(name) for name in ("conmon", "ip", "unshare")
)
ENGINES = [name for name in ("crun", "runc") if HAS_CONTAINERS and commands.find_program(name)]


def open_here(state_dir: Path, choice: str) -> Runtime:
    clock = SystemClock()
    return open_runtime(state_dir, StreamLog(clock, level="warning"), clock, choice=choice)


async def _clear(runtime: Runtime) -> None:
    for status in await runtime.list():
        await runtime.destroy(status.id)
    for network in ("vpc-a", "vpc-b"):
        await runtime.remove_network(network)
    await runtime.close()


@pytest.fixture(params=["auto", "process"] if ENGINES else ["process"])
async def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Runtime]:
    """What this host runs by itself, and the sandbox of hosts without root."""
    opened = open_here(tmp_path / "runtime", request.param)
    yield opened
    await _clear(opened)


@pytest.fixture(params=ENGINES)
async def containers(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Runtime]:
    """Containers by each engine that is installed."""
    opened = open_here(tmp_path / "runtime", request.param)
    yield opened
    await _clear(opened)


@pytest.fixture
def reopen(tmp_path: Path) -> Callable[[str], Runtime]:
    """Another runtime on the same state folder, as after a restart."""
    return lambda choice: open_here(tmp_path / "runtime", choice)


@pytest.fixture
def workload() -> Callable[..., Workload]:
    """A small instance; keyword arguments change it."""

    def make(**changes: Any) -> Workload:
        wanted: dict[str, Any] = {
            "id": "i-1",
            "image": "host",
            "hostname": "ip-10-0-1-5.local.compute.internal",
            "cpu_millis": 500,
            "cpu_shares_millis": 250,
            "memory_bytes": 128 * 1024 * 1024,
            "network": "vpc-a",
            "network_cidr": "10.0.0.0/20",
            "address": "10.0.1.5",
            "gateway": "10.0.0.1",
        }
        return Workload(**wanted | changes)

    return make


@pytest.fixture
def until() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    """Wait until a condition holds, however long this machine takes for it."""

    async def wait(condition: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + WAIT_LIMIT_S
        while not await condition():
            assert time.monotonic() < deadline, "the condition never held"
            await asyncio.sleep(POLL_S)

    return wait


@pytest.fixture
def console_has(until: Any) -> Callable[[Runtime, str, str], Awaitable[str]]:
    """Wait for a text on the console and return the whole of it."""

    async def wait(runtime: Runtime, workload_id: str, text: str) -> str:
        said = ""

        async def there() -> bool:
            nonlocal said
            said = (await runtime.console(workload_id)).decode()
            return text in said

        await until(there)
        return said

    return wait


@pytest.fixture
def in_network_of() -> Callable[[int, Callable[[], Any]], Any]:
    """Call a function inside the network namespace of a process (needs root)."""

    def call(pid: int, work: Callable[[], Any]) -> Any:
        outcome: list[Any] = []

        def inside() -> None:
            listeners._set_namespace(Path(f"/proc/{pid}/ns/net"))
            try:
                outcome.append(work())
            except OSError as error:
                outcome.append(error)

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        return outcome[0]

    return call
