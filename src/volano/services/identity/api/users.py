"""IAM users."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import (
    Shape,
    new_resource,
    page_shape,
    paging,
    tag_condition,
    tag_page,
    tags_of,
    user_resource,
    user_shape,
)
from volano.services.identity.logic import users
from volano.wire.action import action

USER = "arn:aws:iam::{account}:user/{UserName}"
USERS = "arn:aws:iam::{account}:user/*"


@action(
    "iam:CreateUser",
    permission="iam:CreateUser",
    resource=new_resource("user", "UserName"),
    condition=tag_condition,
)
async def create_user(env: Env, call: Call, request: Shape) -> Shape:
    user = users.make_user(
        env,
        call.account,
        request["UserName"],
        path=request.get("Path"),
        tags=tags_of(request),
        boundary=request.get("PermissionsBoundary"),
    )
    return {"User": user_shape(await users.create_user(env, call, user))}


@action("iam:GetUser", permission="iam:GetUser", resource=user_resource)
async def get_user(env: Env, call: Call, request: Shape) -> Shape:
    user = await users.get_user_or_self(env.store.reader, call, request.get("UserName"))
    return {"User": user_shape(user)}


@action("iam:ListUsers", permission="iam:ListUsers", resource=USERS)
async def list_users(env: Env, call: Call, request: Shape) -> Shape:
    found, marker = await users.list_users(
        env, call, path_prefix=request.get("PathPrefix") or "/", **paging(request)
    )
    return page_shape("Users", [user_shape(user, detailed=False) for user in found], marker)


@action("iam:UpdateUser", permission="iam:UpdateUser", resource=USER)
async def update_user(env: Env, call: Call, request: Shape) -> None:
    await users.update_user(
        env,
        call,
        request["UserName"],
        new_name=request.get("NewUserName"),
        new_path=request.get("NewPath"),
    )


@action("iam:DeleteUser", permission="iam:DeleteUser", resource=USER)
async def delete_user(env: Env, call: Call, request: Shape) -> None:
    await users.delete_user(env, call, request["UserName"])


@action("iam:TagUser", permission="iam:TagUser", resource=USER, condition=tag_condition)
async def tag_user(env: Env, call: Call, request: Shape) -> None:
    await users.tag_user(env, call, request["UserName"], add=tags_of(request))


@action("iam:UntagUser", permission="iam:UntagUser", resource=USER, condition=tag_condition)
async def untag_user(env: Env, call: Call, request: Shape) -> None:
    await users.tag_user(env, call, request["UserName"], add={}, remove=request["TagKeys"])


@action("iam:ListUserTags", permission="iam:ListUserTags", resource=USER)
async def list_user_tags(env: Env, call: Call, request: Shape) -> Shape:
    user = await users.get_user(env.store.reader, call.account, request["UserName"])
    return tag_page(request, user.tags)


@action(
    "iam:PutUserPermissionsBoundary",
    permission="iam:PutUserPermissionsBoundary",
    resource=USER,
    condition=tag_condition,
)
async def put_user_permissions_boundary(env: Env, call: Call, request: Shape) -> None:
    await users.put_user_boundary(env, call, request["UserName"], request["PermissionsBoundary"])


@action(
    "iam:DeleteUserPermissionsBoundary",
    permission="iam:DeleteUserPermissionsBoundary",
    resource=USER,
)
async def delete_user_permissions_boundary(env: Env, call: Call, request: Shape) -> None:
    await users.put_user_boundary(env, call, request["UserName"], None)
