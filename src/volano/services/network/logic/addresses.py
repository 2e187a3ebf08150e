"""Private addresses: the lowest free one of a subnet, taken in the caller's transaction."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid, NotFound, Unavailable
from volano.services.network import store
from volano.services.network.model import RESERVED_FIRST, Placement, Subnet

if TYPE_CHECKING:
    from volano.kernel.store import Tx


class InsufficientFreeAddresses(Unavailable):
    code = "InsufficientFreeAddressesInSubnet"
    status = 400


class AddressInUse(Invalid):
    code = "InvalidIPAddress.InUse"


class SubnetNotFound(NotFound):
    code = "InvalidSubnetID.NotFound"
    status = 400


async def choose_subnet(
    tx: Tx, account: str, *, subnet_id: str | None, zones: tuple[str, ...]
) -> Subnet:
    """The subnet asked for, else the default one of the first of `zones`; raises SubnetNotFound."""
    subnets = await store.select_subnets(tx, account)
    if subnet_id is not None:
        found = next((subnet for subnet in subnets if subnet.id == subnet_id), None)
        if found is None:
            raise SubnetNotFound(f"The subnet ID '{subnet_id}' does not exist")
        return found
    for zone in zones:
        for subnet in subnets:
            if subnet.is_default and subnet.zone == zone:
                return subnet
    raise SubnetNotFound("The account has no default subnet in the zones that are up.")


async def allocate(
    tx: Tx, account: str, subnet: Subnet, *, owner: str, wish: str | None = None
) -> Placement:
    """Take an address for `owner`: the one wished for, else the lowest free one."""
    network = ipaddress.ip_network(subnet.cidr)
    taken = await store.select_taken(tx, subnet.id)
    if wish is not None:
        address = _wished(network, wish, taken)
    else:
        address = _lowest_free(network, taken, subnet)
    await store.insert_address(
        tx, subnet_id=subnet.id, address=address, account=account, owner=owner
    )
    vpc = await store.select_vpc(tx, account, subnet.vpc_id)
    assert vpc is not None, "a subnet without its VPC"
    return Placement(
        vpc_id=subnet.vpc_id,
        vpc_cidr=vpc.cidr,
        subnet_id=subnet.id,
        subnet_cidr=subnet.cidr,
        zone=subnet.zone,
        address=address,
        gateway=subnet.gateway,
    )


async def release(tx: Tx, *, owner: str) -> None:
    """Give back every address of `owner`."""
    await store.delete_addresses(tx, owner)


def _wished(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network, wish: str, taken: set[str]
) -> str:
    try:
        address = ipaddress.ip_address(wish)
    except ValueError:
        raise Invalid(f"'{wish}' is not an IPv4 address.", code="InvalidParameterValue") from None
    position = int(address) - int(network.network_address)
    if address not in network or position < RESERVED_FIRST or address == network.broadcast_address:
        raise Invalid(
            f"Address {wish} does not fall within the subnet's address range",
            code="InvalidParameterValue",
        )
    if str(address) in taken:
        raise AddressInUse(f"Address {wish} is in use.")
    return str(address)


def _lowest_free(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network, taken: set[str], subnet: Subnet
) -> str:
    first = int(network.network_address) + RESERVED_FIRST
    for position in range(first, int(network.broadcast_address)):
        address = str(ipaddress.ip_address(position))
        if address not in taken:
            return address
    raise InsufficientFreeAddresses(f"The subnet {subnet.id} has no free address.")
