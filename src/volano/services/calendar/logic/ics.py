"""iCalendar text (RFC 5545): reading what is looked up of an event, writing what people change.

Time zones of the IANA database are left out of what is kept and put back by `with_zones`, for
programs that want them; a zone that only the sender knows stays in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import icalendar

from volano.services.calendar.logic import rules
from volano.services.calendar.model import (
    FOREVER_US,
    MAX_ICS_BYTES,
    MAX_REMIND_MINUTES,
    MAX_TEXT_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    InvalidEvent,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PRODUCT = "-//Volano//Calendar//EN"
MAX_OVERRIDES = 500
"""Changed occurrences of one event."""
_FIRST_YEAR, _LAST_YEAR = 1971, 2200
_TZID = re.compile(r"TZID=\"?([^:;\"\r\n]+)")
_ZONE_BLOCK = re.compile(r"BEGIN:VTIMEZONE\r?\n.*?END:VTIMEZONE\r?\n", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An ATTENDEE: where mail reaches them, their name, and what they answered (PARTSTAT)."""

    address: str
    name: str = ""
    answer: str = "NEEDS-ACTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is looked up of an event's text."""

    uid: str
    title: str
    location: str
    notes: str
    start: date
    end: date
    """With a zone, or plain days when it lasts all day; the end is exclusive."""
    zone: str
    rule: str
    starts_us: int
    ends_us: int
    is_recurring: bool
    is_busy: bool
    is_cancelled: bool
    organizer: str
    invited: tuple[Invited, ...] = field(default=())
    remind_minutes: int = -1

    @property
    def all_day(self) -> bool:
        return not isinstance(self.start, datetime)


def wrong(param: str, message: str) -> InvalidEvent:
    return InvalidEvent(message, fields={"param": param})


def moment_us(value: date) -> int:
    """A day is its midnight in UTC; a time without a zone is taken as UTC."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1_000_000)


def zone_of(name: str) -> ZoneInfo:
    """An IANA zone by name. Raises InvalidEvent."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise wrong("zone", f"'{name[:60]}' is no time zone, such as Europe/Berlin.") from error


def parse_calendar(text: str) -> icalendar.Calendar:
    """The calendar of one event in `text`. Raises InvalidEvent."""
    if len(text.encode()) > MAX_ICS_BYTES:
        raise wrong("ics", f"A calendar object has at most {MAX_ICS_BYTES} bytes.")
    return parse_file(text)


def parse_file(text: str) -> icalendar.Calendar:
    """A calendar of any number of events. Raises InvalidEvent."""
    if "\x00" in text:
        raise wrong("ics", "The calendar object holds a NUL.")
    try:
        found = icalendar.Calendar.from_ical(text)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise wrong("ics", f"This is no iCalendar object: {str(error)[:200]}") from error
    if not isinstance(found, icalendar.Calendar):
        raise wrong("ics", "An iCalendar object begins with BEGIN:VCALENDAR.")
    return found


def main_event(calendar: icalendar.Calendar) -> icalendar.Event:
    """The event itself, not one of its changed occurrences. Raises InvalidEvent."""
    events = calendar.walk("VEVENT")
    if not events:
        raise wrong("ics", "The calendar object holds no event.")
    if len(events) > MAX_OVERRIDES:
        raise wrong("ics", f"An event has at most {MAX_OVERRIDES} changed occurrences.")
    if sum("RRULE" in item for item in events) > 1:
        raise wrong("rule", "An event has one rule of recurrence.")
    if len({str(item.get("UID", "")) for item in events}) != 1 or not events[0].get("UID"):
        raise wrong("ics", "The events of a calendar object have one UID, the same for all.")
    return next((item for item in events if "RECURRENCE-ID" not in item), events[0])


def read_facts(calendar: icalendar.Calendar) -> Facts:
    """What is looked up. Raises InvalidEvent for what no calendar can show."""
    event = main_event(calendar)
    spans = [_counted_span(item) for item in calendar.walk("VEVENT")]
    start, end = _span(event)
    rule = event.get("RRULE")
    is_recurring = rule is not None or "RDATE" in event or len(spans) > 1
    last = max(moment_us(item[1]) for item in spans)
    return Facts(
        uid=str(event["UID"])[:200],
        title=_text(event, "SUMMARY", MAX_TITLE_CHARACTERS) or "Untitled",
        location=_text(event, "LOCATION", MAX_TITLE_CHARACTERS),
        notes=_text(event, "DESCRIPTION", MAX_TEXT_CHARACTERS),
        start=start,
        end=end,
        zone=_zone_name(start),
        rule="" if rule is None else str(rule.to_ical().decode()),
        starts_us=min(moment_us(item[0]) for item in spans),
        ends_us=max(last, _end_of_rule(event, rule, start, end)) if is_recurring else last,
        is_recurring=is_recurring,
        is_busy=str(event.get("TRANSP", "OPAQUE")).upper() != "TRANSPARENT",
        is_cancelled=str(event.get("STATUS", "")).upper() == "CANCELLED",
        organizer=mail_address(str(event.get("ORGANIZER", ""))),
        invited=tuple(_invited(event)),
        remind_minutes=_remind_minutes(event),
    )


def _text(event: icalendar.Event, name: str, limit: int) -> str:
    found = event.get(name, "")
    text = str(found[0] if isinstance(found, list) else found)
    return text[:limit]


def _counted_span(event: icalendar.Event) -> tuple[date, date]:
    start, end = _span(event)
    refusal = rules.refusal(event, start, end)
    if refusal:
        raise wrong("rule", refusal)
    return start, end


def _span(event: icalendar.Event) -> tuple[date, date]:
    try:
        start = event.decoded("DTSTART")
        end = event.decoded("DTEND") if "DTEND" in event else None
        length = event.decoded("DURATION") if "DURATION" in event else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise wrong("start", "An event has a start (DTSTART), and an end or a duration.") from error
    if not isinstance(start, date) or not (end is None or isinstance(end, date)):
        raise wrong("start", "A start and an end are dates or times.")
    if end is None:
        default = timedelta(0) if isinstance(start, datetime) else timedelta(days=1)
        try:
            end = start + (length if isinstance(length, timedelta) else default)
        except OverflowError as error:
            raise wrong("end", "An event lasts no thousands of years.") from error
    if isinstance(start, datetime) is not isinstance(end, datetime):
        raise wrong("end", "Start and end are both days, or both times.")
    if not _FIRST_YEAR <= start.year <= end.year <= _LAST_YEAR or moment_us(end) < moment_us(start):
        raise wrong("end", "An event ends after it starts, between 1971 and 2200.")
    return start, end


def _zone_name(start: date) -> str:
    zone: tzinfo | None = start.tzinfo if isinstance(start, datetime) else None
    return zone.key if isinstance(zone, ZoneInfo) else "UTC"


def _end_of_rule(event: icalendar.Event, rule: object, start: date, end: date) -> int:
    """When the last occurrence has ended at the latest; rules that count are not counted out."""
    until = rule.get("UNTIL") if isinstance(rule, icalendar.vRecur) else None
    if not until or "RDATE" in event:
        return FOREVER_US
    lasts = moment_us(end) - moment_us(start)
    return moment_us(until[0]) + lasts + 86_400_000_000


def mail_address(value: str) -> str:
    """The address of `mailto:…`, in small letters; '' for anything else."""
    scheme, _, address = value.partition(":")
    return address.strip().lower() if scheme.lower() == "mailto" else ""


def attendees_of(event: icalendar.Event) -> list[icalendar.vCalAddress]:
    found = event.get("ATTENDEE", [])
    return found if isinstance(found, list) else [found]


def _invited(event: icalendar.Event) -> list[Invited]:
    return [
        Invited(
            address=mail_address(str(item)),
            name=str(item.params.get("CN", "")),
            answer=str(item.params.get("PARTSTAT", "NEEDS-ACTION")).upper(),
        )
        for item in attendees_of(event)
        if mail_address(str(item))
    ]


def _remind_minutes(event: icalendar.Event) -> int:
    """How long before the start the first reminder rings; -1 for none."""
    for alarm in event.walk("VALARM"):
        trigger = getattr(alarm.get("TRIGGER"), "dt", None)
        if isinstance(trigger, timedelta) and trigger <= timedelta(0):
            return min(int(-trigger.total_seconds() // 60), MAX_REMIND_MINUTES)
    return -1


def to_text(calendar: icalendar.Calendar) -> str:
    """As it is kept: without the zones that everybody knows."""
    text = str(calendar.to_ical().decode())
    return _ZONE_BLOCK.sub(lambda block: "" if _is_known(block[0]) else block[0], text)


def _is_known(block: str) -> bool:
    found = re.search(r"^TZID:(.+?)\r?$", block, re.MULTILINE)
    return found is not None and bool(_zone_block(found[1].strip()))


def with_zones(text: str) -> str:
    """What is kept, with the description of each zone that it names."""
    blocks = "".join(_zone_block(name) for name in sorted(set(_TZID.findall(text))))
    at = text.find("BEGIN:VEVENT")
    return text[:at] + blocks + text[at:] if blocks else text


@lru_cache(maxsize=128)
def _zone_block(name: str) -> str:
    """A VTIMEZONE; '' for a zone that is not in the IANA database."""
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""
    return str(icalendar.Timezone.from_tzinfo(zone, name).to_ical().decode())


def set_answers(calendar: icalendar.Calendar, answers: Mapping[str, str]) -> None:
    """Write PARTSTAT of each address into all occurrences."""
    for event in calendar.walk("VEVENT"):
        for item in attendees_of(event):
            answer = answers.get(mail_address(str(item)))
            if answer:
                item.params["PARTSTAT"] = answer
                item.params.pop("RSVP", None)
