"""IAM access keys."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import Shape, page_shape, seconds, user_resource
from volano.services.identity.logic import access_keys
from volano.services.identity.logic.uses import write_uses
from volano.services.identity.model.credentials import AccessKeyRow
from volano.services.identity.model.errors import NoSuchEntity
from volano.services.identity.model.principals import User
from volano.services.identity.store.users import find_user
from volano.wire.action import action


def _key_shape(user: User, key: AccessKeyRow) -> Shape:
    return {
        "UserName": user.name,
        "AccessKeyId": key.id,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": seconds(key.created_us),
    }


@action("iam:CreateAccessKey", permission="iam:CreateAccessKey", resource=user_resource)
async def create_access_key(env: Env, call: Call, request: Shape) -> Shape:
    user, key, secret = await access_keys.create_access_key(env, call, request.get("UserName"))
    return {"AccessKey": {**_key_shape(user, key), "SecretAccessKey": secret}}


@action("iam:ListAccessKeys", permission="iam:ListAccessKeys", resource=user_resource)
async def list_access_keys(env: Env, call: Call, request: Shape) -> Shape:
    user, keys = await access_keys.list_access_keys(env, call, request.get("UserName"))
    return page_shape("AccessKeyMetadata", [_key_shape(user, key) for key in keys], None)


@action("iam:UpdateAccessKey", permission="iam:UpdateAccessKey", resource=user_resource)
async def update_access_key(env: Env, call: Call, request: Shape) -> None:
    await access_keys.update_access_key(
        env, call, request.get("UserName"), request["AccessKeyId"], status=request["Status"]
    )


@action("iam:DeleteAccessKey", permission="iam:DeleteAccessKey", resource=user_resource)
async def delete_access_key(env: Env, call: Call, request: Shape) -> None:
    await access_keys.delete_access_key(env, call, request.get("UserName"), request["AccessKeyId"])


@action(
    "iam:GetAccessKeyLastUsed",
    permission="iam:GetAccessKeyLastUsed",
    resource="arn:aws:iam::{account}:user/*",
)
async def get_access_key_last_used(env: Env, call: Call, request: Shape) -> Shape:
    await write_uses(env)
    key = await access_keys.find_access_key_of_account(env, call.account, request["AccessKeyId"])
    user = await find_user(env.store.reader, key.user_id) if key else None
    if key is None or user is None:
        raise NoSuchEntity(f"The Access Key with id {request['AccessKeyId']} cannot be found.")
    used: Shape = {
        "ServiceName": key.last_used_service or "N/A",
        "Region": key.last_used_region or "N/A",
    }
    if key.last_used_us is not None:
        used["LastUsedDate"] = seconds(key.last_used_us)
    return {"UserName": user.name, "AccessKeyLastUsed": used}
