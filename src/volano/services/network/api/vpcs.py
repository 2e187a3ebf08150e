"""DescribeVpcs, DescribeSubnets, DescribeInternetGateways, DescribeRouteTables and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Invalid
from volano.kernel.place import zone_id
from volano.services.network.api.shapes import (
    gateway_of,
    network_acl_of,
    route_table_of,
    subnet_of,
    tag_filter,
    text_of,
    vpc_of,
    wanted_items,
)
from volano.services.network.logic import vpcs
from volano.services.network.logic.requests import end_dry_run, matching, page_of
from volano.services.network.logic.tags import list_tags
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

_VPC_ATTRIBUTES = {
    "enableDnsSupport": ("EnableDnsSupport", True),
    "enableDnsHostnames": ("EnableDnsHostnames", True),
    "enableNetworkAddressUsageMetrics": ("EnableNetworkAddressUsageMetrics", False),
}


@action("ec2:DescribeVpcs", permission="ec2:DescribeVpcs", resource="*")
async def describe_vpcs(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The account's VPCs."""
    end_dry_run(request)
    listed = await vpcs.list_vpcs(env, call)
    found = wanted_items(listed, request.get("VpcIds"), "InvalidVpcID", "vpc")
    tags = await list_tags(env, call)
    fields = {
        "vpc-id": lambda vpc: [vpc.id],
        "cidr": lambda vpc: [vpc.cidr],
        "cidr-block-association.cidr-block": lambda vpc: [vpc.cidr],
        "dhcp-options-id": lambda vpc: [vpc.dhcp_options_id],
        "is-default": lambda vpc: [text_of(vpc.is_default)],
        "isDefault": lambda vpc: [text_of(vpc.is_default)],
        "state": lambda vpc: ["available"],
        "owner-id": lambda vpc: [vpc.account],
        "tag": tag_filter(tags, lambda vpc: vpc.id),
    }
    kept = matching(found, request.get("Filters"), fields)
    page, token = page_of(kept, request, lambda vpc: vpc.id)
    return _answer("Vpcs", [vpc_of(vpc, tags.get(vpc.id, {})) for vpc in page], token)


@action("ec2:DescribeSubnets", permission="ec2:DescribeSubnets", resource="*")
async def describe_subnets(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The account's subnets with their free addresses."""
    end_dry_run(request)
    listed = await vpcs.list_subnets(env, call)
    free = {subnet.id: count for subnet, count in listed}
    every = [subnet for subnet, _ in listed]
    found = wanted_items(every, request.get("SubnetIds"), "InvalidSubnetID", "subnet")
    tags = await list_tags(env, call)
    fields = {
        "subnet-id": lambda subnet: [subnet.id],
        "vpc-id": lambda subnet: [subnet.vpc_id],
        "availability-zone": lambda subnet: [subnet.zone],
        "availabilityZone": lambda subnet: [subnet.zone],
        "availability-zone-id": lambda subnet: [zone_id(subnet.zone)],
        "available-ip-address-count": lambda subnet: [str(free[subnet.id])],
        "cidr-block": lambda subnet: [subnet.cidr],
        "cidrBlock": lambda subnet: [subnet.cidr],
        "default-for-az": lambda subnet: [text_of(subnet.is_default)],
        "defaultForAz": lambda subnet: [text_of(subnet.is_default)],
        "map-public-ip-on-launch": lambda subnet: ["false"],
        "owner-id": lambda subnet: [subnet.account],
        "state": lambda subnet: ["available"],
        "tag": tag_filter(tags, lambda subnet: subnet.id),
    }
    kept = matching(found, request.get("Filters"), fields)
    page, token = page_of(
        sorted(kept, key=lambda subnet: (subnet.zone, subnet.id)),
        request,
        lambda subnet: f"{subnet.zone} {subnet.id}",
    )
    shapes = [subnet_of(subnet, free[subnet.id], tags.get(subnet.id, {}), call) for subnet in page]
    return _answer("Subnets", shapes, token)


@action("ec2:DescribeInternetGateways", permission="ec2:DescribeInternetGateways", resource="*")
async def describe_internet_gateways(
    env: Env, call: Call, request: dict[str, Any]
) -> dict[str, Any]:
    """The internet gateway of each VPC."""
    end_dry_run(request)
    found = wanted_items(
        await vpcs.list_vpcs(env, call),
        request.get("InternetGatewayIds"),
        "InvalidInternetGatewayID",
        "internetGateway",
        key=lambda vpc: vpc.gateway_id,
    )
    tags = await list_tags(env, call)
    fields = {
        "internet-gateway-id": lambda vpc: [vpc.gateway_id],
        "attachment.vpc-id": lambda vpc: [vpc.id],
        "attachment.state": lambda vpc: ["available"],
        "owner-id": lambda vpc: [vpc.account],
        "tag": tag_filter(tags, lambda vpc: vpc.gateway_id),
    }
    kept = matching(found, request.get("Filters"), fields)
    shapes = [gateway_of(vpc, tags.get(vpc.gateway_id, {})) for vpc in kept]
    return _answer("InternetGateways", shapes)


@action("ec2:DescribeRouteTables", permission="ec2:DescribeRouteTables", resource="*")
async def describe_route_tables(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The main route table of each VPC: local, and the internet gateway for the rest."""
    end_dry_run(request)
    found = wanted_items(
        await vpcs.list_vpcs(env, call),
        request.get("RouteTableIds"),
        "InvalidRouteTableID",
        "routeTable",
        key=lambda vpc: vpc.route_table_id,
    )
    tags = await list_tags(env, call)
    fields = {
        "route-table-id": lambda vpc: [vpc.route_table_id],
        "vpc-id": lambda vpc: [vpc.id],
        "association.main": lambda vpc: ["true"],
        "association.route-table-id": lambda vpc: [vpc.route_table_id],
        "association.subnet-id": lambda vpc: [],
        "route.destination-cidr-block": lambda vpc: [vpc.cidr, "0.0.0.0/0"],
        "route.gateway-id": lambda vpc: ["local", vpc.gateway_id],
        "owner-id": lambda vpc: [vpc.account],
        "tag": tag_filter(tags, lambda vpc: vpc.route_table_id),
    }
    kept = matching(found, request.get("Filters"), fields)
    shapes = [route_table_of(vpc, tags.get(vpc.route_table_id, {})) for vpc in kept]
    return _answer("RouteTables", shapes)


@action("ec2:DescribeNetworkAcls", permission="ec2:DescribeNetworkAcls", resource="*")
async def describe_network_acls(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The default network ACL of each VPC, which lets everything pass, as EC2's default does."""
    end_dry_run(request)
    found = wanted_items(
        await vpcs.list_vpcs(env, call),
        request.get("NetworkAclIds"),
        "InvalidNetworkAclID",
        "networkAcl",
        key=lambda vpc: vpc.network_acl_id,
    )
    listed = await vpcs.list_subnets(env, call)
    tags = await list_tags(env, call)
    fields = {
        "network-acl-id": lambda vpc: [vpc.network_acl_id],
        "vpc-id": lambda vpc: [vpc.id],
        "default": lambda vpc: ["true"],
        "owner-id": lambda vpc: [vpc.account],
        "association.subnet-id": lambda vpc: [s.id for s, _ in listed if s.vpc_id == vpc.id],
        "tag": tag_filter(tags, lambda vpc: vpc.network_acl_id),
    }
    shapes = []
    for vpc in matching(found, request.get("Filters"), fields):
        subnets = [subnet.id for subnet, _ in listed if subnet.vpc_id == vpc.id]
        shapes.append(network_acl_of(vpc, subnets, tags.get(vpc.network_acl_id, {})))
    return _answer("NetworkAcls", shapes)


@action("ec2:DescribeVpcAttribute", permission="ec2:DescribeVpcAttribute", resource="*")
async def describe_vpc_attribute(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """DNS support and DNS host names, which every VPC here has."""
    end_dry_run(request)
    wanted_items(await vpcs.list_vpcs(env, call), [request["VpcId"]], "InvalidVpcID", "vpc")
    if request["Attribute"] not in _VPC_ATTRIBUTES:
        raise Invalid(
            f"The attribute {request['Attribute'][:60]} is not one of "
            f"{', '.join(_VPC_ATTRIBUTES)}.",
            code="InvalidParameterValue",
        )
    name, value = _VPC_ATTRIBUTES[request["Attribute"]]
    return {"VpcId": request["VpcId"], name: {"Value": value}}


@action("ec2:DescribeAddresses", permission="ec2:DescribeAddresses", resource="*")
async def describe_addresses(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Elastic addresses: there are none, since none can be allocated yet."""
    end_dry_run(request)
    for name, code in (("AllocationIds", "InvalidAllocationID"), ("PublicIps", "InvalidAddress")):
        wanted_items([], request.get(name), code, "address")
    return {"Addresses": []}


def _answer(name: str, shapes: list[dict[str, Any]], token: str = "") -> dict[str, Any]:
    return {name: shapes, "NextToken": token} if token else {name: shapes}
