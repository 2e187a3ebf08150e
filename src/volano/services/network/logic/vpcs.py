"""VPCs: each account has a default one, with a subnet in every zone, from its first use on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.network import store
from volano.services.network.model import (
    DEFAULT_CIDR,
    SecurityGroup,
    Subnet,
    Vpc,
    subnet_cidrs,
)

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx


async def require_default_vpc(env: Env, call: Call) -> Vpc:
    """The account's default VPC, made when it is not there yet."""
    found = await store.select_default_vpc(env.store.reader, call.account)
    if found is not None:
        return found

    async def write(tx: Tx) -> Vpc:
        known = await store.select_default_vpc(tx, call.account)
        return known or await _create_default(tx, env, call.account)

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
    cidrs = subnet_cidrs(vpc.cidr, len(env.region.zones))
    for zone, cidr in zip(env.region.zones, cidrs, strict=True):
        subnet = Subnet(
            account=account,
            id=env.ids.resource("subnet"),
            vpc_id=vpc.id,
            zone=zone,
            cidr=cidr,
            is_default=True,
        )
        await store.insert_subnet(tx, subnet)
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
