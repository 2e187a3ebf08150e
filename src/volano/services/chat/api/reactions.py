"""Slack's reactions.*."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.shapes import CHANNEL, CHANNELS
from volano.services.chat.logic import reactions
from volano.services.chat.logic.cursors import (
    page_metadata,
    parse_cursor,
    require_limit,
    to_cursor,
)
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.history import FOREVER_US
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json


class ReactionArguments(msgspec.Struct, kw_only=True):
    name: str = ""
    channel: str = ""
    timestamp: str = ""

    def require_item(self) -> None:
        if not (self.channel and self.timestamp):
            raise refused("no_item_specified", "channel and timestamp are needed.")


class GetReactions(ReactionArguments, kw_only=True):
    full: bool = False
    file: str = ""


class ListReactions(msgspec.Struct, kw_only=True):
    user: str = ""
    full: bool = False
    cursor: str = ""
    limit: int = 0
    count: int = 0
    page: int = 0


@action(
    "slack:reactions.add",
    permission="chat:React",
    resource=CHANNEL,
    scopes=("reactions:write",),
    read_only=False,
)
async def add_reaction(env: Env, call: Call, request: ReactionArguments) -> None:
    request.require_item()
    await reactions.add_reaction(env, call, request.channel, request.timestamp, request.name)


@action(
    "slack:reactions.remove",
    permission="chat:React",
    resource=CHANNEL,
    scopes=("reactions:write",),
    read_only=False,
)
async def remove_reaction(env: Env, call: Call, request: ReactionArguments) -> None:
    request.require_item()
    await reactions.remove_reaction(env, call, request.channel, request.timestamp, request.name)


@action(
    "slack:reactions.get",
    permission="chat:ReadMessages",
    resource=CHANNEL,
    scopes=("reactions:read",),
    read_only=True,
    partial="Reactions to messages only, not to files.",
)
async def get_reactions(env: Env, call: Call, request: GetReactions) -> Json:
    request.require_item()
    found = await reactions.get_reactions(env, call, request.channel, request.timestamp)
    return {"type": "message", "channel": found.channel.id, "message": found.message}


@action(
    "slack:reactions.list",
    permission="chat:ReadMessages",
    resource=CHANNELS,
    scopes=("reactions:read",),
    read_only=True,
    partial="Reactions to messages only, not to files; pages by cursor.",
)
async def list_reactions(env: Env, call: Call, request: ListReactions) -> Json:
    """What a user reacted to, newest first."""
    position = parse_cursor("reaction", request.cursor)
    if position and not position.isdigit():
        raise refused("invalid_cursor", "The cursor is not one that was given out.")
    limit = require_limit(request.limit or request.count, default=100, maximum=200)
    found, next_us = await reactions.list_reactions(
        env, call, request.user, before_us=int(position or FOREVER_US), limit=limit
    )
    items = [
        {"type": "message", "channel": item.channel.id, "message": item.message} for item in found
    ]
    following = to_cursor("reaction", str(next_us) if next_us else "")
    return {"items": items, **page_metadata(following)}
