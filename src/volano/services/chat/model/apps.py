"""The nouns of apps: what a manifest says, passes, views, hooks, and envelopes for apps."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.events import Event, event
from volano.services.chat.model.functions import Function

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.services.chat.model import Json


class Command(msgspec.Struct, kw_only=True):
    """A slash command of a manifest."""

    command: str
    description: str = ""
    usage_hint: str = ""
    url: str = ""
    should_escape: bool = False


class Shortcut(msgspec.Struct, kw_only=True):
    """`type` is `global` or `message`."""

    name: str
    type: str
    callback_id: str
    description: str = ""


class BotUser(msgspec.Struct, kw_only=True):
    display_name: str
    always_online: bool = False


class AppHome(msgspec.Struct, kw_only=True):
    home_tab_enabled: bool = False
    messages_tab_enabled: bool = False
    messages_tab_read_only_enabled: bool = False


class Features(msgspec.Struct, kw_only=True):
    app_home: AppHome = msgspec.field(default_factory=AppHome)
    bot_user: BotUser | None = None
    slash_commands: list[Command] = msgspec.field(default_factory=list)
    shortcuts: list[Shortcut] = msgspec.field(default_factory=list)
    unfurl_domains: list[str] = msgspec.field(default_factory=list)


class Scopes(msgspec.Struct, kw_only=True):
    bot: list[str] = msgspec.field(default_factory=list)
    user: list[str] = msgspec.field(default_factory=list)


class OAuthConfig(msgspec.Struct, kw_only=True):
    scopes: Scopes = msgspec.field(default_factory=Scopes)
    redirect_urls: list[str] = msgspec.field(default_factory=list)


class EventSubscriptions(msgspec.Struct, kw_only=True):
    request_url: str = ""
    bot_events: list[str] = msgspec.field(default_factory=list)
    user_events: list[str] = msgspec.field(default_factory=list)


class Interactivity(msgspec.Struct, kw_only=True):
    is_enabled: bool = False
    request_url: str = ""
    message_menu_options_url: str = ""


class Settings(msgspec.Struct, kw_only=True):
    event_subscriptions: EventSubscriptions = msgspec.field(default_factory=EventSubscriptions)
    interactivity: Interactivity = msgspec.field(default_factory=Interactivity)
    socket_mode_enabled: bool = False
    token_rotation_enabled: bool = False


class DisplayInformation(msgspec.Struct, kw_only=True):
    name: str
    description: str = ""
    long_description: str = ""
    background_color: str = ""


class Manifest(msgspec.Struct, kw_only=True):
    """What Volano reads of a manifest; the whole of it is kept and exported as it came."""

    display_information: DisplayInformation
    features: Features = msgspec.field(default_factory=Features)
    oauth_config: OAuthConfig = msgspec.field(default_factory=OAuthConfig)
    settings: Settings = msgspec.field(default_factory=Settings)
    functions: dict[str, Function] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppConfig:
    """An app's manifest and secrets. `scopes` are those the bot was installed with."""

    app_id: str
    account: str
    client_id: str
    client_secret: bytes
    signing_secret: bytes
    verification_token: str
    manifest: Manifest
    source: Json
    installed: bool = False
    scopes: tuple[str, ...] = ()
    events_disabled_us: int = 0
    failures: int = 0
    successes: int = 0
    counted_us: int = 0
    updated_us: int

    @property
    def by_socket(self) -> bool:
        return self.manifest.settings.socket_mode_enabled

    @property
    def event_url(self) -> str:
        """Where events go over HTTP; '' when they do not."""
        return "" if self.by_socket else self.manifest.settings.event_subscriptions.request_url


class PassKind(Enum):
    """What a pass is for."""

    TRIGGER = "trigger"
    RESPONSE = "response"
    CONSENT = "consent"
    CODE = "code"
    REFRESH = "refresh"
    CONFIG_REFRESH = "config-refresh"
    RTM = "rtm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Something that can be used `uses_left` times until it expires."""

    kind: PassKind
    account: str
    app_id: str
    body: Json
    uses_left: int
    expires_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A modal or Home tab of one user. `state` is what was typed at the last interaction."""

    id: str
    account: str
    app_id: str
    user_id: str
    kind: str
    external_id: str = ""
    root_id: str
    previous_id: str = ""
    hash: str
    body: Json
    state: Json = field(default_factory=dict)
    response_urls: tuple[Mapping[str, str], ...] = ()
    open: bool = True
    updated_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ephemeral:
    """A message that only `user_id` sees."""

    channel_id: str
    ts_us: int
    user_id: str
    account: str
    author: str
    app_id: str
    message: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """An incoming webhook: posts into one channel as the app's bot."""

    id: str
    account: str
    app_id: str
    user_id: str
    channel_id: str
    created_by: str
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An envelope that waits to be sent to an app's URL."""

    app_id: str
    id: str
    payload: str
    attempts: int
    reason: str


@event("chat.app_told")
class AppTold(Event, frozen=True, kw_only=True):
    """Something that one app is to hear: `what` is Slack's event as JSON text."""

    account: str
    app: str
    what: str


@event("chat.workspace_told")
class WorkspaceTold(Event, frozen=True, kw_only=True):
    """Something that every app may hear (`team_join`, `user_change`): Slack's event as JSON."""

    account: str
    channel: str = ""
    what: str
