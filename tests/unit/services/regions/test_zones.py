"""Zones: their names and states, and drills."""

from __future__ import annotations

import asyncio

import pytest

from volano.kernel.errors import Conflict, NotFound
from volano.kernel.place import region_with_zones
from volano.services.regions import interface as regions
from volano.services.regions.work import reconcile_zones


async def test_zones_are_available_at_first(env):
    zones = await regions.list_zones(env.store.reader, env.region)
    assert [zone.name for zone in zones] == list(env.region.zones)
    assert [zone.id for zone in zones] == [f"euhome1-az{n}" for n in (1, 2, 3)]
    assert all(zone.is_up for zone in zones)


async def test_failed_zone_is_gone_for_bytes_until_it_is_restored(env):
    zone = await regions.fail_zone(env, "b", reason="drill")
    assert zone.name == "eu-home-1b"
    assert zone.state is regions.ZoneHealth.IMPAIRED
    assert "eu-home-1b" not in env.bytes.zones_up()
    assert await regions.zones_up(env.store.reader, env.region) == ("eu-home-1a", "eu-home-1c")
    assert (await regions.restore_zone(env, "eu-home-1b")).is_up
    assert env.bytes.zones_up() == env.region.zones


async def test_drills_may_be_repeated(env):
    for _ in range(2):
        await regions.fail_zone(env, "b")
    outbox = await env.store.reader.rows("SELECT type FROM outbox")
    assert [row[0] for row in outbox if row[0].startswith("regions.")] == ["regions.zone_failed"]
    for _ in range(2):
        await regions.restore_zone(env, "b")


async def test_the_last_zone_cannot_be_failed(env):
    await regions.fail_zone(env, "a")
    await regions.fail_zone(env, "b")
    with pytest.raises(Conflict, match="last zone"):
        await regions.fail_zone(env, "c")
    assert env.bytes.zones_up() == ("eu-home-1c",)


async def test_two_drills_at_once_leave_one_zone(env):
    results = await asyncio.gather(
        *(regions.fail_zone(env, letter) for letter in "abc"), return_exceptions=True
    )
    assert sum(isinstance(one, Conflict) for one in results) == 1
    assert len(await regions.zones_up(env.store.reader, env.region)) == 1


@pytest.mark.parametrize("name", ["q", "", "eu-home-1", "eu-other-1a", "B"])
async def test_unknown_zones_are_refused(env, name):
    with pytest.raises(NotFound):
        await regions.fail_zone(env, name)


async def test_state_is_applied_again_by_the_reconciler(env):
    await regions.fail_zone(env, "b")
    env.bytes.restore_zone(env.region.zones[1])  # as after a restart
    await reconcile_zones(env)
    assert "eu-home-1b" not in env.bytes.zones_up()


async def test_zone_of_a_smaller_region_is_forgotten(env):
    await regions.fail_zone(env, "c")
    smaller = region_with_zones("eu-home-1", 2)
    zones = await regions.list_zones(env.store.reader, smaller)
    assert [zone.is_up for zone in zones] == [True, True]
