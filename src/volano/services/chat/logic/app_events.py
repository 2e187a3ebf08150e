"""What apps are told: Slack's events, made from the rows when an event is handled.

An app hears of what happens in channels that its bot is in, and of the workspace's channels and
people. Ids of deliveries are made from what they tell, so that handling an event twice tells an
app once.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.logic.apps import KEEP_US, app_topic
from volano.services.chat.logic.blocks import block_texts
from volano.services.chat.logic.mrkdwn import find_mentions
from volano.services.chat.logic.payloads import (
    CHANNEL_TYPES,
    channel_json,
    message_json,
)
from volano.services.chat.logic.reactions import reaction_event
from volano.services.chat.logic.unfurls import link_event, links_of
from volano.services.chat.model import (
    App,
    Channel,
    ChannelChanged,
    ChannelKind,
    FileShared,
    Json,
    MemberChanged,
    MessageChanged,
    MessageDeleted,
    MessagePosted,
    ReactionChanged,
    Workspace,
    to_ts,
)
from volano.services.chat.store import app_configs as config_rows
from volano.services.chat.store import app_events as rows
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import messages as message_rows
from volano.services.chat.store import users as user_rows
from volano.services.chat.store import workspaces as workspace_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.chat.model.apps import AppConfig, AppTold, WorkspaceTold

    ChatEvent = (
        MessagePosted
        | MessageChanged
        | MessageDeleted
        | ReactionChanged
        | ChannelChanged
        | MemberChanged
        | FileShared
    )

_CHANNEL_EVENTS = (
    "channel_created",
    "channel_rename",
    "channel_archive",
    "channel_unarchive",
    "im_created",
)


async def tell_apps(env: Env, event: ChatEvent) -> None:
    """Queue an event for every app that listens and may hear of it; repeating is harmless."""
    reader = env.store.reader
    apps = await _listening(env, event.account)
    if not apps:
        return
    workspace = await workspace_rows.find_workspace(reader, event.account)
    channel = await channel_rows.find_channel(reader, event.account, event.channel)
    if workspace is None or channel is None:
        return
    for ear in apps:
        payloads = await _payloads(env, workspace, ear.app, channel, event)
        if isinstance(event, MessagePosted) and payloads:
            payloads += await _link_events(env, ear, channel, event)
        await _queue(env, workspace, ear, payloads)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ear:
    """An app that listens; one without a manifest hears everything."""

    app: App
    config: AppConfig | None

    def hears(self, payload: Json) -> bool:
        """Whether the app's manifest subscribes to an event."""
        if self.config is None:
            return True
        wanted = self.config.manifest.settings.event_subscriptions
        return _subscription(payload) in (*wanted.bot_events, *wanted.user_events)


def _subscription(payload: Json) -> str:
    """The name under which manifests subscribe to an event."""
    if payload["type"] != "message":
        return str(payload["type"])
    names = {"channel": "channels", "group": "groups"}
    kind = str(payload.get("channel_type"))
    return f"message.{names.get(kind, kind)}"


async def _listening(env: Env, account: str) -> list[Ear]:
    """Apps that asked for a socket lately, and those with a URL for events."""
    reader = env.store.reader
    since_us = env.clock.now_us() - KEEP_US
    configs = {item.app_id: item for item in await config_rows.select_configs(reader, account)}
    apps = {app.id: app for app in await user_rows.select_listening_apps(reader, account, since_us)}
    for config in configs.values():
        if config.event_url and config.app_id not in apps:
            found = await user_rows.find_app(reader, config.app_id)
            if found is not None:
                apps[found.id] = found
    return [Ear(app=app, config=configs.get(app.id)) for app in apps.values()]


async def _link_events(env: Env, ear: Ear, channel: Channel, event: MessagePosted) -> list[Json]:
    """`link_shared` for links in the domains that the app's manifest names."""
    domains = ear.config.manifest.features.unfurl_domains if ear.config is not None else []
    if not domains:
        return []
    message = await message_rows.find_message(env.store.reader, channel.id, event.ts_us)
    links = links_of(message.text, domains) if message is not None else []
    return [link_event(channel, message, links)] if message is not None and links else []


ALWAYS_TOLD = ("tokens_revoked", "app_uninstalled", "function_executed")


async def tell_app(env: Env, event: AppTold) -> None:
    """Queue what one app alone is to hear."""
    told = json.loads(event.what)
    await _tell_workspace(env, event.account, told, only=event.app)


async def tell_everyone(env: Env, event: WorkspaceTold) -> None:
    """Queue what every app may hear, or every app in the event's channel."""
    told = json.loads(event.what)
    await _tell_workspace(env, event.account, told, channel=event.channel)


async def _tell_workspace(
    env: Env, account: str, told: Json, *, only: str = "", channel: str = ""
) -> None:
    workspace = await workspace_rows.find_workspace(env.store.reader, account)
    if workspace is None:
        return
    told.setdefault("event_ts", to_ts(env.clock.now_us()))
    for ear in await _listening(env, account):
        if only and ear.app.id != only:
            continue
        if channel and not await _is_member(env, ear.app, channel):
            continue
        await _queue(env, workspace, ear, [told])


async def _is_member(env: Env, app: App, channel: str) -> bool:
    return await channel_rows.find_member(env.store.reader, channel, app.user_id) is not None


async def _payloads(
    env: Env, workspace: Workspace, app: App, channel: Channel, event: ChatEvent
) -> list[Json]:
    """Slack's events for this app; none when it may not hear of the channel."""
    member = await channel_rows.find_member(env.store.reader, channel.id, app.user_id)
    if isinstance(event, ChannelChanged):
        if channel.kind is not ChannelKind.PUBLIC and member is None:
            return []
        return _channel_events(workspace, channel, event)
    if isinstance(event, MemberChanged):
        if member is None and event.user != app.user_id:
            return []
        left = [] if event.joined or event.user != app.user_id else [_left_event(channel, event)]
        return [_member_event(workspace, channel, event), *left]
    if member is None:
        return []
    if isinstance(event, MessagePosted):
        return await _posted_events(env, workspace, app, channel, event)
    if isinstance(event, MessageChanged):
        return await _changed_events(env, workspace, channel, event)
    if isinstance(event, MessageDeleted):
        return [_deleted_event(channel, event)]
    if isinstance(event, FileShared):
        return [_file_event(event)]
    return await _reaction_events(env, event)


async def _posted_events(
    env: Env, workspace: Workspace, app: App, channel: Channel, event: MessagePosted
) -> list[Json]:
    message = await message_rows.find_message(env.store.reader, channel.id, event.ts_us)
    if message is None:
        return []
    first = None
    if message.is_reply:
        first = await message_rows.find_message(env.store.reader, channel.id, message.thread_us)
    parent_user = first.user_id if first is not None else ""
    shown = message_json(workspace, message, parent_user=parent_user) | {
        "channel": channel.id,
        "event_ts": message.ts,
        "channel_type": CHANNEL_TYPES[channel.kind],
    }
    found = [shown]
    texts = [message.text, *block_texts(message.body)]
    mentioned = any(app.user_id in find_mentions(text) for text in texts)
    if mentioned and message.user_id != app.user_id and not channel.kind.is_direct:
        mention = {**shown, "type": "app_mention"}
        mention.pop("channel_type")
        mention.pop("subtype", None)
        found.append(mention)
    return found


async def _changed_events(
    env: Env, workspace: Workspace, channel: Channel, event: MessageChanged
) -> list[Json]:
    message = await message_rows.find_message(env.store.reader, channel.id, event.ts_us)
    if message is None:
        return []
    shown = message_json(workspace, message)
    previous = {**shown, "text": event.previous}
    previous.pop("edited", None)
    return [
        {
            "type": "message",
            "subtype": "message_changed",
            "hidden": True,
            "channel": channel.id,
            "channel_type": CHANNEL_TYPES[channel.kind],
            "message": shown,
            "previous_message": previous,
            "ts": to_ts(event.edited_us),
            "event_ts": to_ts(event.edited_us),
        }
    ]


def _deleted_event(channel: Channel, event: MessageDeleted) -> Json:
    previous: Json = {"type": "message", "user": event.user, "ts": to_ts(event.ts_us), "text": ""}
    if event.thread_us:
        previous["thread_ts"] = to_ts(event.thread_us)
    return {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "channel": channel.id,
        "channel_type": CHANNEL_TYPES[channel.kind],
        "deleted_ts": to_ts(event.ts_us),
        "previous_message": previous,
        "ts": to_ts(event.at_us),
        "event_ts": to_ts(event.at_us),
    }


async def _reaction_events(env: Env, event: ReactionChanged) -> list[Json]:
    message = await message_rows.find_message(env.store.reader, event.channel, event.ts_us)
    if message is None:
        return []
    return [
        reaction_event(
            event.channel,
            message,
            name=event.name,
            user=event.user,
            added=event.added,
            at_us=event.at_us,
        )
    ]


def _channel_events(workspace: Workspace, channel: Channel, event: ChannelChanged) -> list[Json]:
    if event.what not in _CHANNEL_EVENTS:
        return []
    stamp: Json = {"type": event.what, "event_ts": to_ts(event.at_us)}
    if event.what in ("channel_archive", "channel_unarchive"):
        return [stamp | {"channel": channel.id, "user": event.user}]
    shown = channel_json(workspace, channel, me=event.user, member=None)
    if event.what == "im_created":
        return [stamp | {"channel": shown, "user": event.user}]
    return [stamp | {"channel": shown}]


def _member_event(workspace: Workspace, channel: Channel, event: MemberChanged) -> Json:
    found: Json = {
        "type": "member_joined_channel" if event.joined else "member_left_channel",
        "user": event.user,
        "channel": channel.id,
        "channel_type": "C" if channel.kind is ChannelKind.PUBLIC else "G",
        "team": workspace.team_id,
        "event_ts": to_ts(event.at_us),
    }
    return found | ({"inviter": event.inviter} if event.inviter else {})


def _left_event(channel: Channel, event: MemberChanged) -> Json:
    """What an app hears when its own bot left or was removed."""
    return {
        "type": "channel_left" if channel.kind is ChannelKind.PUBLIC else "group_left",
        "channel": channel.id,
        "actor_id": event.user,
        "event_ts": to_ts(event.at_us),
    }


def _file_event(event: FileShared) -> Json:
    return {
        "type": "file_shared",
        "file_id": event.file,
        "user_id": event.user,
        "file": {"id": event.file},
        "channel_id": event.channel,
        "event_ts": to_ts(event.ts_us),
    }


async def _queue(env: Env, workspace: Workspace, ear: Ear, payloads: list[Json]) -> None:
    now_us = env.clock.now_us()
    app, config = ear.app, ear.config
    by_http = config is not None and bool(config.event_url)
    items = [
        (_event_id(app, payload), payload)
        for payload in payloads
        if ear.hears(payload) or payload["type"] in ALWAYS_TOLD
    ]
    if not items:
        return

    async def write(tx: Tx) -> None:
        for event_id, payload in items:
            token = config.verification_token if config else ""
            text = _envelope(workspace, app, event_id, payload, token)
            await rows.insert_event(tx, app.id, event_id, text, now_us, by_http=by_http)

    await env.store.transact(write)
    if by_http:
        env.work.wake("chat:deliver")
    else:
        env.events.signal(app_topic(app.id), b"")


_NAMING = ("channel", "user", "reaction", "file_id", "item", "function_execution_id")


def _event_id(app: App, payload: Json) -> str:
    """The same for the same thing told to the same app."""
    told = [app.id, payload.get("type"), payload.get("subtype"), payload.get("event_ts")]
    told += [str(payload.get(key)) for key in _NAMING]
    return "Ev" + hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:10].upper()


def _envelope(workspace: Workspace, app: App, event_id: str, payload: Json, token: str) -> str:
    """Slack's outer event (docs.slack.dev, "The Events API", callback field)."""
    stamp = str(payload.get("event_ts") or "0")
    outer: Json = {
        "token": token,
        "team_id": workspace.team_id,
        "context_team_id": workspace.team_id,
        "context_enterprise_id": None,
        "api_app_id": app.id,
        "event": payload,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(stamp.partition(".")[0]),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": workspace.team_id,
                "user_id": app.user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": event_id,
    }
    return msgspec.json.encode(outer).decode()
