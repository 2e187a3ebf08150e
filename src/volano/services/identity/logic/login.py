"""Signing in to the console: by password, link, passkey and second factor; sessions.

Whoever proved the first factor comes through `enter`, which asks for the second where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.errors import Throttled, Unauthenticated
from volano.kernel.identity import PrincipalKind
from volano.services.identity.logic import second_factor
from volano.services.identity.logic.access import forget, stored_authority
from volano.services.identity.logic.challenges import (
    TOO_OLD,
    find_challenge,
    open_challenge,
    take_challenge,
)
from volano.services.identity.logic.passkeys import Assertion, check_assertion
from volano.services.identity.logic.passwords import (
    MAX_ATTEMPTS_BY_NAME,
    count_attempts,
    forget_attempts,
    is_password,
)
from volano.services.identity.logic.sign_in_audit import record_sign_in
from volano.services.identity.model.credentials import (
    LOGIN_LINK_MAX_S,
    LOGIN_LINK_MIN_S,
    SESSION_LIFE_S,
    SESSION_TAG,
    Session,
)
from volano.services.identity.model.errors import NoSuchEntity, ValidationError
from volano.services.identity.model.principals import Account, User
from volano.services.identity.model.sign_in import ChallengeKind
from volano.services.identity.store import accounts as account_rows
from volano.services.identity.store import sessions as rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A new console session; `cookie` is the plain secret for the browser."""

    cookie: str
    csrf: str
    user: User
    expires_us: int
    must_change_password: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeNeeded:
    """The first factor was right; `challenge` is to be sent with a code of the second."""

    challenge: str


Entered = SignedIn | CodeNeeded


async def sign_in(env: Env, call: Call, *, account: str, user_name: str, password: str) -> Entered:
    """A session by password. `account` is an id or alias; empty means the first account.

    Raises Unauthenticated with one message for every wrong combination, Throttled. Guesses are
    counted by the name that was typed, whether there is such a user or not.
    """
    home = await find_account(env, account)
    key = f"name:{home.id if home else account[:64].lower()}:{user_name[:64].lower()}"
    user = await _find_person(env, home, user_name)
    try:
        await count_attempts(env, key, call.source_ip)
    except Throttled as error:
        is_first = error.facts.get("by_name") == MAX_ATTEMPTS_BY_NAME + 1
        if user is not None and is_first:  # one record of a lock, however long they go on
            record_sign_in(env, call, user, error_code="Throttled")
        raise
    login = await user_rows.find_login(env.store.reader, user.id) if user else None
    if not await is_password(login, password) or user is None or user.disabled:
        if user is not None:
            record_sign_in(env, call, user, error_code="FailedAuthentication")
        raise Unauthenticated("Account, user name or password is not right.")
    await forget_attempts(env, key, call.source_ip)
    return await enter(env, call, user, method="password")


async def enter(
    env: Env, call: Call, user: User, *, method: str, is_strong: bool = False
) -> Entered:
    """A session, or a question for the second factor unless the first `is_strong` (two in one)."""
    if not is_strong and await second_factor.is_required(env.store.reader, user.id):
        token = await open_challenge(
            env, ChallengeKind.CODE, user_id=user.id, data={"method": method}
        )
        return CodeNeeded(challenge=token)
    return await open_session(env, call, user, method=method)


async def sign_in_by_code(env: Env, call: Call, challenge: str, code: str) -> SignedIn:
    """The second half of a sign-in; raises Unauthenticated, Throttled.

    A wrong code leaves the challenge, so that a mistyped one can be mended.
    """
    begun = await find_challenge(env, ChallengeKind.CODE, challenge)
    user = await user_rows.find_user(env.store.reader, begun.user_id)
    if user is None or user.disabled:
        raise Unauthenticated(TOO_OLD)
    key = f"code:{user.id}"
    await count_attempts(env, key, call.source_ip)
    if not await second_factor.take_code(env, user.id, code):
        record_sign_in(env, call, user, error_code="FailedAuthentication")
        raise Unauthenticated("This code is not right, or was used already.")
    await take_challenge(env, ChallengeKind.CODE, challenge)
    await forget_attempts(env, key, call.source_ip)
    return await open_session(env, call, user, method=f"{begun.data['method']}+code")


async def sign_in_by_passkey(env: Env, call: Call, answer: Assertion) -> Entered:
    """A session by passkey, which needs no second factor; raises Unauthenticated, Throttled."""
    await count_attempts(env, f"passkey:{answer.id[:64]}", call.source_ip)
    user = await check_assertion(env, answer)
    await forget_attempts(env, f"passkey:{answer.id[:64]}", call.source_ip)
    return await enter(env, call, user, method="passkey", is_strong=True)


async def find_account(env: Env, account: str) -> Account | None:
    """By id or alias; the first account of this cloud when none is named."""
    reader = env.store.reader
    if not account:
        known = await account_rows.select_accounts(reader, limit=1)
        return known[0] if known else None
    found = await account_rows.find_account(reader, account)
    return found or await account_rows.find_account_by_alias(reader, account.lower())


async def _find_person(env: Env, home: Account | None, user_name: str) -> User | None:
    if home is None:
        return None
    user = await user_rows.find_user_by_name(env.store.reader, home.id, user_name)
    return user if user is not None and user.kind is PrincipalKind.USER else None


async def open_session(env: Env, call: Call, user: User, *, method: str) -> SignedIn:
    """A new session of a user who has proved who they are."""
    cookie = env.ids.token(32)
    now_us = env.clock.now_us()
    session = Session(
        id="ses_" + env.ids.hex(16),
        user_id=user.id,
        created_us=now_us,
        seen_us=now_us,
        expires_us=now_us + SESSION_LIFE_S * 1_000_000,
        source_ip=call.source_ip[:64],
        user_agent=call.user_agent[:256].replace("\x00", ""),
        proved_us=now_us,
        method=method,
    )

    async def write(tx: Tx) -> None:
        await rows.insert_session(tx, session, digest=env.secrets.digest(cookie))
        await user_rows.update_password_used(tx, user.id, now_us)

    await env.store.transact(write)
    record_sign_in(env, call, user)
    login = await user_rows.find_login(env.store.reader, user.id)
    return SignedIn(
        cookie=cookie,
        csrf=stored_authority(env).credentials.csrf_of(session.id),
        user=user,
        expires_us=session.expires_us,
        must_change_password=login is not None and login.must_change,
    )


async def sign_out(env: Env, call: Call) -> None:
    """End the caller's console session; a caller without one changes nothing."""
    session_id = call.principal.tags.get(SESSION_TAG)
    if session_id is not None:
        await end_session(env, call.principal.id, session_id)


async def end_session(env: Env, user_id: str, session_id: str) -> bool:
    """Whether there was such a session of the user; it ends at once."""

    async def write(tx: Tx) -> int:
        return await rows.delete_session_by_id(tx, user_id, session_id)

    ended = await env.store.transact(write)
    forget(env)
    return ended > 0


async def end_sessions(env: Env, user_id: str, *, keep: str = "") -> None:
    """End all sessions of the user but `keep`."""

    async def write(tx: Tx) -> None:
        await rows.delete_other_sessions(tx, user_id, keep)

    await env.store.transact(write)
    forget(env)


async def list_sessions(env: Env, user_id: str) -> list[Session]:
    """Those that are not over, the last seen first."""
    now_us = env.clock.now_us()
    found = await rows.select_sessions(env.store.reader, user_id)
    return [session for session in found if not session.is_over(now_us)]


async def create_login_link(
    env: Env, account: str, user_name: str, *, valid_s: int = LOGIN_LINK_MIN_S
) -> str:
    """The token of a link that signs `user_name` in once, within `valid_s` (15 to 60 minutes)."""
    if not LOGIN_LINK_MIN_S <= valid_s <= LOGIN_LINK_MAX_S:
        raise ValidationError("A one-time link is valid for 15 to 60 minutes.")
    user = await user_rows.find_user_by_name(env.store.reader, account, user_name)
    if user is None or user.kind not in (PrincipalKind.USER, PrincipalKind.ROOT):
        raise NoSuchEntity(f"The user with name {user_name[:128]} cannot be found.")
    token = env.ids.token(32)
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> None:
        await rows.insert_login_link(
            tx,
            env.secrets.digest(token),
            user.id,
            created_us=now_us,
            expires_us=now_us + valid_s * 1_000_000,
        )

    await env.store.transact(write)
    return token


async def sign_in_by_link(env: Env, call: Call, token: str) -> Entered:
    """A session by one-time link; the link ends with it. Raises Unauthenticated."""
    if not 16 <= len(token) <= 128:
        raise Unauthenticated("This link is not valid.")
    digest = env.secrets.digest(token)

    async def take(tx: Tx) -> tuple[str, int] | None:
        return await rows.take_login_link(tx, digest)

    taken = await env.store.transact(take)
    if taken is None or taken[1] <= env.clock.now_us():
        raise Unauthenticated("This link was used already or is too old; ask for a new one.")
    user = await user_rows.find_user(env.store.reader, taken[0])
    if user is None or user.disabled:
        raise Unauthenticated("This link was used already or is too old; ask for a new one.")
    return await enter(env, call, user, method="link")
