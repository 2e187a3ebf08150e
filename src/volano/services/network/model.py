"""The nouns of the network service."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_CIDR = "172.31.0.0/16"
SUBNET_PREFIX = 20
RESERVED_FIRST = 4
"""The network address, the router, the resolver and one more, as EC2 keeps them in each subnet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    """One isolated network of an account with its gateway, main route table and network ACL."""

    account: str
    id: str
    cidr: str
    is_default: bool
    gateway_id: str
    route_table_id: str
    network_acl_id: str
    dhcp_options_id: str
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """A range of a VPC in one zone."""

    account: str
    id: str
    vpc_id: str
    zone: str
    cidr: str
    is_default: bool

    @property
    def gateway(self) -> str:
        return str(ipaddress.ip_network(self.cidr)[1])

    @property
    def capacity(self) -> int:
        """Addresses that instances can have."""
        return ipaddress.ip_network(self.cidr).num_addresses - RESERVED_FIRST - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    account: str
    id: str
    vpc_id: str
    name: str
    description: str
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a new instance's interface is: what RunInstances writes into its row."""

    vpc_id: str
    vpc_cidr: str
    subnet_id: str
    subnet_cidr: str
    zone: str
    address: str
    gateway: str


def free_subnet_cidrs(cidr: str, used: list[str]) -> Iterator[str]:
    """The default subnets of a VPC that overlap no subnet in use, in order."""
    taken = [ipaddress.ip_network(text) for text in used]
    for network in ipaddress.ip_network(cidr).subnets(new_prefix=SUBNET_PREFIX):
        if not any(network.overlaps(other) for other in taken):
            yield str(network)
