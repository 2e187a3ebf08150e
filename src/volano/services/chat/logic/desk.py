"""A person's own desk: drafts, messages saved for later, threads followed, and settings.

What is here concerns nobody else. Each change is told to the person's other windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from volano.services.chat.logic.access import find_readable, get_joined, get_readable
from volano.services.chat.logic.errors import MessageNotFound, refused
from volano.services.chat.logic.history import to_json
from volano.services.chat.logic.live import Told, keep_for, send
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model import Json, Message, parse_ts, to_ts
from volano.services.chat.model.desk import (
    MAX_DRAFT_CHARACTERS,
    MAX_KEYWORD_CHARACTERS,
    MAX_KEYWORDS,
    Follow,
    KeptDraft,
    Preferences,
    Saved,
)
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import desk as rows
from volano.services.chat.store import messages as message_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_SAVED = 200
MAX_THREADS = 50
MAX_MENTIONS = 50
MAX_COUNTED = 100
NOTIFY = ("all", "calls", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What is on the desk, for the first look."""

    drafts: list[KeptDraft]
    saved: list[Saved]
    unread_threads: int
    preferences: Preferences


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message of some channel as Slack's JSON, and what is noted of it."""

    channel_id: str
    message: Json
    note: Json


async def get_desk(env: Env, call: Call) -> Desk:
    here = await enter(env, call)
    reader = env.store.reader
    return Desk(
        drafts=await rows.select_drafts(reader, here.me.id),
        saved=await rows.select_saved(reader, here.me.id, limit=MAX_SAVED),
        unread_threads=await rows.count_unread_threads(reader, here.me.id, limit=MAX_COUNTED),
        preferences=await rows.find_preferences(reader, here.me.id),
    )


async def put_draft(env: Env, call: Call, channel_id: str, thread_ts: str, text: str) -> None:
    """Keep what is being written; an empty text takes it away. Raises not_in_channel."""
    here = await enter(env, call)
    if len(text) > MAX_DRAFT_CHARACTERS or "\x00" in text:
        raise refused("msg_too_long", f"A draft has at most {MAX_DRAFT_CHARACTERS} characters.")
    channel, _ = await get_joined(env.store.reader, here.me, channel_id)
    thread_us = parse_ts(thread_ts, name="thread_ts") if thread_ts else 0
    now_us = env.clock.now_us()
    draft = KeptDraft(channel_id=channel.id, thread_us=thread_us, text=text, updated_us=now_us)

    async def write(tx: Tx) -> Told:
        if text.strip():
            await rows.upsert_draft(tx, here.me.id, draft)
        else:
            await rows.delete_draft(tx, here.me.id, channel.id, thread_us)
        return await _keep(tx, env, here, {"type": "volano_draft", **draft_json(draft)})

    await send(env, await env.store.transact(write))


def draft_json(draft: KeptDraft) -> Json:
    return {
        "channel": draft.channel_id,
        "thread_ts": to_ts(draft.thread_us) if draft.thread_us else "",
        "text": draft.text,
        "updated": draft.updated_us // 1_000_000,
    }


async def save_message(
    env: Env, call: Call, channel_id: str, ts: str, *, saved: bool, done: bool
) -> None:
    """Put a message on the list for later, tick it off, or take it from the list."""
    here = await enter(env, call)
    message = await _get_message(env, here, channel_id, ts)
    now_us = env.clock.now_us()
    item = Saved(
        channel_id=message.channel_id,
        ts_us=message.ts_us,
        saved_us=now_us,
        done_us=now_us if done else 0,
    )

    async def write(tx: Tx) -> Told:
        if saved:
            await rows.upsert_saved(tx, here.me.id, item)
        else:
            await rows.delete_saved(tx, here.me.id, item.channel_id, item.ts_us)
        return await _keep(tx, env, here, {"type": "volano_desk", "what": "saved"})

    await send(env, await env.store.transact(write))


async def is_saved(env: Env, call: Call, channel_id: str, ts: str) -> bool:
    """Whether a message that the caller may read is on the list for later."""
    here = await enter(env, call)
    message = await _get_message(env, here, channel_id, ts)
    return await rows.is_saved(env.store.reader, here.me.id, message.channel_id, message.ts_us)


async def list_saved(env: Env, call: Call) -> list[Shown]:
    """Messages saved for later that the caller may still read, the newest first."""
    here = await enter(env, call)
    saved = await rows.select_saved(env.store.reader, here.me.id, limit=MAX_SAVED)
    notes: dict[tuple[str, int], Json] = {
        (item.channel_id, item.ts_us): {
            "saved": item.saved_us // 1_000_000,
            "done": bool(item.done_us),
        }
        for item in saved
    }
    return await show(env, here, notes)


async def list_mentions(env: Env, call: Call, before: str) -> list[Shown]:
    """Messages that call the caller, the newest first, before a `ts`."""
    here = await enter(env, call)
    before_us = parse_ts(before, name="before") if before else 2**62
    found = await rows.select_mentions(
        env.store.reader, here.me.id, before_us=before_us, limit=MAX_MENTIONS
    )
    notes: dict[tuple[str, int], Json] = {
        (item.channel_id, item.ts_us): {"reason": item.reason} for item in found
    }
    return await show(env, here, notes)


async def list_threads(env: Env, call: Call) -> list[Shown]:
    """First messages of the threads followed, the one answered last first."""
    here = await enter(env, call)
    found = await rows.select_followed(env.store.reader, here.me.id, limit=MAX_THREADS)
    notes: dict[tuple[str, int], Json] = {
        (item.channel_id, item.thread_us): {"last_read": to_ts(item.last_read_us)} for item in found
    }
    return await show(env, here, notes)


async def show(env: Env, here: Here, notes: dict[tuple[str, int], Json]) -> list[Shown]:
    """Messages by channel and ts in the order given, without those the person may not read."""
    reader = env.store.reader
    found: dict[tuple[str, int], Json] = {}
    for channel_id in dict.fromkeys(channel for channel, _ in notes):
        readable = await find_readable(reader, here.me, channel_id)
        if readable is None:
            continue
        channel, _ = readable
        stamps = [ts_us for at, ts_us in notes if at == channel_id]
        messages = await message_rows.select_messages(reader, channel_id, stamps)
        shown = await to_json(env, here, channel, messages)
        for message, item in zip(messages, shown, strict=True):
            found[(channel_id, message.ts_us)] = item
    return [
        Shown(channel_id=key[0], message=found[key], note=note)
        for key, note in notes.items()
        if key in found
    ]


async def follow_thread(
    env: Env, call: Call, channel_id: str, thread_ts: str, *, following: bool
) -> None:
    """Hear of a thread's replies from now on, or no more."""
    here = await enter(env, call)
    root = await _get_message(env, here, channel_id, thread_ts)
    item = Follow(
        channel_id=root.channel_id,
        thread_us=root.thread_root_us,
        following=following,
        last_read_us=root.latest_reply_us,
    )

    async def write(tx: Tx) -> Told:
        await rows.upsert_follow(tx, here.me.id, item)
        return await _keep(tx, env, here, {"type": "volano_desk", "what": "threads"})

    await send(env, await env.store.transact(write))


async def is_following(env: Env, call: Call, channel_id: str, thread_ts: str) -> bool:
    here = await enter(env, call)
    thread_us = parse_ts(thread_ts, name="thread_ts")
    found = await rows.find_follow(env.store.reader, here.me.id, channel_id, thread_us)
    return found is not None and found.following


async def mark_thread(env: Env, call: Call, channel_id: str, thread_ts: str, ts: str) -> None:
    """Replies of the thread up to `ts` are read."""
    here = await enter(env, call)
    thread_us, ts_us = parse_ts(thread_ts, name="thread_ts"), parse_ts(ts)

    async def write(tx: Tx) -> Told:
        await rows.update_thread_read(tx, here.me.id, channel_id, thread_us, ts_us)
        return await _keep(tx, env, here, {"type": "volano_desk", "what": "threads"})

    await send(env, await env.store.transact(write))


async def mark_everything(env: Env, call: Call) -> None:
    """Every channel and followed thread of the caller is read."""
    here = await enter(env, call)

    async def write(tx: Tx) -> Told:
        await channel_rows.update_everything_read(tx, here.me.id)
        await rows.update_threads_read(tx, here.me.id)
        return await _keep(tx, env, here, {"type": "volano_all_read"})

    await send(env, await env.store.transact(write))


async def put_preferences(env: Env, call: Call, wanted: Preferences) -> Preferences:
    """Set all of the caller's settings. Raises invalid_arguments."""
    here = await enter(env, call)
    if wanted.notify not in NOTIFY:
        raise refused("invalid_arguments", f"notify is one of {', '.join(NOTIFY)}.")
    words = tuple(dict.fromkeys(word.strip().lower() for word in wanted.keywords if word.strip()))
    if len(words) > MAX_KEYWORDS or any(len(word) > MAX_KEYWORD_CHARACTERS for word in words):
        raise refused("invalid_arguments", f"There are at most {MAX_KEYWORDS} keywords.")
    if wanted.quiet is not None:
        _require_zone(wanted.quiet.zone)
        _require_minutes((wanted.quiet.from_minute, wanted.quiet.until_minute))
    kept = Preferences(
        language=wanted.language[:16],
        notify=wanted.notify,
        keywords=words,
        muted=tuple(dict.fromkeys(wanted.muted))[:500],
        quiet=wanted.quiet,
    )

    async def write(tx: Tx) -> Told:
        await rows.upsert_preferences(tx, call.account, here.me.id, kept)
        return await _keep(tx, env, here, {"type": "volano_desk", "what": "preferences"})

    await send(env, await env.store.transact(write))
    return kept


def _require_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise refused("invalid_arguments", f"{zone[:40]!r} is no time zone.") from error


def _require_minutes(minutes: Sequence[int]) -> None:
    if not all(0 <= minute < 24 * 60 for minute in minutes):
        raise refused("invalid_arguments", "Quiet hours are minutes since midnight, below 1440.")


async def _get_message(env: Env, here: Here, channel_id: str, ts: str) -> Message:
    channel, _ = await get_readable(env.store.reader, here.me, channel_id)
    stamp = parse_ts(ts, code="message_not_found")
    found = await message_rows.find_message(env.store.reader, channel.id, stamp)
    if found is None:
        raise MessageNotFound("There is no message with this ts in the channel.")
    return found


async def _keep(tx: Tx, env: Env, here: Here, event: Json) -> Told:
    return await keep_for(tx, env, here.workspace.account, here.me.id, event)
