"""Slack's conversations.history, .replies, .mark, and chat.getPermalink."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.shapes import (
    CHANNEL,
    HISTORY_SCOPES,
    MANAGE_SCOPES,
)
from volano.services.chat.logic import history
from volano.services.chat.logic.cursors import (
    page_metadata,
    parse_cursor,
    require_limit,
    to_cursor,
)
from volano.services.chat.logic.errors import refused
from volano.services.chat.model import to_ts
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

READ = "chat:ReadMessages"


class HistoryArguments(msgspec.Struct, kw_only=True):
    channel: str
    cursor: str = ""
    inclusive: bool = False
    latest: str = ""
    limit: int = 0
    oldest: str = ""
    include_all_metadata: bool = False


class RepliesArguments(HistoryArguments, kw_only=True):
    ts: str = ""


class MarkArguments(msgspec.Struct, kw_only=True):
    channel: str
    ts: str = ""


class PermalinkArguments(msgspec.Struct, kw_only=True):
    channel: str
    message_ts: str = ""


def _span(request: HistoryArguments, kind: str) -> history.Span:
    position = parse_cursor(kind, request.cursor)
    if position and not position.isdigit():
        raise refused("invalid_cursor", "The cursor is not one that was given out.")
    return history.to_span(
        oldest="" if request.oldest == "0" else request.oldest,
        latest="" if request.latest == "now" else request.latest,
        inclusive=request.inclusive,
        cursor_us=int(position or 0),
        limit=require_limit(request.limit, default=100, maximum=history.MAX_HISTORY),
        threads=kind == "reply",
    )


def _page_json(page: history.Page, kind: str) -> Json:
    found: Json = {"messages": page.messages, "has_more": page.next_us > 0}
    following = to_cursor(kind, str(page.next_us) if page.next_us else "")
    return found | (page_metadata(following) if following else {})


@action(
    "slack:conversations.history",
    permission=READ,
    resource=CHANNEL,
    scopes=HISTORY_SCOPES,
    read_only=True,
)
async def read_history(env: Env, call: Call, request: HistoryArguments) -> Json:
    """A page of the channel, newest first."""
    page = await history.read_history(env, call, request.channel, _span(request, "message"))
    found = _page_json(page, "message") | {"pin_count": 0, "channel_actions_ts": None}
    if page.last_read_us:
        found["last_read"] = to_ts(page.last_read_us)
    return found | {"channel_actions_count": 0}


@action(
    "slack:conversations.replies",
    permission=READ,
    resource=CHANNEL,
    scopes=HISTORY_SCOPES,
    read_only=True,
)
async def read_replies(env: Env, call: Call, request: RepliesArguments) -> Json:
    """A thread, its first message first."""
    span = _span(request, "reply")
    return _page_json(
        await history.read_thread(env, call, request.channel, request.ts, span), "reply"
    )


@action(
    "slack:conversations.mark",
    permission=READ,
    resource=CHANNEL,
    scopes=MANAGE_SCOPES,
    read_only=False,
)
async def mark(env: Env, call: Call, request: MarkArguments) -> None:
    await history.mark_read(env, call, request.channel, request.ts)


@action("slack:chat.getPermalink", permission=READ, resource=CHANNEL, read_only=True)
async def get_permalink(env: Env, call: Call, request: PermalinkArguments) -> Json:
    link = await history.get_permalink(env, call, request.channel, request.message_ts)
    return {"channel": request.channel, "permalink": link}
