"""Reminders: when they are due, the copilot's direct message tells (Slackbot's part in Slack)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from volano.services.chat.logic.app_posts import be_bot, post_as_bot
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.members import open_direct_as
from volano.services.chat.logic.messages import Draft
from volano.services.chat.logic.mrkdwn import escape_text
from volano.services.chat.logic.users import get_user
from volano.services.chat.logic.workspaces import enter, get_workspace
from volano.services.chat.model.items import Reminder
from volano.services.chat.store import later as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json

BATCH = 100
MAX_TEXT_CHARACTERS = 3000
MAX_AHEAD_S = 5 * 366 * 86_400
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
_UNITS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_IN = re.compile(r"in (?:(\d{1,5})|an?) (minute|hour|day|week)s?\Z")
_AT = re.compile(r"(?:(today|tomorrow)\s*)?(?:at )?(\d{1,2})(?::(\d{2}))?\s*(am|pm)?\Z")
_EVERY = re.compile(r"every (day|week|weekday)(?: at (.+))?\Z")
DEFAULT_HOUR = 9


def parse_time(text: str, now_us: int) -> tuple[int, str]:
    """When, in microseconds, and how it recurs ('' for once), of Slack's `time`.

    Seconds since 1970, a number of seconds from now (below five years), or words: `in 15 minutes`,
    `tomorrow at 9am`, `every day at 10:30` (UTC). Raises cannot_parse.
    """
    words = " ".join(text.strip().lower().split())
    if words.isdigit():
        number = int(words)
        return (number * SECOND_US if number > MAX_AHEAD_S else now_us + number * SECOND_US), ""
    every = _EVERY.match(words)
    if every:
        return _clock_time(every[2] or f"{DEFAULT_HOUR}:00", now_us), every[1]
    after = _IN.match(words)
    if after:
        return now_us + int(after[1] or 1) * _UNITS[after[2]] * SECOND_US, ""
    if words == "tomorrow":
        return _clock_time(f"tomorrow at {DEFAULT_HOUR}", now_us), ""
    return _clock_time(words, now_us), ""


def _clock_time(words: str, now_us: int) -> int:
    match = _AT.match(words)
    if match is None:
        raise refused("cannot_parse", "time is not one that is understood.")
    hour, minute = int(match[2]), int(match[3] or 0)
    if match[4]:
        hour = hour % 12 + (12 if match[4] == "pm" else 0)
    if hour > 23 or minute > 59:
        raise refused("cannot_parse", "time names no time of day.")
    now = datetime.fromtimestamp(now_us / 1e6, UTC)
    at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if match[1] == "tomorrow" or (match[1] is None and at <= now):
        at += timedelta(days=1)
    return int(at.timestamp()) * SECOND_US


async def add_reminder(
    env: Env, call: Call, text: str, time: str, user_id: str, recurrence: str
) -> Reminder:
    """Raises cannot_parse, user_not_found and cannot_add_bot."""
    here = await enter(env, call)
    if not text or len(text) > MAX_TEXT_CHARACTERS or "\x00" in text:
        raise refused("invalid_arguments", f"text has 1 to {MAX_TEXT_CHARACTERS} characters.")
    now_us = env.clock.now_us()
    due_us, recurring = parse_time(time, now_us)
    if due_us <= now_us:
        raise refused("cannot_parse", "time is over.")
    user = await get_user(env.store.reader, call.account, user_id or here.me.id)
    if user.is_bot:
        raise refused("cannot_add_bot", "Bots are not reminded.")
    item = Reminder(
        id=env.ids.slack("Rm"),
        account=call.account,
        creator=here.me.id,
        user_id=user.id,
        text=text,
        recurring=recurrence or recurring,
        due_us=due_us,
    )

    async def write(tx: Tx) -> None:
        await rows.upsert_reminder(tx, item)

    await env.store.transact(write)
    return item


async def get_reminder(env: Env, call: Call, reminder_id: str) -> Reminder:
    """One of the caller's, or one that the caller made. Raises not_found."""
    here = await enter(env, call)
    found = await rows.find_reminder(env.store.reader, call.account, reminder_id)
    if found is None or here.me.id not in (found.user_id, found.creator):
        raise refused("not_found", "There is no such reminder of yours.")
    return found


async def list_reminders(env: Env, call: Call) -> list[Reminder]:
    here = await enter(env, call)
    return await rows.select_reminders(env.store.reader, here.me.id)


async def complete_reminder(env: Env, call: Call, reminder_id: str) -> None:
    """Raises not_found and cannot_complete_recurring."""
    found = await get_reminder(env, call, reminder_id)
    if found.recurring:
        raise refused("cannot_complete_recurring", "A recurring reminder is deleted instead.")
    await _write(env, replace(found, complete_us=env.clock.now_us()))


async def delete_reminder(env: Env, call: Call, reminder_id: str) -> None:
    """Raises not_found."""
    found = await get_reminder(env, call, reminder_id)

    async def write(tx: Tx) -> None:
        await rows.delete_reminder(tx, found.id)

    await env.store.transact(write)


async def _write(env: Env, item: Reminder) -> None:
    async def write(tx: Tx) -> None:
        await rows.upsert_reminder(tx, item)

    await env.store.transact(write)


async def tell_due(env: Env) -> None:
    """Remind everybody whose time has come; a recurring one is due again later.

    The message's `client_msg_id` says of which time it is, so that several processes, or one that
    died before it noted so, remind once.
    """
    now_us = env.clock.now_us()
    for item in await rows.select_due_reminders(env.store.reader, now_us, BATCH):
        after = replace(item, told_us=now_us)
        if item.recurring:
            after = replace(item, due_us=_next(item, now_us))
        workspace = await get_workspace(env, item.account)
        here = await be_bot(env, item.account, workspace.copilot_id)
        channel = (await open_direct_as(env, here, [item.user_id])).channel
        text = f"Reminder: {escape_text(item.text)}"
        once = f"reminder:{item.id}:{item.due_us}"
        draft = Draft(channel=channel.id, text=text, client_msg_id=once)
        await post_as_bot(env, here, draft)
        await _write(env, after)


def _next(item: Reminder, now_us: int) -> int:
    """The first time after now, in whole days or weeks; weekdays leave Saturday and Sunday out."""
    step = 7 * DAY_US if "week" in item.recurring and item.recurring != "weekday" else DAY_US
    due_us = item.due_us + step * max(1, -(-(now_us - item.due_us) // step))
    while item.recurring == "weekday" and datetime.fromtimestamp(due_us / 1e6, UTC).weekday() > 4:
        due_us += DAY_US
    return due_us


def reminder_json(item: Reminder) -> Json:
    """Slack's reminder object."""
    found: Json = {
        "id": item.id,
        "creator": item.creator,
        "user": item.user_id,
        "text": item.text,
        "recurring": bool(item.recurring),
    }
    if not item.recurring:
        found["time"] = item.due_us // SECOND_US
        found["complete_ts"] = item.complete_us // SECOND_US
    return found
