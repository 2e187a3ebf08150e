"""VPCs: each account has a default one, with a subnet in every zone, from its first use on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.network.model import (
    DEFAULT_CIDR,
    SecurityGroup,
    Subnet,
    Vpc,
    free_subnet_cidrs,
)
from volano.services.network.store import vpcs as store

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx


async def require_default_vpc(env: Env, call: Call) -> Vpc:
    """The account's default VPC with a subnet in every zone, made when it is not there yet."""
    reader = env.store.reader
    found = await store.select_default_vpc(reader, call.account)
    if found is not None and not await _zones_without_subnet(reader, env, found):
        return found

    async def write(tx: Tx) -> Vpc:
        vpc = await store.select_default_vpc(tx, call.account)
        if vpc is None:
            vpc = await _create_default(tx, env, call.account)
        await _add_subnets(tx, env, vpc)
        return vpc

    return await env.store.transact(write)


async def list_vpcs(env: Env, call: Call) -> list[Vpc]:
    await require_default_vpc(env, call)
    return await store.select_vpcs(env.store.reader, call.account)


async def list_subnets(env: Env, call: Call) -> list[tuple[Subnet, int]]:
    """The account's subnets, each with its number of free addresses."""
    await require_default_vpc(env, call)
    taken = await store.count_taken(env.store.reader, call.account)
    subnets = await store.select_subnets(env.store.reader, call.account)
    return [(subnet, subnet.capacity - taken.get(subnet.id, 0)) for subnet in subnets]


async def list_security_groups(env: Env, call: Call) -> list[SecurityGroup]:
    await require_default_vpc(env, call)
    return await store.select_security_groups(env.store.reader, call.account)


async def _create_default(tx: Tx, env: Env, account: str) -> Vpc:
    now = env.clock.now_us()
    vpc = Vpc(
        account=account,
        id=env.ids.resource("vpc"),
        cidr=DEFAULT_CIDR,
        is_default=True,
        gateway_id=env.ids.resource("igw"),
        route_table_id=env.ids.resource("rtb"),
        network_acl_id=env.ids.resource("acl"),
        dhcp_options_id=env.ids.resource("dopt"),
        created_us=now,
    )
    await store.insert_vpc(tx, vpc)
    group = SecurityGroup(
        account=account,
        id=env.ids.resource("sg"),
        vpc_id=vpc.id,
        name="default",
        description="default VPC security group",
        created_us=now,
    )
    await store.insert_security_group(tx, group)
    return vpc


async def _zones_without_subnet(reader: Reader, env: Env, vpc: Vpc) -> list[str]:
    subnets = await store.select_subnets(reader, vpc.account)
    served = {subnet.zone for subnet in subnets if subnet.is_default}
    return [zone for zone in env.region.zones if zone not in served]


async def _add_subnets(tx: Tx, env: Env, vpc: Vpc) -> None:
    """A default subnet for each zone that has none: all of them at first, later ones added."""
    zones = await _zones_without_subnet(tx, env, vpc)
    known = await store.select_subnets(tx, vpc.account)
    used = [subnet.cidr for subnet in known if subnet.vpc_id == vpc.id]
    for zone, cidr in zip(zones, free_subnet_cidrs(vpc.cidr, used), strict=False):
        subnet = Subnet(
            account=vpc.account,
            id=env.ids.resource("subnet"),
            vpc_id=vpc.id,
            zone=zone,
            cidr=cidr,
            is_default=True,
        )
        await store.insert_subnet(tx, subnet)
