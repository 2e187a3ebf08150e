"""Placement: what fits, where it goes, and what never happens whatever is asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from volano.services.compute.logic.scheduler import Candidate, Request, place, place_many, take

GIB = 1024**3


def node(
    zone: str, *, machine: str = "m", memory_gib: float = 8, cpu: int = 8000, instances: int = 0
):
    return Candidate(
        name=f"{machine}:{zone}", machine=machine, zone=zone, free_cpu_millis=cpu,
        free_memory_bytes=int(memory_gib * GIB), instances=instances,
    )  # fmt: skip


SMALL = Request(cpu_millis=500, memory_bytes=GIB)


def test_only_the_zone_that_was_asked_for():
    assert place(SMALL, "b", [node("a")]) is None
    assert place(SMALL, "b", [node("a"), node("b")]).zone == "b"


def test_memory_and_cpu_must_both_be_there():
    assert place(SMALL, "a", [node("a", memory_gib=0.5)]) is None
    assert place(SMALL, "a", [node("a", cpu=499)]) is None
    assert place(SMALL, "a", [node("a", memory_gib=1, cpu=500)]) is not None


def test_the_emptiest_machine_wins_and_ties_go_by_name():
    full, empty = node("a", machine="x", memory_gib=2), node("a", machine="y", memory_gib=4)
    assert place(SMALL, "a", [full, empty]) == empty
    twins = [node("a", machine="z"), node("a", machine="k")]
    assert place(SMALL, "a", twins).machine == "k"


def test_zones_of_a_machine_share_its_room():
    left = take(
        SMALL, "m:a", [node("a", memory_gib=2), node("b", memory_gib=2), node("a", machine="n")]
    )
    assert [n.free_memory_bytes // GIB for n in left] == [1, 1, 8]
    assert [n.instances for n in left] == [1, 0, 0]


def test_many_are_spread_over_the_zones():
    chosen = place_many(SMALL, 6, ("a", "b", "c"), [node("a"), node("b"), node("c")])
    assert [n.zone for n in chosen] == ["a", "b", "c", "a", "b", "c"]
    uneven = [node("a", instances=2), node("b"), node("c")]
    assert [n.zone for n in place_many(SMALL, 3, ("a", "b", "c"), uneven)] == ["b", "c", "b"]


@given(
    machines=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4000)), min_size=1, max_size=4),
    count=st.integers(1, 20),
    memory_gib=st.integers(1, 3),
)
def test_nothing_is_ever_overcommitted(machines, count, memory_gib):
    """Whatever is asked, the room of a machine is never exceeded, and room is never left unused."""
    request = Request(cpu_millis=300, memory_bytes=memory_gib * GIB)
    nodes = [
        node(zone, machine=f"m{index}", memory_gib=memory, cpu=cpu)
        for index, (memory, cpu) in enumerate(machines)
        for zone in "abc"
    ]
    chosen = place_many(request, count, ("a", "b", "c"), nodes)
    for index, (memory, cpu) in enumerate(machines):
        here = sum(1 for n in chosen if n.machine == f"m{index}")
        assert here * memory_gib <= memory
        assert here * 300 <= cpu
    possible = sum(min(memory // memory_gib, cpu // 300) for memory, cpu in machines)
    assert len(chosen) == min(count, possible)
