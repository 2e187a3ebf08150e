"""Signing in to the console: passwords, one-time links and sessions.

Passwords are argon2id hashes (RFC 9106; OWASP's first choice of parameters), computed by one
thread with a bounded queue, so that a flood of attempts neither blocks the loop nor takes all
memory. Attempts are counted in the database before a hash is computed, by name and by address.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import argon2

from volano.kernel.errors import Denied, Throttled, Unauthenticated
from volano.kernel.identity import PrincipalKind
from volano.services.identity.logic.access import forget, stored_authority
from volano.services.identity.logic.sign_in_audit import record_sign_in
from volano.services.identity.model.credentials import (
    LOGIN_LINK_MAX_S,
    LOGIN_LINK_MIN_S,
    SESSION_LIFE_S,
    SESSION_TAG,
    Login,
    Session,
)
from volano.services.identity.model.errors import (
    EntityAlreadyExists,
    NoSuchEntity,
    PasswordPolicyViolation,
    ValidationError,
)
from volano.services.identity.model.principals import User
from volano.services.identity.store import accounts as account_rows
from volano.services.identity.store import sessions as rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx

T = TypeVar("T")

MIN_PASSWORD_CHARACTERS = 8
MAX_PASSWORD_CHARACTERS = 128
MAX_ATTEMPTS_BY_NAME = 10
MAX_ATTEMPTS_BY_ADDRESS = 100
ATTEMPT_WINDOW_S = 15 * 60
MAX_WAITING_HASHES = 16

_HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=47104, parallelism=1)
_HASHING = ThreadPoolExecutor(max_workers=1, thread_name_prefix="argon2")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A new console session; `cookie` is the plain secret for the browser."""

    cookie: str
    csrf: str
    user: User
    expires_us: int
    must_change_password: bool = False


async def _hash_in_thread(work: Callable[[], T]) -> T:
    if _HASHING._work_queue.qsize() >= MAX_WAITING_HASHES:
        raise Throttled("Too many people sign in at once; try again.", retry_after_s=2.0)
    return await asyncio.get_running_loop().run_in_executor(_HASHING, work)


def require_password(password: str) -> None:
    """Length alone is asked for (NIST SP 800-63B section 3.1.1.2)."""
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        raise PasswordPolicyViolation(
            f"Password does not conform to the account password policy: it must have "
            f"{MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS} characters."
        )


async def hash_password(password: str) -> str:
    """Raises PasswordPolicyViolation, Throttled."""
    require_password(password)
    return await _hash_in_thread(lambda: _HASHER.hash(password))


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _HASHER.hash("the password of nobody")


async def _is_password(login: Login | None, password: str) -> bool:
    """Takes the same time whether there is such a user or not."""

    def check() -> bool:
        try:
            return _HASHER.verify(_nobodys_hash() if login is None else login.hash, password)
        except argon2.exceptions.VerificationError:
            return False

    matches = await _hash_in_thread(check)
    return matches and login is not None


async def set_password(env: Env, user: User, password: str, *, must_change: bool = False) -> Login:
    """Give a user a (new) password; open sessions stay."""
    hashed = await hash_password(password)
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> Login:
        known = await user_rows.find_login(tx, user.id)
        login = Login(
            user_id=user.id,
            hash=hashed,
            must_change=must_change,
            created_us=known.created_us if known else now_us,
            changed_us=now_us,
        )
        await user_rows.upsert_login(tx, login)
        return login

    return await env.store.transact(write)


async def create_login(env: Env, user: User, password: str, *, must_change: bool) -> Login:
    """A first password; raises EntityAlreadyExists when there is one."""
    if await user_rows.find_login(env.store.reader, user.id) is not None:
        raise EntityAlreadyExists(f"Login Profile for user {user.name} already exists.")
    return await set_password(env, user, password, must_change=must_change)


async def get_login(reader: Reader, user: User) -> Login:
    """Raises NoSuchEntity."""
    login = await user_rows.find_login(reader, user.id)
    if login is None:
        raise NoSuchEntity(f"Login Profile for User {user.name} cannot be found.")
    return login


async def update_login(
    env: Env, user: User, password: str | None, *, must_change: bool | None
) -> None:
    """Change what is given; a changed password ends the user's sessions."""
    login = await get_login(env.store.reader, user)
    hashed = login.hash if password is None else await hash_password(password)
    changed = replace(
        login,
        hash=hashed,
        must_change=login.must_change if must_change is None else must_change,
        changed_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        await user_rows.upsert_login(tx, changed)
        if password is not None:
            await rows.delete_sessions_of(tx, user.id)

    await env.store.transact(write)
    forget(env)


async def replace_password(env: Env, user: User, password: str) -> None:
    """A password by somebody else's hand: it must be changed, and open sessions end."""
    await set_password(env, user, password, must_change=True)

    async def write(tx: Tx) -> None:
        await rows.delete_sessions_of(tx, user.id)

    await env.store.transact(write)
    forget(env)


async def delete_login(env: Env, user: User) -> None:
    """No more password, and no more sessions."""

    async def write(tx: Tx) -> None:
        if not await user_rows.delete_login(tx, user.id):
            raise NoSuchEntity(f"Login Profile for User {user.name} cannot be found.")
        await rows.delete_sessions_of(tx, user.id)

    await env.store.transact(write)
    forget(env)


async def change_own_password(env: Env, call: Call, old: str, new: str) -> None:
    """Replace the caller's password, or set a first one when there is none; ends other sessions.

    Raises Denied when `old` is not the password, ValidationError for callers without passwords.
    """
    user = await user_rows.find_user(env.store.reader, call.principal.id)
    if user is None or user.kind is PrincipalKind.SERVICE_ACCOUNT:
        raise ValidationError("Only a user has a password to change.")
    if call.principal.scopes is not None:
        raise Denied("A key with restrictions cannot change its user's password.")
    require_password(new)
    login = await user_rows.find_login(env.store.reader, user.id)
    # A first password needs proof of a one-time link, which a console session without one is.
    session_id = call.principal.tags.get(SESSION_TAG, "")
    if login is not None or not session_id:
        await _count_attempts(env, f"id:{user.id}", call.source_ip)
        if len(old) > MAX_PASSWORD_CHARACTERS or not await _is_password(login, old):
            raise Denied("The old password was incorrect.")
        await _forget_attempts(env, f"id:{user.id}")
    await set_password(env, user, new)

    async def write(tx: Tx) -> None:
        await rows.delete_other_sessions(tx, user.id, session_id)

    await env.store.transact(write)
    forget(env)


async def sign_in(env: Env, call: Call, *, account: str, user_name: str, password: str) -> SignedIn:
    """A session by password. `account` is an id or alias; empty means the first account.

    Raises Unauthenticated with one message for every wrong combination, Throttled.
    """
    key = f"name:{account[:64].lower()}:{user_name[:64].lower()}"
    await _count_attempts(env, key, call.source_ip)
    user = await _find_person(env, account, user_name)
    login = await user_rows.find_login(env.store.reader, user.id) if user else None
    too_long = len(password) > MAX_PASSWORD_CHARACTERS
    if too_long or not await _is_password(login, password) or user is None or user.disabled:
        if user is not None:
            record_sign_in(env, call, user, error_code="FailedAuthentication")
        raise Unauthenticated("Account, user name or password is not right.")
    await _forget_attempts(env, key)
    signed_in = await open_session(env, call, user)
    return replace(signed_in, must_change_password=login is not None and login.must_change)


async def _count_attempts(env: Env, key: str, source_ip: str) -> None:
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> tuple[int, int]:
        window_us = ATTEMPT_WINDOW_S * 1_000_000
        by_name = await account_rows.count_attempt(tx, key, now_us=now_us, window_us=window_us)
        by_address = await account_rows.count_attempt(
            tx, f"address:{source_ip}", now_us=now_us, window_us=window_us
        )
        return by_name, by_address

    by_name, by_address = await env.store.transact(write)
    if by_name > MAX_ATTEMPTS_BY_NAME or by_address > MAX_ATTEMPTS_BY_ADDRESS:
        raise Throttled(
            "Too many attempts to sign in; wait a quarter of an hour, or ask your administrator "
            "for a one-time link.",
            retry_after_s=float(ATTEMPT_WINDOW_S),
        )


async def _forget_attempts(env: Env, key: str) -> None:
    async def write(tx: Tx) -> None:
        await account_rows.delete_attempts(tx, key)

    await env.store.transact(write)


async def _find_person(env: Env, account: str, user_name: str) -> User | None:
    reader = env.store.reader
    if not account:
        known = await account_rows.select_accounts(reader, limit=1)
        found = known[0] if known else None
    else:
        found = await account_rows.find_account(reader, account)
        found = found or await account_rows.find_account_by_alias(reader, account.lower())
    if found is None:
        return None
    user = await user_rows.find_user_by_name(reader, found.id, user_name)
    return user if user is not None and user.kind is PrincipalKind.USER else None


async def open_session(env: Env, call: Call, user: User) -> SignedIn:
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
    )

    async def write(tx: Tx) -> None:
        await rows.insert_session(tx, session, digest=env.secrets.digest(cookie))
        await user_rows.update_password_used(tx, user.id, now_us)

    await env.store.transact(write)
    record_sign_in(env, call, user)
    return SignedIn(
        cookie=cookie,
        csrf=stored_authority(env).credentials.csrf_of(session.id),
        user=user,
        expires_us=session.expires_us,
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


async def sign_in_by_link(env: Env, call: Call, token: str) -> SignedIn:
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
    signed_in = await open_session(env, call, user)
    login = await user_rows.find_login(env.store.reader, user.id)
    return replace(signed_in, must_change_password=login is not None and login.must_change)
