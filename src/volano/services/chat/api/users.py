"""Slack's users.* and bots.info."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.shapes import (
    LOCALE,
    READ_SCOPES,
    channel_page,
    parse_kinds,
)
from volano.services.chat.logic import access, channels, seats, users
from volano.services.chat.logic.cursors import (
    page_metadata,
    parse_cursor,
    require_limit,
    to_cursor,
)
from volano.services.chat.logic.payloads import bot_json
from volano.services.chat.logic.profiles import is_away, show_users
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import MAX_PAGE
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

USERS = "arn:aws:chat:{region}:{account}:user/*"
USER = "arn:aws:chat:{region}:{account}:user/{user}"
PRESENT_US = 10 * 60 * 1_000_000
"""A person is shown as active for this long after doing something."""


class ListUsers(msgspec.Struct, kw_only=True):
    cursor: str = ""
    limit: int = 0
    include_locale: bool = False
    team_id: str = ""


class UserArguments(msgspec.Struct, kw_only=True):
    user: str
    include_locale: bool = False


class PresenceArguments(msgspec.Struct, kw_only=True):
    user: str = ""


class EmailArguments(msgspec.Struct, kw_only=True):
    email: str


class BotArguments(msgspec.Struct, kw_only=True):
    bot: str = ""
    team_id: str = ""


class UserConversations(msgspec.Struct, kw_only=True):
    user: str = ""
    types: list[str] = msgspec.field(default_factory=list)
    exclude_archived: bool = False
    cursor: str = ""
    limit: int = 0
    team_id: str = ""


@action(
    "slack:users.list",
    permission="chat:ListUsers",
    resource=USERS,
    scopes=("users:read",),
    read_only=True,
)
async def list_users(env: Env, call: Call, request: ListUsers) -> Json:
    """Everyone in the workspace, people and bots."""
    here = await enter(env, call)
    limit = require_limit(request.limit, default=MAX_PAGE, maximum=MAX_PAGE)
    after = parse_cursor("user", request.cursor)
    page, following = await users.list_users(env, call.account, after=after, limit=limit)
    shown = await show_users(env, here, await access.only_known(env.store.reader, here.me, page))
    if request.include_locale:
        shown = [user | {"locale": LOCALE} for user in shown]
    return {
        "members": shown,
        "cache_ts": env.clock.now_us() // 1_000_000,
        **page_metadata(to_cursor("user", following)),
    }


@action(
    "slack:users.info",
    permission="chat:GetUser",
    resource=USER,
    scopes=("users:read",),
    read_only=True,
)
async def get_user(env: Env, call: Call, request: UserArguments) -> Json:
    here = await enter(env, call)
    user = await users.get_user(env.store.reader, call.account, request.user)
    await access.require_known(env.store.reader, here.me, user.id)
    found = (await show_users(env, here, [user]))[0]
    return {"user": found | ({"locale": LOCALE} if request.include_locale else {})}


@action(
    "slack:users.lookupByEmail",
    permission="chat:ListUsers",
    resource=USERS,
    scopes=("users:read.email",),
    read_only=True,
)
async def get_user_by_email(env: Env, call: Call, request: EmailArguments) -> Json:
    here = await enter(env, call)
    user = await users.get_user_by_email(env, call.account, request.email, by=here.me)
    return {"user": (await show_users(env, here, [user]))[0]}


@action(
    "slack:users.getPresence",
    permission="chat:GetUser",
    resource=USER,
    scopes=("users:read",),
    read_only=True,
    partial="A person is active for ten minutes after a call.",
)
async def get_presence(env: Env, call: Call, request: PresenceArguments) -> Json:
    here = await enter(env, call)
    user = here.me
    if request.user:
        user = await users.get_user(env.store.reader, call.account, request.user)
        await access.require_known(env.store.reader, here.me, user.id)
    last_us = seats.last_active_us(env, user.id)
    away = await is_away(env, user.id)
    active = not away and (user.is_bot or env.clock.now_us() - last_us < PRESENT_US)
    found: Json = {"presence": "active" if active else "away"}
    if user.id == here.me.id:
        found |= {"online": active, "auto_away": False, "manual_away": away}
        found |= {"connection_count": int(active), "last_activity": last_us // 1_000_000}
    return found


@action(
    "slack:users.conversations",
    permission="chat:ListChannels",
    resource="arn:aws:chat:{region}:{account}:channel/*",
    scopes=READ_SCOPES,
    read_only=True,
)
async def list_conversations(env: Env, call: Call, request: UserConversations) -> Json:
    """The channels of a user; of somebody else only those that the caller may know of."""
    here = await enter(env, call)
    user_id = request.user or here.me.id
    await users.get_user(env.store.reader, call.account, user_id)
    page, following = await channels.list_joined(
        env,
        call,
        user_id,
        kinds=parse_kinds(request.types),
        archived=not request.exclude_archived,
        after=parse_cursor("channel", request.cursor),
        limit=require_limit(request.limit, default=100, maximum=MAX_PAGE),
    )
    return await channel_page(env, page, following, counted=False)


@action(
    "slack:bots.info",
    permission="chat:GetUser",
    resource="arn:aws:chat:{region}:{account}:bot/{bot}",
    scopes=("users:read",),
    read_only=True,
)
async def get_bot(env: Env, call: Call, request: BotArguments) -> Json:
    here = await enter(env, call)
    if not request.bot and here.me.is_bot:
        return {"bot": bot_json(env, here.me)}
    return {"bot": bot_json(env, await users.get_bot(env, call.account, request.bot))}
