"""Read what a control group has used, on version 1, hybrid and version 2 hosts.

The OCI engine makes the groups and writes the limits; this module only finds and reads them.
"""

from __future__ import annotations

import contextlib
from functools import cache
from pathlib import Path

from volano.kernel.runtime import WorkloadUsage

ROOT_GROUP = "volano"


@cache
def _hierarchies() -> dict[str, Path]:
    """Controller -> mount point; the key "" is the unified (version 2) hierarchy."""
    found: dict[str, Path] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        point = Path(left.split(" ")[4])
        if kind == "cgroup2":
            found.setdefault("", point)
        elif kind == "cgroup":
            for option in options.split(","):
                found.setdefault(option, point)
    return found


def is_hybrid() -> bool:
    """Version 1 controllers beside a mounted version 2 hierarchy."""
    return "memory" in _hierarchies() and "" in _hierarchies()


def unified_mount() -> str:
    """Where the version 2 hierarchy is mounted on a hybrid host; empty elsewhere."""
    return str(_hierarchies()[""]) if is_hybrid() else ""


def read_usage(group: str) -> WorkloadUsage | None:
    """CPU time and memory (cache that can be dropped left out) of `group`; None when it is gone."""
    places = _hierarchies()
    try:
        if "cpuacct" in places:
            cpu_us = int((places["cpuacct"] / group / "cpuacct.usage").read_text()) // 1000
        else:
            cpu_us = _fields(places[""] / group / "cpu.stat")["usage_usec"]
        if "memory" in places:
            folder = places["memory"] / group
            used = int((folder / "memory.usage_in_bytes").read_text())
            idle = _fields(folder / "memory.stat").get("total_inactive_file", 0)
        else:
            folder = places[""] / group
            used = int((folder / "memory.current").read_text())
            idle = _fields(folder / "memory.stat").get("inactive_file", 0)
    except (OSError, KeyError, ValueError):
        return None
    return WorkloadUsage(cpu_us=cpu_us, memory_bytes=max(0, used - idle))


def remove_group(group: str) -> None:
    """Remove an empty group from every hierarchy; a group with members or children stays."""
    for point in set(_hierarchies().values()):
        with contextlib.suppress(OSError):
            (point / group).rmdir()


def _fields(path: Path) -> dict[str, int]:
    pairs = (line.split() for line in path.read_text().splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}
