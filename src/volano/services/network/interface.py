"""What other services may ask of the network service."""

from __future__ import annotations

from volano.services.network.logic.addresses import (
    allocate,
    get_subnet,
    list_default_subnets,
    release,
)
from volano.services.network.logic.requests import end_dry_run, matching, page_of
from volano.services.network.logic.tags import (
    get_tags,
    list_tags,
    remove_tags,
    require_network_resource,
    require_tags,
    set_tags,
)
from volano.services.network.logic.vpcs import (
    list_security_groups,
    list_subnets,
    list_vpcs,
    require_default_vpc,
)
from volano.services.network.model import Placement, SecurityGroup, Subnet, Vpc

__all__ = [
    "Placement",
    "SecurityGroup",
    "Subnet",
    "Vpc",
    "allocate",
    "end_dry_run",
    "get_subnet",
    "get_tags",
    "list_default_subnets",
    "list_security_groups",
    "list_subnets",
    "list_tags",
    "list_vpcs",
    "matching",
    "page_of",
    "release",
    "remove_tags",
    "require_default_vpc",
    "require_network_resource",
    "require_tags",
    "set_tags",
]
