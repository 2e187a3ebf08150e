"""Events in the chat: a card for every guest, reminders, and what changed.

Cards are made from the rows, whatever woke this up; a guest's row says what they were told last,
so handling an event twice does no harm.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from volano.services.calendar.logic.events import Seen, digest, forget_ended, people_of
from volano.services.calendar.logic.ics import parse_calendar, read_facts
from volano.services.calendar.logic.occurrences import next_reminder_us
from volano.services.calendar.logic.outsiders import list_present
from volano.services.calendar.logic.words import LANGUAGES, language_of, when
from volano.services.calendar.model import Answer
from volano.services.calendar.store import events as rows
from volano.services.chat import interface as chat
from volano.services.office import interface as office

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.calendar.model import CalendarEvent, EventChanged, Guest

YES, MAYBE, NO = "calendar_yes", "calendar_maybe", "calendar_no"
REMIND_BATCH = 200
_BUTTONS = ((YES, Answer.YES), (MAYBE, Answer.MAYBE), (NO, Answer.NO))


async def tell(env: Env, event: EventChanged) -> None:
    """Send and rewrite cards, tell who is no guest any more, and the owner of an answer."""
    found = await rows.find_event(env.store.reader, event.account, event.id)
    if found is None:
        return
    seen = await _seen(env, found)
    bot_id = await office.bot_of(env, event.account)
    for guest in seen.guests:
        await _tell_guest(env, bot_id, seen, guest)
    for user_id in event.removed:
        said = _words(seen, await language_of(env, user_id), "removed")
        text = f":wastebasket: {said}"
        key = f"removed:{found.updated_us}"
        await _write(env, found, bot_id, user_id, text, key)
    if event.answered:
        await _tell_owner(env, bot_id, seen, event.answered)
    if found.is_ended:

        async def write(tx: Tx) -> None:
            await forget_ended(tx, found.account, found.id)

        await env.store.transact(write)


async def _seen(env: Env, event: CalendarEvent) -> Seen:
    facts = read_facts(parse_calendar(event.ics))
    facts = replace(facts, is_cancelled=event.is_cancelled)
    return Seen(
        event=event,
        facts=facts,
        guests=await rows.select_guests(env.store.reader, event.id),
        outsiders=await list_present(env.store.reader, event.id),
    )


async def _tell_guest(env: Env, bot_id: str, seen: Seen, guest: Guest) -> None:
    event, now = seen.event, digest(seen.facts)
    language = await language_of(env, guest.user_id)
    text, blocks = await _card(env, seen, guest, language)
    if not guest.card_us:
        draft = chat.Draft(
            channel="",
            text=text,
            blocks=blocks,
            client_msg_id=f"copilot:{event.id}:invited:{guest.user_id}",
        )
        channel_id, card_us = await chat.write_to(env, event.account, bot_id, guest.user_id, draft)
        guest = replace(guest, channel_id=channel_id, card_us=card_us)
    else:
        card = chat.Rewritten(
            channel=guest.channel_id, ts_us=guest.card_us, text=text, blocks=blocks
        )
        await chat.rewrite_own(env, event.account, bot_id, card)
        if guest.told != now:
            kind = "ended" if event.is_cancelled else "changed"
            said = _words(seen, language, kind)
            await _write(env, event, bot_id, guest.user_id, said, now)

    async def write(tx: Tx) -> None:
        await rows.update_told(tx, replace(guest, told=now))

    await env.store.transact(write)


async def _tell_owner(env: Env, bot_id: str, seen: Seen, user_id: str) -> None:
    answers = {guest.user_id: guest.answer for guest in seen.guests}
    answers |= {item.address: item.answer for item in seen.outsiders}
    said = answers.get(user_id)
    if said is None:
        return
    is_outsider = "@" in user_id
    who = user_id if is_outsider else await office.name_of(env, seen.event.account, user_id)
    language = await language_of(env, seen.event.owner_id)
    text = _words(seen, language, f"said_{said.value}", name=who)
    key = f"{user_id}:{said.value}:{seen.event.etag}"
    await _write(env, seen.event, bot_id, seen.event.owner_id, text, key)


async def _write(
    env: Env, event: CalendarEvent, bot_id: str, user_id: str, text: str, key: str
) -> None:
    draft = chat.Draft(channel="", text=text, client_msg_id=f"copilot:{event.id}:{key}:{user_id}")
    await chat.write_to(env, event.account, bot_id, user_id, draft)


def _words(seen: Seen, language: str, kind: str, *, name: str = "") -> str:
    """What is said to somebody of an event, in their language."""
    title = f"*{chat.escape_text(seen.facts.title)}*"
    said = {"title": title, "when": when(seen.facts, language), "name": name}
    return LANGUAGES[language][kind].format(**said)


async def _card(env: Env, seen: Seen, guest: Guest, language: str) -> tuple[str, list[object]]:
    event, facts = seen.event, seen.facts
    who = await office.name_of(env, event.account, event.owner_id)
    sign, kind = (":x:", "ended") if event.is_cancelled else (":calendar:", "card")
    text = f"{sign} {_words(seen, language, kind, name=who)}"
    lines = [text]
    if facts.location:
        where = chat.escape_text(facts.location)
        lines.append(LANGUAGES[language]["where"].format(where=where))
    if facts.notes:
        lines.append(chat.escape_text(facts.notes[:1000]))
    blocks: list[object] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(lines)[:3000]}}
    ]
    if not event.is_cancelled:
        blocks.append(_actions(event, guest, language))
    return text, blocks


def _actions(event: CalendarEvent, guest: Guest, language: str) -> dict[str, object]:
    elements = []
    for action_id, said in _BUTTONS:
        text = LANGUAGES[language][said.value]
        chosen = guest.answer is said
        button = {
            "type": "button",
            "text": {"type": "plain_text", "text": f"{text} ✓" if chosen else text},
            "action_id": action_id,
            "value": event.id,
        }
        elements.append(button | ({"style": "primary"} if chosen else {}))
    return {"type": "actions", "block_id": "answer", "elements": elements}


async def remind(env: Env) -> None:
    """Remind the people of events that begin soon, once for each time."""
    now_us = env.clock.now_us()
    for event in await rows.select_to_remind(env.store.reader, now_us, REMIND_BATCH):
        seen = await _seen(env, event)
        bot_id = await office.bot_of(env, event.account)
        starts_us = event.remind_us + max(seen.facts.remind_minutes, 0) * 60_000_000
        if starts_us > now_us - 3600 * 1_000_000:  # an hour late is no reminder any more
            at = datetime.fromtimestamp(starts_us / 1e6, UTC).astimezone(ZoneInfo(seen.facts.zone))
            where = f", {chat.escape_text(seen.facts.location)}" if seen.facts.location else ""
            title = chat.escape_text(seen.facts.title)
            text = f":alarm_clock: *{title}*, {at:%H:%M} {seen.facts.zone}{where}"
            for user_id in people_of(seen):
                await _write(env, event, bot_id, user_id, text, f"remind:{starts_us}")
        after_us = max(event.remind_us, now_us - 3600 * 1_000_000)
        following = await asyncio.to_thread(
            next_reminder_us, event, seen.facts.remind_minutes, after_us
        )

        async def write(tx: Tx, event: CalendarEvent = event, following: int = following) -> None:
            current = await rows.find_event(tx, event.account, event.id)
            if current is not None and current.remind_us == event.remind_us:
                await rows.upsert_event(tx, replace(current, remind_us=following))

        await env.store.transact(write)
