"""Passes: secrets that can be used some times until they expire (trigger ids, response URLs ...).

Whoever has the secret may do the one thing that its row says. The row is found by a keyed digest;
one that was used up or is too old stays for a while, so that the answer can say which it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound
from volano.services.chat.model.apps import Pass, PassKind
from volano.services.chat.store import passes as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json

REMEMBER_US = 3600 * 1_000_000
"""How long an expired pass is still told from an unknown one."""
NEVER_US = 2**62


class PassUnknown(NotFound):
    """Nobody was given this secret."""


class PassUsed(NotFound):
    """It was used as often as it could be."""


class PassExpired(NotFound):
    """It is too old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How often and how long passes of a kind are good; `life_us` 0 is for ever."""

    uses: int
    life_us: int


TERMS = {
    PassKind.TRIGGER: Terms(uses=1, life_us=3 * 1_000_000),
    PassKind.RESPONSE: Terms(uses=5, life_us=30 * 60 * 1_000_000),
    PassKind.CONSENT: Terms(uses=1, life_us=10 * 60 * 1_000_000),
    PassKind.CODE: Terms(uses=1, life_us=10 * 60 * 1_000_000),
    PassKind.REFRESH: Terms(uses=1, life_us=0),
    PassKind.CONFIG_REFRESH: Terms(uses=1, life_us=0),
    PassKind.RTM: Terms(uses=1, life_us=60 * 1_000_000),
}


async def give_pass(
    tx: Tx, env: Env, kind: PassKind, plain: str, *, account: str, app_id: str, body: Json
) -> None:
    """Make `plain` a pass in the caller's transaction."""
    terms = TERMS[kind]
    expires_us = env.clock.now_us() + terms.life_us if terms.life_us else NEVER_US
    item = Pass(
        kind=kind,
        account=account,
        app_id=app_id,
        body=body,
        uses_left=terms.uses,
        expires_us=expires_us,
    )
    await rows.insert_pass(tx, item, env.secrets.digest(plain))


async def take_pass(tx: Tx, env: Env, kind: PassKind, plain: str) -> Pass:
    """Use it once. Raises PassUnknown, PassUsed and PassExpired."""
    digest = env.secrets.digest(plain)
    found = await rows.find_pass(tx, digest)
    if found is None or found.kind is not kind:
        raise PassUnknown("Nobody was given this.")
    if found.uses_left < 1:
        raise PassUsed("It was used already.")
    if found.expires_us < env.clock.now_us():
        raise PassExpired("It is too old.")
    await rows.use_pass(tx, digest)
    return found


def trigger_id(env: Env) -> str:
    """A new trigger id in Slack's form."""
    return f"{int(env.ids.hex(10), 16)}.{int(env.ids.hex(10), 16)}.{env.ids.hex(32)}"


async def remove_old_passes(env: Env) -> None:
    """Forget what expired an hour ago."""
    before_us = env.clock.now_us() - REMEMBER_US

    async def write(tx: Tx) -> None:
        await rows.delete_old_passes(tx, before_us)

    await env.store.transact(write)
