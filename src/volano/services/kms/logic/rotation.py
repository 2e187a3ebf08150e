"""New material for a key: on demand, or every so many days by work. Old ciphertexts still open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.kms.logic.access import find_named_key, require_usable
from volano.services.kms.logic.errors import (
    KmsInvalidState,
    LimitExceeded,
    UnsupportedOperation,
    ValidationException,
)
from volano.services.kms.logic.keys import change_key
from volano.services.kms.logic.materials import seal_material
from volano.services.kms.logic.specs import SYMMETRIC_BYTES
from volano.services.kms.model import (
    MAX_ON_DEMAND_ROTATIONS,
    MAX_ROTATION_DAYS,
    MIN_ROTATION_DAYS,
    SYMMETRIC,
    Key,
    KeyState,
    Material,
)
from volano.services.kms.store import keys as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

DAY_US = 86_400_000_000
ROTATE_BATCH = 50


def _require_rotatable(env: Env, key: Key) -> None:
    """Raises UnsupportedOperation, and what `require_usable` does."""
    _require_symmetric(env, key)
    if key.origin != "AWS_KMS":
        raise UnsupportedOperation(
            f"{key.arn} origin is {key.origin} which is not valid for this operation."
        )


def _require_symmetric(env: Env, key: Key) -> None:
    require_usable(env, key)
    if key.spec != SYMMETRIC:
        raise UnsupportedOperation("")  # KMS says no more


async def enable_rotation(env: Env, call: Call, name: str, days: int) -> None:
    """Rotate every `days` from now on. Raises ValidationException, UnsupportedOperation."""
    if not MIN_ROTATION_DAYS <= days <= MAX_ROTATION_DAYS:
        raise ValidationException(
            f"RotationPeriodInDays must be between {MIN_ROTATION_DAYS} and {MAX_ROTATION_DAYS}."
        )

    def change(key: Key) -> Key:
        _require_rotatable(env, key)
        if key.rotation_days == days:
            return key
        next_us = env.clock.now_us() + days * DAY_US
        return replace(key, rotation_days=days, rotation_us=next_us)

    await change_key(env, call, name, change)


async def disable_rotation(env: Env, call: Call, name: str) -> None:
    def change(key: Key) -> Key:
        _require_rotatable(env, key)
        return replace(key, rotation_days=None, rotation_us=None)

    await change_key(env, call, name, change)


async def rotate_key(env: Env, call: Call, name: str) -> Key:
    """Rotate now. Raises LimitExceeded after 25 times, and KmsInvalidState for imported material:
    there is never another that waits."""

    async def write(tx: Tx) -> Key:
        key = await find_named_key(env, tx, call, name)
        _require_symmetric(env, key)
        if key.origin != "AWS_KMS":
            raise KmsInvalidState(
                f"No available key material pending rotation for the key: {key.arn}."
            )
        done = await rows.count_rotations(tx, key, "ON_DEMAND")
        if done >= MAX_ON_DEMAND_ROTATIONS:
            raise LimitExceeded(
                "The on-demand rotations limit has been reached for the given keyId. No more "
                f"on-demand rotations can be performed for this key: {key.arn}"
            )
        return await _rotate(tx, env, key, "ON_DEMAND")

    return await env.store.transact(write)


async def _rotate(tx: Tx, env: Env, key: Key, made_by: str) -> Key:
    key = replace(key, version=key.version + 1)
    plain = env.ids.bytes(SYMMETRIC_BYTES)
    material = seal_material(env, key, plain, version=key.version, made_by=made_by)
    await rows.insert_material(tx, key, material)
    await rows.update_key(tx, key)
    return key


async def rotate_due_keys(env: Env) -> int:
    """Rotate the keys whose period is over; returns how many. Disabled keys wait their turn."""

    async def rotate(tx: Tx) -> int:
        now_us = env.clock.now_us()
        due = await rows.select_keys_due(
            tx, "rotation_us", before_us=now_us, limit=ROTATE_BATCH, region=env.region.name
        )
        for found in due:
            assert found.rotation_days is not None, f"{found.arn} is due without a period"
            key = replace(found, rotation_us=now_us + found.rotation_days * DAY_US)
            if key.state is KeyState.ENABLED:
                await _rotate(tx, env, key, "AUTOMATIC")
            else:
                await rows.update_key(tx, key)
        return len(due)

    rotated = 0
    while batch := await env.store.transact(rotate):
        rotated += batch
    return rotated


async def list_rotations(
    env: Env, call: Call, name: str, *, after: int, limit: int
) -> tuple[Key, list[Material], int | None]:
    """The key's rotations, the oldest first, and where the next page begins."""
    key = await find_named_key(env, env.store.reader, call, name)
    if key.spec != SYMMETRIC:
        raise UnsupportedOperation(f"{key.arn} cannot be rotated: it must be symmetric.")
    found = await rows.select_rotations(env.store.reader, key, after=after, limit=limit + 1)
    return key, found[:limit], found[limit - 1].version if len(found) > limit else None
