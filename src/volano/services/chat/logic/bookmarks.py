"""Bookmarks: links at the top of a channel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from volano.services.chat.logic.access import get_joined, get_readable
from volano.services.chat.logic.errors import conflict, refused
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model.items import Bookmark
from volano.services.chat.store import items as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json

MAX_BOOKMARKS = 100
MAX_TITLE_CHARACTERS = 255
MAX_LINK_CHARACTERS = 3000


async def add_bookmark(
    env: Env, call: Call, channel_id: str, *, title: str, link: str, emoji: str
) -> Bookmark:
    """Raises invalid_link, too_many_bookmarks and not_in_channel."""
    here = await enter(env, call)
    _require(title, link)

    async def write(tx: Tx) -> Bookmark:
        channel, _ = await get_joined(tx, here.me, channel_id)
        known = await rows.select_bookmarks(tx, channel.id)
        if len(known) >= MAX_BOOKMARKS:
            raise conflict("too_many_bookmarks", f"A channel has at most {MAX_BOOKMARKS}.")
        now_us = env.clock.now_us()
        item = Bookmark(
            id=env.ids.slack("Bk"),
            channel_id=channel.id,
            title=title,
            link=link,
            emoji=emoji,
            rank=max((other.rank for other in known), default=0) + 1,
            created_by=here.me.id,
            updated_by=here.me.id,
            created_us=now_us,
            updated_us=now_us,
        )
        await rows.upsert_bookmark(tx, item)
        return item

    return await env.store.transact(write)


def _require(title: str, link: str) -> None:
    if not title or len(title) > MAX_TITLE_CHARACTERS or "\x00" in title:
        raise refused("invalid_arguments", f"A title has 1 to {MAX_TITLE_CHARACTERS} characters.")
    if len(link) > MAX_LINK_CHARACTERS or urlsplit(link).scheme not in ("http", "https"):
        raise refused("invalid_link", "A link is an http or https URL.")


async def edit_bookmark(
    env: Env,
    call: Call,
    channel_id: str,
    bookmark_id: str,
    *,
    title: str,
    link: str,
    emoji: str | None,
) -> Bookmark:
    """Change what is given. Raises not_found."""
    here = await enter(env, call)

    async def write(tx: Tx) -> Bookmark:
        channel, _ = await get_joined(tx, here.me, channel_id)
        old = await rows.find_bookmark(tx, channel.id, bookmark_id)
        if old is None:
            raise refused("not_found", "There is no such bookmark in the channel.")
        item = replace(
            old,
            title=title or old.title,
            link=link or old.link,
            emoji=old.emoji if emoji is None else emoji,
            updated_by=here.me.id,
            updated_us=env.clock.now_us(),
        )
        _require(item.title, item.link)
        await rows.upsert_bookmark(tx, item)
        return item

    return await env.store.transact(write)


async def remove_bookmark(env: Env, call: Call, channel_id: str, bookmark_id: str) -> None:
    """Raises not_found."""
    here = await enter(env, call)

    async def write(tx: Tx) -> None:
        channel, _ = await get_joined(tx, here.me, channel_id)
        if not await rows.delete_bookmark(tx, channel.id, bookmark_id):
            raise refused("not_found", "There is no such bookmark in the channel.")

    await env.store.transact(write)


async def list_bookmarks(env: Env, call: Call, channel_id: str) -> list[Bookmark]:
    here = await enter(env, call)
    channel, _ = await get_readable(env.store.reader, here.me, channel_id)
    return await rows.select_bookmarks(env.store.reader, channel.id)


def bookmark_json(item: Bookmark) -> Json:
    """Slack's bookmark object."""
    return {
        "id": item.id,
        "channel_id": item.channel_id,
        "title": item.title,
        "link": item.link,
        "emoji": item.emoji,
        "icon_url": "",
        "type": "link",
        "entity_id": None,
        "date_created": item.created_us // 1_000_000,
        "date_updated": item.updated_us // 1_000_000 if item.updated_us > item.created_us else 0,
        "rank": str(item.rank),
        "last_updated_by_user_id": item.updated_by,
        "last_updated_by_team_id": "",
        "shortcut_id": None,
        "app_id": None,
    }
