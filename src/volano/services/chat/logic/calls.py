"""Whom a message calls: by name, @here, a keyword of theirs, a thread they follow, or in person.

Runs after the post as work, so that posting stays quick and a crash repeats it: what was noted
already is not told twice. Who is called sees it among the mentions; browsers are told by Web Push
unless the person has quiet hours, paused notices or muted the channel.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from volano.services.chat.logic.blocks import block_texts
from volano.services.chat.logic.live import MAX_LISTENERS, Told, keep_for, send
from volano.services.chat.logic.mrkdwn import find_mentions, to_plain
from volano.services.chat.logic.web_push import Notice, push_notices
from volano.services.chat.model import Channel, Json, Message, to_ts
from volano.services.chat.model.desk import Follow, Mention, Preferences, QuietHours
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import desk as rows
from volano.services.chat.store import groups as group_rows
from volano.services.chat.store import messages as message_rows
from volano.services.chat.store import profiles as profile_rows
from volano.services.chat.store import users as user_rows
from volano.services.chat.store.pushes import has_browsers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Env
    from volano.kernel.store import Tx

BROADCAST = re.compile(r"<!(here|channel|everyone)(\|[^>]*)?>")
GROUP = re.compile(r"<!subteam\^(S[A-Z0-9]{2,20})(?:\|[^<>]*)?>")
MAX_NOTICE_CHARACTERS = 200


async def call_people(env: Env, account: str, channel_id: str, ts_us: int) -> None:
    """Note and tell whom a message calls; repeating is harmless."""
    reader = env.store.reader
    channel = await channel_rows.find_channel(reader, account, channel_id)
    message = await message_rows.find_message(reader, channel_id, ts_us)
    if channel is None or message is None or _is_notice(message):
        return
    members = await channel_rows.select_members(reader, channel.id, after="", limit=MAX_LISTENERS)
    others = [user for user in members if user != message.user_id]
    preferences = await rows.select_preferences_of_members(reader, channel.id)
    await _start_following(env, message, members)
    reasons = await _reasons(env, message, others, preferences)
    called = await _note(env, channel, message, reasons) if reasons else []
    await _push(env, channel, message, called, others, preferences)


async def _note(
    env: Env, channel: Channel, message: Message, reasons: Mapping[str, str]
) -> list[str]:
    """Put the message among the mentions of these people and tell them; who is new to it."""

    async def write(tx: Tx) -> tuple[list[str], list[Told]]:
        found: list[str] = []
        told: list[Told] = []
        for user, reason in reasons.items():
            mention = Mention(
                channel_id=channel.id,
                ts_us=message.ts_us,
                thread_us=message.thread_us,
                reason=reason,
            )
            if not await rows.insert_mention(tx, user, mention):
                continue
            event: Json = {
                "type": "volano_mention",
                "channel": channel.id,
                "ts": message.ts,
                "thread_ts": to_ts(message.thread_us) if message.thread_us else "",
                "reason": reason,
            }
            found.append(user)
            told.append(await keep_for(tx, env, channel.account, user, event))
        return found, told

    called, told = await env.store.transact(write)
    await send(env, *told)
    return called


def _is_notice(message: Message) -> bool:
    return message.subtype.startswith(("channel_", "group_")) or message.subtype == "tombstone"


async def _start_following(env: Env, message: Message, members: list[str]) -> None:
    """Who began a thread, answered in it or is named in it follows it, unless they stopped."""
    if not message.is_reply:
        return
    reader = env.store.reader
    root = await message_rows.find_message(reader, message.channel_id, message.thread_us)
    named = find_mentions(message.text)
    wanted = {message.user_id, root.user_id if root else "", *named} & set(members)
    known = await user_rows.select_users_by_id(reader, message.account, sorted(wanted))
    people = [user.id for user in known.values() if not user.is_bot]

    async def write(tx: Tx) -> None:
        for user in people:
            # What one wrote oneself is read; for the others the whole thread is new.
            read_us = message.ts_us if user == message.user_id else message.ts_us - 1
            follow = Follow(
                channel_id=message.channel_id,
                thread_us=message.thread_us,
                following=True,
                last_read_us=read_us,
            )
            await rows.insert_follow(tx, user, follow)
        if message.user_id in people:
            await rows.update_thread_read(
                tx, message.user_id, message.channel_id, message.thread_us, message.ts_us
            )

    await env.store.transact(write)


async def _reasons(
    env: Env, message: Message, others: list[str], preferences: Mapping[str, Preferences]
) -> dict[str, str]:
    """The strongest reason for each person called, in the order of the members."""
    texts = [message.text, *block_texts(message.body)]
    named = {user for text in texts for user in find_mentions(text)}
    named |= await _in_groups(env, message.account, texts)
    everyone = any(BROADCAST.search(text) for text in texts)
    words = to_plain("\n".join(texts)).lower()
    followers: set[str] = set()
    if message.is_reply:
        found = await rows.select_followers(env.store.reader, message.channel_id, message.thread_us)
        followers = set(found)
    reasons: dict[str, str] = {}
    for user in others:
        keywords = preferences[user].keywords if user in preferences else ()
        if user in named:
            reasons[user] = "mention"
        elif everyone:
            reasons[user] = "broadcast"
        elif any(has_word(words, keyword) for keyword in keywords):
            reasons[user] = "keyword"
        elif user in followers:
            reasons[user] = "thread"
    return reasons


async def _in_groups(env: Env, account: str, texts: Sequence[str]) -> set[str]:
    """Who is in the user groups that the texts name."""
    ids = {group for text in texts for group in GROUP.findall(text)}
    groups = [await group_rows.find_group(env.store.reader, account, id) for id in sorted(ids)]
    return {user for group in groups if group and not group.disabled_us for user in group.users}


def has_word(text: str, word: str) -> bool:
    """Whether `word` stands in the text: as a whole word, or anywhere where none are parted."""
    if not word.isascii():
        return word in text
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.ASCII) is not None


def is_quiet(quiet: QuietHours | None, now_us: int) -> bool:
    """Whether quiet hours are now; those past midnight belong to the day on which they began."""
    if quiet is None or quiet.from_minute == quiet.until_minute:
        return False
    now = datetime.fromtimestamp(now_us / 1e6, UTC).astimezone(ZoneInfo(quiet.zone))
    minute, day = now.hour * 60 + now.minute, now.weekday()
    if quiet.from_minute < quiet.until_minute:
        return quiet.from_minute <= minute < quiet.until_minute and day in quiet.days
    if minute >= quiet.from_minute:
        return day in quiet.days
    return minute < quiet.until_minute and (day - 1) % 7 in quiet.days


async def whom_to_push(
    env: Env,
    channel: Channel,
    called: Sequence[str],
    others: list[str],
    preferences: Mapping[str, Preferences],
) -> list[str]:
    """Those of `others` who want a notice of a message that calls `called`, and want it now."""
    now_us = env.clock.now_us()
    wanted: list[str] = []
    named, usual = set(called), Preferences()
    for user in others:
        own = preferences.get(user, usual)
        is_called = user in named or channel.kind.is_direct
        if own.notify == "none" or (own.notify == "calls" and not is_called):
            continue
        if channel.id not in own.muted and not is_quiet(own.quiet, now_us):
            wanted.append(user)
    profiles = await profile_rows.select_profiles(env.store.reader, wanted)
    pausing = {user for user, found in profiles.items() if found.snooze_until_us > now_us}
    return [user for user in wanted if user not in pausing]


async def _push(
    env: Env,
    channel: Channel,
    message: Message,
    called: list[str],
    others: list[str],
    preferences: Mapping[str, Preferences],
) -> None:
    if not await has_browsers(env.store.reader):
        return
    wanted = await whom_to_push(env, channel, called, others, preferences)
    author = await user_rows.find_user(env.store.reader, channel.account, message.user_id)
    name = author.real_name if author else ""
    place = "" if channel.kind.is_direct else f" · #{channel.name}"
    notice = Notice(
        title=f"{name}{place}",
        body=to_plain(message.text)[:MAX_NOTICE_CHARACTERS],
        path=f"/chat/{channel.id}?at={message.ts}",
        tag=channel.id,
    )
    await push_notices(env, wanted, notice)
