"""Placing what is pending: rows to scheduler to rows; the reconciler `compute:place` calls it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.compute.logic.fleet import topic_of
from volano.services.compute.logic.metering import meter
from volano.services.compute.logic.scheduler import CPU_OVERCOMMIT, Candidate, Request, place
from volano.services.compute.model import INSTANCE_TYPES
from volano.services.compute.store import instances as store
from volano.services.compute.store import nodes
from volano.services.regions import interface as regions

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx

ALIVE_US = 20 * 1_000_000
"""A node that was not seen for this long takes nothing new."""
KEEP_TERMINATED_US = 3600 * 1_000_000


async def place_pending(env: Env) -> None:
    """Give every unplaced instance a node, as far as there is room, and wake the nodes."""
    if not await store.select_unplaced(env.store.reader):
        return

    async def write(tx: Tx) -> set[str]:
        candidates = await _candidates(tx, env)
        woken: set[str] = set()
        for it in await store.select_unplaced(tx):
            kind = INSTANCE_TYPES[it.type]
            wish = Request(
                zone=it.zone, cpu_millis=kind.share_millis, memory_bytes=kind.memory_bytes
            )
            node = place(wish, list(candidates.values()))
            if node is None:
                continue
            await store.update_node(tx, it.id, node)
            candidates[node] = _without(candidates[node], wish)
            woken.add(node)
        return woken

    for node in await env.store.transact(write):
        env.events.signal(topic_of(node), b"")


async def wake_nodes(env: Env, ids: tuple[str, ...]) -> None:
    """Tell the nodes of some instances that what is wanted has changed."""
    for instance_id in ids:
        it = await store.select_any(env.store.reader, instance_id)
        if it is not None and it.node:
            env.events.signal(topic_of(it.node), b"")


async def meter_running(env: Env) -> None:
    """Report the running time of every instance up to now; forget those long terminated."""
    running = await store.select_running(env.store.reader)
    for it in running:

        async def write(tx: Tx, instance_id: str = it.id) -> None:
            fresh = await store.select_any(tx, instance_id)
            if fresh is None or fresh.booted_us == 0:
                return
            after = meter(tx, fresh, env.clock.now_us())
            if after is not fresh:
                await store.update_found(tx, after)

        await env.store.transact(write)

    async def forget(tx: Tx) -> None:
        await store.delete_terminated(tx, env.clock.now_us() - KEEP_TERMINATED_US)

    await env.store.transact(forget)


async def _candidates(tx: Tx, env: Env) -> dict[str, Candidate]:
    up = await regions.zones_up(tx, env.region)
    now = env.clock.now_us()
    candidates = {
        node.name: Candidate(
            name=node.name,
            zone=node.zone,
            free_cpu_millis=int(node.cpu_millis * CPU_OVERCOMMIT),
            free_memory_bytes=node.memory_bytes,
        )
        for node in await nodes.select_nodes(tx)
        if node.zone in up and now - node.seen_us < ALIVE_US
    }
    for node_name, type_name in await store.select_load(tx):
        if node_name in candidates:
            kind = INSTANCE_TYPES[type_name]
            load = Request(zone="", cpu_millis=kind.share_millis, memory_bytes=kind.memory_bytes)
            candidates[node_name] = _without(candidates[node_name], load)
    return candidates


def _without(node: Candidate, request: Request) -> Candidate:
    return replace(
        node,
        free_cpu_millis=node.free_cpu_millis - request.cpu_millis,
        free_memory_bytes=node.free_memory_bytes - request.memory_bytes,
    )
