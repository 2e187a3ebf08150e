"""Aliases: names that programs ask for by default (`gpt-4o-mini`), meaning a model that is here.

An alias belongs to an account. What it means is authorized, not the alias: who may not ask a model
may not ask it by another name either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import Conflict, NotFound, QuotaExceeded
from volano.services.models.logic.parameters import invalid
from volano.services.models.logic.registry import find_named, get_model, is_name
from volano.services.models.store import registry as store

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_ALIASES = 200


async def list_aliases(env: Env, call: Call) -> list[tuple[str, str]]:
    """Alias and model, by alias."""
    return await store.select_aliases(env.store.reader, call.account, MAX_ALIASES)


async def put_alias(env: Env, call: Call, alias: str, model: str) -> str:
    """Let an alias stand for a model; returns the model's name. Raises Conflict, NotFound."""
    if not is_name(alias):
        raise invalid("alias", "it is written like a model's name")
    if await find_named(env, call.account, alias) is not None:
        raise Conflict(f"'{alias}' is a model itself.")
    meant = await get_model(env, call.account, model)
    held = await list_aliases(env, call)
    if len(held) >= MAX_ALIASES and alias not in dict(held):
        raise QuotaExceeded(f"An account has at most {MAX_ALIASES} aliases.")

    async def write(tx: Tx) -> None:
        await store.upsert_alias(tx, call.account, alias, meant.name)

    await env.store.transact(write)
    return meant.name


async def delete_alias(env: Env, call: Call, alias: str) -> None:
    """Forget an alias; raises NotFound."""

    async def write(tx: Tx) -> int:
        return await store.delete_alias(tx, call.account, alias)

    if not await env.store.transact(write):
        raise NotFound(f"There is no alias '{alias[:100]}'.", fields={"param": "alias"})
