"""IAM login profiles: console passwords."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import Shape, seconds, user_resource
from volano.services.identity.logic import passwords
from volano.services.identity.logic.users import get_user, get_user_or_self
from volano.services.identity.model.credentials import Login
from volano.services.identity.model.principals import User
from volano.wire.action import action

USER = "arn:aws:iam::{account}:user/{UserName}"


def _shape(user: User, found: Login) -> Shape:
    return {
        "UserName": user.name,
        "CreateDate": seconds(found.created_us),
        "PasswordResetRequired": found.must_change,
    }


@action("iam:CreateLoginProfile", permission="iam:CreateLoginProfile", resource=user_resource)
async def create_login_profile(env: Env, call: Call, request: Shape) -> Shape:
    user = await get_user_or_self(env.store.reader, call, request.get("UserName"))
    made = await passwords.create_login(
        env,
        user,
        request.get("Password") or "",
        must_change=bool(request.get("PasswordResetRequired")),
    )
    return {"LoginProfile": _shape(user, made)}


@action("iam:GetLoginProfile", permission="iam:GetLoginProfile", resource=user_resource)
async def get_login_profile(env: Env, call: Call, request: Shape) -> Shape:
    user = await get_user_or_self(env.store.reader, call, request.get("UserName"))
    return {"LoginProfile": _shape(user, await passwords.get_login(env.store.reader, user))}


@action("iam:UpdateLoginProfile", permission="iam:UpdateLoginProfile", resource=USER)
async def update_login_profile(env: Env, call: Call, request: Shape) -> None:
    user = await get_user(env.store.reader, call.account, request["UserName"])
    await passwords.update_login(
        env, user, request.get("Password"), must_change=request.get("PasswordResetRequired")
    )


@action("iam:DeleteLoginProfile", permission="iam:DeleteLoginProfile", resource=user_resource)
async def delete_login_profile(env: Env, call: Call, request: Shape) -> None:
    user = await get_user_or_self(env.store.reader, call, request.get("UserName"))
    await passwords.delete_login(env, user)


@action(
    "iam:ChangePassword",
    permission="iam:ChangePassword",
    resource=lambda call, request: call.principal.arn,
)
async def change_password(env: Env, call: Call, request: Shape) -> None:
    await passwords.change_own_password(env, call, request["OldPassword"], request["NewPassword"])
