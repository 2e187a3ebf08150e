"""Sign-in by OpenID Connect issuers: leaving, coming back, and an account's providers."""

from __future__ import annotations

import msgspec

from volano.kernel.call import Call, Env
from volano.services.identity.api.session import NoFields, opened
from volano.services.identity.logic import login, oidc_sign_in
from volano.services.identity.logic.proof import require_proof
from volano.services.identity.logic.sign_in_providers import (
    WantedProvider,
    put_provider,
    remove_provider,
)
from volano.services.identity.model.sign_in import SignInProvider
from volano.services.identity.store.sign_in_providers import select_providers
from volano.wire.action import PUBLIC, action
from volano.wire.results import WithHeaders

PROVIDERS = "arn:aws:iam::{account}:sign-in-provider/*"
PROVIDER = "arn:aws:iam::{account}:sign-in-provider/{name}"


class HomeAccount(msgspec.Struct):
    """`account` is an id or alias; empty means the first account of this cloud."""

    account: str = ""


class ProviderButton(msgspec.Struct):
    name: str
    title: str


class ProviderButtons(msgspec.Struct):
    items: list[ProviderButton]
    next_cursor: str | None = None


class Departure(msgspec.Struct, kw_only=True):
    """`hint` is a user name or e-mail address that the issuer may fill in."""

    name: str
    account: str = ""
    hint: str = ""


class DepartureView(msgspec.Struct):
    """Where to go. The browser's tab keeps `binding` and sends it when it is back."""

    url: str
    binding: str


class Return(msgspec.Struct):
    """What the issuer added to the address, and what the tab kept."""

    code: str
    state: str
    binding: str


class Provider(msgspec.Struct, kw_only=True):
    """`link_by` is email (verified, equal to a user's) or subject (`sub` is the user's name)."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = ""
    title: str = ""
    link_by: str = "email"
    create_users: bool = False
    email_domains: list[str] = []
    groups: list[str] = []


class ProviderView(msgspec.Struct, kw_only=True):
    """The client secret is never shown; `return_url` is what the issuer must allow."""

    name: str
    title: str
    issuer: str
    client_id: str
    has_secret: bool
    link_by: str
    create_users: bool
    email_domains: list[str]
    groups: list[str]
    created_us: int
    return_url: str


class ProviderList(msgspec.Struct):
    items: list[ProviderView]
    next_cursor: str | None = None


class ProviderName(msgspec.Struct):
    name: str


@action(
    "volano:listSignInButtons",
    method="GET",
    path="/volano/v1/session/providers",
    permission=PUBLIC,
    resource="*",
)
async def list_sign_in_buttons(env: Env, call: Call, request: HomeAccount) -> ProviderButtons:
    """By whom one may sign in to an account."""
    home = await login.find_account(env, request.account)
    found = await select_providers(env.store.reader, home.id) if home else []
    return ProviderButtons([ProviderButton(one.name, one.title) for one in found])


@action(
    "volano:beginProviderSignIn",
    method="POST",
    path="/volano/v1/session/providers/{name}",
    permission=PUBLIC,
    resource="*",
)
async def begin_provider_sign_in(env: Env, call: Call, request: Departure) -> DepartureView:
    """The issuer's address for this sign-in."""
    begun = await oidc_sign_in.begin(
        env, call, account=request.account, name=request.name, hint=request.hint
    )
    return DepartureView(url=begun.url, binding=begun.binding)


@action(
    "volano:signInByProvider",
    method="POST",
    path="/volano/v1/session/provider",
    permission=PUBLIC,
    resource="*",
)
async def sign_in_by_provider(env: Env, call: Call, request: Return) -> WithHeaders:
    """Open a session by what the issuer sent back."""
    entered = await oidc_sign_in.end(
        env, call, code=request.code, state=request.state, binding=request.binding
    )
    return await opened(env, call, entered)


def _view(env: Env, provider: SignInProvider) -> ProviderView:
    return ProviderView(
        name=provider.name,
        title=provider.title,
        issuer=provider.issuer,
        client_id=provider.client_id,
        has_secret=provider.client_secret is not None,
        link_by=provider.link_by.value,
        create_users=provider.create_users,
        email_domains=list(provider.email_domains),
        groups=list(provider.groups),
        created_us=provider.created_us,
        return_url=env.config.console_url + oidc_sign_in.RETURN_PATH,
    )


@action(
    "volano:listSignInProviders",
    method="GET",
    path="/volano/v1/sign-in-providers",
    permission="iam:ListOpenIDConnectProviders",
    resource=PROVIDERS,
)
async def list_sign_in_providers(env: Env, call: Call, request: NoFields) -> ProviderList:
    """The account's sign-in providers."""
    found = await select_providers(env.store.reader, call.account)
    return ProviderList([_view(env, one) for one in found])


@action(
    "volano:putSignInProvider",
    method="PUT",
    path="/volano/v1/sign-in-providers/{name}",
    permission="iam:CreateOpenIDConnectProvider",
    resource=PROVIDER,
)
async def put_sign_in_provider(env: Env, call: Call, request: Provider) -> ProviderView:
    """Make or change a provider; an empty secret keeps the known one."""
    await require_proof(env, call)
    wanted = WantedProvider(
        name=request.name,
        title=request.title,
        issuer=request.issuer,
        client_id=request.client_id,
        client_secret=request.client_secret,
        link_by=request.link_by,
        create_users=request.create_users,
        email_domains=request.email_domains,
        groups=request.groups,
    )
    return _view(env, await put_provider(env, call, wanted))


@action(
    "volano:deleteSignInProvider",
    method="DELETE",
    path="/volano/v1/sign-in-providers/{name}",
    permission="iam:DeleteOpenIDConnectProvider",
    resource=PROVIDER,
)
async def delete_sign_in_provider(env: Env, call: Call, request: ProviderName) -> None:
    """Nobody comes in by it any more."""
    await remove_provider(env, call, request.name)
