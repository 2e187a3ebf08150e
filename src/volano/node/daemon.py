"""The node of this machine: one loop per zone, the networks' listeners, and the orphans' end.

The machine's name is kept beside its instances' state folders: it is who owns them, whatever the
host is called today. The loops make the world match what the fleet wants (zone.py).
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import VolanoError
from volano.node.images import Images
from volano.node.networks import Networks
from volano.node.orphans import remove_orphans
from volano.node.zone import ZoneLoop

if TYPE_CHECKING:
    from pathlib import Path

    from volano.kernel.call import Env
    from volano.kernel.fleet import Fleet
    from volano.node.networks import Serve

HEARTBEAT_S = 5.0
RETRY_S = 1.0
MIN_RESERVED_BYTES = 256 * 1024**2
MAX_RESERVED_BYTES = 1024**3


async def run_node(env: Env, fleet: Fleet, *, aws_app: Any, console_app: Any, serve: Serve) -> None:
    """Run until cancelled; instances go on. `serve` answers on a socket with an application."""
    machine = machine_name(env)
    networks = Networks(env, fleet, aws_app=aws_app, console_app=console_app, serve=serve)
    images = Images(env, fleet)
    places = {f"{machine}:{zone}": str(zone) for zone in env.region.zones}
    for node, zone in places.items():
        await _beat_once(env, fleet, node, zone)
    places = await _former_places(env, fleet, machine) | places
    await _probe(env)
    try:
        async with asyncio.TaskGroup() as group:
            for node, zone in places.items():
                loop = ZoneLoop(env, fleet, node=node, zone=zone, networks=networks, images=images)
                group.create_task(loop.run(), name=node)
            group.create_task(_beat(env, fleet, places))
            group.create_task(remove_orphans(env, fleet, networks))
    finally:
        await images.close()
        await networks.close()


async def _former_places(env: Env, fleet: Fleet, machine: str) -> dict[str, str]:
    """Nodes of this machine in zones that the region has no longer but instances still have."""
    while True:
        try:
            return dict(await fleet.list_nodes(machine))
        except VolanoError as error:
            env.log.warning("the fleet does not answer", error=error.message)
            await env.clock.sleep(RETRY_S)


def machine_name(env: Env) -> str:
    """This machine's name in the fleet, made once for the data folder."""
    path = env.config.data_dir / "runtime" / "machine"
    with suppress(FileNotFoundError):
        return path.read_text().strip()
    host = "".join(c for c in os.uname().nodename if c.isalnum() or c == "-")
    name = f"{host[:40]}-{env.ids.hex(8)}"
    _write_durably(path, name + "\n")
    return name


def _write_durably(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


async def _probe(env: Env) -> None:
    """Find out early what this host can run; where nothing can, each start says so."""
    try:
        await env.runtime.probe()
    except VolanoError as error:
        env.log.warning("no runtime", error=error.message)


async def _beat(env: Env, fleet: Fleet, places: dict[str, str]) -> None:
    """Say that the nodes are alive, but not those of a zone that has failed."""
    while True:
        await env.clock.sleep(HEARTBEAT_S)
        for node, zone in places.items():
            await _beat_once(env, fleet, node, zone)


async def _beat_once(env: Env, fleet: Fleet, node: str, zone: str) -> None:
    try:
        if await fleet.is_zone_up(zone):
            memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
            cpu_millis = (os.cpu_count() or 1) * 1000
            await fleet.heartbeat(
                node, zone, cpu_millis=cpu_millis, memory_bytes=memory - _reserved(memory)
            )
    except VolanoError as error:
        env.log.warning("heartbeat failed", node=node, error=error.message)


def _reserved(memory_bytes: int) -> int:
    """What the machine keeps for itself: an eighth, at least 256 MiB, at most 1 GiB."""
    return min(max(memory_bytes // 8, MIN_RESERVED_BYTES), MAX_RESERVED_BYTES)
