"""Rows to scheduler: which nodes are there, and what is left on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.compute.logic.scheduler import CPU_OVERCOMMIT, Candidate, Request, take
from volano.services.compute.model import InstanceType, type_of_row
from volano.services.compute.store import instances as store
from volano.services.compute.store import nodes
from volano.services.regions import interface as regions

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Reader

ALIVE_US = 20 * 1_000_000
"""A node that was not seen for this long takes nothing new and is shown as impaired."""


async def list_candidates(reader: Reader, env: Env) -> list[Candidate]:
    """The nodes that can take instances now, with what is left on them."""
    up = await regions.zones_up(reader, env.region)
    candidates = [
        Candidate(
            name=node.name,
            machine=node.name.rpartition(":")[0],
            zone=node.zone,
            free_cpu_millis=int(node.cpu_millis * CPU_OVERCOMMIT),
            free_memory_bytes=node.memory_bytes,
        )
        for node in await nodes.select_nodes(reader)
        if node.zone in up and env.clock.now_us() - node.seen_us < ALIVE_US
    ]
    for node_name, type_name, count in await store.select_load(reader):
        request = request_of(type_of_row(type_name))
        candidates = take(request, node_name, candidates, count=count)
    return candidates


async def list_alive(reader: Reader, env: Env) -> set[str]:
    """The nodes that were seen lately and whose zone is up."""
    up = await regions.zones_up(reader, env.region)
    now = env.clock.now_us()
    known = await nodes.select_nodes(reader)
    return {node.name for node in known if node.zone in up and now - node.seen_us < ALIVE_US}


def request_of(kind: InstanceType) -> Request:
    """What an instance of the type takes of its machine."""
    return Request(cpu_millis=kind.share_millis, memory_bytes=kind.memory_bytes)


def topic_of(node: str) -> str:
    """The signal topic on which a node is woken."""
    return f"node:{node}"


def wake_nodes(env: Env, names: set[str]) -> None:
    """Tell nodes of this process that what is wanted of them has changed."""
    for name in names:
        if name:
            env.events.signal(topic_of(name), b"")
