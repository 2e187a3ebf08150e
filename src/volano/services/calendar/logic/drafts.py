"""Events as people describe them in the console or by the API, written as iCalendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import icalendar

from volano.services.calendar.logic.ics import (
    PRODUCT,
    attendees_of,
    mail_address,
    main_event,
    wrong,
    zone_of,
)
from volano.services.calendar.model import (
    MAX_REMIND_MINUTES,
    MAX_TEXT_CHARACTERS,
    MAX_TITLE_CHARACTERS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Env


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An event: `start` and `end` are `2026-11-22T10:00` in `zone`, or `2026-11-22` when it lasts
    all day (the end is then the last day). `rule` is an RRULE without its name. `guests` are chat
    users, `channels` stand for the people in them now, `outsiders` are mail addresses (None leaves
    those of before). `remind_minutes` -1 is no reminder.
    """

    title: str
    start: str
    end: str
    zone: str = "UTC"
    all_day: bool = False
    rule: str = ""
    location: str = ""
    notes: str = ""
    guests: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    outsiders: tuple[str, ...] | None = None
    remind_minutes: int = 10
    is_busy: bool = True


def new_calendar(uid: str) -> icalendar.Calendar:
    """A calendar with an event that has nothing yet."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    event = icalendar.Event()
    event.add("uid", uid)
    calendar.add_component(event)
    return calendar


def write_draft(
    calendar: icalendar.Calendar,
    wanted: Wanted,
    *,
    organizer: tuple[str, str],
    guests: Mapping[str, str],
    outsiders: Sequence[str],
) -> None:
    """Make the event of `calendar` what is wanted; what it does not name stays as it was.

    `organizer` is (address, name), `guests` names by address, `outsiders` the addresses of
    those who are not of the workplace. Raises InvalidEvent.
    """
    _check_texts(wanted)
    event = main_event(calendar)
    start, end = _span(wanted)
    rule = _rule(wanted.rule)
    fields = {
        "SUMMARY": wanted.title.strip(),
        "LOCATION": wanted.location,
        "DESCRIPTION": wanted.notes,
        "DTSTART": start,
        "DTEND": end,
        "RRULE": rule,
        "TRANSP": "OPAQUE" if wanted.is_busy else "TRANSPARENT",
    }
    event.pop("DURATION", None)
    for name, value in fields.items():
        event.pop(name, None)
        if value not in ("", None):
            event.add(name, value)
    known = {mail_address(str(item)): item for item in attendees_of(event)}
    beyond = [known.get(address) or _asked(address, "") for address in outsiders]
    _write_guests(event, organizer, guests, beyond)
    _write_alarm(event, wanted)


def _check_texts(wanted: Wanted) -> None:
    if not 1 <= len(wanted.title.strip()) <= MAX_TITLE_CHARACTERS:
        raise wrong("title", f"An event's title has 1 to {MAX_TITLE_CHARACTERS} characters.")
    if len(wanted.location) > MAX_TITLE_CHARACTERS:
        raise wrong("location", f"A place has at most {MAX_TITLE_CHARACTERS} characters.")
    if len(wanted.notes) > MAX_TEXT_CHARACTERS:
        raise wrong("notes", f"Notes have at most {MAX_TEXT_CHARACTERS} characters.")
    if not -1 <= wanted.remind_minutes <= MAX_REMIND_MINUTES:
        raise wrong("remind_minutes", "A reminder comes 0 minutes to 28 days before; -1 is none.")
    if any("\x00" in text for text in (wanted.title, wanted.location, wanted.notes, wanted.rule)):
        raise wrong("title", "A text holds a NUL.")


def _span(wanted: Wanted) -> tuple[date, date]:
    if wanted.all_day:
        first, last = _day("start", wanted.start), _day("end", wanted.end or wanted.start)
        if last < first:
            raise wrong("end", "An event ends after it starts.")
        return first, last + timedelta(days=1)
    zone = UTC if wanted.zone in ("", "UTC") else zone_of(wanted.zone)
    start, end = (
        _time(name, text).replace(tzinfo=zone)
        for name, text in (("start", wanted.start), ("end", wanted.end))
    )
    if end <= start:
        raise wrong("end", "An event ends after it starts.")
    return start, end


def _day(param: str, text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise wrong(param, f"'{text[:40]}' is no day, such as 2026-11-22.") from error


def _time(param: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise wrong(param, f"'{text[:40]}' is no time, such as 2026-11-22T10:00.") from error
    if found.tzinfo is not None:
        raise wrong(param, "Give a local time and its zone apart.")
    return found


def _rule(text: str) -> icalendar.vRecur | None:
    if not text:
        return None
    try:
        return icalendar.vRecur.from_ical(text.removeprefix("RRULE:"))
    except (ValueError, KeyError, TypeError) as error:
        raise wrong("rule", f"'{text[:80]}' is no rule, such as FREQ=WEEKLY;BYDAY=MO.") from error


def _write_guests(
    event: icalendar.Event,
    organizer: tuple[str, str],
    guests: Mapping[str, str],
    outsiders: list[icalendar.vCalAddress],
) -> None:
    """Those of the list, and those beyond the workplace."""
    event.pop("ATTENDEE", None)
    event.pop("ORGANIZER", None)
    if not guests and not outsiders:
        return
    event.add("organizer", person_property(*organizer))
    for address, name in guests.items():
        event.add("attendee", _asked(address, name))
    for item in outsiders:
        event.add("attendee", item)


def person_property(address: str, name: str) -> icalendar.vCalAddress:
    """An ORGANIZER or ATTENDEE."""
    made = icalendar.vCalAddress(f"mailto:{address}")
    made.params["CN"] = name
    return made


def _asked(address: str, name: str) -> icalendar.vCalAddress:
    made = person_property(address, name or address)
    made.params["PARTSTAT"] = "NEEDS-ACTION"
    made.params["RSVP"] = "TRUE"
    return made


def _write_alarm(event: icalendar.Event, wanted: Wanted) -> None:
    event.subcomponents = [item for item in event.subcomponents if item.name != "VALARM"]
    if wanted.remind_minutes < 0:
        return
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", wanted.title.strip())
    alarm.add("trigger", timedelta(minutes=-wanted.remind_minutes))
    event.add_component(alarm)


def stamp(env: Env, calendar: icalendar.Calendar, *, moved: int) -> None:
    """Say when and how often the event was changed."""
    now = datetime.fromtimestamp(env.clock.now_us() // 1_000_000, UTC)
    for event in calendar.walk("VEVENT"):
        for name, value in (("DTSTAMP", now), ("LAST-MODIFIED", now)):
            event.pop(name, None)
            event.add(name, value)
        known = int(event.get("SEQUENCE", 0))
        event.pop("SEQUENCE", None)
        event.add("SEQUENCE", max(known, moved))
