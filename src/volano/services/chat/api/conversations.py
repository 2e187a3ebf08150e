"""Slack's conversations.* that are about channels themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.shapes import (
    CHANNEL,
    CHANNELS,
    LOCALE,
    MANAGE_SCOPES,
    READ_SCOPES,
    TOPIC_SCOPES,
    channel_page,
    parse_kinds,
    seen_json,
)
from volano.services.chat.logic import canvases, channels
from volano.services.chat.logic.cursors import parse_cursor, require_limit
from volano.services.chat.logic.history import look_at
from volano.services.chat.model import MAX_PAGE
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

MANAGE = "chat:ManageChannel"


class ListConversations(msgspec.Struct, kw_only=True):
    types: list[str] = msgspec.field(default_factory=list)
    exclude_archived: bool = False
    cursor: str = ""
    limit: int = 0
    team_id: str = ""


class CreateConversation(msgspec.Struct, kw_only=True):
    name: str = ""
    is_private: bool = False
    team_id: str = ""


class ConversationInfo(msgspec.Struct, kw_only=True):
    channel: str
    include_locale: bool = False
    include_num_members: bool = False


class ChannelArguments(msgspec.Struct, kw_only=True):
    channel: str


class RenameConversation(msgspec.Struct, kw_only=True):
    channel: str
    name: str = ""


class SetTopic(msgspec.Struct, kw_only=True):
    channel: str
    topic: str = ""


class SetPurpose(msgspec.Struct, kw_only=True):
    channel: str
    purpose: str = ""


@action(
    "slack:conversations.list",
    permission="chat:ListChannels",
    resource=CHANNELS,
    scopes=READ_SCOPES,
    read_only=True,
)
async def list_conversations(env: Env, call: Call, request: ListConversations) -> Json:
    """Public channels, and the caller's own of the other kinds."""
    page, following = await channels.list_channels(
        env,
        call,
        kinds=parse_kinds(request.types),
        archived=not request.exclude_archived,
        after=parse_cursor("channel", request.cursor),
        limit=require_limit(request.limit, default=100, maximum=MAX_PAGE),
    )
    return await channel_page(env, page, following)


@action(
    "slack:conversations.create",
    permission="chat:CreateChannel",
    resource=CHANNELS,
    scopes=MANAGE_SCOPES,
    read_only=False,
)
async def create_conversation(env: Env, call: Call, request: CreateConversation) -> Json:
    seen = await channels.create_channel(env, call, request.name, is_private=request.is_private)
    return {"channel": seen_json(seen)}


@action(
    "slack:conversations.info",
    permission="chat:GetChannel",
    resource=CHANNEL,
    scopes=READ_SCOPES,
    read_only=True,
)
async def get_conversation(env: Env, call: Call, request: ConversationInfo) -> Json:
    """The channel; what is unread in it when the caller is a member."""
    seen = await channels.get_channel(env, call, request.channel)
    number = None
    if request.include_num_members:
        number = (await channels.count_members(env, [seen.channel.id])).get(seen.channel.id, 0)
    shown = seen_json(seen, number)
    if seen.member is not None:
        state = await look_at(env, seen.channel, seen.member)
        shown |= {"unread_count": state.unread, "unread_count_display": state.unread}
    if request.include_locale:
        shown["locale"] = LOCALE
    canvas = await canvases.find_canvas_of(env, call.account, seen.channel.id)
    if canvas is not None:
        shown["properties"] = {
            "canvas": {"file_id": canvas.id, "is_empty": not canvas.sections, "quip_thread_id": ""}
        }
    return {"channel": shown}


@action(
    "slack:conversations.rename",
    permission=MANAGE,
    resource=CHANNEL,
    scopes=MANAGE_SCOPES,
    read_only=False,
)
async def rename_conversation(env: Env, call: Call, request: RenameConversation) -> Json:
    return {
        "channel": seen_json(
            await channels.rename_channel(env, call, request.channel, request.name)
        )
    }


@action(
    "slack:conversations.setTopic",
    permission=MANAGE,
    resource=CHANNEL,
    scopes=TOPIC_SCOPES,
    read_only=False,
)
async def set_topic(env: Env, call: Call, request: SetTopic) -> Json:
    seen = await channels.set_topic(env, call, request.channel, request.topic)
    return {"topic": seen.channel.topic, "channel": seen_json(seen)}


@action(
    "slack:conversations.setPurpose",
    permission=MANAGE,
    resource=CHANNEL,
    scopes=TOPIC_SCOPES,
    read_only=False,
)
async def set_purpose(env: Env, call: Call, request: SetPurpose) -> Json:
    seen = await channels.set_purpose(env, call, request.channel, request.purpose)
    return {"purpose": seen.channel.purpose, "channel": seen_json(seen)}


@action(
    "slack:conversations.archive",
    permission=MANAGE,
    resource=CHANNEL,
    scopes=MANAGE_SCOPES,
    read_only=False,
)
async def archive_conversation(env: Env, call: Call, request: ChannelArguments) -> None:
    await channels.archive_channel(env, call, request.channel)


@action(
    "slack:conversations.unarchive",
    permission=MANAGE,
    resource=CHANNEL,
    scopes=MANAGE_SCOPES,
    read_only=False,
)
async def unarchive_conversation(env: Env, call: Call, request: ChannelArguments) -> None:
    await channels.unarchive_channel(env, call, request.channel)
