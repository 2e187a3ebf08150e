"""Rows of the network service as EC2's shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import NotFound
from volano.kernel.place import zone_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.kernel.call import Call
    from volano.services.network.model import SecurityGroup, Subnet, Vpc

Tags = dict[str, str]
EVERYWHERE = "0.0.0.0/0"


def wanted_items(
    items: list[Any],
    ids: list[str] | None,
    code: str,
    noun: str,
    key: Callable[[Any], str] = lambda item: str(item.id),
) -> list[Any]:
    """Those with the ids asked for, all or none; everything when none was asked for."""
    if not ids:
        return items
    known = {key(item): item for item in items}
    for wanted in ids:
        if wanted not in known:
            raise NotFound(
                f"The {noun} ID '{wanted}' does not exist", code=f"{code}.NotFound", status=400
            )
    return [item for item in items if key(item) in set(ids)]


def tag_filter(tags: dict[str, Tags], id_of: Callable[[Any], str]) -> Callable[[Any], list[str]]:
    """The values of the filter field `tag` (see `matching`)."""
    return lambda item: [f"{key}={value}" for key, value in tags.get(id_of(item), {}).items()]


def text_of(value: bool) -> str:  # noqa: FBT001 - it turns one into text
    return "true" if value else "false"


def vpc_of(vpc: Vpc, tags: Tags) -> dict[str, Any]:
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
        "Tags": _tag_list(tags),
    }


def subnet_of(subnet: Subnet, free: int, tags: Tags, call: Call) -> dict[str, Any]:
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
        "Tags": _tag_list(tags),
    }


def group_of(group: SecurityGroup, tags: Tags, call: Call) -> dict[str, Any]:
    everything = {"IpProtocol": "-1", "Ipv6Ranges": [], "PrefixListIds": []}
    own = [{"GroupId": group.id, "UserId": group.account}]
    outwards = [{"CidrIp": EVERYWHERE}]
    return {
        "GroupId": group.id,
        "GroupName": group.name,
        "Description": group.description,
        "OwnerId": group.account,
        "VpcId": group.vpc_id,
        "SecurityGroupArn": f"arn:aws:ec2:{call.region}:{group.account}:security-group/{group.id}",
        "IpPermissions": [{**everything, "IpRanges": [], "UserIdGroupPairs": own}],
        "IpPermissionsEgress": [{**everything, "IpRanges": outwards, "UserIdGroupPairs": []}],
        "Tags": _tag_list(tags),
    }


def group_rules_of(group: SecurityGroup) -> list[dict[str, Any]]:
    """The two rules of a default group; their ids are the group's with a fixed last digit."""
    both = {
        "GroupId": group.id,
        "GroupOwnerId": group.account,
        "IpProtocol": "-1",
        "FromPort": -1,
        "ToPort": -1,
        "Tags": [],
    }
    stem = group.id.replace("sg-", "sgr-")[:-1]
    own = {"GroupId": group.id, "UserId": group.account}
    return [
        {**both, "SecurityGroupRuleId": f"{stem}0", "IsEgress": False, "ReferencedGroupInfo": own},
        {**both, "SecurityGroupRuleId": f"{stem}1", "IsEgress": True, "CidrIpv4": EVERYWHERE},
    ]


def gateway_of(vpc: Vpc, tags: Tags) -> dict[str, Any]:
    return {
        "InternetGatewayId": vpc.gateway_id,
        "OwnerId": vpc.account,
        "Attachments": [{"State": "available", "VpcId": vpc.id}],
        "Tags": _tag_list(tags),
    }


def route_table_of(vpc: Vpc, tags: Tags) -> dict[str, Any]:
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
            {**outside, "DestinationCidrBlock": EVERYWHERE},
        ],
        "PropagatingVgws": [],
        "Tags": _tag_list(tags),
    }


def network_acl_of(vpc: Vpc, subnet_ids: list[str], tags: Tags) -> dict[str, Any]:
    def entry(number: int, action: str, *, egress: bool) -> dict[str, Any]:
        return {
            "RuleNumber": number,
            "RuleAction": action,
            "Egress": egress,
            "Protocol": "-1",
            "CidrBlock": EVERYWHERE,
        }

    return {
        "NetworkAclId": vpc.network_acl_id,
        "VpcId": vpc.id,
        "OwnerId": vpc.account,
        "IsDefault": True,
        "Associations": [
            {
                "NetworkAclAssociationId": subnet_id.replace("subnet-", "aclassoc-"),
                "NetworkAclId": vpc.network_acl_id,
                "SubnetId": subnet_id,
            }
            for subnet_id in subnet_ids
        ],
        "Entries": [
            entry(number, action, egress=egress)
            for egress in (True, False)
            for number, action in ((100, "allow"), (32767, "deny"))
        ],
        "Tags": _tag_list(tags),
    }


def _tag_list(tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
