"""Links to sources, made from a source's name and never from its text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from volano.services.chat import interface as chat
from volano.services.studio import interface as studio

if TYPE_CHECKING:
    from volano.kernel.call import Env

MAX_LABEL_CHARACTERS = 120


async def cite(env: Env, account: str, source: str) -> str:
    """A source as a link and where it stands, in mrkdwn."""
    kind, _, rest = source.partition(":")
    if kind == chat.MESSAGE:
        channel_id, _, ts_us = rest.partition(":")
        return await _cite_message(env, account, channel_id, int(ts_us))
    if kind == chat.FILE:
        file_id, _, channel_id = rest.partition(":")
        file = await chat.find_file(env.store.reader, account, file_id)
        if file is not None:
            name = chat.quote_name(file.name)
            link = f"{env.config.console_url}/files/{file.user_id}/{file.id}/{name}"
            where = await name_channel(env, account, channel_id)
            return f"<{link}|{label(file.title or file.name)}> in {where}"
    bucket, key = studio.parse_object_source(source)
    link = f"{env.config.console_url}/objects/{quote(bucket)}/{quote(key)}"
    return f"<{link}|{label(f'{bucket}/{key}')}>"


async def _cite_message(env: Env, account: str, channel_id: str, ts_us: int) -> str:
    reader = env.store.reader
    message = await chat.find_message(reader, channel_id, ts_us)
    author = await chat.find_user(reader, account, message.user_id) if message else None
    link = link_to(env, channel_id, ts_us, message.thread_us if message else 0)
    name = label(author.real_name if author else "somebody")
    day = datetime.fromtimestamp(ts_us / 1e6, UTC).strftime("%d %b %Y, %H:%M UTC")
    return f"<{link}|{name}, {day}> in {await name_channel(env, account, channel_id)}"


def link_to(env: Env, channel_id: str, ts_us: int, thread_us: int) -> str:
    """A message's permalink as mrkdwn wants addresses."""
    return chat.permalink(env, channel_id, ts_us, thread_us).replace("&", "&amp;")


async def name_channel(env: Env, account: str, channel_id: str) -> str:
    channel = await chat.find_channel(env.store.reader, account, channel_id)
    if channel is None or channel.kind.is_direct:
        return "a direct conversation"
    return f"#{chat.escape_text(channel.name)}"


def label(text: str) -> str:
    """Text that can stand in a link's label."""
    words = " ".join(text.replace("|", " ").split())
    return chat.escape_text(words)[:MAX_LABEL_CHARACTERS]
