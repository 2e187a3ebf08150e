"""Volano's own API of aliases, and what an alias means to policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.models.logic import aliases
from volano.services.models.logic.registry import resolve_name
from volano.wire.action import RESOLVED, action

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env

MODELS = "arn:aws:models:{region}:{account}:model/*"


class NoFields(msgspec.Struct):
    """The request of an action that takes nothing."""


class PutAlias(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    alias: str
    model: str


class AliasName(msgspec.Struct):
    alias: str


class AliasObject(msgspec.Struct, kw_only=True):
    alias: str
    model: str


class AliasList(msgspec.Struct, kw_only=True):
    items: list[AliasObject]
    next_cursor: str | None = None


async def model_meant(env: Env, call: Call, request: Any) -> Mapping[str, str]:
    """The ARN of the model that a request means, by whatever name: an action's `facts`."""
    name = await resolve_name(env, call.account, request.model)
    return {RESOLVED: f"arn:aws:models:{call.region}:{call.account}:model/{name}"}


@action(
    "volano:listModelAliases",
    method="GET",
    path="/volano/v1/models/aliases",
    permission="models:ListModels",
    resource=MODELS,
)
async def list_aliases(env: Env, call: Call, request: NoFields) -> AliasList:
    """The account's aliases."""
    found = await aliases.list_aliases(env, call)
    return AliasList(items=[AliasObject(alias=alias, model=model) for alias, model in found])


@action(
    "volano:putModelAlias",
    method="PUT",
    path="/volano/v1/models/aliases/{alias}",
    permission="models:PutAlias",
    resource="arn:aws:models:{region}:{account}:model/{model}",
    facts=model_meant,
)
async def put_alias(env: Env, call: Call, request: PutAlias) -> AliasObject:
    """Let a name that programs ask for mean a model that is here."""
    model = await aliases.put_alias(env, call, request.alias, request.model)
    return AliasObject(alias=request.alias, model=model)


@action(
    "volano:deleteModelAlias",
    method="DELETE",
    path="/volano/v1/models/aliases/{alias}",
    permission="models:DeleteAlias",
    resource=MODELS,
)
async def delete_alias(env: Env, call: Call, request: AliasName) -> None:
    """Forget an alias."""
    await aliases.delete_alias(env, call, request.alias)
