"""Search of messages and files with Slack's operators, over what the asker may read now.

`from:` `in:` `before:` `after:` `on:` `has:` `is:thread` narrow down, quotes keep words together,
a minus leaves out, a trailing `*` stands for any ending (docs.slack.dev, `search.messages`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from volano.services.chat.logic.access import readable_channels
from volano.services.chat.logic.errors import WrongTokenType, refused
from volano.services.chat.logic.history import FOREVER_US, permalink
from volano.services.chat.logic.words import UNSEARCHED, searched_text, words_of
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import items as item_rows
from volano.services.chat.store import messages as message_rows
from volano.services.chat.store import users as user_rows
from volano.services.chat.store import words as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Channel, Json, Message

MAX_QUERY_CHARACTERS = 500
MAX_TERMS = 20
MAX_FOUND = 1000
"""Messages that one search looks at, the newest."""
_PART = re.compile(r'(-?)(?:(\w+):)?(?:"([^"]*)"|(\S+))')
_OPERATORS = ("from", "in", "before", "after", "on", "has", "is", "to", "during")
_MENTION = re.compile(r"<[@#]([A-Z0-9]+)(?:\|[^>]*)?>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for; `phrases` stand together, `without` must not occur."""

    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    author: str = ""
    place: str = ""
    not_author: str = ""
    has: tuple[str, ...] = ()
    threads: bool = False
    after_us: int = 0
    before_us: int = FOREVER_US


def parse_query(text: str, now_us: int) -> Query:
    """Raises no_query for an empty one."""
    text = text[:MAX_QUERY_CHARACTERS]
    query = Query()
    for minus, operator, quoted, bare in _PART.findall(text):
        value = quoted or bare
        if operator.lower() in _OPERATORS:
            query = _operated(query, operator.lower(), value, minus=bool(minus), now_us=now_us)
            continue
        whole = f"{operator}:{value}" if operator else value
        if minus:
            query = replace(query, without=(*query.without, whole.lower()))
        elif quoted:
            query = replace(query, phrases=(*query.phrases, whole.lower()))
        else:
            query = replace(query, words=(*query.words, *_terms(whole)))
    query = replace(query, words=query.words[:MAX_TERMS])
    if query == Query():
        raise refused("no_query", "query is empty.")
    return query


def _terms(text: str) -> list[str]:
    """The words of one part; the last stands for its endings too when a `*` follows."""
    found = words_of(text.rstrip("*"))
    # The pair at the end of a CJK run is a single character: only alone does it mean something.
    kept = [word for word in found if len(word) > 1 or word.isascii() or len(found) == 1]
    is_open = text.endswith("*") or (len(kept) == 1 and len(kept[0]) == 1 and not kept[0].isascii())
    if is_open and kept:
        kept[-1] += "*"
    return kept


def _operated(query: Query, operator: str, value: str, *, minus: bool, now_us: int) -> Query:
    found = _MENTION.match(value)
    name = found[1] if found else value.lstrip("@#")
    if operator == "from":
        return replace(query, not_author=name) if minus else replace(query, author=name)
    if operator in ("in", "to"):
        return replace(query, place=value if operator == "in" and not found else name)
    if operator == "has":
        return replace(query, has=(*query.has, value.lower()))
    if operator == "is":
        return replace(query, threads=query.threads or value.lower() == "thread")
    begin_us, end_us = _span(value, now_us)
    if operator == "before":
        return replace(query, before_us=min(query.before_us, begin_us))
    if operator == "after":
        return replace(query, after_us=max(query.after_us, end_us - 1))
    return replace(
        query,
        after_us=max(query.after_us, begin_us - 1),
        before_us=min(query.before_us, end_us),
    )


def _span(value: str, now_us: int) -> tuple[int, int]:
    """The first moment of a day or month, and the first one after it (UTC)."""
    today = datetime.fromtimestamp(now_us / 1e6, UTC).date()
    named = {"today": today, "yesterday": today - timedelta(days=1)}
    try:
        if value.lower() in named:
            first, last = named[value.lower()], named[value.lower()]
        elif re.fullmatch(r"\d{4}-\d{1,2}", value):
            year, month = (int(part) for part in value.split("-"))
            first = date(year, month, 1)
            last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        elif re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}", value):
            first = last = datetime.strptime(value, "%m/%d/%Y").replace(tzinfo=UTC).date()
        else:
            first = last = date.fromisoformat(value)
    except ValueError as error:
        raise refused("invalid_arguments", f"{value[:40]!r} is no date.") from error
    return _midnight_us(first), _midnight_us(last + timedelta(days=1))


def _midnight_us(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The matches of one page with their channels; `total` is 1,000 at most."""

    here: Here
    total: int
    matches: list[Message]
    channels: dict[str, Channel] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which of the matches are wanted."""

    start: int = 0
    count: int = MAX_FOUND
    oldest_first: bool = False


async def search_messages(
    env: Env, call: Call, text: str, *, page: Page, bots: bool = False
) -> Found:
    """Messages that match, the newest first. Raises no_query; `bots` lets bots search."""
    here = await enter(env, call)
    if here.me.is_bot and not bots:
        raise WrongTokenType("Search is for people's tokens.")
    reader = env.store.reader
    query = parse_query(text, env.clock.now_us())
    channels = await _places(env, here, query)
    author = await _author(env, here, query.author) if query.author else ""
    not_author = await _author(env, here, query.not_author) if query.not_author else ""
    words = [*query.words, *(word for phrase in query.phrases for word in _terms(phrase))]
    if not channels:
        return Found(here=here, total=0, matches=[])
    places = await rows.select_matches(
        reader,
        call.account,
        list(dict.fromkeys(words))[:MAX_TERMS],
        channels=channels,
        author=author,
        after_us=query.after_us,
        before_us=query.before_us,
        limit=MAX_FOUND,
    )
    total, shown = await _page_of(env, query, places, not_author, page)
    known: dict[str, Channel] = {}
    for channel_id in {message.channel_id for message in shown}:
        channel = await channel_rows.find_channel(reader, call.account, channel_id)
        if channel is not None:
            known[channel_id] = channel
    return Found(here=here, total=total, matches=shown, channels=known)


async def _page_of(
    env: Env, query: Query, places: list[tuple[str, int]], not_author: str, page: Page
) -> tuple[int, list[Message]]:
    """How many match, and those of the page. Messages are read only where words do not decide."""
    if page.oldest_first:
        places = places[::-1]
    part = slice(page.start, page.start + page.count)
    asks_more = (query.phrases, query.without, query.has, query.threads, not_author)
    if not any(asks_more):
        return len(places), await _read(env, places[part])
    found = [
        message
        for message in await _read(env, places)
        if await _is_meant(env, query, message, not_author)
    ]
    return len(found), found[part]


async def _read(env: Env, places: Sequence[tuple[str, int]]) -> list[Message]:
    """The messages, channel by channel, in the order of `places`; those gone meanwhile left out."""
    by_channel: dict[str, list[int]] = {}
    for channel_id, ts_us in places:
        by_channel.setdefault(channel_id, []).append(ts_us)
    found: dict[tuple[str, int], Message] = {}
    for channel_id, stamps in by_channel.items():
        for message in await message_rows.select_messages(env.store.reader, channel_id, stamps):
            found[channel_id, message.ts_us] = message
    return [
        found[place]
        for place in places
        if place in found and not found[place].subtype.startswith(UNSEARCHED)
    ]


async def _is_meant(env: Env, query: Query, message: Message, not_author: str) -> bool:
    """Whether it also has the phrases and none of what is left out."""
    if message.user_id == not_author or (query.threads and not message.thread_us):
        return False
    text = " ".join(searched_text(message).lower().split())
    if any(" ".join(phrase.split()) not in text for phrase in query.phrases):
        return False
    if any(word in text for word in query.without):
        return False
    return await _has_all(env, message, query.has)


async def _has_all(env: Env, message: Message, wanted: Sequence[str]) -> bool:
    """`has:link`, `has:file`, `has:pin`, `has:reaction` and `has::emoji:`."""
    reader = env.store.reader
    for what in wanted:
        if what in ("link", "url"):
            there = "<http" in message.text
        elif what in ("file", "files", "image"):
            there = bool(message.body.get("files"))
        elif what in ("pin", "pins"):
            pins = await item_rows.select_pins(reader, message.channel_id)
            there = any(pin.ts_us == message.ts_us for pin in pins)
        else:
            given = await message_rows.select_reactions(reader, message.channel_id, [message.ts_us])
            names = [item.name for item in given.get(message.ts_us, ())]
            there = bool(names) if what.startswith("react") else what.strip(":") in names
        if not there:
            return False
    return True


async def _places(env: Env, here: Here, query: Query) -> list[str]:
    """Channels to look in: all that the asker may read, or the one that is named."""
    readable = await readable_channels(env.store.reader, here.me)
    if not query.place:
        return readable
    name = query.place.removeprefix("#")
    if name.startswith("@") or name == "me":
        other = await _author(env, here, name.lstrip("@"))
        key = "im:" + ",".join(sorted({here.me.id, other}))
    else:
        key = name.lower()
    account = here.workspace.account
    channel = await channel_rows.find_channel_by_key(env.store.reader, account, key)
    wanted = channel.id if channel is not None else name
    return [wanted] if wanted in readable else []


async def _author(env: Env, here: Here, name: str) -> str:
    """The id of a user by id, handle or `me`; one that nobody has stays as it is."""
    if name.lower() == "me":
        return here.me.id
    account = here.workspace.account
    if await user_rows.find_user(env.store.reader, account, name) is not None:
        return name
    found = await user_rows.find_user_by_name(env.store.reader, account, name.lower())
    return found.id if found is not None else name


async def author_names(env: Env, call: Call, messages: Sequence[Message]) -> dict[str, str]:
    """Handles of those who wrote these messages, by id."""
    ids = sorted({message.user_id for message in messages})
    users = await user_rows.select_users_by_id(env.store.reader, call.account, ids)
    return {user.id: user.name for user in users.values()}


def match_json(env: Env, found: Found, message: Message, names: dict[str, str]) -> Json:
    """Slack's match."""
    channel = found.channels[message.channel_id]
    return {
        "iid": f"{channel.id}-{message.ts}",
        "team": found.here.workspace.team_id,
        "score": 0,
        "channel": {
            "id": channel.id,
            "name": channel.name or channel.id,
            "is_channel": channel.kind.value == "public",
            "is_group": channel.kind.value == "private",
            "is_im": channel.kind.value == "im",
            "is_mpim": channel.kind.value == "mpim",
            "is_private": channel.kind.value != "public",
            "is_shared": False,
            "is_ext_shared": False,
            "is_org_shared": False,
            "is_pending_ext_shared": False,
            "pending_shared": [],
        },
        "type": "message",
        "user": message.user_id,
        "username": names.get(message.user_id, ""),
        "ts": message.ts,
        "text": message.text,
        "permalink": permalink(env, channel.id, message.ts_us, message.thread_us),
        **{key: message.body[key] for key in ("blocks", "attachments") if key in message.body},
    }
