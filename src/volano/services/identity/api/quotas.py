"""Quotas and accounts over Volano's own API; changing them is for the operator."""

from __future__ import annotations

import msgspec

from volano.kernel.call import Call, Env
from volano.services.identity.logic import accounts, quotas
from volano.services.identity.model.principals import Account
from volano.wire.action import action


class NoFields(msgspec.Struct):
    """The request of an action that takes nothing."""


class QuotaView(msgspec.Struct):
    name: str
    value: int
    default: int


class QuotaList(msgspec.Struct):
    items: list[QuotaView]
    next_cursor: str | None = None


class SetQuota(msgspec.Struct, kw_only=True):
    """`value` null goes back to the default."""

    owner: str
    name: str
    value: int | None


class NewAccount(msgspec.Struct, kw_only=True):
    """`administrator` is the name of its first user."""

    name: str
    alias: str
    administrator: str = "admin"


class AccountView(msgspec.Struct, kw_only=True):
    id: str
    alias: str | None
    name: str
    created_us: int
    login_url: str | None = None


class AccountList(msgspec.Struct):
    items: list[AccountView]
    next_cursor: str | None = None


@action(
    "volano:listQuotas",
    method="GET",
    path="/volano/v1/quotas",
    permission="servicequotas:ListServiceQuotas",
    resource="*",
)
async def list_quotas(env: Env, call: Call, request: NoFields) -> QuotaList:
    """What this account may have."""
    found = await quotas.list_quotas(env, call.account)
    return QuotaList([QuotaView(name, *values) for name, values in found.items()])


@action(
    "volano:setQuota",
    method="PUT",
    path="/volano/v1/accounts/{owner}/quotas/{name}",
    permission="operator:SetQuota",
    resource="*",
)
async def set_quota(env: Env, call: Call, request: SetQuota) -> None:
    """Set an account's quota."""
    account = await accounts.get_account(env.store.reader, request.owner)
    await quotas.set_quota(env, account.id, request.name, request.value)


@action(
    "volano:listAccounts",
    method="GET",
    path="/volano/v1/accounts",
    permission="operator:ListAccounts",
    resource="*",
)
async def list_accounts(env: Env, call: Call, request: NoFields) -> AccountList:
    """Every account of this cloud."""
    return AccountList([_view(one) for one in await accounts.list_accounts(env)])


@action(
    "volano:createAccount",
    method="POST",
    path="/volano/v1/accounts",
    permission="operator:CreateAccount",
    resource="*",
)
async def create_account(env: Env, call: Call, request: NewAccount) -> AccountView:
    """An account with an administrator, who gets a one-time link."""
    made, token = await accounts.create_account(
        env, name=request.name, alias=request.alias, administrator=request.administrator
    )
    view = _view(made)
    view.login_url = f"{env.config.console_url}/login?token={token}"
    return view


def _view(account: Account) -> AccountView:
    return AccountView(
        id=account.id, alias=account.alias, name=account.name, created_us=account.created_us
    )
