"""What was begun before somebody is signed in (or registers a passkey) and must be ended in time.

The asker holds a random token, the database its keyed digest. Anybody may begin, so beginnings are
counted by address like guesses are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import Throttled, Unauthenticated
from volano.services.identity.model.sign_in import CHALLENGE_LIFE_S, Challenge, ChallengeKind
from volano.services.identity.store import sign_in as rows
from volano.services.identity.store.accounts import count_attempt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Env
    from volano.kernel.store import Tx

MAX_BEGINNINGS = 300
"""Of one address in the life of a challenge: a company may sit behind one address."""
TOO_OLD = "This took too long or was ended already; begin again."


async def open_challenge(
    env: Env, kind: ChallengeKind, *, user_id: str = "", data: Mapping[str, str] | None = None
) -> str:
    """Keep a challenge for ten minutes; returns the token that finds it again."""
    token = env.ids.token(32)
    challenge = Challenge(
        kind=kind,
        user_id=user_id,
        data=data or {},
        expires_us=env.clock.now_us() + CHALLENGE_LIFE_S * 1_000_000,
    )

    async def write(tx: Tx) -> None:
        await rows.insert_challenge(tx, challenge, digest=env.secrets.digest(token))

    await env.store.transact(write)
    return token


async def count_beginning(env: Env, source_ip: str) -> None:
    """One more sign-in begun at an address; raises Throttled when there were too many."""
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> int:
        return await count_attempt(
            tx, f"begin:{source_ip}", now_us=now_us, window_us=CHALLENGE_LIFE_S * 1_000_000
        )

    if await env.store.transact(write) > MAX_BEGINNINGS:
        raise Throttled(
            "Too many sign-ins were begun from your address; wait ten minutes.",
            retry_after_s=float(CHALLENGE_LIFE_S),
        )


async def find_challenge(env: Env, kind: ChallengeKind, token: str) -> Challenge:
    """The challenge, which stays; raises Unauthenticated when there is none in time."""
    if not 16 <= len(token) <= 128:
        raise Unauthenticated(TOO_OLD)
    found = await rows.find_challenge(env.store.reader, env.secrets.digest(token), kind)
    if found is None or found.expires_us <= env.clock.now_us():
        raise Unauthenticated(TOO_OLD)
    return found


async def take_challenge(env: Env, kind: ChallengeKind, token: str) -> Challenge:
    """The challenge, which nobody can take again; raises Unauthenticated."""
    found = await find_challenge(env, kind, token)

    async def write(tx: Tx) -> int:
        return await rows.delete_challenge(tx, env.secrets.digest(token))

    if not await env.store.transact(write):
        raise Unauthenticated(TOO_OLD)
    return found
