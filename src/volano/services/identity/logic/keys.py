"""All credentials of a user in one list: AWS access keys, API keys and Slack tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.errors import Denied, Invalid, NotFound
from volano.kernel.identity import PrincipalKind
from volano.services.identity.logic.access import forget
from volano.services.identity.logic.access_keys import add_access_key
from volano.services.identity.logic.quotas import require_iam_quota
from volano.services.identity.logic.tokens import add_token
from volano.services.identity.logic.uses import write_uses
from volano.services.identity.model.credentials import AccessKeyRow, Token, TokenKind
from volano.services.identity.store import keys as rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.identity.model.principals import User

ACCESS_KEY = "access-key"
KINDS = (ACCESS_KEY, TokenKind.API.value, TokenKind.SLACK_USER.value)
"""What a person may make; bot and app tokens come with a chat app."""
MAX_DAYS = 3650
DAY_US = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One credential without its secret."""

    id: str
    kind: str
    name: str
    hint: str
    active: bool
    scopes: list[str] | None
    created_us: int
    expires_us: int | None
    last_used_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedKey:
    kind: str
    name: str
    scopes: list[str] | None = None
    expires_days: int | None = None


def _of_access_key(row: AccessKeyRow) -> Key:
    return Key(
        id=row.id,
        kind=ACCESS_KEY,
        name=row.id,
        hint=row.id[-4:],
        active=row.active,
        scopes=None,
        created_us=row.created_us,
        expires_us=None,
        last_used_us=row.last_used_us,
    )


def _of_token(token: Token) -> Key:
    return Key(
        id=token.id,
        kind=token.kind.value,
        name=token.name,
        hint=token.hint,
        active=True,
        scopes=None if token.scopes is None else sorted(token.scopes),
        created_us=token.created_us,
        expires_us=token.expires_us,
        last_used_us=token.last_used_us,
    )


async def require_own(env: Env, call: Call) -> User:
    """The caller as the owner of keys.

    Raises Denied for a restricted key and for temporary credentials: neither may make a key that
    can do more, or lasts longer, than itself.
    """
    who = call.principal
    if who.scopes is not None or who.session_expires_us is not None:
        raise Denied("Restricted and temporary credentials cannot manage keys.")
    user = await user_rows.find_user(env.store.reader, who.id)
    if user is None or user.kind is PrincipalKind.ROLE_SESSION:
        raise Denied("Only a user or service account has keys.")
    return user


async def list_keys(env: Env, user: User) -> list[Key]:
    await write_uses(env)
    reader = env.store.reader
    keys = [_of_access_key(row) for row in await rows.select_access_keys(reader, user.id)]
    return keys + [_of_token(token) for token in await rows.select_tokens_of_user(reader, user.id)]


async def create_key(env: Env, user: User, wanted: WantedKey) -> tuple[Key, str]:
    """A new key and its plain secret, which cannot be had again."""
    if wanted.kind not in KINDS:
        raise Invalid(f"A key's kind is one of {', '.join(KINDS)}.", fields={"param": "kind"})
    if wanted.expires_days is not None and not 1 <= wanted.expires_days <= MAX_DAYS:
        raise Invalid(f"A key lasts 1 to {MAX_DAYS} days.", fields={"param": "expires_days"})
    if wanted.kind == ACCESS_KEY and (wanted.scopes is not None or wanted.expires_days):
        raise Invalid("An AWS access key has no restrictions; use policies.")

    async def write(tx: Tx) -> tuple[Key, str]:
        if wanted.kind == ACCESS_KEY:
            used = len(await rows.select_access_keys(tx, user.id))
            await require_iam_quota(tx, user.account, "iam.access-keys-per-user", used)
            row, secret = await add_access_key(tx, env, user)
            return _of_access_key(row), secret
        days = wanted.expires_days
        token, plain = await add_token(
            tx,
            env,
            user,
            kind=TokenKind(wanted.kind),
            name=wanted.name,
            scopes=wanted.scopes,
            expires_us=None if days is None else env.clock.now_us() + days * DAY_US,
        )
        return _of_token(token), plain

    return await env.store.transact(write)


async def delete_key(env: Env, user: User, key_id: str) -> None:
    """Revoke at once; raises NotFound when the user has no such key."""

    async def write(tx: Tx) -> None:
        row = await rows.find_access_key(tx, key_id)
        if row is not None and row.user_id == user.id:
            await rows.delete_access_key(tx, key_id)
            return
        token = await rows.find_token(tx, user.account, key_id)
        if token is None or token.user_id != user.id:
            raise NotFound(f"There is no key {key_id[:80]}.")
        await rows.delete_token(tx, key_id)

    await env.store.transact(write)
    forget(env)
