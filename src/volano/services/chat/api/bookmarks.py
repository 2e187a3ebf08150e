"""Slack's bookmarks.*."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.logic import bookmarks
from volano.services.chat.logic.bookmarks import bookmark_json
from volano.services.chat.logic.errors import refused
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

CHANNEL = "arn:aws:chat:{region}:{account}:channel/{channel_id}"
EDIT = "chat:EditBookmarks"


class BookmarkArguments(msgspec.Struct, kw_only=True):
    channel_id: str
    bookmark_id: str = ""
    title: str = ""
    type: str = "link"
    link: str = ""
    emoji: str | None = None


@action(
    "slack:bookmarks.add",
    permission=EDIT,
    resource=CHANNEL,
    scopes=("bookmarks:write",),
    read_only=False,
)
async def add_bookmark(env: Env, call: Call, request: BookmarkArguments) -> Json:
    if request.type != "link":
        raise refused("invalid_bookmark_type", "The type of a bookmark is link.")
    made = await bookmarks.add_bookmark(
        env,
        call,
        request.channel_id,
        title=request.title,
        link=request.link,
        emoji=request.emoji or "",
    )
    return {"bookmark": bookmark_json(made)}


@action(
    "slack:bookmarks.edit",
    permission=EDIT,
    resource=CHANNEL,
    scopes=("bookmarks:write",),
    read_only=False,
)
async def edit_bookmark(env: Env, call: Call, request: BookmarkArguments) -> Json:
    changed = await bookmarks.edit_bookmark(
        env,
        call,
        request.channel_id,
        request.bookmark_id,
        title=request.title,
        link=request.link,
        emoji=request.emoji,
    )
    return {"bookmark": bookmark_json(changed)}


@action(
    "slack:bookmarks.remove",
    permission=EDIT,
    resource=CHANNEL,
    scopes=("bookmarks:write",),
    read_only=False,
)
async def remove_bookmark(env: Env, call: Call, request: BookmarkArguments) -> None:
    await bookmarks.remove_bookmark(env, call, request.channel_id, request.bookmark_id)


@action(
    "slack:bookmarks.list",
    permission="chat:GetChannel",
    resource=CHANNEL,
    scopes=("bookmarks:read",),
    read_only=True,
)
async def list_bookmarks(env: Env, call: Call, request: BookmarkArguments) -> Json:
    found = await bookmarks.list_bookmarks(env, call, request.channel_id)
    return {"bookmarks": [bookmark_json(item) for item in found]}
