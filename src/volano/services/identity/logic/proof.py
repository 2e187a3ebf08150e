"""Proving again who one is, before something that would let a thief of the session stay.

A console session that lies open on a desk may read and work; it may make no key, passkey or code
unless its person proved themselves lately. Keys and tokens of programs prove themselves each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import Denied, Unauthenticated
from volano.services.identity.logic import passkeys, second_factor
from volano.services.identity.logic.access import forget
from volano.services.identity.logic.passwords import count_attempts, forget_attempts, is_password
from volano.services.identity.model.credentials import SESSION_TAG
from volano.services.identity.model.sign_in import PROOF_LIFE_S
from volano.services.identity.store import sessions as rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.identity.model.principals import User


class ProofNeeded(Denied):
    """The session is valid, but too long ago opened for this."""

    code = "ProofNeeded"


async def require_person(env: Env, call: Call) -> User:
    """Who is signed in to the console; raises Denied for keys and tokens of programs."""
    if SESSION_TAG not in call.principal.tags:
        raise Denied("Only a person in the console can do this, not a key.")
    user = await user_rows.find_user(env.store.reader, call.principal.id)
    if user is None:
        raise Unauthenticated("This session is over.")
    return user


async def require_proof(env: Env, call: Call) -> None:
    """Raises ProofNeeded for a session whose person proved nothing for PROOF_LIFE_S."""
    session_id = call.principal.tags.get(SESSION_TAG)
    if session_id is None:
        return
    session = await rows.find_session_by_id(env.store.reader, call.principal.id, session_id)
    age_us = env.clock.now_us() - session.proved_us if session else None
    if age_us is None or age_us > PROOF_LIFE_S * 1_000_000:
        raise ProofNeeded("Confirm that it is you, then try again.")


async def require_proven_person(env: Env, call: Call) -> User:
    """Both of the above."""
    user = await require_person(env, call)
    await require_proof(env, call)
    return user


async def prove(
    env: Env,
    call: Call,
    *,
    password: str = "",
    code: str = "",
    passkey: passkeys.Assertion | None = None,
) -> str:
    """Note that the caller proved who they are, by one of the three; raises Denied, Throttled.

    Returns the session's new cookie: what somebody may have read before does not rise with it
    (OWASP ASVS 7.2.4).
    """
    user = await require_person(env, call)
    key = f"id:{user.id}"
    await count_attempts(env, key, call.source_ip)
    if not await _is_proof(env, user, password, code, passkey):
        raise Denied("This does not prove that it is you.")
    await forget_attempts(env, key, call.source_ip)
    session_id = call.principal.tags[SESSION_TAG]
    cookie = env.ids.token(32)

    async def write(tx: Tx) -> None:
        await rows.update_session_proved(
            tx, session_id, env.clock.now_us(), digest=env.secrets.digest(cookie)
        )

    await env.store.transact(write)
    forget(env)
    return cookie


async def count_guess(env: Env, call: Call, user: User) -> None:
    """A guess by somebody who is signed in; raises Throttled when there were too many."""
    await count_attempts(env, f"id:{user.id}", call.source_ip)


async def _is_proof(
    env: Env, user: User, password: str, code: str, passkey: passkeys.Assertion | None
) -> bool:
    if passkey is not None:
        return (await passkeys.check_assertion(env, passkey)).id == user.id
    if code:
        return await second_factor.take_code(env, user.id, code)
    login = await user_rows.find_login(env.store.reader, user.id)
    return await is_password(login, password)
