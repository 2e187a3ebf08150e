"""What other services ask about principals, and principals they make: bots, service accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import AccountId
from volano.services.identity.logic.groups import get_group
from volano.services.identity.logic.policies import get_policy
from volano.services.identity.logic.tokens import add_token
from volano.services.identity.logic.users import add_user, make_user
from volano.services.identity.model.credentials import TokenKind
from volano.services.identity.model.errors import NoSuchEntity
from volano.services.identity.store import groups as group_rows
from volano.services.identity.store import keys as key_rows
from volano.services.identity.store import policies as policy_rows
from volano.services.identity.store import users as rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.identity.model.credentials import Token
    from volano.services.identity.model.principals import User

MAX_PRINCIPALS = 10_000


async def create_service_account(
    tx: Tx,
    env: Env,
    account: str,
    name: str,
    *,
    display_name: str = "",
    policy_arns: Iterable[str] = (),
    policy: str | None = None,
) -> User:
    """A service account (a chat app's bot, a deployment) in the caller's transaction.

    `policy_arns` are attached; `policy` is an inline document called `own`. Nothing is allowed to
    it otherwise. Raises EntityAlreadyExists.
    """
    user = make_user(
        env,
        AccountId(account),
        name,
        kind=PrincipalKind.SERVICE_ACCOUNT,
        display_name=display_name,
    )
    await add_user(tx, user)
    for arn in policy_arns:
        await policy_rows.insert_attachment(
            tx, user.id, arn, account=account, created_us=env.clock.now_us()
        )
    if policy is not None:
        await policy_rows.upsert_inline(tx, user.id, "own", policy)
    return user


async def create_person(
    env: Env,
    account: str,
    name: str,
    *,
    display_name: str,
    email: str,
    policy_arns: Iterable[str] = (),
) -> User:
    """A user with these policies. Raises EntityAlreadyExists and ValidationError."""

    async def write(tx: Tx) -> User:
        return await add_person(
            tx,
            env,
            account,
            name,
            display_name=display_name,
            email=email,
            policy_arns=policy_arns,
        )

    return await env.store.transact(write)


async def add_person(
    tx: Tx,
    env: Env,
    account: str,
    name: str,
    *,
    display_name: str,
    email: str,
    policy_arns: Iterable[str] = (),
) -> User:
    """As `create_person`, in the caller's transaction."""
    user = make_user(env, AccountId(account), name, display_name=display_name, email=email)
    await add_user(tx, user)
    for arn in policy_arns:
        await policy_rows.insert_attachment(
            tx, user.id, arn, account=account, created_us=env.clock.now_us()
        )
    return user


async def exchange_policy(tx: Tx, env: Env, user: User, *, old_arn: str, new_arn: str) -> None:
    """Attach one managed policy to a user instead of another; call `forget_caches` afterwards."""
    await policy_rows.delete_attachment(tx, user.id, old_arn)
    await policy_rows.insert_attachment(
        tx, user.id, new_arn, account=user.account, created_us=env.clock.now_us()
    )


async def create_slack_token(
    tx: Tx,
    env: Env,
    user_id: str,
    *,
    kind: TokenKind,
    name: str,
    scopes: Iterable[str] | None = None,
    app: str = "",
    expires_us: int | None = None,
    plain: str | None = None,
) -> tuple[Token, str]:
    """A bot, user or app token in the caller's transaction; returns it and its plain text, which
    is made up unless it is `plain`.

    `scopes` None means everything the principal may do. One with `expires_us` has the form of
    tokens that are rotated (`xoxe.xoxb-…`).
    """
    user = await get_person(tx, user_id)
    if plain is None and expires_us is not None:
        plain = f"xoxe.{'xoxb' if kind is TokenKind.SLACK_BOT else 'xoxp'}-1-{env.ids.hex(64)}"
    return await add_token(
        tx,
        env,
        user,
        kind=kind,
        name=name,
        scopes=scopes,
        app=app,
        expires_us=expires_us,
        plain=plain,
    )


async def delete_slack_tokens(tx: Tx, user_id: str, *, app: str) -> None:
    """The tokens of a user or bot that belong to an app, in the caller's transaction."""
    for token in await key_rows.select_tokens_of_user(tx, user_id):
        if token.app == app and token.kind is not TokenKind.API:
            await key_rows.delete_token(tx, token.id)


async def delete_slack_token(tx: Tx, env: Env, plain: str) -> Token | None:
    """Delete one token by its text; None when there is none."""
    token = await key_rows.find_token_by_digest(tx, env.secrets.digest(plain))
    if token is not None:
        await key_rows.delete_token(tx, token.id)
    return token


async def expire_slack_token(tx: Tx, env: Env, plain: str, expires_us: int) -> None:
    """Let one token be good no longer than that; call `forget_caches` afterwards."""
    token = await key_rows.find_token_by_digest(tx, env.secrets.digest(plain))
    if token is not None:
        await key_rows.update_token_expiry(tx, token.id, expires_us)


async def delete_expired_tokens(tx: Tx, user_id: str, *, scope: str, now_us: int) -> None:
    """Tokens of a user or bot that are good no more and have a scope that begins with `scope`."""
    for token in await key_rows.select_tokens_of_user(tx, user_id):
        late = token.expires_us is not None and token.expires_us <= now_us
        if late and any(item.startswith(scope) for item in token.scopes or ()):
            await key_rows.delete_token(tx, token.id)


async def find_slack_token(reader: Reader, env: Env, plain: str) -> Token | None:
    """The token with this text, expired or not."""
    return await key_rows.find_token_by_digest(reader, env.secrets.digest(plain))


async def get_person(reader: Reader, principal_id: str) -> User:
    """A user, service account or root by id; raises NoSuchEntity."""
    user = await rows.find_user(reader, principal_id)
    if user is None:
        raise NoSuchEntity(f"There is no principal {principal_id[:128]}.")
    return user


async def find_principal(reader: Reader, principal_id: str) -> Principal | None:
    """Who an id stands for, to act as them; None when gone or disabled."""
    user = await rows.find_user(reader, principal_id)
    return None if user is None or user.disabled else user.principal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What a user has beside the row."""

    has_password: bool
    groups: list[str]
    policy_arns: list[str]
    inline_policies: list[str]


async def holdings_of(env: Env, user: User) -> Holdings:
    reader = env.store.reader
    groups = await group_rows.select_groups_of(reader, user.id, limit=1000)
    return Holdings(
        has_password=await rows.find_login(reader, user.id) is not None,
        groups=[group.name for group in groups],
        policy_arns=await policy_rows.select_attached_arns(reader, user.id),
        inline_policies=await inline_names(env, user.id),
    )


async def attached_arns(env: Env, target_id: str) -> list[str]:
    """The managed policies on a user, group or role."""
    return await policy_rows.select_attached_arns(env.store.reader, target_id)


async def inline_names(env: Env, target_id: str) -> list[str]:
    """The policies that are written on a user, group or role itself."""
    return [name for name, _ in await policy_rows.select_inline(env.store.reader, target_id)]


async def require_known(
    env: Env, call: Call, policy_arns: Iterable[str], groups: Iterable[str]
) -> None:
    """Raises NoSuchEntity for a policy or group that is not there."""
    for arn in policy_arns:
        await get_policy(env.store.reader, call.account, arn)
    for name in groups:
        await get_group(env.store.reader, call.account, name)


async def list_principals(reader: Reader, account: str) -> list[User]:
    """Every user and service account of an account, by name; at most MAX_PRINCIPALS."""
    return await rows.select_users(reader, account, path_prefix="/", after="", limit=MAX_PRINCIPALS)


async def find_account_by_email(reader: Reader, email: str) -> AccountId | None:
    """The account of the person with this address, when there is exactly one such account."""
    found = await rows.select_accounts_by_email(reader, email, limit=2) if email else []
    return AccountId(found[0]) if len(found) == 1 else None
