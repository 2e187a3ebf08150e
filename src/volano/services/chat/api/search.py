"""Slack's search.* and assistant.search.context."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.shapes import CHANNELS
from volano.services.chat.logic import files, search
from volano.services.chat.logic.cursors import require_limit
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.history import FOREVER_US, permalink
from volano.services.chat.logic.search import match_json
from volano.services.chat.logic.words import searched_text
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.logic.search import Found
    from volano.services.chat.model import Json, Message

SEARCH = "chat:Search"
MAX_PAGES = 100


class SearchArguments(msgspec.Struct, kw_only=True):
    query: str = ""
    count: int = 0
    page: int = 1
    cursor: str = ""
    highlight: bool = False
    sort: str = "score"
    sort_dir: str = "desc"
    team_id: str = ""


class ContextArguments(msgspec.Struct, kw_only=True):
    query: str = ""
    action_token: str = ""
    channel_types: list[str] = msgspec.field(default_factory=list)
    content_types: list[str] = msgspec.field(default_factory=list)
    include_bots: bool = False
    before: int = 0
    after: int = 0
    context_channel_id: str = ""
    include_context_messages: bool = False
    cursor: str = ""
    limit: int = 0
    sort: str = "score"
    sort_dir: str = "desc"


@action(
    "slack:search.messages",
    permission=SEARCH,
    resource=CHANNELS,
    scopes=("search:read", "search:read.public"),
    read_only=True,
)
async def search_messages(env: Env, call: Call, request: SearchArguments) -> Json:
    """Messages that the caller may read, the newest first."""
    return {"query": request.query, "messages": await _messages(env, call, request)}


async def _messages(env: Env, call: Call, request: SearchArguments) -> Json:
    oldest_first = request.sort == "timestamp" and request.sort_dir == "asc"
    count, page = _page_of(request)
    wanted = search.Page(start=(page - 1) * count, count=count, oldest_first=oldest_first)
    found = await search.search_messages(env, call, request.query, page=wanted)
    names = await search.author_names(env, call, found.matches)
    matches = [match_json(env, found, message, names) for message in found.matches]
    return _paged(found.total, count, page) | {"matches": matches}


def _page_of(request: SearchArguments) -> tuple[int, int]:
    if not 1 <= request.page <= MAX_PAGES:
        raise refused("invalid_arguments", f"page is 1 to {MAX_PAGES}.")
    return require_limit(request.count, default=20, maximum=100), request.page


def _paged(total: int, count: int, page: int) -> Json:
    pages = -(-total // count)
    shown = max(0, min(count, total - (page - 1) * count))
    first = (page - 1) * count + 1 if shown else 0
    return {
        "total": total,
        "pagination": {
            "total_count": total,
            "page": page,
            "per_page": count,
            "page_count": pages,
            "first": first,
            "last": first + shown - 1 if shown else 0,
        },
        "paging": {"count": count, "total": total, "page": page, "pages": pages},
    }


@action(
    "slack:search.files",
    permission=SEARCH,
    resource=CHANNELS,
    scopes=("search:read", "search:read.files"),
    read_only=True,
    partial="Files are found by their names and titles, not by what is in them.",
)
async def search_files(env: Env, call: Call, request: SearchArguments) -> Json:
    return {"query": request.query, "files": await _files(env, call, request)}


async def _files(env: Env, call: Call, request: SearchArguments) -> Json:
    words = request.query.lower().split()
    if not words:
        raise refused("no_query", "query is empty.")
    count, page = _page_of(request)
    everything = files.FileQuery(before_us=FOREVER_US, count=search.MAX_FOUND, page=1)
    matches = [
        file
        for file in await files.list_files(env, call, everything)
        if all(word in f"{file['name']} {file['title']}".lower() for word in words)
    ]
    shown = matches[(page - 1) * count : page * count]
    return _paged(len(matches), count, page) | {"matches": shown}


@action(
    "slack:search.all",
    permission=SEARCH,
    resource=CHANNELS,
    scopes=("search:read",),
    read_only=True,
    partial="Files are found by their names and titles, not by what is in them.",
)
async def search_all(env: Env, call: Call, request: SearchArguments) -> Json:
    """Messages and files."""
    return {
        "query": request.query,
        "messages": await _messages(env, call, request),
        "files": await _files(env, call, request),
        "posts": _paged(0, 20, 1) | {"matches": []},
    }


@action(
    "slack:assistant.search.context",
    permission=SEARCH,
    resource=CHANNELS,
    scopes=("search:read.public", "search:read.private", "search:read.im", "search:read.mpim"),
    read_only=True,
    partial="By words; messages only. A bot is given what its own channels hold.",
)
async def search_context(env: Env, call: Call, request: ContextArguments) -> Json:
    """Messages for an assistant's answer, among those that the caller may read."""
    if not request.query.strip():
        raise refused("missing_query", "query is empty.")
    found = await search.search_messages(env, call, request.query, page=search.Page(), bots=True)
    limit = require_limit(request.limit, default=20, maximum=20)
    kept = [
        message
        for message in found.matches
        if _in_span(message, request) and (request.include_bots or "bot_id" not in message.body)
    ]
    names = await search.author_names(env, call, kept[:limit])
    shown = [_context_json(env, found, message, names) for message in kept[:limit]]
    return {"results": {"messages": shown}, "response_metadata": {"next_cursor": ""}}


def _in_span(message: Message, request: ContextArguments) -> bool:
    second = message.ts_us // 1_000_000
    return second >= request.after and (not request.before or second <= request.before)


def _context_json(env: Env, found: Found, message: Message, names: dict[str, str]) -> Json:
    channel = found.channels[message.channel_id]
    return {
        "author_name": names.get(message.user_id, ""),
        "author_user_id": message.user_id,
        "team_id": found.here.workspace.team_id,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "message_ts": message.ts,
        "content": searched_text(message),
        "is_author_bot": "bot_id" in message.body,
        "permalink": permalink(env, channel.id, message.ts_us, message.thread_us),
    }
