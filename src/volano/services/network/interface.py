"""What other services may ask of the network service."""

from __future__ import annotations

from volano.services.network.logic.addresses import allocate, choose_subnet, release
from volano.services.network.logic.filters import matching
from volano.services.network.logic.vpcs import (
    list_security_groups,
    list_subnets,
    list_vpcs,
    require_default_vpc,
)
from volano.services.network.model import Placement, SecurityGroup, Subnet, Vpc, zone_id

__all__ = [
    "Placement",
    "SecurityGroup",
    "Subnet",
    "Vpc",
    "allocate",
    "choose_subnet",
    "list_security_groups",
    "list_subnets",
    "list_vpcs",
    "matching",
    "release",
    "require_default_vpc",
    "zone_id",
]
