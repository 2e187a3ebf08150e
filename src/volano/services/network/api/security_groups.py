"""DescribeSecurityGroups and DescribeSecurityGroupRules: what is enforced today, said as it is.

Each VPC has its default group and no other. The runtime lets instances of a VPC reach each other
and lets them reach out; nothing outside can open a connection to them. That is exactly the pair of
rules that EC2's default group begins with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.services.network.api.shapes import (
    group_of,
    group_rules_of,
    tag_filter,
    wanted_items,
)
from volano.services.network.logic import vpcs
from volano.services.network.logic.requests import end_dry_run, matching, page_of
from volano.services.network.logic.tags import list_tags
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env


@action("ec2:DescribeSecurityGroups", permission="ec2:DescribeSecurityGroups", resource="*")
async def describe_security_groups(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The account's security groups; today each VPC has its default one."""
    end_dry_run(request)
    listed = await vpcs.list_security_groups(env, call)
    found = wanted_items(listed, request.get("GroupIds"), "InvalidGroup", "security group")
    found = wanted_items(
        found,
        request.get("GroupNames"),
        "InvalidGroup",
        "security group",
        key=lambda group: group.name,
    )
    tags = await list_tags(env, call)
    fields = {
        "group-id": lambda group: [group.id],
        "group-name": lambda group: [group.name],
        "vpc-id": lambda group: [group.vpc_id],
        "description": lambda group: [group.description],
        "owner-id": lambda group: [group.account],
        "ip-permission.group-id": lambda group: [group.id],
        "ip-permission.protocol": lambda group: ["-1"],
        "egress.ip-permission.cidr": lambda group: ["0.0.0.0/0"],
        "egress.ip-permission.protocol": lambda group: ["-1"],
        "tag": tag_filter(tags, lambda group: group.id),
    }
    kept = matching(found, request.get("Filters"), fields)
    page, token = page_of(sorted(kept, key=lambda group: group.id), request, lambda g: g.id)
    answer: dict[str, Any] = {
        "SecurityGroups": [group_of(group, tags.get(group.id, {}), call) for group in page]
    }
    return answer | ({"NextToken": token} if token else {})


@action("ec2:DescribeSecurityGroupRules", permission="ec2:DescribeSecurityGroupRules", resource="*")
async def describe_security_group_rules(
    env: Env, call: Call, request: dict[str, Any]
) -> dict[str, Any]:
    """The rules of the default groups: all within the group, all outwards."""
    end_dry_run(request)
    groups = await vpcs.list_security_groups(env, call)
    rules = [rule for group in groups for rule in group_rules_of(group)]
    rules = wanted_items(
        rules,
        request.get("SecurityGroupRuleIds"),
        "InvalidSecurityGroupRuleId",
        "security group rule",
        key=lambda rule: rule["SecurityGroupRuleId"],
    )
    fields = {
        "group-id": lambda rule: [rule["GroupId"]],
        "security-group-rule-id": lambda rule: [rule["SecurityGroupRuleId"]],
        "tag": lambda rule: [],
    }
    return {"SecurityGroupRules": matching(rules, request.get("Filters"), fields)}
