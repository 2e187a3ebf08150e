"""Running time is billed exactly once: pieces touch, never overlap, and end when a stop is asked."""

from __future__ import annotations

from itertools import pairwise

from volano.kernel.runtime import WorkloadState
from volano.services.compute.logic import instances

S = 1_000_000


async def running(cloud):
    (it,) = await cloud.launch()
    cloud.clock.advance(3)
    return await cloud.boot(it)


async def still(cloud, it, seconds: float):
    cloud.clock.advance(seconds)
    return await cloud.report(it, WorkloadState.RUNNING, started_us=it.booted_us)


def joined(pieces: list[tuple[int, int]]) -> int:
    """The length in seconds of pieces that follow one another without gap or overlap."""
    for (_, end), (start, _) in pairwise(pieces):
        assert end == start
    return (pieces[-1][1] - pieces[0][0]) // S


async def test_from_boot_to_the_wish_to_stop(cloud):
    it = await running(cloud)
    for _ in range(10):
        it = await still(cloud, it, 17)
    await cloud.beat()
    cloud.clock.advance(9)
    await instances.stop_instances(cloud.env, cloud.call, [it.id])
    cloud.clock.advance(8)
    stopped = await cloud.report(it, WorkloadState.EXITED, exit_code=0, started_us=it.booted_us)
    assert stopped.state.value == "stopped"
    assert joined(await cloud.seconds_billed(it)) == 179


async def test_a_pause_of_the_cloud_is_billed_when_the_same_process_still_runs(cloud):
    it = await running(cloud)
    it = await still(cloud, it, 5000)
    assert joined(await cloud.seconds_billed(it)) == 5000


async def test_repeated_reports_bill_once(cloud):
    it = await running(cloud)
    cloud.clock.advance(61)
    for _ in range(5):
        await cloud.report(it, WorkloadState.RUNNING, started_us=it.booted_us)
    assert joined(await cloud.seconds_billed(it)) == 61


async def test_what_nobody_saw_is_billed_for_two_minutes_at_most(cloud):
    """The process ended while the cloud was away: when, nobody knows."""
    it = await running(cloud)
    it = await still(cloud, it, 100)
    cloud.clock.advance(9000)
    await cloud.report(it, WorkloadState.EXITED, exit_code=1, started_us=it.booted_us)
    assert joined(await cloud.seconds_billed(it)) == 220


async def test_a_lost_zone_is_not_billed(cloud):
    it = await running(cloud)
    it = await still(cloud, it, 70)
    cloud.clock.advance(10)
    await cloud.fleet.report_interrupted([it.id])
    cloud.clock.advance(7000)
    back = await cloud.boot(it)
    assert back.state.value == "running"
    back = await still(cloud, back, 60)
    pieces = await cloud.seconds_billed(it)
    assert sum(end - start for start, end in pieces) == (80 + 60) * S
    assert pieces[-1][1] - pieces[-1][0] == 60 * S


async def test_a_reboot_goes_on_being_billed(cloud):
    it = await running(cloud)
    cloud.clock.advance(30)
    await instances.reboot_instances(cloud.env, cloud.call, [it.id])
    cloud.clock.advance(2)
    again = await cloud.boot(it)
    again = await still(cloud, again, 60)
    assert sum(end - start for start, end in await cloud.seconds_billed(it)) == 90 * S


async def test_termination_ends_the_bill(cloud):
    it = await running(cloud)
    cloud.clock.advance(45)
    await instances.terminate_instances(cloud.env, cloud.call, [it.id])
    cloud.clock.advance(500)
    await cloud.fleet.report_removed(it.id)
    await cloud.fleet.report_removed(it.id)
    assert joined(await cloud.seconds_billed(it)) == 45


async def test_pending_and_stopped_cost_nothing(cloud):
    (it,) = await cloud.launch()
    cloud.clock.advance(900)
    await cloud.report(it, WorkloadState.MISSING)
    await instances.stop_instances(cloud.env, cloud.call, [it.id])
    await cloud.report(it, WorkloadState.MISSING)
    cloud.clock.advance(900)
    await cloud.report(it, WorkloadState.MISSING)
    assert await cloud.seconds_billed(it) == []
