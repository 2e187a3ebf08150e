"""Slack's apps.manifest.*, apps.uninstall and tooling.tokens.rotate, and our own about apps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.chat.logic import installs, manifests
from volano.services.chat.logic.commands import list_commands
from volano.services.chat.logic.deliveries import verify_url
from volano.services.chat.logic.own_commands import list_own_commands
from volano.wire.action import PUBLIC, action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

MANAGE = "chat:ManageApps"
APPS = "arn:aws:chat:{region}:{account}:app/*"
APP = "arn:aws:chat:{region}:{account}:app/{app_id}"
WRITE_SCOPES = ("app_configurations:write",)


class ManifestArguments(msgspec.Struct, kw_only=True):
    manifest: Any
    app_id: str = ""


class AppArguments(msgspec.Struct, kw_only=True):
    app_id: str = ""


class UninstallArguments(msgspec.Struct, kw_only=True):
    client_id: str = ""
    client_secret: str = ""


class RotateArguments(msgspec.Struct, kw_only=True):
    refresh_token: str = ""


@action(
    "slack:apps.manifest.create",
    permission=MANAGE,
    resource=APPS,
    scopes=WRITE_SCOPES,
    read_only=False,
)
async def create_app(env: Env, call: Call, request: ManifestArguments) -> Json:
    """Make an app; its secrets are shown once."""
    made = await manifests.create_app(env, call, request.manifest)
    scopes = made.config.manifest.oauth_config.scopes
    query = f"client_id={made.config.client_id}&scope={','.join(scopes.bot)}"
    query += f"&user_scope={','.join(scopes.user)}" if scopes.user else ""
    return {
        "app_id": made.app.id,
        "credentials": {
            "client_id": made.config.client_id,
            "client_secret": made.client_secret,
            "verification_token": made.config.verification_token,
            "signing_secret": made.signing_secret,
        },
        "oauth_authorize_url": f"{env.config.console_url}/oauth/v2/authorize?{query}",
    }


@action(
    "slack:apps.manifest.update",
    permission=MANAGE,
    resource=APP,
    scopes=WRITE_SCOPES,
    read_only=False,
)
async def update_app(env: Env, call: Call, request: ManifestArguments) -> Json:
    changed = await manifests.update_app(env, call, request.app_id, request.manifest)
    return {"app_id": request.app_id, "permissions_updated": changed}


@action(
    "slack:apps.manifest.validate",
    permission=MANAGE,
    resource=APPS,
    scopes=("app_configurations:read", *WRITE_SCOPES),
    read_only=True,
)
async def validate_manifest(env: Env, call: Call, request: ManifestArguments) -> Json:
    manifests.parse_manifest(request.manifest)
    return {"errors": []}


@action(
    "slack:apps.manifest.export",
    permission=MANAGE,
    resource=APP,
    scopes=("app_configurations:read", *WRITE_SCOPES),
    read_only=True,
)
async def export_manifest(env: Env, call: Call, request: AppArguments) -> Json:
    return {"manifest": await manifests.export_manifest(env, call, request.app_id)}


@action(
    "slack:apps.manifest.delete",
    permission=MANAGE,
    resource=APP,
    scopes=WRITE_SCOPES,
    read_only=False,
)
async def delete_app(env: Env, call: Call, request: AppArguments) -> None:
    await manifests.delete_app(env, call, request.app_id)


@action("slack:apps.uninstall", permission=MANAGE, resource=APPS, read_only=False)
async def uninstall_app(env: Env, call: Call, request: UninstallArguments) -> None:
    """Take the app's tokens away; it hears `app_uninstalled`."""
    config = await installs.check_client(env, call, request.client_id, request.client_secret)
    await installs.uninstall_app(env, call.account, config.app_id)


@action("slack:tooling.tokens.rotate", permission=PUBLIC, resource="*", read_only=False)
async def rotate_token(env: Env, call: Call, request: RotateArguments) -> Json:
    """The next pair of configuration tokens for a refresh token, which is good once."""
    workspace, user_id, tokens = await installs.rotate_config_token(env, request.refresh_token)
    return {"team_id": workspace.team_id, "user_id": user_id, **tokens}


class NoFields(msgspec.Struct):
    pass


class ConfigToken(msgspec.Struct, kw_only=True):
    """For `apps.manifest.*`: the token is good for twelve hours, the refresh token once."""

    token: str
    refresh_token: str
    iat: int
    exp: int


@action(
    "volano:createAppConfigToken",
    method="POST",
    path="/volano/v1/chat/apps/config-token",
    permission=MANAGE,
    resource=APPS,
)
async def create_config_token(env: Env, call: Call, request: NoFields) -> ConfigToken:
    """Make a pair of configuration tokens for the caller."""
    return msgspec.convert(await installs.create_config_token(env, call), ConfigToken)


class ChatApp(msgspec.Struct, kw_only=True):
    """An app; the first one of a workspace has no manifest."""

    id: str
    name: str
    user: str
    client_id: str
    installed: bool
    socket_mode: bool
    home_tab: bool
    manifest: dict[str, Any]


class ChatApps(msgspec.Struct, kw_only=True):
    apps: list[ChatApp]


@action(
    "volano:listChatApps",
    method="GET",
    path="/volano/v1/chat/apps",
    permission="chat:ListApps",
    resource=APPS,
)
async def list_apps(env: Env, call: Call, request: NoFields) -> ChatApps:
    """The workspace's apps with their manifests (1,000 at most)."""
    found = []
    for app, config in await manifests.list_apps(env, call):
        found.append(
            ChatApp(
                id=app.id,
                name=app.name,
                user=app.user_id,
                client_id=config.client_id if config else "",
                installed=config.installed if config else True,
                socket_mode=config.by_socket if config else True,
                home_tab=config.manifest.features.app_home.home_tab_enabled if config else False,
                manifest=config.source if config else {},
            )
        )
    return ChatApps(apps=found)


class InstallFields(msgspec.Struct, kw_only=True):
    app_id: str


class InstalledTokens(msgspec.Struct, kw_only=True):
    """Shown once; '' where the manifest asks for no scopes of the kind."""

    bot_token: str
    user_token: str


@action(
    "volano:installChatApp",
    method="POST",
    path="/volano/v1/chat/apps/{app_id}/install",
    permission=MANAGE,
    resource=APP,
)
async def install_app(env: Env, call: Call, request: InstallFields) -> InstalledTokens:
    """Install an app with all scopes of its manifest."""
    made = await installs.install_app(env, call, request.app_id)
    return InstalledTokens(
        bot_token=made.bot.token if made.bot else "",
        user_token=made.user.token if made.user else "",
    )


class AppTokenFields(msgspec.Struct, kw_only=True):
    app_id: str
    name: str = ""
    scopes: list[str] = msgspec.field(default_factory=lambda: ["connections:write"])


class AppToken(msgspec.Struct, kw_only=True):
    token: str


@action(
    "volano:createAppToken",
    method="POST",
    path="/volano/v1/chat/apps/{app_id}/tokens",
    permission=MANAGE,
    resource=APP,
)
async def create_app_token(env: Env, call: Call, request: AppTokenFields) -> AppToken:
    """An app-level token (`xapp-`) for Socket Mode, shown once."""
    return AppToken(
        token=await installs.create_app_token(
            env, call, request.app_id, request.name, request.scopes
        )
    )


class Verified(msgspec.Struct, kw_only=True):
    verified: bool


@action(
    "volano:verifyAppUrl",
    method="POST",
    path="/volano/v1/chat/apps/{app_id}/verify",
    permission=MANAGE,
    resource=APP,
)
async def verify_app_url(env: Env, call: Call, request: InstallFields) -> Verified:
    """Ask the app's URL for events to answer a challenge."""
    config = await manifests.get_config(env.store.reader, call.account, request.app_id)
    url = config.event_url
    return Verified(verified=bool(url) and await verify_url(env, config, url))


class ChatCommand(msgspec.Struct, kw_only=True):
    """`app_id` is '' for a command of the workplace itself."""

    app_id: str
    command: str
    description: str
    usage_hint: str


class ChatCommands(msgspec.Struct, kw_only=True):
    commands: list[ChatCommand]


@action(
    "volano:listChatCommands",
    method="GET",
    path="/volano/v1/chat/commands",
    permission="chat:ListApps",
    resource=APPS,
)
async def list_chat_commands(env: Env, call: Call, request: NoFields) -> ChatCommands:
    """The slash commands of installed apps, and those of the workplace itself."""
    found = [
        ChatCommand(
            app_id=config.app_id,
            command=item.command,
            description=item.description,
            usage_hint=item.usage_hint,
        )
        for config, item in await list_commands(env, call)
    ]
    own = [
        ChatCommand(
            app_id="",
            command=item.command,
            description=item.description,
            usage_hint=item.usage_hint,
        )
        for item in list_own_commands()
    ]
    return ChatCommands(commands=[*found, *own])
