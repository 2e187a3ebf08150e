"""RunInstances: room, quota, tokens; and what a launch leaves behind when it fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from volano.kernel.errors import Conflict, NotFound
from volano.kernel.ids import AccountId
from volano.services.compute.logic import instances, tags, upkeep
from volano.services.compute.logic.launch import (
    InstanceLimitExceeded,
    InsufficientInstanceCapacity,
)
from volano.services.compute.model import State
from volano.services.network import interface as network
from volano.services.regions import interface as regions

GIB = 1024**3


async def free_addresses(cloud) -> int:
    return sum(free for _, free in await network.list_subnets(cloud.env, cloud.call))


async def test_as_many_as_fit_but_at_least_the_minimum(cloud):
    """8 GiB of room: three instances of 2 GiB beside one are four."""
    made = await cloud.launch(type="u1.small", minimum=2, maximum=10)
    assert len(made) == 4
    before = await free_addresses(cloud)
    with pytest.raises(InsufficientInstanceCapacity):
        await cloud.launch(type="u1.small")
    assert await free_addresses(cloud) == before
    assert len(await instances.list_instances(cloud.env, cloud.call)) == 4


async def test_no_node_no_room(cloud):
    cloud.clock.advance(60)
    with pytest.raises(InsufficientInstanceCapacity):
        await cloud.launch()
    await cloud.beat()
    assert len(await cloud.launch()) == 1


async def test_stopped_instances_hold_no_room_and_start_only_where_there_is_some(cloud):
    first = (await cloud.launch(type="m1.small"))[0]
    await instances.stop_instances(cloud.env, cloud.call, [first.id])
    await cloud.report(first, state_missing())
    second = (await cloud.launch(type="m1.small"))[0]
    with pytest.raises(InsufficientInstanceCapacity):
        await instances.start_instances(cloud.env, cloud.call, [first.id])
    assert (await cloud.get(first.id)).state is State.STOPPED
    await instances.terminate_instances(cloud.env, cloud.call, [second.id])
    await cloud.fleet.report_removed(second.id)
    await instances.start_instances(cloud.env, cloud.call, [first.id])
    assert (await cloud.get(first.id)).state is State.PENDING


def state_missing():
    from volano.kernel.runtime import WorkloadState

    return WorkloadState.MISSING


async def test_failed_zones_take_nothing(cloud):
    await regions.fail_zone(cloud.env, "a")
    made = await cloud.launch(maximum=4)
    assert {it.zone[-1] for it in made} == {"b", "c"}
    with pytest.raises(InsufficientInstanceCapacity):
        await cloud.launch(zone="a")


async def test_quota(cloud):
    await cloud.beat(memory_bytes=1000 * GIB, cpu_millis=1_000_000)
    await cloud.launch(minimum=100, maximum=100)
    await cloud.launch(minimum=99, maximum=99)
    with pytest.raises(InstanceLimitExceeded):
        await cloud.launch(minimum=2, maximum=2)
    assert len(await cloud.launch()) == 1


async def test_concurrent_launches_take_different_addresses(cloud):
    made = await asyncio.gather(*(cloud.launch(zone="a") for _ in range(8)))
    assert len({it.address for (it,) in made}) == 8


async def test_concurrent_launches_with_one_token_are_one(cloud):
    made = await asyncio.gather(*(cloud.launch(client_token="once") for _ in range(6)))
    assert len({it.id for (it,) in made}) == 1
    with pytest.raises(Conflict):
        await cloud.launch(client_token="once", maximum=2)


async def test_token_of_another_account_is_another_token(cloud):
    (mine,) = await cloud.launch(client_token="same")
    cloud.call = replace(cloud.call, account=AccountId("999988887777"))
    (other,) = await cloud.launch(client_token="same")
    assert other.id != mine.id
    with pytest.raises(NotFound):
        await cloud.get(mine.id)


async def test_addresses_come_back(cloud):
    before = None
    for _ in range(3):
        (it,) = await cloud.launch(zone="a")
        before = before or it.address
        assert it.address == before
        await instances.terminate_instances(cloud.env, cloud.call, [it.id])
        await cloud.fleet.report_removed(it.id)


async def test_terminated_instances_are_forgotten_with_their_tags(cloud):
    (it,) = await cloud.launch(tags={"Name": "x"})
    await tags.create_tags(cloud.env, cloud.call, [it.id], {"more": "y"})
    await instances.terminate_instances(cloud.env, cloud.call, [it.id])
    await cloud.fleet.keep_console(it.id, b"last words")
    await cloud.fleet.report_removed(it.id)
    assert await instances.get_console_output(cloud.env, cloud.call, it.id) == b"last words"
    cloud.clock.advance(3700)
    await upkeep.forget_terminated(cloud.env)
    assert await instances.list_instances(cloud.env, cloud.call) == []
    assert await network.list_tags(cloud.env, cloud.call) == {}


async def test_what_a_lost_node_cannot_end_is_ended_without_it(cloud):
    (it,) = await cloud.launch()
    await instances.terminate_instances(cloud.env, cloud.call, [it.id])
    await upkeep.end_lost(cloud.env)
    assert (await cloud.get(it.id)).state is State.SHUTTING_DOWN
    cloud.clock.advance(301)
    await upkeep.end_lost(cloud.env)
    assert (await cloud.get(it.id)).state is State.TERMINATED


async def test_orphans_are_only_what_no_row_wants(cloud):
    (it,) = await cloud.launch()
    assert await cloud.fleet.list_unknown([it.id, "i-other"]) == {"i-other"}
