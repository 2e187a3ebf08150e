"""Private addresses: the lowest free ones of a subnet, taken in the caller's transaction."""

from __future__ import annotations

import ipaddress
from itertools import islice
from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid, NotFound, Unavailable
from volano.services.network.model import RESERVED_FIRST, Placement, Subnet
from volano.services.network.store import vpcs as store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from volano.kernel.store import Reader, Tx


class InsufficientFreeAddresses(Unavailable):
    code = "InsufficientFreeAddressesInSubnet"
    status = 400


class AddressInUse(Invalid):
    code = "InvalidIPAddress.InUse"


class SubnetNotFound(NotFound):
    code = "InvalidSubnetID.NotFound"
    status = 400


async def get_subnet(reader: Reader, account: str, subnet_id: str) -> Subnet:
    """Raises SubnetNotFound."""
    found = await store.select_subnet(reader, account, subnet_id)
    if found is None:
        raise SubnetNotFound(f"The subnet ID '{subnet_id}' does not exist")
    return found


async def list_default_subnets(reader: Reader, account: str) -> dict[str, Subnet]:
    """The account's default subnet of each zone."""
    subnets = await store.select_subnets(reader, account)
    return {subnet.zone: subnet for subnet in subnets if subnet.is_default}


async def allocate(
    tx: Tx, account: str, subnet: Subnet, owners: list[str], *, wish: str | None = None
) -> list[Placement]:
    """Take an address for each owner: the one wished for, else the lowest free ones."""
    taken = await store.select_taken(tx, subnet.id)
    if wish is not None:
        addresses = [_wished(subnet, wish, taken)]
    else:
        addresses = list(islice(_free(subnet, taken), len(owners)))
    if len(addresses) < len(owners):
        raise InsufficientFreeAddresses(
            f"The subnet {subnet.id} has {len(addresses)} free addresses, not {len(owners)}."
        )
    await store.insert_addresses(
        tx,
        [
            (subnet.id, address, account, owner)
            for address, owner in zip(addresses, owners, strict=True)
        ],
    )
    vpc = await store.select_vpc(tx, account, subnet.vpc_id)
    assert vpc is not None, "a subnet without its VPC"
    return [
        Placement(
            vpc_id=vpc.id,
            vpc_cidr=vpc.cidr,
            subnet_id=subnet.id,
            subnet_cidr=subnet.cidr,
            zone=subnet.zone,
            address=address,
            gateway=subnet.gateway,
        )
        for address in addresses
    ]


async def release(tx: Tx, *, owner: str) -> None:
    """Give back every address of `owner`."""
    await store.delete_addresses(tx, owner)


def _wished(subnet: Subnet, wish: str, taken: set[str]) -> str:
    network = ipaddress.ip_network(subnet.cidr)
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


def _free(subnet: Subnet, taken: set[str]) -> Iterator[str]:
    network = ipaddress.ip_network(subnet.cidr)
    first = int(network.network_address) + RESERVED_FIRST
    for position in range(first, int(network.broadcast_address)):
        address = str(ipaddress.ip_address(position))
        if address not in taken:
            yield address
