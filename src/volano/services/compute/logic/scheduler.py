"""Placement: pure functions that filter and score nodes (no I/O, ties by name, so it repeats).

A node takes an instance when it is alive, in the right zone, and the memory of what it runs plus
the new one fits (memory is never overcommitted) and so does the guaranteed CPU, up to
`CPU_OVERCOMMIT` of its cores. Among those the emptiest by memory wins, which spreads load.
"""

from __future__ import annotations

from dataclasses import dataclass

CPU_OVERCOMMIT = 8.0
"""Guaranteed CPU of instances per CPU of a node. High, because a small host runs many idle ones;
cgroup shares keep their proportions when they are not idle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A node with what is left on it."""

    name: str
    zone: str
    free_cpu_millis: int
    free_memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    zone: str
    cpu_millis: int
    memory_bytes: int


def place(request: Request, candidates: list[Candidate]) -> str | None:
    """The name of the best node, or None when none can take it."""
    fitting = [
        node
        for node in candidates
        if node.zone == request.zone
        and node.free_cpu_millis >= request.cpu_millis
        and node.free_memory_bytes >= request.memory_bytes
    ]
    if not fitting:
        return None
    return min(fitting, key=lambda node: (-node.free_memory_bytes, node.name)).name
