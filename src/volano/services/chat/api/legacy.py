"""Slack's lists of before there were conversations: channels, groups, im and mpim.list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.shapes import CHANNELS, READ_SCOPES, channel_page
from volano.services.chat.logic import channels
from volano.services.chat.logic.cursors import parse_cursor, require_limit
from volano.services.chat.model import MAX_PAGE, ChannelKind
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

LIST = "chat:ListChannels"


class ListArguments(msgspec.Struct, kw_only=True):
    exclude_archived: bool = False
    exclude_members: bool = False
    cursor: str = ""
    limit: int = 0


async def _listed(
    env: Env, call: Call, request: ListArguments, kind: ChannelKind, name: str
) -> Json:
    page, following = await channels.list_channels(
        env,
        call,
        kinds=[kind],
        archived=not request.exclude_archived,
        after=parse_cursor("channel", request.cursor),
        limit=require_limit(request.limit, default=MAX_PAGE, maximum=MAX_PAGE),
    )
    found = await channel_page(env, page, following)
    return {name: found.pop("channels"), **found}


@action(
    "slack:channels.list", permission=LIST, resource=CHANNELS, scopes=READ_SCOPES, read_only=True
)
async def list_channels(env: Env, call: Call, request: ListArguments) -> Json:
    return await _listed(env, call, request, ChannelKind.PUBLIC, "channels")


@action("slack:groups.list", permission=LIST, resource=CHANNELS, scopes=READ_SCOPES, read_only=True)
async def list_groups(env: Env, call: Call, request: ListArguments) -> Json:
    return await _listed(env, call, request, ChannelKind.PRIVATE, "groups")


@action("slack:im.list", permission=LIST, resource=CHANNELS, scopes=READ_SCOPES, read_only=True)
async def list_ims(env: Env, call: Call, request: ListArguments) -> Json:
    return await _listed(env, call, request, ChannelKind.IM, "ims")


@action("slack:mpim.list", permission=LIST, resource=CHANNELS, scopes=READ_SCOPES, read_only=True)
async def list_mpims(env: Env, call: Call, request: ListArguments) -> Json:
    return await _listed(env, call, request, ChannelKind.MPIM, "groups")
