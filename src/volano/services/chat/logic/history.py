"""Reading: history, threads, permalinks and what is unread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.chat.logic import seats
from volano.services.chat.logic.access import get_joined, get_readable
from volano.services.chat.logic.errors import MessageNotFound, ThreadNotFound
from volano.services.chat.logic.live import Told, keep_for, send
from volano.services.chat.logic.payloads import message_json
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model import Channel, Json, Member, Message, parse_ts, to_ts
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import messages as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.chat.model import Workspace

MAX_HISTORY = 999
MAX_UNREAD = 100
"""Unread messages of a channel are counted up to here."""
FOREVER_US = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A range of `ts`, both ends excluded; `limit` messages of it."""

    after_us: int = 0
    before_us: int = FOREVER_US
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Messages as Slack's JSON, and the `ts` after which the next page goes on (0 at the end)."""

    messages: list[Json]
    next_us: int
    last_read_us: int = 0


def to_span(
    *, oldest: str, latest: str, inclusive: bool, cursor_us: int, limit: int, threads: bool
) -> Span:
    """The range of a request; a cursor goes on where the page before ended.

    Raises invalid_ts_oldest and invalid_ts_latest. Threads are read forwards, history backwards.
    """
    edge = 1 if inclusive else 0
    after = parse_ts(oldest, name="oldest", code="invalid_ts_oldest") - edge if oldest else 0
    before = FOREVER_US
    if latest:
        before = parse_ts(latest, name="latest", code="invalid_ts_latest") + edge
    if cursor_us:
        after, before = (cursor_us, before) if threads else (after, min(before, cursor_us))
    return Span(
        after_us=max(after, 0),
        before_us=before,
        limit=max(1, min(limit, MAX_HISTORY)),
    )


async def read_history(env: Env, call: Call, channel_id: str, span: Span) -> Page:
    """What the channel shows, newest first. Raises channel_not_found and not_in_channel."""
    here = await enter(env, call)
    reader = env.store.reader
    channel, member = await get_readable(reader, here.me, channel_id)
    found = await rows.select_history(
        reader,
        channel.id,
        after_us=span.after_us,
        before_us=span.before_us,
        limit=span.limit + 1,
    )
    page = found[: span.limit]
    shown = await to_json(env, here, channel, page)
    await seats.note_activity(env, here.me)
    return Page(
        messages=shown,
        next_us=page[-1].ts_us if len(found) > span.limit else 0,
        last_read_us=member.last_read_us if member else 0,
    )


async def read_thread(env: Env, call: Call, channel_id: str, ts: str, span: Span) -> Page:
    """A thread's first message and its replies, oldest first. Raises thread_not_found."""
    here = await enter(env, call)
    reader = env.store.reader
    channel, _ = await get_readable(reader, here.me, channel_id)
    asked = await rows.find_message(reader, channel.id, parse_ts(ts, code="thread_not_found"))
    if asked is None:
        raise ThreadNotFound("There is no message with this ts in the channel.")
    if asked.is_reply:
        return Page(messages=await to_json(env, here, channel, [asked]), next_us=0)
    found = await rows.select_replies(
        reader,
        channel.id,
        asked.ts_us,
        after_us=span.after_us,
        before_us=span.before_us,
        limit=span.limit + 1,
    )
    page = found[: span.limit]
    shown = await to_json(env, here, channel, [asked, *page])
    await seats.note_activity(env, here.me)
    return Page(messages=shown, next_us=page[-1].ts_us if len(found) > span.limit else 0)


async def to_json(
    env: Env, here: Here, channel: Channel, messages: Sequence[Message]
) -> list[Json]:
    """Messages with their reactions and who answered."""
    return await describe(env.store.reader, here.workspace, channel, messages)


async def describe(
    reader: Reader, workspace: Workspace, channel: Channel, messages: Sequence[Message]
) -> list[Json]:
    """As `to_json`, also inside a transaction."""
    reactions = await rows.select_reactions(reader, channel.id, [item.ts_us for item in messages])
    roots = [item.ts_us for item in messages if item.reply_count]
    repliers = await rows.select_repliers(reader, channel.id, roots)
    authors = {item.ts_us: item.user_id for item in messages}
    return [
        message_json(
            workspace,
            item,
            reactions=reactions.get(item.ts_us, ()),
            repliers=repliers.get(item.ts_us, ()),
            parent_user=authors.get(item.thread_us, ""),
        )
        for item in messages
    ]


async def get_permalink(env: Env, call: Call, channel_id: str, ts: str) -> str:
    """The address of a message in the console. Raises message_not_found."""
    here = await enter(env, call)
    channel, _ = await get_readable(env.store.reader, here.me, channel_id)
    found = await rows.find_message(
        env.store.reader, channel.id, parse_ts(ts, code="message_not_found")
    )
    if found is None:
        raise MessageNotFound("There is no message with this ts in the channel.")
    return permalink(env, found.channel_id, found.ts_us, found.thread_us)


def permalink(env: Env, channel_id: str, ts_us: int, thread_us: int = 0) -> str:
    """Slack's form: `/archives/C…/p` and the digits of `ts`; replies name their thread."""
    link = f"{env.config.console_url}/archives/{channel_id}/p{ts_us:016d}"
    if thread_us in (0, ts_us):
        return link
    return f"{link}?thread_ts={to_ts(thread_us)}&cid={channel_id}"


async def mark_read(env: Env, call: Call, channel_id: str, ts: str) -> None:
    """Everything up to `ts` is read; the pointer may also go back. Raises not_in_channel."""
    here = await enter(env, call)
    ts_us = parse_ts(ts)
    channel, _ = await get_joined(env.store.reader, here.me, channel_id)

    async def write(tx: Tx) -> list[Told]:
        await seats.take_seat(tx, env, here.me)
        return await move_last_read(tx, env, here, channel, ts_us)

    told = await env.store.transact(write)
    seats.remember(env, here.me)
    await send(env, *told)


async def move_last_read(tx: Tx, env: Env, here: Here, channel: Channel, ts_us: int) -> list[Told]:
    """Everything up to `ts_us` is read by the caller; their pages are told, bots have none."""
    await channel_rows.update_last_read(tx, channel.id, here.me.id, ts_us)
    if here.me.is_bot:
        return []
    event: Json = {
        "type": "channel_marked",
        "channel": channel.id,
        "ts": to_ts(ts_us),
        "unread_count_display": await count_unread(tx, channel.id, ts_us),
    }
    return [await keep_for(tx, env, channel.account, here.me.id, event)]


async def count_unread(reader: Reader, channel_id: str, after_us: int) -> int:
    """Messages newer than that in the channel, at most MAX_UNREAD."""
    return await rows.count_unread(reader, channel_id, after_us, limit=MAX_UNREAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A channel of the caller: what is unread in it and its newest message."""

    channel: Channel
    member: Member
    unread: int
    latest: Message | None


async def look_at(env: Env, channel: Channel, member: Member) -> Waiting:
    """The channel's state for the console's list."""
    latest = await rows.select_history(
        env.store.reader, channel.id, after_us=0, before_us=FOREVER_US, limit=1
    )
    unread = 0
    if channel.last_ts_us > member.last_read_us:
        unread = await count_unread(env.store.reader, channel.id, member.last_read_us)
    return Waiting(
        channel=channel, member=member, unread=unread, latest=latest[0] if latest else None
    )
