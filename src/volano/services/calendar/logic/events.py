"""Events: making, changing, answering and calling off; who sees which.

An event, its guests and its place in everybody's calendar are one transaction. Whoever makes an
event owns it; guests answer, and nobody else sees more of it than that its people are busy.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.kernel.errors import QuotaExceeded
from volano.services.calendar.logic import outsiders
from volano.services.calendar.logic.drafts import Wanted, new_calendar, stamp, write_draft
from volano.services.calendar.logic.filing import file, file_answer
from volano.services.calendar.logic.ics import (
    Facts,
    attendees_of,
    mail_address,
    main_event,
    parse_calendar,
    read_facts,
    to_text,
    wrong,
)
from volano.services.calendar.logic.occurrences import expand, next_reminder_us, require_range
from volano.services.calendar.logic.people import address_of, find_person, invite, title_of
from volano.services.calendar.model import (
    CALLED_OFF,
    MAX_EVENTS,
    MAX_GUESTS,
    MAX_OCCURRENCES,
    Answer,
    CalendarEvent,
    EventChanged,
    Guest,
    NoSuchEvent,
    NotYourEvent,
    Occurrence,
    Outsider,
)
from volano.services.calendar.store import events as rows
from volano.services.office import interface as office

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import icalendar

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.interface import ChatUser


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An event as its people see it."""

    event: CalendarEvent
    facts: Facts
    guests: list[Guest]
    outsiders: list[Outsider]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What is to be written: the event, who is invited, under which name its owner has it."""

    event: CalendarEvent
    facts: Facts
    guests: tuple[str, ...]
    mailing: outsiders.Mailing
    name: str


async def create_event(env: Env, call: Call, wanted: Wanted) -> Seen:
    """A new event of the caller; guests get a card in the chat. Raises InvalidEvent."""
    mine = await office.me(env, call)
    calendar = new_calendar(env.ids.uuid())
    asked = await _draft(env, call, mine, calendar, wanted)
    return await save(env, mine, calendar, asked=asked)


async def update_event(env: Env, call: Call, event_id: str, wanted: Wanted) -> Seen:
    """Change an event of one's own; who is a guest no more is told so."""
    mine, event = await get_own(env, call, event_id)
    calendar = parse_calendar(event.ics)
    asked = await _draft(env, call, mine, calendar, wanted)
    return await save(env, mine, calendar, known=event, asked=asked)


async def _draft(
    env: Env, call: Call, mine: ChatUser, calendar: icalendar.Calendar, wanted: Wanted
) -> frozenset[str]:
    """Write what is wanted; returns the addresses that are invited by mail from now on."""
    guests = await invite(env, call, wanted.guests, wanted.channels, besides=mine.id)
    before = {mail_address(str(item)) for item in attendees_of(main_event(calendar))}
    people = {
        address
        for address in before
        if await find_person(env.store.reader, call.account, address) is not None
    }
    beyond = before - people
    if wanted.outsiders is not None:
        beyond = set()
        for address in outsiders.require_addresses(wanted.outsiders):
            person = await find_person(env.store.reader, call.account, address)
            if person is None:
                beyond.add(address)
            elif person.id != mine.id:
                guests[person.id] = person
    if mine.is_guest and beyond - before:
        raise wrong("outsiders", "Guests of the workplace invite nobody by mail.")
    write_draft(
        calendar,
        wanted,
        organizer=(address_of(mine), title_of(mine)),
        guests={address_of(user): title_of(user) for user in guests.values()},
        outsiders=sorted(beyond),
    )
    return frozenset(beyond - before)


async def save(
    env: Env,
    mine: ChatUser,
    calendar: icalendar.Calendar,
    *,
    known: CalendarEvent | None = None,
    name: str = "",
    asked: frozenset[str] = frozenset(),
    answers: Mapping[str, Answer] | None = None,
) -> Seen:
    """Write an event of `mine`, over `known` or new; `name` is what a calendar program calls it.

    `asked` are invited by mail from now on, `answers` what the owner's program learned of them.
    """
    facts = await asyncio.to_thread(read_facts, calendar)
    moved = known.moved if known else 0
    if known is not None and _place(facts) != _place(read_facts(parse_calendar(known.ics))):
        moved += 1
    stamp(env, calendar, moved=moved)
    event = CalendarEvent(
        id=known.id if known else "event_" + env.ids.hex(20),
        account=mine.account,
        owner_id=mine.id,
        uid=facts.uid,
        title=facts.title,
        ics=to_text(calendar),
        etag=env.ids.hex(16),
        starts_us=facts.starts_us,
        ends_us=facts.ends_us,
        is_recurring=facts.is_recurring,
        is_busy=facts.is_busy,
        is_cancelled=facts.is_cancelled,
        moved=moved,
        updated_us=env.clock.now_us(),
    )
    remind_us = await asyncio.to_thread(
        next_reminder_us, event, facts.remind_minutes, env.clock.now_us()
    )
    event = replace(event, remind_us=remind_us)
    guests = await _guests_of(env, mine, facts)
    is_moved = known is not None and known.moved != moved
    saved = Saved(
        event=event,
        facts=facts,
        guests=tuple(guests),
        mailing=outsiders.Mailing(asked=asked, reset=is_moved, answers=dict(answers or {})),
        name=name or f"{event.id}.ics",
    )

    async def write(tx: Tx) -> Seen:
        return await _write(tx, saved, known)

    seen = await env.store.transact(write)
    if seen.outsiders or known is not None:
        env.work.wake(outsiders.MAILS)
    return seen


def _place(facts: Facts) -> tuple[object, ...]:
    """What makes guests think anew."""
    return (facts.start, facts.end, facts.zone, facts.rule, facts.location)


async def _guests_of(env: Env, mine: ChatUser, facts: Facts) -> list[str]:
    """People of the workplace who are invited; nobody, when another one invites."""
    if facts.organizer not in ("", address_of(mine)):
        return []
    found = [
        await find_person(env.store.reader, mine.account, invited.address)
        for invited in facts.invited[: MAX_GUESTS + 1]
    ]
    ids = dict.fromkeys(user.id for user in found if user is not None and user.id != mine.id)
    if len(facts.invited) > MAX_GUESTS:
        raise wrong("guests", f"An event has at most {MAX_GUESTS} guests.")
    return list(ids)


async def _write(tx: Tx, saved: Saved, known: CalendarEvent | None) -> Seen:
    event = saved.event
    if known is None and await rows.count_owned(tx, event.account, event.owner_id) >= MAX_EVENTS:
        raise QuotaExceeded(f"A person has at most {MAX_EVENTS} events; delete old ones.")
    await rows.upsert_event(tx, event)
    before = {guest.user_id: guest for guest in await rows.select_guests(tx, event.id)}
    removed = [user_id for user_id in before if user_id not in saved.guests]
    guests = []
    for user_id in saved.guests:
        guest = before.get(user_id) or Guest(
            event_id=event.id, user_id=user_id, account=event.account
        )
        if saved.mailing.reset:
            guest = replace(guest, answer=Answer.NONE)
        await rows.upsert_guest(tx, guest)
        guests.append(guest)
    for user_id in removed:
        await rows.delete_guest(tx, event.id, user_id)
        await file(tx, event, user_id, gone=True)
    await file(tx, event, event.owner_id, name=saved.name)
    for user_id in saved.guests:
        await file(tx, event, user_id)
    if guests or removed:
        tx.publish(EventChanged(account=event.account, id=event.id, removed=tuple(removed)))
    beyond = await outsiders.fit(tx, event, saved.facts, saved.mailing, event.updated_us)
    return Seen(event=event, facts=saved.facts, guests=guests, outsiders=beyond)


async def get_own(env: Env, call: Call, event_id: str) -> tuple[ChatUser, CalendarEvent]:
    """An event that the caller made. Raises NoSuchEvent and NotYourEvent."""
    seen = await get_event(env, call, event_id)
    mine = await office.me(env, call)
    if seen.event.owner_id != mine.id:
        raise NotYourEvent("Only who made an event changes it; you may answer.")
    return mine, seen.event


async def get_event(env: Env, call: Call, event_id: str) -> Seen:
    """One's own, or one that one is invited to. Raises NoSuchEvent."""
    mine = await office.me(env, call)
    event = await rows.find_event(env.store.reader, call.account, event_id)
    guests = await rows.select_guests(env.store.reader, event_id) if event else []
    if event is None or mine.id not in (event.owner_id, *(guest.user_id for guest in guests)):
        raise NoSuchEvent("There is no such event, or you are not invited.")
    return Seen(
        event=event,
        facts=read_facts(parse_calendar(event.ics)),
        guests=guests,
        outsiders=await outsiders.list_present(env.store.reader, event_id),
    )


async def list_occurrences(
    env: Env, call: Call, *, from_us: int, to_us: int
) -> tuple[list[Occurrence], dict[str, Answer]]:
    """What takes place in the caller's calendar, by start, and what they answered by event."""
    span = require_range(from_us, to_us)
    mine = await office.me(env, call)
    reader = env.store.reader
    found = await rows.select_events(
        reader, call.account, mine.id, from_us=from_us, to_us=to_us, limit=MAX_OCCURRENCES
    )
    answers = await rows.select_answers(reader, call.account, mine.id)
    return await expand(found, span), answers


async def answer(env: Env, call: Call, event_id: str, said: Answer) -> Seen:
    """Say whether one comes. Raises NoSuchEvent, InvalidEvent for one's own event."""
    mine = await office.me(env, call)
    seen = await get_event(env, call, event_id)
    if mine.id not in {guest.user_id for guest in seen.guests}:
        raise wrong("id", "This is your own event: you are there anyway.")
    etag = env.ids.hex(16)

    async def write(tx: Tx) -> None:
        event = await rows.find_event(tx, call.account, event_id)
        guests = {guest.user_id: guest for guest in await rows.select_guests(tx, event_id)}
        if event is None or mine.id not in guests:
            raise NoSuchEvent("The event was called off meanwhile.")
        await rows.upsert_guest(tx, replace(guests[mine.id], answer=said))
        await file_answer(tx, event, guests, etag=etag, answered=mine.id)

    await env.store.transact(write)
    return await get_event(env, call, event_id)


async def leave(env: Env, call: Call, seen: Seen) -> None:
    """Say no, and have it in one's calendar no more; the owner is told."""
    mine = await office.me(env, call)
    await answer(env, call, seen.event.id, Answer.NO)

    async def write(tx: Tx) -> None:
        await file(tx, seen.event, mine.id, gone=True)

    await env.store.transact(write)


async def delete_event(env: Env, call: Call, event_id: str, *, occurrence: str = "") -> None:
    """Call off an event, or one time of it (its key); guests are told."""
    mine, event = await get_own(env, call, event_id)
    if occurrence:
        calendar = parse_calendar(event.ics)
        _leave_out(calendar, occurrence)
        await save(env, mine, calendar, known=event)
        return
    await remove(env, event)


async def remove(env: Env, event: CalendarEvent) -> None:
    """Take an event out of all calendars; its rows go when its guests know."""

    async def write(tx: Tx) -> None:
        guests = await rows.select_guests(tx, event.id)
        for user_id in (event.owner_id, *(guest.user_id for guest in guests)):
            await file(tx, event, user_id, gone=True)
        if await outsiders.dismiss(tx, event, env.clock.now_us()) or guests:
            uid = f"{event.uid}{CALLED_OFF}{event.id}"  # the owner may use the UID again
            ended = replace(event, is_cancelled=True, remind_us=0)
            await rows.upsert_event(tx, ended)
            await rows.update_uid(tx, event.id, uid)
            tx.publish(EventChanged(account=event.account, id=event.id))
        else:
            await rows.delete_event(tx, event.id)

    await env.store.transact(write)
    env.work.wake(outsiders.MAILS)


async def forget_ended(tx: Tx, account: str, event_id: str) -> None:
    """Delete an event that was taken out of all calendars, once everybody was told so."""
    event = await rows.find_event(tx, account, event_id)
    if event is None or not event.is_ended:
        return
    facts = replace(read_facts(parse_calendar(event.ics)), is_cancelled=True)
    guests = await rows.select_guests(tx, event_id)
    are_told = all(guest.told == digest(facts) for guest in guests)
    if are_told and not await outsiders.are_waiting(tx, event_id):
        await rows.delete_event(tx, event_id)


def _leave_out(calendar: icalendar.Calendar, key: str) -> None:
    """Without the occurrence of that RECURRENCE-ID: EXDATE, and no change of it any more."""
    event = main_event(calendar)
    known = {
        found.to_ical().decode(): item
        for item in calendar.walk("VEVENT")
        if (found := item.get("RECURRENCE-ID")) is not None
    }
    if key in known:
        calendar.subcomponents.remove(known[key])
    start = event["DTSTART"]
    try:
        left_out = type(start).from_ical(key, start.params.get("TZID"))
    except ValueError as error:
        raise wrong("occurrence", f"'{key[:40]}' is no occurrence of this event.") from error
    event.add("exdate", left_out)


async def outsiders_of(env: Env, seen: Seen) -> list[str]:
    """Addresses of invited people who are not of the workplace, however they were invited."""
    found = []
    for invited in seen.facts.invited[:MAX_GUESTS]:
        person = await find_person(env.store.reader, seen.event.account, invited.address)
        if person is None:
            found.append(invited.address)
    return found


def parse_answer(text: str) -> Answer:
    """Raises InvalidEvent for anything but yes, no and maybe."""
    if text not in ("yes", "no", "maybe"):
        raise wrong("answer", "Answer yes, no or maybe.")
    return Answer(text)


def digest(facts: Facts) -> str:
    """Changes when guests are to be told."""
    said = (facts.title, *_place(facts), facts.is_cancelled)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def people_of(seen: Seen) -> Iterable[str]:
    """Who takes part: the owner, and who did not say no."""
    yield seen.event.owner_id
    yield from (guest.user_id for guest in seen.guests if guest.answer is not Answer.NO)
