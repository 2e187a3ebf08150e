"""Default VPCs, their subnets, and addresses."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volano.kernel.call import system_call
from volano.kernel.errors import Invalid
from volano.kernel.ids import AccountId
from volano.kernel.place import region_with_zones, zone_id
from volano.services.network import interface as network
from volano.services.network.logic.addresses import AddressInUse, InsufficientFreeAddresses
from volano.services.network.model import DEFAULT_CIDR, Subnet, free_subnet_cidrs
from volano.services.network.store import vpcs as store


@pytest.fixture
def call(env):
    return system_call(env, AccountId("111122223333"))


async def allocate(env, call, subnet, owners, wish=None):
    async def write(tx):
        return await network.allocate(tx, call.account, subnet, owners, wish=wish)

    return await env.store.transact(write)


async def first_subnet(env, call) -> Subnet:
    return (await network.list_subnets(env, call))[0][0]


async def test_default_vpc_is_made_once(env, call):
    made = await asyncio.gather(*(network.require_default_vpc(env, call) for _ in range(8)))
    assert len({vpc.id for vpc in made}) == 1
    assert len(await network.list_subnets(env, call)) == len(env.region.zones)
    assert len(await network.list_security_groups(env, call)) == 1


async def test_new_zones_get_subnets(env, call):
    small = replace(env, region=region_with_zones("eu-home-1", 2))
    await network.require_default_vpc(small, call)
    before = {subnet.zone: subnet for subnet, _ in await network.list_subnets(small, call)}
    large = replace(env, region=region_with_zones("eu-home-1", 6))
    after = {subnet.zone: subnet for subnet, _ in await network.list_subnets(large, call)}
    assert sorted(after) == list(large.region.zones)
    assert {zone: after[zone] for zone in before} == before
    ranges = [ipaddress.ip_network(subnet.cidr) for subnet in after.values()]
    assert not any(a.overlaps(b) for a in ranges for b in ranges if a is not b)


async def test_accounts_share_nothing(env, call):
    other = system_call(env, AccountId("999988887777"))
    mine = await network.require_default_vpc(env, call)
    theirs = await network.require_default_vpc(env, other)
    assert mine.id != theirs.id
    assert [vpc.id for vpc in await network.list_vpcs(env, other)] == [theirs.id]


async def test_addresses_are_the_lowest_free_ones(env, call):
    subnet = await first_subnet(env, call)
    placed = await allocate(env, call, subnet, ["i-1", "i-2", "i-3"])
    assert [p.address for p in placed] == ["172.31.0.4", "172.31.0.5", "172.31.0.6"]
    assert placed[0].gateway == "172.31.0.1"

    async def release(tx):
        await network.release(tx, owner="i-2")

    await env.store.transact(release)
    (again,) = await allocate(env, call, subnet, ["i-4"])
    assert again.address == "172.31.0.5"
    (_, free) = (await network.list_subnets(env, call))[0]
    assert free == subnet.capacity - 3


@pytest.mark.parametrize(
    "wish", ["172.31.0.3", "172.31.15.255", "172.31.16.1", "10.0.0.1", "x", "::1"]
)
async def test_wished_addresses_outside_are_refused(env, call, wish):
    subnet = await first_subnet(env, call)
    with pytest.raises(Invalid):
        await allocate(env, call, subnet, ["i-1"], wish)


async def test_a_taken_address_is_not_given_twice(env, call):
    subnet = await first_subnet(env, call)
    await allocate(env, call, subnet, ["i-1"], "172.31.0.9")
    with pytest.raises(AddressInUse):
        await allocate(env, call, subnet, ["i-2"], "172.31.0.9")


async def test_a_full_subnet_gives_nothing(env, call):
    vpc = await network.require_default_vpc(env, call)
    tiny = Subnet(
        account=call.account, id="subnet-tiny", vpc_id=vpc.id, zone="eu-home-1a",
        cidr="172.31.200.0/28", is_default=False,
    )  # fmt: skip

    async def insert(tx):
        await store.insert_subnet(tx, tiny)

    await env.store.transact(insert)
    assert tiny.capacity == 11
    with pytest.raises(InsufficientFreeAddresses):
        await allocate(env, call, tiny, [f"i-{n}" for n in range(12)])
    assert len(await allocate(env, call, tiny, [f"i-{n}" for n in range(11)])) == 11


@given(st.sets(st.integers(0, 15), max_size=15))
def test_free_subnets_overlap_nothing(used):
    cidrs = [f"172.31.{n * 16}.0/20" for n in used]
    free = list(free_subnet_cidrs(DEFAULT_CIDR, cidrs))
    assert len(free) == 16 - len(used)
    assert not set(free) & set(cidrs)


def test_zone_ids():
    assert zone_id("eu-home-1b") == "euhome1-az2"
    assert zone_id("us-east-1a") == "use1-az1"
    assert zone_id("ap-southeast-3c") == "apse3-az3"
