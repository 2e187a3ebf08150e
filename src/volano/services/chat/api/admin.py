"""Slack's admin.* that read: everybody and every channel, for administrators of the workplace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.shapes import CHANNELS
from volano.services.chat.logic import channels, oversight, users
from volano.services.chat.logic.cursors import (
    page_metadata,
    parse_cursor,
    require_limit,
    to_cursor,
)
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import ChannelKind, Guest
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Channel, ChatUser, Json

MAX_PAGE = 100


class ListArguments(msgspec.Struct, kw_only=True):
    team_id: str = ""
    query: str = ""
    cursor: str = ""
    limit: int = 0
    is_active: bool | None = None


@action(
    "slack:admin.users.list",
    permission="chatadmin:ListUsers",
    resource="arn:aws:chat:{region}:{account}:user/*",
    scopes=("admin.users:read",),
    read_only=True,
    partial="Bots are left out; `include_deactivated_user_workspaces` and times are ignored.",
)
async def list_users(env: Env, call: Call, request: ListArguments) -> Json:
    """Everybody, those who were switched off too."""
    await enter(env, call)
    limit = require_limit(request.limit, default=MAX_PAGE, maximum=MAX_PAGE)
    page, following = await users.list_users(
        env, call.account, after=parse_cursor("admin-user", request.cursor), limit=limit
    )
    shown = [
        _user_json(user)
        for user in page
        if not user.is_bot and request.is_active in (None, not user.deleted)
    ]
    return {"users": shown, **page_metadata(to_cursor("admin-user", following))}


def _user_json(user: ChatUser) -> Json:
    return {
        "id": user.id,
        "email": user.email,
        "username": user.name,
        "full_name": user.real_name,
        "is_admin": user.is_admin,
        "is_owner": user.is_admin,
        "is_primary_owner": False,
        "is_restricted": user.is_guest,
        "is_ultra_restricted": user.guest is Guest.SINGLE,
        "is_bot": False,
        "is_active": not user.deleted,
        "date_created": 0,
        "deactivated_ts": user.updated_us // 1_000_000 if user.deleted else 0,
        "expiration_ts": user.guest_until_us // 1_000_000,
        "workspaces": [],
        "has_2fa": False,
        "has_sso": False,
    }


@action(
    "slack:admin.conversations.search",
    permission="chatadmin:ListChannels",
    resource=CHANNELS,
    scopes=("admin.conversations:read",),
    read_only=True,
    partial="By name; `search_channel_types`, `sort` and `sort_dir` are ignored.",
)
async def search_conversations(env: Env, call: Call, request: ListArguments) -> Json:
    """Public and private channels with the words in their names; nothing of what they hold."""
    here = await enter(env, call)
    page, following = await oversight.search_everything(
        env,
        call,
        request.query,
        after=parse_cursor("admin-channel", request.cursor),
        limit=require_limit(request.limit, default=10, maximum=20),
    )
    counts = await channels.count_members(env, [item.id for item in page])
    team = here.workspace.team_id
    shown = [_channel_json(item, team, counts.get(item.id, 0)) for item in page]
    cursor = to_cursor("admin-channel", following)
    return {"conversations": shown, "next_cursor": cursor, **page_metadata(cursor)}


def _channel_json(channel: Channel, team_id: str, members: int) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "purpose": channel.purpose,
        "member_count": members,
        "created": channel.created_us // 1_000_000,
        "creator_id": channel.creator,
        "is_private": channel.kind is ChannelKind.PRIVATE,
        "is_archived": channel.archived,
        "is_general": False,
        "last_activity_ts": channel.last_ts_us // 1_000_000,
        "is_ext_shared": False,
        "is_global_shared": False,
        "is_org_default": False,
        "is_org_mandatory": False,
        "is_org_shared": False,
        "is_frozen": False,
        "internal_team_ids_count": 0,
        "internal_team_ids_sample_team": "",
        "context_team_id": team_id,
        "conversation_host_id": team_id,
    }
