"""Slack's assistant.threads.*, chat.unfurl and entity.presentDetails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.chat.api.messages import POST
from volano.services.chat.logic import assistants, unfurls
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.live import tell_users
from volano.services.chat.logic.views import calling_app, take_trigger
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json
    from volano.services.chat.model.apps import Pass

THREAD = "arn:aws:chat:{region}:{account}:channel/{channel_id}"
SCOPES = ("assistant:write", "chat:write")


class ThreadArguments(msgspec.Struct, kw_only=True):
    channel_id: str
    thread_ts: str = ""


class StatusArguments(ThreadArguments, kw_only=True):
    status: str = ""
    loading_messages: list[str] = msgspec.field(default_factory=list)
    icon_emoji: str = ""
    icon_url: str = ""
    username: str = ""


class TitleArguments(ThreadArguments, kw_only=True):
    title: str = ""


class PromptsArguments(TitleArguments, kw_only=True):
    prompts: list[dict[str, Any]] = msgspec.field(default_factory=list)


class UnfurlArguments(msgspec.Struct, kw_only=True):
    unfurls: dict[str, Any] = msgspec.field(default_factory=dict)
    channel: str = ""
    ts: str = ""
    unfurl_id: str = ""
    source: str = ""
    metadata: dict[str, Any] | None = None
    user_auth_required: bool = False
    user_auth_message: str = ""
    user_auth_url: str = ""
    user_auth_blocks: list[Any] | None = None


class DetailsArguments(msgspec.Struct, kw_only=True):
    trigger_id: str = ""
    metadata: dict[str, Any] | None = None
    user_auth_required: bool = False
    user_auth_url: str = ""
    error: dict[str, Any] | None = None


class StartThread(msgspec.Struct, kw_only=True):
    """`channel` is what the person looks at meanwhile."""

    app_id: str
    channel: str = ""


class StartedThread(msgspec.Struct, kw_only=True):
    channel: str
    thread_ts: str


@action(
    "slack:assistant.threads.setStatus",
    permission=POST,
    resource=THREAD,
    scopes=SCOPES,
    read_only=False,
    partial="`icon_emoji`, `icon_url` and `username` are ignored.",
)
async def set_status(env: Env, call: Call, request: StatusArguments) -> None:
    """Show what the app is doing."""
    await assistants.set_status(
        env, call, request.channel_id, request.thread_ts, request.status, request.loading_messages
    )


@action(
    "slack:assistant.threads.setTitle",
    permission=POST,
    resource=THREAD,
    scopes=SCOPES,
    read_only=False,
)
async def set_title(env: Env, call: Call, request: TitleArguments) -> None:
    await assistants.set_title(env, call, request.channel_id, request.thread_ts, request.title)


@action(
    "slack:assistant.threads.setSuggestedPrompts",
    permission=POST,
    resource=THREAD,
    scopes=SCOPES,
    read_only=False,
)
async def set_prompts(env: Env, call: Call, request: PromptsArguments) -> None:
    await assistants.set_prompts(
        env, call, request.channel_id, request.thread_ts, request.prompts, request.title
    )


@action(
    "volano:startAssistantThread",
    method="POST",
    path="/volano/v1/chat/apps/{app_id}/assistant",
    permission="chat:UseApps",
    resource="arn:aws:chat:{region}:{account}:app/{app_id}",
)
async def start_thread(env: Env, call: Call, request: StartThread) -> StartedThread:
    """Open a new conversation with an app that is an assistant."""
    channel, ts = await assistants.start_thread(env, call, request.app_id, request.channel)
    return StartedThread(channel=channel, thread_ts=ts)


@action(
    "slack:chat.unfurl",
    permission=POST,
    resource="arn:aws:chat:{region}:{account}:channel/{channel}",
    scopes=("links:write",),
    read_only=False,
    partial="`metadata` and `user_auth_*` are ignored.",
)
async def unfurl(env: Env, call: Call, request: UnfurlArguments) -> None:
    """Put previews below the links of a message."""
    channel, ts = request.channel, request.ts
    if request.unfurl_id:
        channel, _, ts = request.unfurl_id.partition(".")
    if not (channel and ts):
        raise refused("cannot_find_message", "channel and ts, or unfurl_id, are needed.")
    await unfurls.unfurl(env, call, channel, ts, request.unfurls)


@action(
    "slack:entity.presentDetails",
    permission=POST,
    resource="arn:aws:chat:{region}:{account}:app/*",
    read_only=False,
)
async def present_details(env: Env, call: Call, request: DetailsArguments) -> None:
    """Show the details of a work object to whoever opened it."""
    _, app = await calling_app(env, call)
    if request.metadata is None and not request.error and not request.user_auth_required:
        raise refused("invalid_metadata", "metadata is needed.")

    async def write(tx: Tx) -> Pass:
        return await take_trigger(tx, env, app, request.trigger_id)

    found = await env.store.transact(write)
    event: Json = {
        "type": "entity_details",
        "app_id": app.id,
        "metadata": request.metadata,
        "error": request.error,
        "user_auth_url": request.user_auth_url,
    }
    tell_users(env, call.account, [str(found.body["user"])], event)
