"""Slack's conversations.* that are about who is in a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.conversations import ChannelArguments
from volano.services.chat.api.shapes import (
    CHANNEL,
    CHANNELS,
    DIRECT_SCOPES,
    JOIN_SCOPES,
    MANAGE_SCOPES,
    READ_SCOPES,
    seen_json,
)
from volano.services.chat.logic import members
from volano.services.chat.logic.channels import Seen
from volano.services.chat.logic.cursors import (
    page_metadata,
    parse_cursor,
    require_limit,
    to_cursor,
)
from volano.services.chat.model import MAX_PAGE
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.logic.members import Joined
    from volano.services.chat.model import Json


class InviteArguments(msgspec.Struct, kw_only=True):
    channel: str
    users: list[str] = msgspec.field(default_factory=list)
    user: str = ""
    force: bool = False


class KickArguments(msgspec.Struct, kw_only=True):
    channel: str
    user: str = ""


class MembersArguments(msgspec.Struct, kw_only=True):
    channel: str
    cursor: str = ""
    limit: int = 0


class OpenArguments(msgspec.Struct, kw_only=True):
    channel: str = ""
    users: list[str] = msgspec.field(default_factory=list)
    return_im: bool = False
    prevent_creation: bool = False


def _joined_json(joined: Joined) -> Json:
    return seen_json(Seen(here=joined.here, channel=joined.channel, member=joined.member))


@action(
    "slack:conversations.join",
    permission="chat:JoinChannel",
    resource=CHANNEL,
    scopes=JOIN_SCOPES,
    read_only=False,
)
async def join_conversation(env: Env, call: Call, request: ChannelArguments) -> Json:
    joined = await members.join_channel(env, call, request.channel)
    found: Json = {"channel": _joined_json(joined)}
    if not joined.is_new:
        found["warning"] = "already_in_channel"
        found["response_metadata"] = {"warnings": ["already_in_channel"]}
    return found


@action(
    "slack:conversations.leave",
    permission="chat:JoinChannel",
    resource=CHANNEL,
    scopes=MANAGE_SCOPES,
    read_only=False,
)
async def leave_conversation(env: Env, call: Call, request: ChannelArguments) -> Json:
    left = await members.leave_channel(env, call, request.channel)
    return {} if left else {"not_in_channel": True}


@action(
    "slack:conversations.invite",
    permission="chat:InviteToChannel",
    resource=CHANNEL,
    scopes=MANAGE_SCOPES,
    read_only=False,
)
async def invite_to_conversation(env: Env, call: Call, request: InviteArguments) -> Json:
    users = request.users or ([request.user] if request.user else [])
    return {"channel": _joined_json(await members.invite_users(env, call, request.channel, users))}


@action(
    "slack:conversations.kick",
    permission="chat:InviteToChannel",
    resource=CHANNEL,
    scopes=MANAGE_SCOPES,
    read_only=False,
)
async def kick_from_conversation(env: Env, call: Call, request: KickArguments) -> Json:
    await members.kick_user(env, call, request.channel, request.user)
    return {"errors": {}}


@action(
    "slack:conversations.members",
    permission="chat:GetChannel",
    resource=CHANNEL,
    scopes=READ_SCOPES,
    read_only=True,
)
async def list_members(env: Env, call: Call, request: MembersArguments) -> Json:
    page, following = await members.list_members(
        env,
        call,
        request.channel,
        after=parse_cursor("user", request.cursor),
        limit=require_limit(request.limit, default=100, maximum=MAX_PAGE),
    )
    return {"members": page, **page_metadata(to_cursor("user", following))}


@action(
    "slack:conversations.open",
    permission="chat:OpenDirect",
    resource=CHANNELS,
    scopes=DIRECT_SCOPES,
    read_only=False,
)
async def open_conversation(env: Env, call: Call, request: OpenArguments) -> Json:
    """A direct conversation with one to eight others."""
    if request.channel:
        joined = await members.get_direct(env, call, request.channel)
    else:
        joined = await members.open_direct(env, call, request.users)
    shown = _joined_json(joined) if request.return_im else {"id": joined.channel.id}
    found: Json = {"channel": shown}
    if not joined.is_new:
        found |= {"no_op": True, "already_open": True}
    return found


@action(
    "slack:conversations.close",
    permission="chat:OpenDirect",
    resource=CHANNEL,
    scopes=DIRECT_SCOPES,
    read_only=False,
    partial="A direct conversation stays in the list; closing it is not remembered.",
)
async def close_conversation(env: Env, call: Call, request: ChannelArguments) -> Json:
    await members.get_direct(env, call, request.channel)
    return {"no_op": True, "already_closed": True}
