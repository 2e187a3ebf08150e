"""Accounts as S3 shows them: canonical id and display name; and back from what clients send."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from volano.kernel.ids import AccountId
from volano.kernel.ids import canonical_id as id_of_account
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Store
    from volano.services.objects.api.members import Result

_NAMES: WeakKeyDictionary[Store, dict[str, str]] = WeakKeyDictionary()
"""Names of accounts by id, at most as many as there are accounts (identity's MAX_ACCOUNTS)."""


def canonical_id(env: Env, account: AccountId) -> str:
    """How S3 names an account; in test mode by its id, as suites are configured."""
    return str(account) if env.config.test_mode else id_of_account(account)


async def owner_of(env: Env, account: AccountId) -> Result:
    """An account as the members of an `Owner` or `Grantee`."""
    names = _NAMES.setdefault(env.store, {})
    if account not in names:
        names.update({str(each.id): each.name for each in await identity.list_accounts(env)})
        names.setdefault(account, str(account))
    return {"ID": canonical_id(env, account), "DisplayName": names[account]}


async def find_account_by_canonical_id(env: Env, given: str) -> AccountId | None:
    for account in await identity.list_accounts(env):
        if given == canonical_id(env, account.id):
            return account.id
    return None


async def find_account_by_email(env: Env, email: str) -> AccountId | None:
    """The account of the person with this address, when there is exactly one such account."""
    return await identity.find_account_by_email(env.store.reader, email)
