"""Aliases: names that can be moved from one key to another."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.kms.logic.access import (
    ALIAS,
    find_named_key,
    require_access,
    require_not_deleted,
)
from volano.services.kms.logic.errors import (
    AlreadyExistsException,
    LimitExceeded,
    NotAuthorized,
    NotFoundException,
    ValidationException,
)
from volano.services.kms.model import MANAGED_SERVICES, MAX_ALIASES_PER_KEY, Alias, Key
from volano.services.kms.store import aliases as rows
from volano.services.kms.store import keys as key_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

_NAME = re.compile(r"alias/[\w/-]{1,250}\Z", re.ASCII)


def require_alias_name(name: str) -> None:
    """Raises ValidationException and NotAuthorized; `alias/aws/` is for the cloud's own keys."""
    if not name.startswith(ALIAS):
        raise ValidationException(
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
        )
    if name.startswith("alias/aws/"):
        raise NotAuthorized("")
    if not _NAME.match(name):
        raise ValidationException(f"{name[:260]} contains invalid characters for an alias")


async def create_alias(env: Env, call: Call, name: str, key_name: str) -> None:
    """Raises AlreadyExistsException and LimitExceeded."""
    require_alias_name(name)
    key = await _target(env, call, key_name, "kms:CreateAlias")

    async def write(tx: Tx) -> None:
        if await rows.select_alias(tx, call.account, name) is not None:
            raise AlreadyExistsException(
                f"An alias with the name {alias_arn(env, call.account, name)} already exists"
            )
        held = await rows.select_aliases(
            tx, call.account, key_id=key.id, after="", limit=MAX_ALIASES_PER_KEY
        )
        if len(held) >= MAX_ALIASES_PER_KEY:
            raise LimitExceeded(f"A key has at most {MAX_ALIASES_PER_KEY} aliases.")
        now_us = env.clock.now_us()
        alias = Alias(
            account=call.account, name=name, key_id=key.id, created_us=now_us, updated_us=now_us
        )
        await rows.insert_alias(tx, alias)

    await env.store.transact(write)


async def update_alias(env: Env, call: Call, name: str, key_name: str) -> None:
    """Let the alias name another key of the account. Raises NotFoundException."""
    require_alias_name(name)
    key = await _target(env, call, key_name, "kms:UpdateAlias")
    before = await _get_alias(env, call, name)
    await _require_old_key(env, call, before, "kms:UpdateAlias")

    async def write(tx: Tx) -> None:
        alias = await rows.select_alias(tx, call.account, name)
        if alias is None:
            raise _no_alias(env, call, name)
        await rows.update_alias(tx, replace(alias, key_id=key.id, updated_us=env.clock.now_us()))

    await env.store.transact(write)


async def delete_alias(env: Env, call: Call, name: str) -> None:
    """Raises NotFoundException; the key stays."""
    require_alias_name(name)
    alias = await _get_alias(env, call, name)
    await _require_old_key(env, call, alias, "kms:DeleteAlias")

    async def write(tx: Tx) -> None:
        await rows.delete_alias(tx, call.account, name)

    await env.store.transact(write)


async def list_aliases(
    env: Env, call: Call, *, key_name: str | None, after: str, limit: int
) -> tuple[list[Alias], str | None]:
    """Aliases by name, of the account or of one key, and where the next page begins.

    Those of the account have the names that services keep for keys not made yet (no `key_id`).
    """
    key_id = None
    if key_name is not None:
        key_id = (await find_named_key(env, env.store.reader, call, key_name)).id
    found = await rows.select_aliases(
        env.store.reader, call.account, key_id=key_id, after=after, limit=limit + 1
    )
    if key_id is None:
        found = sorted([*found, *_unused(call, found, after)], key=lambda alias: alias.name)
    return found[:limit], found[limit - 1].name if len(found) > limit else None


def _unused(call: Call, found: Sequence[Alias], after: str) -> list[Alias]:
    """One that is made but lies behind `found` sorts behind it, too, and out of the page."""
    names = {f"{ALIAS}aws/{service}" for service in MANAGED_SERVICES}
    missing = names - {alias.name for alias in found}
    return [
        Alias(account=call.account, name=name, key_id="", created_us=0, updated_us=0)
        for name in missing
        if name > after
    ]


def alias_arn(env: Env, account: str, name: str) -> str:
    return f"arn:aws:kms:{env.region.name}:{account}:{name}"


async def _target(env: Env, call: Call, key_name: str, permission: str) -> Key:
    """The key to name: both the alias's and the key's policies must allow it."""
    if key_name.startswith(ALIAS):
        raise ValidationException("Aliases must refer to keys. Not aliases")
    key = await find_named_key(env, env.store.reader, call, key_name)
    if key.account != call.account:
        raise NotFoundException(f"Key '{key.arn}' does not exist")
    require_not_deleted(key)
    await require_access(env, call, permission, key)
    return key


async def _get_alias(env: Env, call: Call, name: str) -> Alias:
    alias = await rows.select_alias(env.store.reader, call.account, name)
    if alias is None:
        raise _no_alias(env, call, name)
    return alias


def _no_alias(env: Env, call: Call, name: str) -> NotFoundException:
    return NotFoundException(f"Alias {alias_arn(env, call.account, name)} is not found.")


async def _require_old_key(env: Env, call: Call, alias: Alias, permission: str) -> None:
    key = await key_rows.select_key(
        env.store.reader, call.account, alias.key_id, region=env.region.name
    )
    if key is None:  # deleted between the two reads, with its aliases
        raise _no_alias(env, call, alias.name)
    await require_access(env, call, permission, key)
