"""Apps by manifest: checking one, making an app of it, changing, exporting and deleting it.

An app is a service account with the workplace's policy; its manifest says which scopes its tokens
have, what it hears of and where it is reached. Secrets are shown once, when it is made.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from volano.kernel.errors import Invalid, NotFound
from volano.kernel.foreign_json import decode_foreign
from volano.services.chat.logic.access import require_regular
from volano.services.chat.logic.names import slug_of
from volano.services.chat.logic.workspaces import add_bot, enter
from volano.services.chat.model import App, ChatUser
from volano.services.chat.model.apps import AppConfig, Manifest
from volano.services.chat.store import app_configs as rows
from volano.services.chat.store import users as user_rows
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.chat.model import Json

MAX_MANIFEST_BYTES = 256 * 1024
MAX_COMMANDS = 50
MAX_SHORTCUTS = 10
MAX_FUNCTIONS = 50
UNVERIFIED_US = -1
"""Value of `events_disabled_us` for a URL that has not answered its challenge yet."""


class AppNotFound(NotFound):
    code = "app_not_found"


class BadManifest(Invalid):
    """A manifest that is wrong; each of its problems says where."""

    code = "invalid_manifest"

    def __init__(self, problems: list[Json]) -> None:
        said = "\n".join(f"{item['message']} [json-pointer:{item['pointer']}]" for item in problems)
        super().__init__(said, fields={"errors": json.dumps(problems)})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApp:
    """An app just made, and its secrets, shown once."""

    app: App
    bot: ChatUser
    config: AppConfig
    client_secret: str
    signing_secret: str


def parse_manifest(source: object) -> tuple[Manifest, Json]:
    """The manifest of JSON text or an object, and the object. Raises BadManifest."""
    if isinstance(source, str):
        try:
            source = decode_foreign(source)
        except msgspec.DecodeError as error:
            raise BadManifest([_problem("/", f"It is not JSON: {error}.")]) from error
    if not isinstance(source, dict):
        raise BadManifest([_problem("/", "A manifest is an object.")])
    if len(json.dumps(source)) > MAX_MANIFEST_BYTES:
        raise BadManifest([_problem("/", f"It is over {MAX_MANIFEST_BYTES} bytes.")])
    try:
        manifest = msgspec.convert(source, Manifest, strict=False)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at ")
        pointer = place.strip("`").lstrip("$").replace(".", "/") or "/"
        raise BadManifest([_problem(pointer, said)]) from error
    problems = list(_problems(manifest))
    if problems:
        raise BadManifest(problems)
    return manifest, source


def _problem(pointer: str, message: str) -> Json:
    return {"message": message, "pointer": pointer, "code": "invalid_manifest"}


def _problems(manifest: Manifest) -> Iterator[Json]:
    features, settings = manifest.features, manifest.settings
    if not 1 <= len(manifest.display_information.name) <= 35:
        yield _problem("/display_information/name", "A name has 1 to 35 characters.")
    if len(features.slash_commands) > MAX_COMMANDS:
        yield _problem("/features/slash_commands", f"At most {MAX_COMMANDS} commands.")
    if len(features.shortcuts) > MAX_SHORTCUTS:
        yield _problem("/features/shortcuts", f"At most {MAX_SHORTCUTS} shortcuts.")
    for index, command in enumerate(features.slash_commands):
        if not command.command.startswith("/") or len(command.command) > 32:
            place = f"/features/slash_commands/{index}/command"
            yield _problem(place, "A command begins with / and has at most 32 characters.")
    for index, shortcut in enumerate(features.shortcuts):
        if shortcut.type not in ("global", "message"):
            yield _problem(f"/features/shortcuts/{index}/type", "It is global or message.")
    urls = {
        "/settings/event_subscriptions/request_url": settings.event_subscriptions.request_url,
        "/settings/interactivity/request_url": settings.interactivity.request_url,
        "/settings/interactivity/message_menu_options_url": (
            settings.interactivity.message_menu_options_url
        ),
    }
    for place, url in urls.items():
        if url and urlsplit(url).scheme not in ("http", "https"):
            yield _problem(place, "It is an http or https URL.")
    if len(manifest.functions) > MAX_FUNCTIONS:
        yield _problem("/functions", f"At most {MAX_FUNCTIONS} functions.")
    if features.bot_user is None and manifest.oauth_config.scopes.bot:
        yield _problem("/features/bot_user", "Bot scopes need a bot user.")


async def create_app(env: Env, call: Call, source: object) -> NewApp:
    """Make an app. Raises BadManifest."""
    manifest, kept = parse_manifest(source)
    require_regular((await enter(env, call)).me)
    client_secret, signing_secret = env.ids.hex(32), env.ids.hex(32)

    async def write(tx: Tx) -> NewApp:
        bot = await _add_bot(tx, env, call.account, manifest)
        app = App(
            id=bot.app_id,
            account=call.account,
            name=manifest.display_information.name,
            principal_id=bot.principal_id,
            user_id=bot.id,
            created_us=env.clock.now_us(),
        )
        await user_rows.insert_app(tx, app)
        config = AppConfig(
            app_id=app.id,
            account=call.account,
            client_id=f"{int(env.ids.hex(10), 16)}.{int(env.ids.hex(10), 16)}",
            client_secret=_seal(env, app.id, client_secret),
            signing_secret=_seal(env, app.id, signing_secret),
            verification_token=env.ids.token(18),
            manifest=manifest,
            source=kept,
            events_disabled_us=UNVERIFIED_US,
            updated_us=env.clock.now_us(),
        )
        await rows.upsert_config(tx, config)
        return NewApp(
            app=app,
            bot=bot,
            config=config,
            client_secret=client_secret,
            signing_secret=signing_secret,
        )

    return await env.store.transact(write)


async def _add_bot(tx: Tx, env: Env, account: str, manifest: Manifest) -> ChatUser:
    bot_user = manifest.features.bot_user
    shown = bot_user.display_name if bot_user else manifest.display_information.name
    bot = await add_bot(tx, env, account, slug_of(shown) or "app", shown)
    await user_rows.upsert_user(tx, bot)
    return bot


def _seal(env: Env, app_id: str, plain: str) -> bytes:
    return env.secrets.seal(plain.encode(), context=f"chat-app:{app_id}")


def open_secret(env: Env, config: AppConfig, sealed: bytes) -> str:
    """The plain text of one of the app's secrets."""
    return env.secrets.open(sealed, context=f"chat-app:{config.app_id}").decode()


async def get_config(reader: Reader, account: str, app_id: str) -> AppConfig:
    """Raises AppNotFound with Slack's word `invalid_app_id`."""
    found = await rows.find_config(reader, app_id)
    if found is None or found.account != account:
        raise AppNotFound(f"There is no app {app_id[:40]}.", code="invalid_app_id")
    return found


async def update_app(env: Env, call: Call, app_id: str, source: object) -> bool:
    """Give the app another manifest; True when its scopes are other ones now."""
    manifest, kept = parse_manifest(source)
    require_regular((await enter(env, call)).me)

    async def write(tx: Tx) -> bool:
        old = await get_config(tx, call.account, app_id)
        url = old.manifest.settings.event_subscriptions.request_url
        same = url == manifest.settings.event_subscriptions.request_url
        changed = replace(
            old,
            manifest=manifest,
            source=kept,
            events_disabled_us=old.events_disabled_us if same else UNVERIFIED_US,
            updated_us=env.clock.now_us(),
        )
        await rows.upsert_config(tx, changed)
        return old.manifest.oauth_config.scopes != manifest.oauth_config.scopes

    return await env.store.transact(write)


async def delete_app(env: Env, call: Call, app_id: str) -> None:
    """The app, its tokens and what waits for it go; what it wrote stays."""

    async def write(tx: Tx) -> None:
        await get_config(tx, call.account, app_id)
        app = await user_rows.find_app(tx, app_id)
        assert app is not None, app_id
        bot = await user_rows.find_user(tx, call.account, app.user_id)
        if bot is not None:
            gone = replace(bot, deleted=True, updated_us=env.clock.now_us())
            await user_rows.upsert_user(tx, gone)
        await rows.delete_config(tx, app_id)
        await user_rows.delete_app(tx, app_id)
        await identity.delete_slack_tokens(tx, app.principal_id, app=app_id)

    await env.store.transact(write)
    identity.forget_caches(env)


async def list_apps(env: Env, call: Call) -> list[tuple[App, AppConfig | None]]:
    """The workspace's apps by id; the first one has no manifest."""
    await enter(env, call)
    reader = env.store.reader
    configs = {item.app_id: item for item in await rows.select_configs(reader, call.account)}
    apps = await user_rows.select_apps(reader, call.account)
    return [(app, configs.get(app.id)) for app in apps]


async def export_manifest(env: Env, call: Call, app_id: str) -> Json:
    config = await get_config(env.store.reader, call.account, app_id)
    return config.source
