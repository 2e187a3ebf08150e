"""Whole calendars as iCalendar files: taking them in, and giving them out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import icalendar

from volano.kernel.errors import VolanoError
from volano.services.calendar.logic.events import save
from volano.services.calendar.logic.ics import PRODUCT, parse_file, to_text, with_zones, wrong
from volano.services.calendar.model import MAX_EVENTS
from volano.services.calendar.store import events as rows
from volano.services.office import interface as office

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

MAX_IMPORT_BYTES = 8 * 1024 * 1024
MAX_IMPORTED = 5000
MAX_REFUSED_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    added: int
    changed: int
    refused: tuple[str, ...]


async def import_events(env: Env, call: Call, text: str) -> Done:
    """Take in every event of a file; may be repeated. Nobody is invited by an import.

    What another one invites to stays theirs (ORGANIZER), so it asks nobody of the workplace.
    """
    if len(text.encode()) > MAX_IMPORT_BYTES:
        raise wrong("ics", f"A file has at most {MAX_IMPORT_BYTES} bytes.")
    mine = await office.me(env, call)
    found = await asyncio.to_thread(_split, text)
    if not 1 <= len(found) <= MAX_IMPORTED:
        raise wrong("ics", f"A file has 1 to {MAX_IMPORTED} events.")
    added = changed = 0
    refused: list[str] = []
    for uid, calendar in found.items():
        known = await rows.find_by_uid(env.store.reader, call.account, mine.id, uid)
        try:
            if known is not None and known.owner_id != mine.id:
                raise wrong("ics", f"'{uid[:80]}' belongs to who invited you.")
            await save(env, mine, calendar, known=known)
        except VolanoError as error:
            refused.append(f"{uid[:80]}: {error.message}")
            continue
        added, changed = added + (known is None), changed + (known is not None)
    return Done(added=added, changed=changed, refused=tuple(refused[:MAX_REFUSED_SHOWN]))


def _split(text: str) -> dict[str, icalendar.Calendar]:
    """A calendar for each UID, with the zones of the file; guests are left out."""
    whole = parse_file(text)
    zones = whole.walk("VTIMEZONE")
    found: dict[str, icalendar.Calendar] = {}
    for event in whole.walk("VEVENT"):
        uid = str(event.get("UID", ""))
        if not uid:
            continue
        event.pop("ATTENDEE", None)
        event.pop("ORGANIZER", None)
        if uid not in found:
            found[uid] = _empty()
            for zone in zones:
                found[uid].add_component(zone)
        found[uid].add_component(event)
    return found


def _empty() -> icalendar.Calendar:
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    return calendar


async def export_events(env: Env, call: Call) -> str:
    """Everything in the caller's calendar as one file."""
    mine = await office.me(env, call)
    filed = await rows.select_filed(env.store.reader, call.account, mine.id, limit=MAX_EVENTS)
    return await asyncio.to_thread(_joined, [event.ics for _, event in filed])


def _joined(texts: list[str]) -> str:
    whole = _empty()
    for text in texts:
        for part in icalendar.Calendar.from_ical(text).subcomponents:
            whole.add_component(part)
    return with_zones(to_text(whole))
