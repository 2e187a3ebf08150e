"""DescribeVpcs, DescribeSubnets, DescribeSecurityGroups and what hangs on a VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import NotFound
from volano.services.network.logic import vpcs
from volano.services.network.logic.filters import matching
from volano.services.network.model import zone_id
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.network.model import SecurityGroup, Subnet, Vpc


@action("ec2:DescribeVpcs", permission="ec2:DescribeVpcs", resource="*")
async def describe_vpcs(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The account's VPCs."""
    found = _wanted(await vpcs.list_vpcs(env, call), request.get("VpcIds"), "InvalidVpcID", "vpc")
    fields = {
        "vpc-id": lambda vpc: [vpc.id],
        "cidr": lambda vpc: [vpc.cidr],
        "cidr-block-association.cidr-block": lambda vpc: [vpc.cidr],
        "is-default": lambda vpc: [_bool(vpc.is_default)],
        "isDefault": lambda vpc: [_bool(vpc.is_default)],
        "state": lambda vpc: ["available"],
        "owner-id": lambda vpc: [vpc.account],
        "tag": lambda vpc: [],
    }
    return {"Vpcs": [_vpc(vpc) for vpc in matching(found, request.get("Filters"), fields)]}


@action("ec2:DescribeSubnets", permission="ec2:DescribeSubnets", resource="*")
async def describe_subnets(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The account's subnets with their free addresses."""
    listed = await vpcs.list_subnets(env, call)
    free = {subnet.id: count for subnet, count in listed}
    every = [subnet for subnet, _ in listed]
    found = _wanted(every, request.get("SubnetIds"), "InvalidSubnetID", "subnet")
    fields = {
        "subnet-id": lambda subnet: [subnet.id],
        "vpc-id": lambda subnet: [subnet.vpc_id],
        "availability-zone": lambda subnet: [subnet.zone],
        "availabilityZone": lambda subnet: [subnet.zone],
        "cidr-block": lambda subnet: [subnet.cidr],
        "cidrBlock": lambda subnet: [subnet.cidr],
        "default-for-az": lambda subnet: [_bool(subnet.is_default)],
        "defaultForAz": lambda subnet: [_bool(subnet.is_default)],
        "state": lambda subnet: ["available"],
        "tag": lambda subnet: [],
    }
    kept = matching(found, request.get("Filters"), fields)
    return {"Subnets": [_subnet(subnet, free[subnet.id], call) for subnet in kept]}


@action("ec2:DescribeSecurityGroups", permission="ec2:DescribeSecurityGroups", resource="*")
async def describe_security_groups(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The account's security groups; today each VPC has its default one."""
    found = await vpcs.list_security_groups(env, call)
    found = _wanted(found, request.get("GroupIds"), "InvalidGroup", "security group")
    names = request.get("GroupNames")
    if names:
        found = [group for group in found if group.name in names]
    fields = {
        "group-id": lambda group: [group.id],
        "group-name": lambda group: [group.name],
        "vpc-id": lambda group: [group.vpc_id],
        "description": lambda group: [group.description],
        "owner-id": lambda group: [group.account],
        "tag": lambda group: [],
    }
    kept = matching(found, request.get("Filters"), fields)
    return {"SecurityGroups": [_group(group, call) for group in kept]}


@action("ec2:DescribeInternetGateways", permission="ec2:DescribeInternetGateways", resource="*")
async def describe_internet_gateways(
    env: Env, call: Call, request: dict[str, Any]
) -> dict[str, Any]:
    """The internet gateway of each VPC."""
    found = await vpcs.list_vpcs(env, call)
    wanted = request.get("InternetGatewayIds")
    fields = {
        "internet-gateway-id": lambda vpc: [vpc.gateway_id],
        "attachment.vpc-id": lambda vpc: [vpc.id],
        "attachment.state": lambda vpc: ["available"],
        "tag": lambda vpc: [],
    }
    kept = [vpc for vpc in found if not wanted or vpc.gateway_id in wanted]
    return {
        "InternetGateways": [
            {
                "InternetGatewayId": vpc.gateway_id,
                "OwnerId": vpc.account,
                "Attachments": [{"State": "available", "VpcId": vpc.id}],
                "Tags": [],
            }
            for vpc in matching(kept, request.get("Filters"), fields)
        ]
    }


@action("ec2:DescribeRouteTables", permission="ec2:DescribeRouteTables", resource="*")
async def describe_route_tables(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The main route table of each VPC: local, and the internet gateway for the rest."""
    found = await vpcs.list_vpcs(env, call)
    wanted = request.get("RouteTableIds")
    fields = {
        "route-table-id": lambda vpc: [vpc.route_table_id],
        "vpc-id": lambda vpc: [vpc.id],
        "association.main": lambda vpc: ["true"],
        "route.gateway-id": lambda vpc: ["local", vpc.gateway_id],
        "tag": lambda vpc: [],
    }
    kept = [vpc for vpc in found if not wanted or vpc.route_table_id in wanted]
    return {
        "RouteTables": [_route_table(vpc) for vpc in matching(kept, request.get("Filters"), fields)]
    }


@action("ec2:DescribeVpcAttribute", permission="ec2:DescribeVpcAttribute", resource="*")
async def describe_vpc_attribute(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """DNS support and DNS host names, which every VPC here has."""
    ids = [request["VpcId"]]
    _wanted(await vpcs.list_vpcs(env, call), ids, "InvalidVpcID", "vpc")
    shape = {"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"}
    answer: dict[str, Any] = {"VpcId": request["VpcId"]}
    name = shape.get(request["Attribute"])
    if name is not None:
        answer[name] = {"Value": True}
    return answer


def _wanted(items: list[Any], ids: list[str] | None, code: str, noun: str) -> list[Any]:
    if not ids:
        return items
    known = {item.id: item for item in items}
    for wanted in ids:
        if wanted not in known:
            raise NotFound(
                f"The {noun} ID '{wanted}' does not exist", code=f"{code}.NotFound", status=400
            )
    return [known[wanted] for wanted in ids]


def _vpc(vpc: Vpc) -> dict[str, Any]:
    return {
        "VpcId": vpc.id,
        "OwnerId": vpc.account,
        "CidrBlock": vpc.cidr,
        "CidrBlockAssociationSet": [
            {
                "AssociationId": vpc.id.replace("vpc-", "vpc-cidr-assoc-"),
                "CidrBlock": vpc.cidr,
                "CidrBlockState": {"State": "associated"},
            }
        ],
        "DhcpOptionsId": vpc.dhcp_options_id,
        "InstanceTenancy": "default",
        "IsDefault": vpc.is_default,
        "State": "available",
        "Tags": [],
    }


def _subnet(subnet: Subnet, free: int, call: Call) -> dict[str, Any]:
    return {
        "SubnetId": subnet.id,
        "SubnetArn": f"arn:aws:ec2:{call.region}:{subnet.account}:subnet/{subnet.id}",
        "VpcId": subnet.vpc_id,
        "OwnerId": subnet.account,
        "AvailabilityZone": subnet.zone,
        "AvailabilityZoneId": zone_id(subnet.zone),
        "CidrBlock": subnet.cidr,
        "AvailableIpAddressCount": free,
        "DefaultForAz": subnet.is_default,
        "MapPublicIpOnLaunch": False,
        "AssignIpv6AddressOnCreation": False,
        "Ipv6CidrBlockAssociationSet": [],
        "State": "available",
        "Tags": [],
    }


def _group(group: SecurityGroup, call: Call) -> dict[str, Any]:
    everywhere = [{"CidrIp": "0.0.0.0/0"}]
    all_traffic = {"IpProtocol": "-1", "Ipv6Ranges": [], "PrefixListIds": []}
    own = [{"GroupId": group.id, "UserId": group.account}]
    return {
        "GroupId": group.id,
        "GroupName": group.name,
        "Description": group.description,
        "OwnerId": group.account,
        "VpcId": group.vpc_id,
        "SecurityGroupArn": f"arn:aws:ec2:{call.region}:{group.account}:security-group/{group.id}",
        "IpPermissions": [{**all_traffic, "IpRanges": [], "UserIdGroupPairs": own}],
        "IpPermissionsEgress": [{**all_traffic, "IpRanges": everywhere, "UserIdGroupPairs": []}],
        "Tags": [],
    }


def _route_table(vpc: Vpc) -> dict[str, Any]:
    local = {"GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"}
    outside = {"GatewayId": vpc.gateway_id, "Origin": "CreateRoute", "State": "active"}
    return {
        "RouteTableId": vpc.route_table_id,
        "VpcId": vpc.id,
        "OwnerId": vpc.account,
        "Associations": [
            {
                "Main": True,
                "RouteTableId": vpc.route_table_id,
                "RouteTableAssociationId": vpc.route_table_id.replace("rtb-", "rtbassoc-"),
                "AssociationState": {"State": "associated"},
            }
        ],
        "Routes": [
            {**local, "DestinationCidrBlock": vpc.cidr},
            {**outside, "DestinationCidrBlock": "0.0.0.0/0"},
        ],
        "PropagatingVgws": [],
        "Tags": [],
    }


def _bool(value: bool) -> str:  # noqa: FBT001 - it turns one into text
    return "true" if value else "false"
