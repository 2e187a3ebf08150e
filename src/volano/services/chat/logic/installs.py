"""Installing an app: tokens with the scopes that were agreed to, by hand or by OAuth v2.

A bot token belongs to the app's service account, a user token to who installed it; both are
limited to scopes of the manifest. With rotation a token lives for twelve hours and a refresh token,
good once, gives the next pair.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.kernel.errors import Unauthenticated
from volano.kernel.ids import AccountId
from volano.services.chat.logic import passes
from volano.services.chat.logic.access import require_regular
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.manifests import get_config, open_secret
from volano.services.chat.logic.passes import PassExpired, PassUnknown, PassUsed
from volano.services.chat.logic.users import get_user
from volano.services.chat.logic.workspaces import Here, enter, get_workspace
from volano.services.chat.model import App, Workspace
from volano.services.chat.model.apps import AppConfig, AppTold, Pass, PassKind
from volano.services.chat.store import app_configs as rows
from volano.services.chat.store import users as user_rows
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.chat.model import Json

ROTATED_LIFE_US = 12 * 3600 * 1_000_000
APP_LEVEL_SCOPES = ("connections:write", "authorizations:read", "app_configurations:write")


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """One token with its scopes; `refresh` is '' without rotation."""

    token: str
    scopes: tuple[str, ...]
    refresh: str = ""
    expires_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What an installation gave: a bot token, a user token, or both."""

    workspace: Workspace
    app: App
    user_id: str
    bot: Granted | None
    user: Granted | None


async def find_app(reader: Reader, account: str, app_id: str) -> App:
    """Raises AppNotFound through `get_config` first; every configured app has a row."""
    await get_config(reader, account, app_id)
    app = await user_rows.find_app(reader, app_id)
    assert app is not None, app_id
    return app


async def install_app(env: Env, call: Call, app_id: str) -> Installed:
    """Install with all scopes of the manifest, as an administrator does by hand."""
    here = await enter(env, call)
    require_regular(here.me)

    async def write(tx: Tx) -> Installed:
        config = await get_config(tx, call.account, app_id)
        wanted = config.manifest.oauth_config.scopes
        return await _grant(tx, env, here.workspace, config, here.me.id, wanted.bot, wanted.user)

    return await _committed(env, await env.store.transact(write))


async def _committed(env: Env, installed: Installed) -> Installed:
    identity.forget_caches(env)
    return installed


async def _grant(
    tx: Tx,
    env: Env,
    workspace: Workspace,
    config: AppConfig,
    user_id: str,
    bot_scopes: Sequence[str],
    user_scopes: Sequence[str],
) -> Installed:
    """Make the tokens; the ones that the app had before are gone."""
    app = await user_rows.find_app(tx, config.app_id)
    user = await user_rows.find_user(tx, config.account, user_id)
    assert app is not None
    assert user is not None
    bot = person = None
    if bot_scopes:
        scopes = tuple(dict.fromkeys((*config.scopes, *bot_scopes)))
        bot = await _token(tx, env, config, app.principal_id, scopes, is_bot=True)
        await rows.upsert_config(tx, replace(config, installed=True, scopes=scopes))
    if user_scopes:
        scopes = tuple(dict.fromkeys(user_scopes))
        person = await _token(tx, env, config, user.principal_id, scopes, is_bot=False)
    return Installed(workspace=workspace, app=app, user_id=user_id, bot=bot, user=person)


async def _token(
    tx: Tx,
    env: Env,
    config: AppConfig,
    principal_id: str,
    scopes: tuple[str, ...],
    *,
    is_bot: bool,
) -> Granted:
    rotates = config.manifest.settings.token_rotation_enabled
    expires_us = env.clock.now_us() + ROTATED_LIFE_US if rotates else None
    _, plain = await identity.create_slack_token(
        tx,
        env,
        principal_id,
        kind=identity.TokenKind.SLACK_BOT if is_bot else identity.TokenKind.SLACK_USER,
        name=f"App {config.manifest.display_information.name}",
        scopes=scopes,
        app=config.app_id,
        expires_us=expires_us,
    )
    if expires_us is None:
        return Granted(token=plain, scopes=scopes)
    refresh = f"xoxe-1-{env.ids.hex(64)}"
    body: Json = {"principal": principal_id, "scopes": list(scopes), "is_bot": is_bot}
    await passes.give_pass(
        tx,
        env,
        PassKind.REFRESH,
        refresh,
        account=config.account,
        app_id=config.app_id,
        body=body,
    )
    return Granted(token=plain, scopes=scopes, refresh=refresh, expires_us=expires_us)


async def create_app_token(
    env: Env, call: Call, app_id: str, name: str, scopes: Sequence[str]
) -> str:
    """An app-level token (`xapp-`), shown once."""
    unknown = [scope for scope in scopes if scope not in APP_LEVEL_SCOPES]
    if unknown or not scopes:
        raise refused("invalid_scope", f"Scopes of app-level tokens: {', '.join(APP_LEVEL_SCOPES)}")
    require_regular((await enter(env, call)).me)

    async def write(tx: Tx) -> str:
        app = await find_app(tx, call.account, app_id)
        _, plain = await identity.create_slack_token(
            tx,
            env,
            app.principal_id,
            kind=identity.TokenKind.SLACK_APP,
            name=name or "Sockets",
            scopes=tuple(scopes),
            app=app.id,
        )
        return plain

    return await env.store.transact(write)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What `/oauth/v2/authorize` is asked."""

    client_id: str
    scopes: tuple[str, ...] = ()
    user_scopes: tuple[str, ...] = ()
    redirect_uri: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that may be put before a person: `consent` goes back with the answer."""

    here: Here
    config: AppConfig
    request: Request
    redirect_uri: str
    consent: str


async def ask_consent(env: Env, call: Call, request: Request) -> Asked:
    """Check the request of an app. Raises invalid_client_id, bad_redirect_uri, invalid_scope."""
    here = await enter(env, call)
    require_regular(here.me)
    config = await rows.find_config_of_client(env.store.reader, request.client_id)
    if config is None or config.account != call.account:
        raise refused("invalid_client_id", "No app of this workspace has this client_id.")
    redirect_uri = _redirect_of(config, request.redirect_uri)
    wanted = config.manifest.oauth_config.scopes
    unknown = [s for s in request.scopes if s not in wanted.bot]
    unknown += [s for s in request.user_scopes if s not in (*wanted.user, *OPENID_SCOPES)]
    if unknown:
        raise refused("invalid_scope", f"The app's manifest does not name {', '.join(unknown)}.")
    if not (request.scopes or request.user_scopes):
        raise refused("invalid_scope", "scope or user_scope is needed.")
    consent = env.ids.token(24)
    body: Json = {
        "user": here.me.id,
        "scopes": list(request.scopes),
        "user_scopes": list(request.user_scopes),
        "redirect_uri": redirect_uri,
        "sent_redirect": request.redirect_uri,
        "state": request.state,
    }

    async def write(tx: Tx) -> None:
        await passes.give_pass(
            tx,
            env,
            PassKind.CONSENT,
            consent,
            account=call.account,
            app_id=config.app_id,
            body=body,
        )

    await env.store.transact(write)
    return Asked(
        here=here, config=config, request=request, redirect_uri=redirect_uri, consent=consent
    )


OPENID_SCOPES = ("openid", "email", "profile")


def _redirect_of(config: AppConfig, asked: str) -> str:
    """The URL to go back to: one of the manifest's, or below one of them (as Slack has it)."""
    known = config.manifest.oauth_config.redirect_urls
    if not known:
        raise refused("bad_redirect_uri", "The app's manifest names no redirect_urls.")
    if not asked:
        return known[0]
    for url in known:
        if asked == url or asked.startswith((url.rstrip("/") + "/", url + "?")):
            return asked
    raise refused("bad_redirect_uri", "redirect_uri is not below one of the manifest's.")


async def answer_consent(env: Env, call: Call, consent: str, *, agreed: bool) -> tuple[str, Json]:
    """The URL to send the person back to and its parameters: a code, or `access_denied`.

    Raises PassUnknown and its like for a page that is too old or somebody else's.
    """
    here = await enter(env, call)
    code = env.ids.token(32)

    async def write(tx: Tx) -> Pass:
        asked = await passes.take_pass(tx, env, PassKind.CONSENT, consent)
        if asked.body["user"] != here.me.id:
            raise PassUnknown("This page was made for somebody else.")
        if agreed:
            await passes.give_pass(
                tx,
                env,
                PassKind.CODE,
                code,
                account=asked.account,
                app_id=asked.app_id,
                body=asked.body,
            )
        return asked

    asked = await env.store.transact(write)
    answer: Json = {"code": code} if agreed else {"error": "access_denied"}
    return str(asked.body["redirect_uri"]), answer | {"state": asked.body["state"]}


async def _client(env: Env, reader: Reader, client_id: str, client_secret: str) -> AppConfig:
    config = await rows.find_config_of_client(reader, client_id)
    if config is None:
        raise refused("invalid_client_id", "No app has this client_id.")
    known = open_secret(env, config, config.client_secret)
    if not hmac.compare_digest(known.encode(), client_secret.encode()):
        raise Unauthenticated("client_secret is not the app's.", code="bad_client_secret")
    return config


async def exchange_code(
    env: Env, *, client_id: str, client_secret: str, code: str, redirect_uri: str
) -> Installed:
    """Tokens for a code, once. Raises invalid_code, bad_redirect_uri, bad_client_secret."""
    config = await _client(env, env.store.reader, client_id, client_secret)
    workspace = await get_workspace(env, config.account)

    async def write(tx: Tx) -> Installed:
        try:
            agreed = await passes.take_pass(tx, env, PassKind.CODE, code)
        except (PassUnknown, PassUsed, PassExpired) as error:
            said = "code_already_used" if isinstance(error, PassUsed) else "invalid_code"
            raise refused(said, error.message) from error
        if agreed.app_id != config.app_id:
            raise refused("invalid_code", "The code was given to another app.")
        if agreed.body["sent_redirect"] != redirect_uri:
            raise refused("bad_redirect_uri", "redirect_uri is not the one that was asked with.")
        user_id = str(agreed.body["user"])
        bot, user = agreed.body["scopes"], agreed.body["user_scopes"]
        assert isinstance(bot, list)
        assert isinstance(user, list)
        return await _grant(tx, env, workspace, config, user_id, bot, user)

    return await _committed(env, await env.store.transact(write))


async def refresh_token(
    env: Env, *, client_id: str, client_secret: str, token: str
) -> tuple[Workspace, App, Granted, bool, str]:
    """The next pair for a refresh token, once: workspace, app, token, whether it is the bot's, and
    whose it is. Raises invalid_refresh_token.
    """
    config = await _client(env, env.store.reader, client_id, client_secret)
    workspace = await get_workspace(env, config.account)

    async def write(tx: Tx) -> tuple[App, Granted, bool, str]:
        try:
            found = await passes.take_pass(tx, env, PassKind.REFRESH, token)
        except (PassUnknown, PassUsed, PassExpired) as error:
            raise refused("invalid_refresh_token", error.message) from error
        if found.app_id != config.app_id:
            raise refused("invalid_refresh_token", "The token was given to another app.")
        principal_id, is_bot = str(found.body["principal"]), bool(found.body["is_bot"])
        scopes = found.body["scopes"]
        assert isinstance(scopes, list)
        granted = await _token(tx, env, config, principal_id, tuple(scopes), is_bot=is_bot)
        app = await user_rows.find_app(tx, config.app_id)
        user = await user_rows.find_user_of_principal(tx, config.account, principal_id)
        assert app is not None
        assert user is not None
        return app, granted, is_bot, user.id

    app, granted, is_bot, user_id = await env.store.transact(write)
    return workspace, app, granted, is_bot, user_id


async def revoke_token(env: Env, call: Call, plain: str) -> None:
    """The token is good no more; its app hears of it."""
    here = await enter(env, call)

    async def write(tx: Tx) -> None:
        token = await identity.delete_slack_token(tx, env, plain)
        if token is None or not token.app:
            return
        is_bot = token.kind is identity.TokenKind.SLACK_BOT
        mine = [here.me.id]
        told: Json = {"oauth": [] if is_bot else mine, "bot": mine if is_bot else []}
        await _tell(tx, call.account, token.app, {"type": "tokens_revoked", "tokens": told})

    await env.store.transact(write)
    identity.forget_caches(env)


async def _tell(tx: Tx, account: str, app_id: str, what: Json) -> None:
    tx.publish(AppTold(account=account, app=app_id, what=json.dumps(what)))


async def uninstall_app(env: Env, account: str, app_id: str) -> None:
    """All tokens of the app go, its bot is switched off; the app hears `app_uninstalled`."""

    async def write(tx: Tx) -> None:
        config = await get_config(tx, account, app_id)
        app = await find_app(tx, account, app_id)
        await identity.delete_slack_tokens(tx, app.principal_id, app=app_id)
        await rows.upsert_config(tx, replace(config, installed=False, scopes=()))
        told: Json = {"oauth": [], "bot": [app.user_id]}
        await _tell(tx, account, app_id, {"type": "tokens_revoked", "tokens": told})
        await _tell(tx, account, app_id, {"type": "app_uninstalled"})

    await env.store.transact(write)
    identity.forget_caches(env)


async def check_client(env: Env, call: Call, client_id: str, client_secret: str) -> AppConfig:
    """The caller's app by its client id and secret (`apps.uninstall`)."""
    config = await _client(env, env.store.reader, client_id, client_secret)
    if config.account != call.account:
        raise refused("invalid_client_id", "No app has this client_id.")
    return config


async def rotate_config_token(env: Env, refresh: str) -> tuple[Workspace, str, Json]:
    """The next pair of a person's tokens for `apps.manifest.*`: workspace, user id, tokens."""

    async def write(tx: Tx) -> tuple[str, str, Json]:
        try:
            found = await passes.take_pass(tx, env, PassKind.CONFIG_REFRESH, refresh)
        except (PassUnknown, PassUsed, PassExpired) as error:
            raise refused("invalid_refresh_token", error.message) from error
        user_id = str(found.body["user"])
        return found.account, user_id, await _config_tokens(tx, env, found.account, user_id)

    account, user_id, tokens = await env.store.transact(write)
    return await get_workspace(env, account), user_id, tokens


async def create_config_token(env: Env, call: Call) -> Json:
    """The first pair of configuration tokens of the caller."""
    here = await enter(env, call)
    require_regular(here.me)

    async def write(tx: Tx) -> Json:
        return await _config_tokens(tx, env, call.account, here.me.id)

    return await env.store.transact(write)


async def _config_tokens(tx: Tx, env: Env, account: str, user_id: str) -> Json:
    user = await get_user(tx, AccountId(account), user_id)
    now_us = env.clock.now_us()
    _, plain = await identity.create_slack_token(
        tx,
        env,
        user.principal_id,
        kind=identity.TokenKind.SLACK_USER,
        name="App configuration",
        scopes=("app_configurations:read", "app_configurations:write"),
        expires_us=now_us + ROTATED_LIFE_US,
    )
    refresh = f"xoxe-{env.ids.hex(64)}"
    await passes.give_pass(
        tx,
        env,
        PassKind.CONFIG_REFRESH,
        refresh,
        account=account,
        app_id="",
        body={"user": user_id},
    )
    return {
        "token": plain,
        "refresh_token": refresh,
        "iat": now_us // 1_000_000,
        "exp": (now_us + ROTATED_LIFE_US) // 1_000_000,
    }
