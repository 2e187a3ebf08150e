"""Calendar events over Volano's own API."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from volano.kernel.call import Call, Env
from volano.services.calendar.logic import events, exchange
from volano.services.calendar.logic.drafts import Wanted
from volano.services.calendar.logic.outsiders import link_of
from volano.services.calendar.model import Answer, Occurrence, Outsider
from volano.services.office import interface as office
from volano.wire.action import action
from volano.wire.results import Raw, WithHeaders

EVENTS = "arn:aws:calendar:{region}:{account}:event/*"
ONE = "arn:aws:calendar:{region}:{account}:event/{id}"


class EventId(msgspec.Struct):
    id: str


class EventFields(msgspec.Struct, kw_only=True):
    """`start` and `end` are `2026-11-22T10:00` in `zone`, or days, both included, with `all_day`.

    `rule` is an RRULE (`FREQ=WEEKLY;BYDAY=MO`), `guests` are chat users, `channels` stand for the
    people in them now, `outsiders` are mail addresses of people beyond the workplace (null leaves
    those of before). `remind_minutes` -1 is no reminder. `busy` false keeps the time free.
    """

    title: str
    start: str
    end: str
    zone: str = "UTC"
    all_day: bool = False
    rule: str = ""
    location: str = ""
    notes: str = ""
    guests: list[str] = []
    channels: list[str] = []
    outsiders: list[str] | None = None
    remind_minutes: int = 10
    busy: bool = True


class ChangedEvent(EventFields, kw_only=True):
    id: str


class GuestView(msgspec.Struct):
    """`answer` is none, yes, no or maybe."""

    user: str
    answer: str


class MailedView(msgspec.Struct, kw_only=True):
    """A guest invited by mail: `state` is waiting, sent or failed (`error` says why). Whoever has
    `link` answers in their name; only the event's owner sees it.
    """

    address: str
    answer: str
    state: str
    error: str
    link: str


class EventView(EventFields, kw_only=True):
    """An event; users are chat users, `outsiders` addresses of people beyond the workplace, and
    `mailed` those of them whom Volano tells of it.
    """

    id: str
    owner: str
    uid: str
    cancelled: bool
    answers: list[GuestView]
    outsiders: list[str]
    mailed: list[MailedView]
    updated_us: int


class OccurrenceView(msgspec.Struct, kw_only=True):
    """One time of an event, 1970-based; all-day ones from midnight to midnight, UTC. `occurrence`
    names it among the times of a repeating event. `answer` is the caller's, '' for their own.
    """

    event: str
    occurrence: str
    title: str
    location: str
    starts_us: int
    ends_us: int
    all_day: bool
    owner: str
    repeats: bool
    cancelled: bool
    answer: str


class OccurrenceList(msgspec.Struct):
    items: list[OccurrenceView]
    next_cursor: str | None = None


class Range(msgspec.Struct, kw_only=True):
    """At most 400 days."""

    from_us: int
    to_us: int


class Deletion(msgspec.Struct, kw_only=True):
    """With `occurrence` only that time of a repeating event is called off."""

    id: str
    occurrence: str = ""


class Said(msgspec.Struct, kw_only=True):
    """`answer` is yes, no or maybe."""

    id: str
    answer: str


class Import(msgspec.Struct):
    """`ics` is an iCalendar file with any number of events."""

    ics: str


class Imported(msgspec.Struct, kw_only=True):
    """What was taken in, and what could not be, in words."""

    added: int
    changed: int
    refused: list[str]


class NoFields(msgspec.Struct):
    pass


def _wanted(request: EventFields) -> Wanted:
    return Wanted(
        title=request.title,
        start=request.start,
        end=request.end,
        zone=request.zone,
        all_day=request.all_day,
        rule=request.rule,
        location=request.location,
        notes=request.notes,
        guests=tuple(request.guests),
        channels=tuple(request.channels),
        outsiders=None if request.outsiders is None else tuple(request.outsiders),
        remind_minutes=request.remind_minutes,
        is_busy=request.busy,
    )


def _view(seen: events.Seen, outsiders: list[str], mailed: list[MailedView]) -> EventView:
    event, facts = seen.event, seen.facts
    end = facts.end - timedelta(days=1) if facts.all_day else facts.end
    return EventView(
        id=event.id,
        owner=event.owner_id,
        uid=event.uid,
        title=facts.title,
        start=_local(facts.start),
        end=_local(end),
        zone=facts.zone,
        all_day=facts.all_day,
        rule=facts.rule,
        location=facts.location,
        notes=facts.notes,
        guests=[guest.user_id for guest in seen.guests],
        remind_minutes=facts.remind_minutes,
        busy=facts.is_busy,
        cancelled=event.is_cancelled,
        answers=[GuestView(guest.user_id, guest.answer.value) for guest in seen.guests],
        outsiders=outsiders,
        mailed=mailed,
        updated_us=event.updated_us,
    )


def _local(at: object) -> str:
    """A day, or a time without its zone."""
    if isinstance(at, datetime):
        return at.replace(tzinfo=None).isoformat(timespec="minutes")
    return str(at)


async def _shown(env: Env, call: Call, seen: events.Seen) -> EventView:
    is_owner = (await office.me(env, call)).id == seen.event.owner_id
    mailed = [_mailed(env, item, is_owner=is_owner) for item in seen.outsiders]
    return _view(seen, await events.outsiders_of(env, seen), mailed)


def _mailed(env: Env, item: Outsider, *, is_owner: bool) -> MailedView:
    state = "waiting" if item.due_us else ("failed" if item.error else "sent")
    return MailedView(
        address=item.address,
        answer=item.answer.value,
        state=state,
        error=item.error,
        link=link_of(env, item) if is_owner else "",
    )


def _occurrence(item: Occurrence, mine: str, answers: dict[str, Answer]) -> OccurrenceView:
    event = item.event
    said = answers.get(event.id, Answer.NONE)
    return OccurrenceView(
        event=event.id,
        occurrence=item.key,
        title=item.title,
        location=item.location,
        starts_us=item.starts_us,
        ends_us=item.ends_us,
        all_day=item.all_day,
        owner=event.owner_id,
        repeats=event.is_recurring,
        cancelled=event.is_cancelled,
        answer="" if event.owner_id == mine else said.value,
    )


@action(
    "volano:listEvents",
    method="GET",
    path="/volano/v1/calendar/events",
    permission="calendar:ListEvents",
    resource=EVENTS,
)
async def list_events(env: Env, call: Call, request: Range) -> OccurrenceList:
    """What takes place in the caller's calendar: every time of every event, 2,000 at most."""
    found, answers = await events.list_occurrences(
        env, call, from_us=request.from_us, to_us=request.to_us
    )
    mine = (await office.me(env, call)).id
    return OccurrenceList([_occurrence(item, mine, answers) for item in found])


@action(
    "volano:createEvent",
    method="POST",
    path="/volano/v1/calendar/events",
    permission="calendar:CreateEvent",
    resource=EVENTS,
)
async def create_event(env: Env, call: Call, request: EventFields) -> EventView:
    """Make an event; guests get a card in the chat."""
    return await _shown(env, call, await events.create_event(env, call, _wanted(request)))


@action(
    "volano:getEvent",
    method="GET",
    path="/volano/v1/calendar/events/{id}",
    permission="calendar:GetEvent",
    resource=ONE,
)
async def get_event(env: Env, call: Call, request: EventId) -> EventView:
    """An event of the caller, or one that they are invited to."""
    return await _shown(env, call, await events.get_event(env, call, request.id))


@action(
    "volano:updateEvent",
    method="PUT",
    path="/volano/v1/calendar/events/{id}",
    permission="calendar:UpdateEvent",
    resource=ONE,
)
async def update_event(env: Env, call: Call, request: ChangedEvent) -> EventView:
    """Change an event that the caller made; guests are told, and asked anew when it moved."""
    return await _shown(
        env, call, await events.update_event(env, call, request.id, _wanted(request))
    )


@action(
    "volano:deleteEvent",
    method="DELETE",
    path="/volano/v1/calendar/events/{id}",
    permission="calendar:DeleteEvent",
    resource=ONE,
)
async def delete_event(env: Env, call: Call, request: Deletion) -> None:
    """Call off an event that the caller made, or one time of it."""
    await events.delete_event(env, call, request.id, occurrence=request.occurrence)


@action(
    "volano:answerEvent",
    method="POST",
    path="/volano/v1/calendar/events/{id}/answer",
    permission="calendar:AnswerEvent",
    resource=ONE,
)
async def answer_event(env: Env, call: Call, request: Said) -> EventView:
    """Say whether one comes."""
    said = events.parse_answer(request.answer)
    return await _shown(env, call, await events.answer(env, call, request.id, said))


@action(
    "volano:importEvents",
    method="POST",
    path="/volano/v1/calendar/import",
    permission="calendar:CreateEvent",
    resource=EVENTS,
)
async def import_events(env: Env, call: Call, request: Import) -> Imported:
    """Take in an iCalendar file; events that are there already (by UID) are changed."""
    done = await exchange.import_events(env, call, request.ics)
    return Imported(added=done.added, changed=done.changed, refused=list(done.refused))


@action(
    "volano:exportEvents",
    method="GET",
    path="/volano/v1/calendar/export",
    permission="calendar:ListEvents",
    resource=EVENTS,
)
async def export_events(env: Env, call: Call, request: NoFields) -> WithHeaders:
    """The caller's calendar as one iCalendar file."""
    text = await exchange.export_events(env, call)
    name = ("content-disposition", 'attachment; filename="calendar.ics"')
    return WithHeaders(Raw("text/calendar; charset=utf-8", text.encode()), [name])
