"""KMS: aliases. An alias is allowed by the identity's policies, and on its key by the key's too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.kms.api.members import (
    ALIAS,
    page_limit,
    page_shape,
    parse_marker,
)
from volano.services.kms.logic import aliases as logic
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.kms.api.members import Shape
    from volano.services.kms.model import Alias


@action("kms:CreateAlias", permission="kms:CreateAlias", resource=ALIAS)
async def create_alias(env: Env, call: Call, request: Shape) -> None:
    await logic.create_alias(env, call, request["AliasName"], request["TargetKeyId"])


@action("kms:UpdateAlias", permission="kms:UpdateAlias", resource=ALIAS)
async def update_alias(env: Env, call: Call, request: Shape) -> None:
    await logic.update_alias(env, call, request["AliasName"], request["TargetKeyId"])


@action("kms:DeleteAlias", permission="kms:DeleteAlias", resource=ALIAS)
async def delete_alias(env: Env, call: Call, request: Shape) -> None:
    await logic.delete_alias(env, call, request["AliasName"])


@action(
    "kms:ListAliases", permission="kms:ListAliases", resource="arn:aws:kms:{region}:{account}:*"
)
async def list_aliases(env: Env, call: Call, request: Shape) -> Shape:
    aliases, after = await logic.list_aliases(
        env,
        call,
        key_name=request.get("KeyId"),
        after=parse_marker(request),
        limit=page_limit(request, default=50),
    )
    return page_shape("Aliases", [_shape(env, alias) for alias in aliases], after)


def _shape(env: Env, alias: Alias) -> Shape:
    shape: Shape = {
        "AliasName": alias.name,
        "AliasArn": logic.alias_arn(env, alias.account, alias.name),
    }
    if alias.key_id:
        shape["TargetKeyId"] = alias.key_id
        shape["CreationDate"] = alias.created_us / 1e6
        shape["LastUpdatedDate"] = alias.updated_us / 1e6
    return shape
