"""Placement: pure functions that filter and score nodes (no I/O, ties by name, so it repeats).

A machine is the pool; its nodes (one per zone of the machine) share it. An instance fits a node
when it is in the right zone and the memory of all that the machine runs plus the new one is there
(memory is never overcommitted), and so is the guaranteed CPU, up to `CPU_OVERCOMMIT` of the cores.
Among several the one with most free memory wins, which spreads load.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

CPU_OVERCOMMIT = 8.0
"""Guaranteed CPU of instances per CPU of a machine. High, because a small host runs many idle ones;
cgroup shares keep their proportions when they are not idle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A node with what is left on its machine; `instances` are those of the node."""

    name: str
    machine: str
    zone: str
    free_cpu_millis: int
    free_memory_bytes: int
    instances: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    cpu_millis: int
    memory_bytes: int


def place(request: Request, zone: str, candidates: list[Candidate]) -> Candidate | None:
    """The best node of the zone, or None when none can take it."""
    fitting = [node for node in candidates if node.zone == zone and fits(request, node)]
    if not fitting:
        return None
    return min(fitting, key=lambda node: (-node.free_memory_bytes, node.instances, node.name))


def place_many(
    request: Request, count: int, zones: tuple[str, ...], candidates: list[Candidate]
) -> list[Candidate]:
    """Nodes for up to `count` equal instances, each in the zone that has fewest by then."""
    left = candidates
    chosen: list[Candidate] = []
    for _ in range(count):
        by_zone = sorted(zones, key=lambda zone: (_count(zone, left), zones.index(zone)))
        found = (place(request, zone, left) for zone in by_zone)
        node = next((node for node in found if node is not None), None)
        if node is None:
            break
        chosen.append(node)
        left = take(request, node.name, left)
    return chosen


def fits(request: Request, node: Candidate) -> bool:
    return (
        node.free_cpu_millis >= request.cpu_millis
        and node.free_memory_bytes >= request.memory_bytes
    )


def take(
    request: Request, name: str, candidates: list[Candidate], *, count: int = 1
) -> list[Candidate]:
    """What is left when `count` such instances run on the node `name`."""
    machine = name.rpartition(":")[0]
    return [
        replace(
            node,
            free_cpu_millis=node.free_cpu_millis - count * request.cpu_millis,
            free_memory_bytes=node.free_memory_bytes - count * request.memory_bytes,
            instances=node.instances + (count if node.name == name else 0),
        )
        if node.machine == machine
        else node
        for node in candidates
    ]


def _count(zone: str, candidates: list[Candidate]) -> int:
    return sum(node.instances for node in candidates if node.zone == zone)
