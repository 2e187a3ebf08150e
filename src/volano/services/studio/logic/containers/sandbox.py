"""The running side of a container: a workload on our own compute, and the talk with its agent.

A workload has a network of its own without a way out; the only thing it reaches is this process's
listener, to which its agent connects (agent.py). Nothing can be written but its folder and /tmp,
which lie in its memory and are limited as a whole. Files are what lasts: they are kept in the
account's bucket and put into a fresh workload, so one that was lost (a restart, a crash) costs
only the variables of the code.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.errors import QuotaExceeded, Unavailable
from volano.kernel.foreign_json import decode_foreign
from volano.kernel.runtime import CLOSED_PREFIX, Workload
from volano.services.studio.model.containers import FOLDER, SIZES

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.studio.model.containers import Container

LABEL = "volano:container"
MAX_LIVE = 16
"""Workloads of containers in this process at a time."""
MAX_LIVE_OF_ACCOUNT = 8
"""Of them one account's; one more ends the one that was idle longest, whose files are kept."""
PORT = 7000
START_TIMEOUT_S = 60.0
TALK_TIMEOUT_S = 60.0
MAX_LINE_BYTES = 48 * 1024 * 1024
IMAGE = "host"
"""Ready in milliseconds; has the host's Python."""
MAX_PROCESSES = 128
CIDR = "10.111.0.0/30"
ADDRESS = "10.111.0.2"
GATEWAY = "10.111.0.1"


class ContainerFailed(Unavailable):
    """The container could not be started, or went away while it worked."""

    code = "container_failed"


class _Ran(msgspec.Struct):
    """The agent's answer to a run; files are (name, size, stamp)."""

    ended: str
    logs: str
    files: list[tuple[str, int, str]]


@dataclass(slots=True)
class Sandbox:
    """A workload and the connection of its agent. One caller at a time holds `lock`."""

    env: Env
    id: str
    server: asyncio.Server | None = None
    streams: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    present: dict[str, str] = field(default_factory=dict)
    """Stamps of the files that are inside, by name."""
    failed: bool = False

    async def start(self, container: Container) -> None:
        """Start the workload and wait for its agent. Raises ContainerFailed."""
        size = SIZES[container.size]
        network = CLOSED_PREFIX + self.id
        self.streams = asyncio.get_running_loop().create_future()
        door = await self.env.runtime.host_listener(network, PORT)
        if door is None:
            raise ContainerFailed("This machine has no place where code could run.")
        self.server = await asyncio.start_server(self._connected, sock=door, limit=MAX_LINE_BYTES)
        await self.env.runtime.start(
            Workload(
                id=self.id,
                image=IMAGE,
                hostname="sandbox",
                cpu_millis=size.cpu_millis,
                cpu_shares_millis=size.cpu_millis // 4,
                memory_bytes=size.memory_bytes,
                pids=MAX_PROCESSES,
                network=network,
                network_cidr=CIDR,
                address=ADDRESS,
                gateway=GATEWAY,
                boot=_agent(),
                environment={
                    "VOLANO_AGENT_PORT": str(PORT),
                    "VOLANO_MEMORY_BYTES": str(size.memory_bytes),
                },
                labels={LABEL: container.id},
                memory_folders={FOLDER: size.files_bytes, "/tmp": size.scratch_bytes},  # noqa: S108 - inside
            )
        )
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self.streams
        except TimeoutError as error:
            console = await self.env.runtime.console(self.id, last_bytes=2000)
            raise ContainerFailed(
                "The container did not start.",
                facts={"console": console.decode("utf-8", "replace")},
            ) from error

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The first to connect is the agent: it is there before any code runs."""
        assert self.streams is not None
        if self.streams.done():
            writer.close()
            return
        self.streams.set_result((reader, writer))

    async def put(self, name: str, data: bytes) -> None:
        """Write a file into the folder."""
        sent = base64.b64encode(data).decode()
        answer = await self._ask({"do": "put", "name": name, "data": sent})
        if answer.get("stamp") is None:
            raise self._broken(None, "Code filled the container's folder; it begins anew.")
        self.present[name] = str(answer["stamp"])

    async def remove(self, name: str) -> None:
        """Remove a file from the folder, if it is there."""
        await self._ask({"do": "remove", "name": name})
        self.present.pop(name, None)

    async def get(self, name: str, limit_bytes: int) -> bytes | None:
        """A file's bytes; None when it is gone or too large."""
        answer = await self._ask({"do": "get", "name": name, "limit": limit_bytes})
        data = answer.get("data")
        try:
            return base64.b64decode(data) if isinstance(data, str) else None
        except ValueError as error:  # code may have put something else in the agent's place
            raise self._broken(error) from error

    async def run(self, code: str, timeout_s: float) -> _Ran:
        """Run code in the variables that earlier runs left."""
        asked = {"do": "run", "code": code, "timeout_s": timeout_s}
        answer = await self._ask(asked, more_s=timeout_s)
        try:
            return msgspec.convert(answer, _Ran)
        except msgspec.ValidationError as error:
            raise self._broken(error) from error

    async def _ask(self, message: dict[str, Any], *, more_s: float = 0.0) -> dict[str, Any]:
        assert self.streams is not None
        reader, writer = self.streams.result()
        try:
            async with asyncio.timeout(TALK_TIMEOUT_S + more_s):
                writer.write(msgspec.json.encode(message) + b"\n")
                await writer.drain()
                line = await reader.readline()
            answer = decode_foreign(line)
        except (OSError, ValueError, TimeoutError) as error:
            raise self._broken(error) from error
        if not isinstance(answer, dict):
            raise self._broken(None)
        return answer

    def _broken(
        self, error: Exception | None, said: str = "The container went away while it worked."
    ) -> ContainerFailed:
        self.failed = True
        return ContainerFailed(
            f"{said} Its files are kept, its variables are not.", facts={"error": repr(error)}
        )

    async def stop(self) -> None:
        """End the workload and remove every trace; may be repeated."""
        if self.streams is not None and self.streams.done() and not self.streams.cancelled():
            self.streams.result()[1].close()
        if self.server is not None:
            self.server.close()
        await self.env.runtime.destroy(self.id)
        await self.env.runtime.remove_network(CLOSED_PREFIX + self.id)


_LIVE: dict[tuple[str, str], Sandbox] = {}


async def open_sandbox(env: Env, account: str, container: Container) -> Sandbox:
    """The container's workload, started when it does not run. Raises ContainerFailed."""
    key = (account, container.id)
    gone: Sandbox | None = None
    held = _LIVE.pop(key, None)
    is_new = held is None or held.failed
    if held is None or held.failed:
        held, gone = Sandbox(env, f"code-{env.ids.hex(12)}"), held
    _LIVE[key] = held  # the last used is the last
    if gone is not None:
        await gone.stop()
    if is_new:
        await _make_room(key)
    async with held.lock:
        if held.server is None:
            try:
                await held.start(container)
            except BaseException:
                _LIVE.pop(key, None)
                await asyncio.shield(asyncio.ensure_future(held.stop()))
                raise
    return held


async def _make_room(key: tuple[str, str]) -> None:
    """End idle workloads beside this one while there are too many. Raises QuotaExceeded."""
    while True:
        own = [other for other in _LIVE if other[0] == key[0]]
        crowded = own if len(own) > MAX_LIVE_OF_ACCOUNT else list(_LIVE)
        if crowded is not own and len(crowded) <= MAX_LIVE:
            return
        idle = [other for other in crowded if other != key and not _LIVE[other].lock.locked()]
        if not idle:
            _LIVE.pop(key, None)
            raise QuotaExceeded("Too many containers work already; try again in a while.")
        await close_sandbox(*idle[0])


def find_sandbox(account: str, container_id: str) -> Sandbox | None:
    """The container's workload, if it runs."""
    return _LIVE.get((account, container_id))


async def close_sandbox(account: str, container_id: str) -> None:
    """End the container's workload, if it runs."""
    held = _LIVE.pop((account, container_id), None)
    if held is not None:
        await held.stop()


async def remove_strays(env: Env) -> None:
    """End workloads of containers that this process does not hold: an earlier one left them."""
    held = {sandbox.id for sandbox in _LIVE.values()}
    for status in await env.runtime.list():
        if LABEL in status.labels and status.id not in held:
            await env.runtime.destroy(status.id)
            await env.runtime.remove_network(CLOSED_PREFIX + status.id)


def _agent() -> str:
    return resources.files(__package__).joinpath("agent.py").read_text()
