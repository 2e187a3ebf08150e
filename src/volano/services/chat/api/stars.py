"""Slack's stars.*, from before there was "Later": messages that one keeps, the same list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.shapes import CHANNEL, CHANNELS
from volano.services.chat.logic import desk
from volano.services.chat.logic.errors import conflict, refused
from volano.services.chat.logic.history import permalink
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import parse_ts
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

KEEP = "chat:KeepDesk"
WRITE = ("stars:write",)
READ = ("stars:read",)
MAX_PAGE = 1000


class StarArguments(msgspec.Struct, kw_only=True):
    channel: str = ""
    timestamp: str = ""


class ListArguments(msgspec.Struct, kw_only=True):
    count: int = 100
    page: int = 1


async def _star(env: Env, call: Call, request: StarArguments, *, starred: bool) -> None:
    if not (request.channel and request.timestamp):
        raise refused("no_item_specified", "Name a message by channel and timestamp.")
    known = await desk.is_saved(env, call, request.channel, request.timestamp)
    if starred and known:
        raise conflict("already_starred", "The message is on your list already.")
    if not (starred or known):
        raise conflict("not_starred", "The message is not on your list.")
    await desk.save_message(
        env, call, request.channel, request.timestamp, saved=starred, done=False
    )


@action(
    "slack:stars.add",
    permission=KEEP,
    resource=CHANNEL,
    scopes=WRITE,
    read_only=False,
    partial="Messages only, which are then on the list of saved messages.",
)
async def add(env: Env, call: Call, request: StarArguments) -> None:
    await _star(env, call, request, starred=True)


@action(
    "slack:stars.remove",
    permission=KEEP,
    resource=CHANNEL,
    scopes=WRITE,
    read_only=False,
    partial="Messages only.",
)
async def remove(env: Env, call: Call, request: StarArguments) -> None:
    await _star(env, call, request, starred=False)


@action(
    "slack:stars.list",
    permission="chat:ReadMessages",
    resource=CHANNELS,
    scopes=READ,
    read_only=True,
    partial="Messages only; the newest 200.",
)
async def list_stars(env: Env, call: Call, request: ListArguments) -> Json:
    """Saved messages that the caller may still read, the newest first."""
    here = await enter(env, call)
    count = min(max(request.count, 1), MAX_PAGE)
    page = max(request.page, 1)
    found = await desk.list_saved(env, call)
    shown = [
        {
            "type": "message",
            "channel": item.channel_id,
            "message": item.message | {"permalink": _link(env, item)},
            "date_create": item.note["saved"],
            "user": here.me.id,
        }
        for item in found[(page - 1) * count : page * count]
    ]
    pages = -(-len(found) // count)
    paging = {"count": count, "total": len(found), "page": page, "pages": pages}
    return {"items": shown, "paging": paging}


def _link(env: Env, item: desk.Shown) -> str:
    ts, thread = str(item.message["ts"]), str(item.message.get("thread_ts") or "")
    thread_us = parse_ts(thread, name="thread_ts") if thread else 0
    return permalink(env, item.channel_id, parse_ts(ts, name="ts"), thread_us)
