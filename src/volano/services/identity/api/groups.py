"""IAM groups."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import (
    Shape,
    group_shape,
    new_resource,
    page_shape,
    paging,
    user_shape,
)
from volano.services.identity.logic import groups
from volano.wire.action import action

GROUP = "arn:aws:iam::{account}:group/{GroupName}"
GROUPS = "arn:aws:iam::{account}:group/*"


@action(
    "iam:CreateGroup", permission="iam:CreateGroup", resource=new_resource("group", "GroupName")
)
async def create_group(env: Env, call: Call, request: Shape) -> Shape:
    group = await groups.create_group(
        env, call, request["GroupName"], path=request.get("Path") or "/"
    )
    return {"Group": group_shape(group)}


@action("iam:GetGroup", permission="iam:GetGroup", resource=GROUP)
async def get_group(env: Env, call: Call, request: Shape) -> Shape:
    group, members, marker = await groups.list_members(
        env, call, request["GroupName"], **paging(request)
    )
    shapes = [user_shape(user, detailed=False) for user in members]
    return {"Group": group_shape(group), **page_shape("Users", shapes, marker)}


@action("iam:ListGroups", permission="iam:ListGroups", resource=GROUPS)
async def list_groups(env: Env, call: Call, request: Shape) -> Shape:
    found, marker = await groups.list_groups(
        env, call, path_prefix=request.get("PathPrefix") or "/", **paging(request)
    )
    return page_shape("Groups", [group_shape(group) for group in found], marker)


@action(
    "iam:ListGroupsForUser",
    permission="iam:ListGroupsForUser",
    resource="arn:aws:iam::{account}:user/{UserName}",
)
async def list_groups_for_user(env: Env, call: Call, request: Shape) -> Shape:
    found, marker = await groups.list_groups_of(env, call, request["UserName"], **paging(request))
    return page_shape("Groups", [group_shape(group) for group in found], marker)


@action("iam:UpdateGroup", permission="iam:UpdateGroup", resource=GROUP)
async def update_group(env: Env, call: Call, request: Shape) -> None:
    await groups.update_group(
        env,
        call,
        request["GroupName"],
        new_name=request.get("NewGroupName"),
        new_path=request.get("NewPath"),
    )


@action("iam:DeleteGroup", permission="iam:DeleteGroup", resource=GROUP)
async def delete_group(env: Env, call: Call, request: Shape) -> None:
    await groups.delete_group(env, call, request["GroupName"])


@action("iam:AddUserToGroup", permission="iam:AddUserToGroup", resource=GROUP)
async def add_user_to_group(env: Env, call: Call, request: Shape) -> None:
    await groups.add_user_to_group(env, call, request["GroupName"], request["UserName"])


@action("iam:RemoveUserFromGroup", permission="iam:RemoveUserFromGroup", resource=GROUP)
async def remove_user_from_group(env: Env, call: Call, request: Shape) -> None:
    await groups.remove_user_from_group(env, call, request["GroupName"], request["UserName"])
