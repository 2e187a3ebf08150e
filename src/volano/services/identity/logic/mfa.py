"""Virtual MFA devices (TOTP) of users and roots: made, enabled, resynchronized, asked.

Specified in the IAM API reference. A device belongs to nobody until two codes that follow each
other have been given. A code is taken once: the step it belongs to is kept in the transaction that
accepts it. In test mode any two codes enable a device, as public suites make them up.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.errors import Denied
from volano.services.identity.logic import totp
from volano.services.identity.logic.names import require_name, require_path, require_tags
from volano.services.identity.logic.users import get_user
from volano.services.identity.model.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidAuthenticationCode,
    LimitExceeded,
    NoSuchEntity,
    ValidationError,
)
from volano.services.identity.model.items import Item, ItemKind
from volano.services.identity.store import items as rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.identity.model.principals import User

MAX_DEVICES_PER_USER = 8
"""IAM quota "MFA devices per user"."""
RESYNC_STEPS = 20
"""How far, in steps of 30 seconds, a device's clock may be off when it is set again."""


async def create_device(
    env: Env, call: Call, name: str, *, path: str, tags: Mapping[str, str]
) -> tuple[Item, bytes]:
    """A device that nobody has yet, and its seed, which is shown once."""
    require_name(name, field="virtualMFADeviceName", limit=226)
    require_path(path)
    require_tags(tags)
    seed = env.ids.bytes(totp.SEED_BYTES)
    serial = f"arn:aws:iam::{call.account}:mfa{path}{name}"
    device = Item(
        id=serial,
        account=call.account,
        kind=ItemKind.MFA_DEVICE,
        name=f"{path}{name}",
        body={"path": path, "name": name, "drift": "0"},
        tags=dict(tags),
        secret=env.secrets.seal(seed, context=serial),
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        known = await rows.find_item_by_name(tx, call.account, ItemKind.MFA_DEVICE, device.name)
        if known is not None:
            raise EntityAlreadyExists("MFADevice entity at the same path and name already exists.")
        await rows.insert_item(tx, device)

    await env.store.transact(write)
    return device, seed


def seed_text(seed: bytes) -> bytes:
    """The seed as `Base32StringSeed` tells it."""
    return base64.b32encode(seed)


def device_uri(device: Item, seed: bytes) -> str:
    """What the device's QR code says."""
    return totp.as_uri(seed, issuer="Volano", name=f"{device.body['name']}@{device.account}")


async def find_device(reader: Reader, account: str, serial: str) -> Item:
    """By serial number; raises NoSuchEntity."""
    device = await rows.find_item(reader, account, ItemKind.MFA_DEVICE, serial)
    if device is None:
        raise NoSuchEntity(f"VirtualMFADevice with serial number {serial[:200]} doesn't exist.")
    return device


async def enable_device(
    env: Env, call: Call, user: User, serial: str, codes: tuple[str, str]
) -> None:
    """Give a device to a user; raises InvalidAuthenticationCode and EntityAlreadyExists."""

    async def write(tx: Tx) -> None:
        device = await find_device(tx, call.account, serial)
        if device.owner:
            raise EntityAlreadyExists("MFA device is already in use.")
        held = await rows.select_items_of(tx, user.id, ItemKind.MFA_DEVICE)
        if len(held) >= MAX_DEVICES_PER_USER:
            raise LimitExceeded(
                f"Cannot exceed quota for MfaDevicesPerUser: {MAX_DEVICES_PER_USER}"
            )
        step = _pair_step(env, device, codes)
        enabled_us = env.clock.now_us()
        drift = step - totp.step_at(enabled_us)
        body = {**device.body, "drift": str(drift), "enabled_us": str(enabled_us)}
        await rows.update_item(tx, replace(device, owner=user.id, body=body))
        await rows.advance_counter(tx, device.id, step)

    await env.store.transact(write)


async def resync_device(env: Env, user: User, serial: str, codes: tuple[str, str]) -> None:
    """Set a device's clock again by two codes that follow each other."""

    async def write(tx: Tx) -> None:
        device = await _held(tx, user, serial)
        step = _pair_step(env, device, codes)
        if not await rows.advance_counter(tx, device.id, step):
            raise _wrong_code()
        drift = step - totp.step_at(env.clock.now_us())
        await rows.update_item(tx, replace(device, body={**device.body, "drift": str(drift)}))

    await env.store.transact(write)


def _pair_step(env: Env, device: Item, codes: tuple[str, str]) -> int:
    """The step of the second code; raises InvalidAuthenticationCode."""
    now = totp.step_at(env.clock.now_us())
    seed = _seed(env, device)
    for code in codes:
        if len(code) != totp.DIGITS or not (code.isascii() and code.isdigit()):
            raise _wrong_code()
    for step in range(now - RESYNC_STEPS, now + RESYNC_STEPS + 1):
        pair = (totp.code_at(seed, max(step - 1, 0)), totp.code_at(seed, max(step, 0)))
        if pair == codes:
            return step
    if env.config.test_mode:
        return now
    raise _wrong_code()


def _seed(env: Env, device: Item) -> bytes:
    assert device.secret is not None, "a device has a seed"
    return env.secrets.open(device.secret, context=device.id)


def _wrong_code() -> InvalidAuthenticationCode:
    return InvalidAuthenticationCode("Authentication code for device is not valid.")


async def _held(reader: Reader, user: User, serial: str) -> Item:
    device = await rows.find_item(reader, user.account, ItemKind.MFA_DEVICE, serial)
    if device is None or device.owner != user.id:
        raise NoSuchEntity(
            f"MFA Device invalid for user. Device with serial number {serial[:200]} is not "
            f"assigned to {user.name}."
        )
    return device


async def deactivate_device(env: Env, user: User, serial: str) -> None:
    """Take a device from its user; it can be enabled again."""

    async def write(tx: Tx) -> None:
        device = await _held(tx, user, serial)
        body = {name: value for name, value in device.body.items() if name != "enabled_us"}
        await rows.update_item(tx, replace(device, owner="", body=body))

    await env.store.transact(write)


async def delete_device(env: Env, call: Call, serial: str) -> None:
    """Raises DeleteConflict while somebody has it."""

    async def write(tx: Tx) -> None:
        device = await find_device(tx, call.account, serial)
        if device.owner:
            raise DeleteConflict("MFA VirtualDevice in use. Must deactivate first.")
        await rows.delete_item(tx, device.id)

    await env.store.transact(write)


async def list_devices(env: Env, user: User) -> list[Item]:
    """A user's, the oldest first."""
    return await rows.select_items_of(env.store.reader, user.id, ItemKind.MFA_DEVICE)


async def list_virtual_devices(
    env: Env, call: Call, assignment: str
) -> list[tuple[Item, User | None]]:
    """The account's devices with their users; `assignment` is Assigned, Unassigned or Any."""
    if assignment not in ("Assigned", "Unassigned", "Any"):
        raise ValidationError(
            f"1 validation error detected: Value '{assignment[:40]}' at 'assignmentStatus' failed "
            "to satisfy constraint: Member must satisfy enum value set: "
            "[Any, Unassigned, Assigned]"
        )
    reader = env.store.reader
    found = []
    for device in await rows.select_items(reader, call.account, ItemKind.MFA_DEVICE):
        if assignment == "Any" or (assignment == "Assigned") == bool(device.owner):
            user = await user_rows.find_user(reader, device.owner) if device.owner else None
            found.append((device, user))
    return found


async def tag_device(
    env: Env, call: Call, serial: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    async def write(tx: Tx) -> None:
        device = await find_device(tx, call.account, serial)
        tags = {k: v for k, v in {**device.tags, **add}.items() if k not in remove}
        require_tags(tags)
        await rows.update_item(tx, replace(device, tags=tags))

    await env.store.transact(write)


async def require_code(env: Env, user_id: str, account: str, serial: str, code: str) -> None:
    """Take one code of a user's device, once; raises Denied."""
    device = await rows.find_item(env.store.reader, account, ItemKind.MFA_DEVICE, serial)
    refused = Denied("MultiFactorAuthentication failed with invalid MFA one time pass code. ")
    if device is None or device.owner != user_id:
        raise Denied(
            "MultiFactorAuthentication failed, must provide valid MFA serial number and one time "
            "pass code."
        )
    held = device
    shift_us = int(held.body.get("drift", "0")) * totp.STEP_S * 1_000_000
    step = totp.match_step(_seed(env, held), code, now_us=env.clock.now_us() + shift_us)
    if step is None:
        raise refused

    async def write(tx: Tx) -> bool:
        return await rows.advance_counter(tx, held.id, step)

    if not await env.store.transact(write):
        raise refused


async def mfa_user(env: Env, call: Call, name: str | None) -> User:
    """The named user, or the caller (also a root)."""
    if name is not None:
        return await get_user(env.store.reader, call.account, name)
    found = await user_rows.find_user(env.store.reader, call.principal.holder or call.principal.id)
    if found is None:
        raise ValidationError("Must specify userName when calling with non-User credentials")
    return found
