"""Public access blocks: a bucket's own and its account's; what either forbids is forbidden.

S3 user guide, "Blocking public access to your Amazon S3 storage".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec

from volano.services.objects.logic.acl import is_public
from volano.services.objects.logic.errors import AccessDenied
from volano.services.objects.logic.public_policy import is_public_policy
from volano.services.objects.model import PublicBlock
from volano.services.objects.store import account_settings as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.ids import AccountId
    from volano.kernel.store import Reader, Store, Tx
    from volano.services.objects.model import Bucket, Grant

KIND = "public-access-block"
NO_BLOCK = PublicBlock()
ALL_BLOCKED = PublicBlock(block_acls=True, ignore_acls=True, block_policy=True, restrict=True)
MAX_KNOWN = 10_000

_KNOWN: WeakKeyDictionary[Store, dict[str, PublicBlock | None]] = WeakKeyDictionary()
"""Blocks of accounts, where this process alone writes the database."""


async def find_account_block(env: Env, account: AccountId) -> PublicBlock | None:
    """The account's own block, if it has one."""
    if not getattr(env.store, "exclusive", False):
        return await _read(env.store.reader, account)
    known = _KNOWN.setdefault(env.store, {})
    if account not in known:
        found = await _read(env.store.reader, account)
        if len(known) >= MAX_KNOWN:
            known.clear()
        known[account] = found
    return known[account]


async def put_account_block(env: Env, account: AccountId, block: PublicBlock | None) -> None:
    """Set the account's block; None removes it."""

    async def write(tx: Tx) -> None:
        if block is None:
            await rows.delete_setting(tx, account, KIND)
        else:
            await rows.upsert_setting(tx, account, KIND, msgspec.json.encode(block).decode())

    await env.store.transact(write)
    forget_blocks(env)


def forget_blocks(env: Env) -> None:
    _KNOWN.pop(env.store, None)


async def effective_block(env: Env, bucket: Bucket) -> PublicBlock:
    """What the bucket's block and its account's forbid together."""
    own = bucket.access.block or NO_BLOCK
    wide = await find_account_block(env, bucket.account)
    if wide is None:
        return own
    return replace(
        own,
        block_acls=own.block_acls or wide.block_acls,
        ignore_acls=own.ignore_acls or wide.ignore_acls,
        block_policy=own.block_policy or wide.block_policy,
        restrict=own.restrict or wide.restrict,
    )


async def require_private_grants(
    env: Env, bucket: Bucket, grants: tuple[Grant, ...] | None
) -> None:
    """Raises AccessDenied for a public list where such lists are blocked."""
    if grants and is_public(grants) and (await effective_block(env, bucket)).block_acls:
        raise AccessDenied("Access Denied")


async def require_private_policy(env: Env, bucket: Bucket, policy: str) -> None:
    """Raises AccessDenied for a public policy where such policies are blocked."""
    if is_public_policy(policy) and (await effective_block(env, bucket)).block_policy:
        raise AccessDenied("Access Denied")


async def _read(reader: Reader, account: AccountId) -> PublicBlock | None:
    document = await rows.select_setting(reader, account, KIND)
    return None if document is None else msgspec.json.decode(document, type=PublicBlock)
