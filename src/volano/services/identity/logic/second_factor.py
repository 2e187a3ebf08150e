"""The second factor of the console: an authenticator app, and recovery codes for its loss.

MFA devices that were enabled through IAM's API (`mfa.py`) count as well: who has one is asked too.
A code is taken once: a step of the app by its number, a recovery code by being removed, each in
one statement, so that two sign-ins at the same time cannot share one.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.errors import Conflict, Denied, NotFound
from volano.services.identity.logic import mfa, totp
from volano.services.identity.model.items import ItemKind
from volano.services.identity.model.sign_in import RECOVERY_CODES, Authenticator
from volano.services.identity.store import sign_in as rows
from volano.services.identity.store.items import has_items, select_items_of

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Tx
    from volano.services.identity.model.principals import User

_CODE_BYTES = 15
"""120 bits in 24 characters of base32: too many for guesses, so a digest needs not be slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAuthenticator:
    """What the app is told: the address that a QR code shows, and its secret to type."""

    uri: str
    secret: str


async def is_required(reader: Reader, user_id: str) -> bool:
    """Whether a password alone does not sign this user in."""
    return await has_app(reader, user_id) or await has_items(reader, user_id, ItemKind.MFA_DEVICE)


async def has_app(reader: Reader, user_id: str) -> bool:
    """Whether there is an authenticator app that gave a code once."""
    found = await rows.find_authenticator(reader, user_id)
    return found is not None and found.confirmed


async def begin_authenticator(env: Env, user: User) -> NewAuthenticator:
    """A seed for an app; it asks for nothing until a code of it was given. Raises Conflict."""
    seed = env.ids.bytes(totp.SEED_BYTES)
    begun = Authenticator(
        user_id=user.id,
        seed=env.secrets.seal(seed, context=_context(user.id)),
        last_step=totp.NO_STEP,
        confirmed=False,
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        known = await rows.find_authenticator(tx, user.id)
        if known is not None and known.confirmed:
            raise Conflict("There is an authenticator app already; remove it first.")
        await rows.upsert_authenticator(tx, begun)

    await env.store.transact(write)
    issuer = f"Volano {env.config.public_host}"
    name = f"{user.name}@{user.account}"
    return NewAuthenticator(
        uri=totp.as_uri(seed, issuer=issuer, name=name), secret=totp.as_base32(seed)
    )


async def confirm_authenticator(env: Env, user: User, code: str) -> list[str]:
    """Ask for codes from now on; returns fresh recovery codes. Raises NotFound, Denied."""
    if await rows.find_authenticator(env.store.reader, user.id) is None:
        raise NotFound("No authenticator app was begun.")
    if not await _is_app_code(env, user.id, code):
        raise Denied("This code is not right; check the clock of your phone.")
    return await renew_recovery_codes(env, user)


async def renew_recovery_codes(env: Env, user: User) -> list[str]:
    """Ten codes that work once each; older ones work no more. Raises NotFound."""
    codes = [_as_code(env.ids.bytes(_CODE_BYTES)) for _ in range(RECOVERY_CODES)]
    digests = [_digest(env, user.id, code) for code in codes]

    async def write(tx: Tx) -> None:
        if not await has_app(tx, user.id):
            raise NotFound("There is no authenticator app to recover from.")
        await rows.replace_recovery_codes(tx, user.id, digests)

    await env.store.transact(write)
    return codes


async def remove_authenticator(env: Env, user: User) -> None:
    """Ask for no code any more; recovery codes go too. Raises NotFound."""

    async def write(tx: Tx) -> int:
        return await rows.delete_authenticator(tx, user.id)

    if not await env.store.transact(write):
        raise NotFound("There is no authenticator app.")


async def reset(env: Env, user: User) -> None:
    """Remove all that a user signs in with beside the password; nothing there is fine too."""
    for device in await mfa.list_devices(env, user):
        await mfa.deactivate_device(env, user, device.id)

    async def write(tx: Tx) -> None:
        await rows.delete_authenticator(tx, user.id)
        await rows.delete_passkeys_of(tx, user.id)

    await env.store.transact(write)


async def take_code(env: Env, user_id: str, code: str) -> bool:
    """Whether it is a code of the app, of a device, or for recovery; it is used up by it."""
    if await _is_app_code(env, user_id, code) or await _is_device_code(env, user_id, code):
        return True
    digest = _digest(env, user_id, code[:64])

    async def write(tx: Tx) -> int:
        return await rows.take_recovery_code(tx, user_id, digest)

    return await env.store.transact(write) > 0


async def _is_app_code(env: Env, user_id: str, code: str) -> bool:
    known = await rows.find_authenticator(env.store.reader, user_id)
    if known is None:
        return False
    seed = env.secrets.open(known.seed, context=_context(user_id))
    step = totp.match_step(seed, code[:16], now_us=env.clock.now_us(), after_step=known.last_step)
    if step is None:
        return False

    async def write(tx: Tx) -> int:
        return await rows.use_step(tx, user_id, step)

    return await env.store.transact(write) > 0


async def _is_device_code(env: Env, user_id: str, code: str) -> bool:
    for device in await select_items_of(env.store.reader, user_id, ItemKind.MFA_DEVICE):
        try:
            await mfa.require_code(env, user_id, device.account, device.id, code[:16])
        except Denied:
            continue
        return True
    return False


def _context(user_id: str) -> str:
    return f"totp:{user_id}"


def _as_code(data: bytes) -> str:
    text = base64.b32encode(data).decode()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _digest(env: Env, user_id: str, code: str) -> bytes:
    plain = code.upper().replace("-", "").replace(" ", "")
    return env.secrets.digest(f"recovery:{user_id}:{plain}")
