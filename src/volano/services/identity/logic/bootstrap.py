"""The first account and its administrator, made once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.identity import PrincipalKind
from volano.kernel.ids import AccountId
from volano.services.identity.logic.access import forget
from volano.services.identity.logic.access_keys import add_access_key
from volano.services.identity.logic.tokens import add_token
from volano.services.identity.logic.users import add_user, make_user
from volano.services.identity.model.credentials import TokenKind
from volano.services.identity.model.errors import EntityAlreadyExists
from volano.services.identity.model.managed import managed_arn
from volano.services.identity.model.principals import ROOT_NAME, Account, User
from volano.services.identity.store import accounts as rows
from volano.services.identity.store import policies as policy_rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx

FIRST_ALIAS = "home"
ADMINISTRATOR = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAccount:
    """The first account. The secrets are there only when it was made by this very call."""

    account: AccountId
    user: str
    user_id: str
    created: bool
    access_key_id: str = ""
    secret_access_key: str = ""
    api_key: str = ""

    def __repr__(self) -> str:
        return f"FirstAccount({self.account}, {self.user})"


def make_account_id(env: Env) -> AccountId:
    """Twelve random digits, the first not 0."""
    number = int.from_bytes(env.ids.bytes(8), "big") % (9 * 10**11)
    return AccountId(str(10**11 + number))


async def add_account(
    tx: Tx, env: Env, account: AccountId, *, name: str, alias: str | None
) -> tuple[Account, User]:
    """An account with its root principal, in the caller's transaction.

    Raises EntityAlreadyExists when id or alias is taken.
    """
    if await rows.find_account(tx, account) is not None:
        raise EntityAlreadyExists(f"The account {account} already exists.")
    if alias is not None and await rows.find_account_by_alias(tx, alias) is not None:
        raise EntityAlreadyExists(f"The account alias {alias} already exists.")
    now_us = env.clock.now_us()
    made = Account(id=account, alias=alias, name=name, created_us=now_us)
    await rows.insert_account(tx, made)
    root = User(
        id=account, account=account, kind=PrincipalKind.ROOT, name=ROOT_NAME, created_us=now_us
    )
    await user_rows.insert_user(tx, root)
    return made, root


async def add_administrator(tx: Tx, env: Env, account: AccountId, name: str) -> User:
    """A user with AdministratorAccess, in the caller's transaction."""
    user = make_user(env, account, name, display_name=name.capitalize())
    await add_user(tx, user)
    await policy_rows.insert_attachment(
        tx,
        user.id,
        managed_arn("AdministratorAccess"),
        account=account,
        created_us=env.clock.now_us(),
    )
    return user


async def bootstrap(env: Env) -> FirstAccount:
    """Make the first account with an administrator and keys, or name it when it is there."""

    async def write(tx: Tx) -> FirstAccount:
        known = await rows.select_accounts(tx, limit=1)
        if known:
            return await _existing(tx, known[0].id)
        account, _ = await add_account(
            tx, env, make_account_id(env), name="Home", alias=FIRST_ALIAS
        )
        user = await add_administrator(tx, env, account.id, ADMINISTRATOR)
        key, secret = await add_access_key(tx, env, user)
        _, api_key = await add_token(tx, env, user, kind=TokenKind.API, name="First key")
        return FirstAccount(
            account=account.id,
            user=user.name,
            user_id=user.id,
            created=True,
            access_key_id=key.id,
            secret_access_key=secret,
            api_key=api_key,
        )

    first = await env.store.transact(write)
    forget(env)
    return first


async def _existing(tx: Tx, account: AccountId) -> FirstAccount:
    user = await user_rows.find_user_by_name(tx, account, ADMINISTRATOR)
    if user is None:
        user = await user_rows.find_user(tx, account)
    assert user is not None, "an account has a root"
    return FirstAccount(account=account, user=user.name, user_id=user.id, created=False)
