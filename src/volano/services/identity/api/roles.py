"""IAM roles."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import (
    Shape,
    new_resource,
    new_role_shape,
    page_shape,
    paging,
    role_shape,
    tag_condition,
    tag_page,
    tags_of,
)
from volano.services.identity.logic import roles
from volano.wire.action import action

ROLE = "arn:aws:iam::{account}:role/{RoleName}"
ROLES = "arn:aws:iam::{account}:role/*"


@action(
    "iam:CreateRole",
    permission="iam:CreateRole",
    resource=new_resource("role", "RoleName"),
    condition=tag_condition,
)
async def create_role(env: Env, call: Call, request: Shape) -> Shape:
    role = roles.make_role(
        env,
        call.account,
        request["RoleName"],
        request["AssumeRolePolicyDocument"],
        path=request.get("Path") or "/",
        description=request.get("Description") or "",
        max_session_s=request.get("MaxSessionDuration") or roles.MIN_SESSION_S,
        tags=tags_of(request),
        boundary=request.get("PermissionsBoundary"),
    )
    return {"Role": new_role_shape(await roles.create_role(env, role))}


@action("iam:GetRole", permission="iam:GetRole", resource=ROLE)
async def get_role(env: Env, call: Call, request: Shape) -> Shape:
    role = await roles.get_role(env.store.reader, call.account, request["RoleName"])
    return {"Role": role_shape(role)}


@action("iam:ListRoles", permission="iam:ListRoles", resource=ROLES)
async def list_roles(env: Env, call: Call, request: Shape) -> Shape:
    found, marker = await roles.list_roles(
        env, call, path_prefix=request.get("PathPrefix") or "/", **paging(request)
    )
    return page_shape("Roles", [role_shape(role, detailed=False) for role in found], marker)


@action("iam:UpdateRole", permission="iam:UpdateRole", resource=ROLE)
async def update_role(env: Env, call: Call, request: Shape) -> Shape:
    await roles.update_role(
        env,
        call,
        request["RoleName"],
        description=request.get("Description"),
        max_session_s=request.get("MaxSessionDuration"),
    )
    return {}


@action("iam:UpdateRoleDescription", permission="iam:UpdateRoleDescription", resource=ROLE)
async def update_role_description(env: Env, call: Call, request: Shape) -> Shape:
    role = await roles.update_role(
        env, call, request["RoleName"], description=request["Description"], max_session_s=None
    )
    return {"Role": role_shape(role)}


@action("iam:UpdateAssumeRolePolicy", permission="iam:UpdateAssumeRolePolicy", resource=ROLE)
async def update_assume_role_policy(env: Env, call: Call, request: Shape) -> None:
    await roles.update_trust(env, call, request["RoleName"], request["PolicyDocument"])


@action("iam:DeleteRole", permission="iam:DeleteRole", resource=ROLE)
async def delete_role(env: Env, call: Call, request: Shape) -> None:
    await roles.delete_role(env, call, request["RoleName"])


@action("iam:TagRole", permission="iam:TagRole", resource=ROLE, condition=tag_condition)
async def tag_role(env: Env, call: Call, request: Shape) -> None:
    await roles.tag_role(env, call, request["RoleName"], add=tags_of(request))


@action("iam:UntagRole", permission="iam:UntagRole", resource=ROLE, condition=tag_condition)
async def untag_role(env: Env, call: Call, request: Shape) -> None:
    await roles.tag_role(env, call, request["RoleName"], add={}, remove=request["TagKeys"])


@action("iam:ListRoleTags", permission="iam:ListRoleTags", resource=ROLE)
async def list_role_tags(env: Env, call: Call, request: Shape) -> Shape:
    role = await roles.get_role(env.store.reader, call.account, request["RoleName"])
    return tag_page(request, role.tags)


@action(
    "iam:PutRolePermissionsBoundary",
    permission="iam:PutRolePermissionsBoundary",
    resource=ROLE,
    condition=tag_condition,
)
async def put_role_permissions_boundary(env: Env, call: Call, request: Shape) -> None:
    await roles.put_role_boundary(env, call, request["RoleName"], request["PermissionsBoundary"])


@action(
    "iam:DeleteRolePermissionsBoundary",
    permission="iam:DeleteRolePermissionsBoundary",
    resource=ROLE,
)
async def delete_role_permissions_boundary(env: Env, call: Call, request: Shape) -> None:
    await roles.put_role_boundary(env, call, request["RoleName"], None)
