"""The two collections of a person as calendar programs see them: objects, changes, conditions.

Objects of `events` are iCalendar texts with everybody's present answer in them; objects of `tasks`
are made from the office's tasks (`todos.py`). A guest who changes an event only answers it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.calendar.logic import events, outsiders, todos
from volano.services.calendar.logic.ics import (
    Facts,
    parse_calendar,
    read_facts,
    set_answers,
    to_text,
    with_zones,
    wrong,
)
from volano.services.calendar.logic.people import address_of
from volano.services.calendar.model import (
    MAX_EVENTS,
    Answer,
    ChangedMeanwhile,
    Collection,
    NoSuchResource,
    UidTaken,
)
from volano.services.calendar.store import events as rows
from volano.services.chat import interface as chat
from volano.services.office import interface as office

if TYPE_CHECKING:
    from collections.abc import Sequence

    import icalendar

    from volano.kernel.call import Call, Env
    from volano.services.calendar.model import CalendarEvent, Entry

PARTSTATS = {
    Answer.NONE: "NEEDS-ACTION",
    Answer.YES: "ACCEPTED",
    Answer.NO: "DECLINED",
    Answer.MAYBE: "TENTATIVE",
}
_ANSWERS = {partstat: answer for answer, partstat in PARTSTATS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An object of a collection; `text` only when it was asked for, `gone` with no more to it."""

    name: str
    etag: str = ""
    text: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """ETags of If-Match and If-None-Match: '' for none, `*` for any."""

    match: str = ""
    none_match: str = ""


async def state_of(env: Env, call: Call, collection: Collection) -> int:
    """The number of the last change of the caller's collections."""
    if collection is Collection.TASKS:
        await todos.refresh(env, call)
    mine = await office.me(env, call)
    return await rows.find_seq(env.store.reader, call.account, mine.id)


async def list_items(env: Env, call: Call, collection: Collection, *, text: bool) -> list[Item]:
    """Everything in the caller's collection."""
    if collection is Collection.TASKS:
        found = await todos.refresh(env, call)
        return [_task_item(entry, task) for entry, task in found]
    mine = await office.me(env, call)
    filed = await rows.select_filed(env.store.reader, call.account, mine.id, limit=MAX_EVENTS)
    if not text:
        return [Item(name=entry.name, etag=event.etag) for entry, event in filed]
    texts = await _texts(env, [event for _, event in filed])
    return [Item(name=entry.name, etag=event.etag, text=texts[event.id]) for entry, event in filed]


def _task_item(entry: Entry, task: office.Task) -> Item:
    return Item(name=entry.name, etag=entry.etag, text=todos.to_text(entry, task))


async def _texts(env: Env, found: Sequence[CalendarEvent]) -> dict[str, str]:
    """Texts with answers and zones by event."""
    answers = {event.id: await _partstats(env, event) for event in found}
    made = await asyncio.to_thread(_written, found, answers)
    return dict(zip((event.id for event in found), made, strict=True))


async def _partstats(env: Env, event: CalendarEvent) -> dict[str, str]:
    found = {}
    for guest in await rows.select_guests(env.store.reader, event.id):
        user = await chat.find_user(env.store.reader, event.account, guest.user_id)
        if user is not None:
            found[address_of(user)] = PARTSTATS[guest.answer]
    for item in await outsiders.list_present(env.store.reader, event.id):
        found[item.address] = PARTSTATS[item.answer]
    return found


def _written(found: Sequence[CalendarEvent], answers: dict[str, dict[str, str]]) -> list[str]:
    texts = []
    for event in found:
        text = event.ics
        if answers[event.id]:
            calendar = parse_calendar(text)
            set_answers(calendar, answers[event.id])
            text = to_text(calendar)
        texts.append(with_zones(text))
    return texts


async def get_items(
    env: Env, call: Call, collection: Collection, names: Sequence[str], *, text: bool = True
) -> list[Item]:
    """Those objects; one that is not there is `gone`."""
    if collection is Collection.TASKS:
        known = {
            entry.name: _task_item(entry, task) for entry, task in await todos.refresh(env, call)
        }
    else:
        known = await _known_events(env, call, names, text=text)
    return [known.get(name) or Item(name=name, gone=True) for name in names]


async def _known_events(
    env: Env, call: Call, names: Sequence[str], *, text: bool
) -> dict[str, Item]:
    mine = await office.me(env, call)
    reader = env.store.reader
    found: dict[str, CalendarEvent] = {}
    for name in dict.fromkeys(names):
        entry = await rows.find_entry(reader, call.account, mine.id, Collection.EVENTS, name)
        event = await rows.find_event(reader, call.account, entry.target_id) if entry else None
        if event is not None:
            found[name] = event
    texts = await _texts(env, list(found.values())) if text else {}
    return {
        name: Item(name=name, etag=event.etag, text=texts.get(event.id, ""))
        for name, event in found.items()
    }


async def get_item(env: Env, call: Call, collection: Collection, name: str) -> Item:
    """Raises NoSuchResource."""
    (found,) = await get_items(env, call, collection, [name])
    if found.gone:
        raise NoSuchResource("There is nothing of that name.")
    return found


async def list_changes(
    env: Env, call: Call, collection: Collection, since: int, *, text: bool
) -> tuple[list[Item], int]:
    """What changed after `since` (0: everything that is there), and the number to go on from.

    Raises NoSuchResource for a number that was never given.
    """
    state = await state_of(env, call, collection)
    if since > state:
        raise NoSuchResource("Begin anew without a token.", code="DAV:valid-sync-token", status=403)
    mine = await office.me(env, call)
    changed = await rows.select_entries(
        env.store.reader, call.account, mine.id, collection, after_seq=since
    )
    present = [entry.name for entry in changed if not entry.gone]
    items = await get_items(env, call, collection, present, text=text)
    return items + [Item(name=entry.name, gone=True) for entry in changed if entry.gone], state


def require(condition: Condition, etag: str) -> None:
    """`etag` is '' when nothing is there. Raises ChangedMeanwhile."""
    if condition.none_match and (condition.none_match in ("*", etag)) and etag:
        raise ChangedMeanwhile("There is something of that name already.")
    if condition.match and (not etag or condition.match not in ("*", etag)):
        raise ChangedMeanwhile("It was changed meanwhile: read it again.")


async def put_item(
    env: Env, call: Call, collection: Collection, name: str, text: str, condition: Condition
) -> tuple[str, bool]:
    """Write an object; returns its ETag and whether it is new. Raises InvalidEvent."""
    if collection is Collection.TASKS:
        known_task = await todos.find(env, call, name)
        require(condition, known_task[0].etag if known_task else "")
        return await todos.put(env, call, name, text, known_task), known_task is None
    mine = await office.me(env, call)
    reader = env.store.reader
    entry = await rows.find_entry(reader, call.account, mine.id, collection, name)
    known = await rows.find_event(reader, call.account, entry.target_id) if entry else None
    require(condition, known.etag if known else "")
    calendar, facts = await asyncio.to_thread(_parsed, text)
    if known is None:
        taken = await rows.find_by_uid(reader, call.account, mine.id, facts.uid)
        if taken is not None:
            raise UidTaken("Another object of this calendar has this UID.")
    elif known.uid != facts.uid:
        raise wrong("ics", "The UID of an event stays the same.")
    if known is not None and known.owner_id != mine.id:
        said = next((i.answer for i in facts.invited if i.address == address_of(mine)), "")
        seen = await events.answer(env, call, known.id, _ANSWERS.get(said, Answer.NONE))
        return seen.event.etag, False
    calendar.pop("METHOD", None)
    seen = await events.save(
        env,
        mine,
        calendar,
        known=known,
        name=name,
        asked=frozenset() if mine.is_guest else outsiders.asked_by_program(calendar),
        answers=outsiders.answers_of(facts),
    )
    return seen.event.etag, known is None


def _parsed(text: str) -> tuple[icalendar.Calendar, Facts]:
    calendar = parse_calendar(text)
    return calendar, read_facts(calendar)


async def delete_item(
    env: Env, call: Call, collection: Collection, name: str, condition: Condition
) -> None:
    """Call off one's own event, say no to another's, delete a task. Raises NoSuchResource."""
    found = await get_item(env, call, collection, name)
    require(condition, found.etag)
    if collection is Collection.TASKS:
        known_task = await todos.find(env, call, name)
        if known_task is not None:
            await todos.remove(env, call, *known_task)
        return
    mine = await office.me(env, call)
    entry = await rows.find_entry(env.store.reader, call.account, mine.id, collection, name)
    if entry is None:
        return
    seen = await events.get_event(env, call, entry.target_id)
    if seen.event.owner_id == mine.id:
        await events.remove(env, seen.event)
    else:
        await events.leave(env, call, seen)
