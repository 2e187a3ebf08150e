"""Deletion of keys after a waiting time, which work carries out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.kms.logic.access import find_named_key, require_not_deleted
from volano.services.kms.logic.errors import KmsInvalidState, ValidationException
from volano.services.kms.logic.keys import change_key
from volano.services.kms.model import MAX_WINDOW_DAYS, MIN_WINDOW_DAYS, Key, KeyState
from volano.services.kms.store import keys as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

DAY_US = 86_400_000_000
DELETE_BATCH = 100


async def schedule_key_deletion(env: Env, call: Call, name: str, days: int) -> Key:
    """The key can do nothing from now on, and is deleted when the window is over."""
    if not MIN_WINDOW_DAYS <= days <= MAX_WINDOW_DAYS:
        raise ValidationException(
            f"PendingWindowInDays must be between {MIN_WINDOW_DAYS} and {MAX_WINDOW_DAYS}."
        )

    def change(key: Key) -> Key:
        require_not_deleted(key)
        due_us = env.clock.now_us() + days * DAY_US
        return replace(key, state=KeyState.PENDING_DELETION, deletion_us=due_us)

    return await change_key(env, call, name, change)


async def cancel_key_deletion(env: Env, call: Call, name: str) -> Key:
    """The key is there again, disabled (or waiting for its material, if that went)."""

    async def write(tx: Tx) -> Key:
        key = await find_named_key(env, tx, call, name)
        if key.state is not KeyState.PENDING_DELETION:
            raise KmsInvalidState(f"{key.arn} is not pending deletion.")
        material = await rows.select_material(tx, key, key.version)
        there = material is not None and material.sealed
        state = KeyState.DISABLED if there else KeyState.PENDING_IMPORT
        key = replace(key, state=state, deletion_us=None)
        await rows.update_key(tx, key)
        return key

    return await env.store.transact(write)


async def delete_due_keys(env: Env) -> int:
    """Delete the keys whose window is over; returns how many."""

    async def remove(tx: Tx) -> int:
        due = await rows.select_keys_due(
            tx,
            "deletion_us",
            before_us=env.clock.now_us(),
            limit=DELETE_BATCH,
            region=env.region.name,
        )
        for key in due:
            assert key.state is KeyState.PENDING_DELETION, f"{key.arn} is due but in use"
            await rows.delete_key(tx, key)
        return len(due)

    deleted = 0
    while batch := await env.store.transact(remove):
        deleted += batch
    return deleted
