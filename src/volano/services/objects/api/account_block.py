"""S3 Control: the public access block of an account, which holds for all its buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.api.bucket_access import block_result, parse_block
from volano.services.objects.logic.errors import AccessDenied, NoSuchSetting
from volano.services.objects.logic.public_access import find_account_block, put_account_block
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result

ACCOUNT = "arn:aws:s3:{region}:{account}:*"


@action(
    "s3control:GetPublicAccessBlock",
    permission="s3:GetAccountPublicAccessBlock",
    resource=ACCOUNT,
)
async def get_public_access_block(env: Env, call: Call, request: Request) -> Result:
    _require_own(call, request)
    block = await find_account_block(env, call.account)
    if block is None:
        raise NoSuchSetting(
            "The public access block configuration was not found",
            code="NoSuchPublicAccessBlockConfiguration",
            fields={"AccountId": str(call.account)},
        )
    return {"PublicAccessBlockConfiguration": block_result(block)}


@action(
    "s3control:PutPublicAccessBlock",
    permission="s3:PutAccountPublicAccessBlock",
    resource=ACCOUNT,
)
async def put_public_access_block(env: Env, call: Call, request: Request) -> Result:
    _require_own(call, request)
    block = parse_block(request["PublicAccessBlockConfiguration"])
    await put_account_block(env, call.account, block)
    return {}


@action(
    "s3control:DeletePublicAccessBlock",
    permission="s3:PutAccountPublicAccessBlock",
    resource=ACCOUNT,
)
async def delete_public_access_block(env: Env, call: Call, request: Request) -> Result:
    _require_own(call, request)
    await put_account_block(env, call.account, None)
    return {"_status": 204}


def _require_own(call: Call, request: Request) -> None:
    if request.get("AccountId") != call.account:
        raise AccessDenied("Access Denied")
