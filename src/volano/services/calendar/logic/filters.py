"""Filters of calendar programs over objects (RFC 4791 section 9.7)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import icalendar
import recurring_ical_events

from volano.services.calendar.logic.counting import in_turn
from volano.services.calendar.logic.ics import moment_us, with_zones, wrong
from volano.services.calendar.model import DAY_US, MAX_OCCURRENCES, MAX_RANGE_DAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from volano.services.calendar.logic.collections import Item

COLLATION_LIMIT = 1000
"""Characters of a property that a text is looked for in."""
_FIRST_US, _LAST_US = 0, 7_000_000_000_000_000


class Times(Protocol):
    @property
    def starts_us(self) -> int: ...
    @property
    def ends_us(self) -> int: ...


class Text(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def negated(self) -> bool: ...


class PropertyFilter(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def absent(self) -> bool: ...
    @property
    def text(self) -> Text | None: ...


class ComponentFilter(Protocol):
    """What is asked of a component; the door's own types have this shape."""

    @property
    def name(self) -> str: ...
    @property
    def absent(self) -> bool: ...
    @property
    def span(self) -> Times | None: ...
    @property
    def properties(self) -> Sequence[PropertyFilter]: ...
    @property
    def components(self) -> Sequence[ComponentFilter]: ...


async def matching(items: Sequence[Item], wanted: ComponentFilter) -> list[Item]:
    """Those objects that pass; it takes a millisecond for each, and longer for old series."""

    def passing(is_wanted: Callable[[], bool]) -> list[Item]:
        return [item for item in items if is_wanted() and _passes(item, wanted)]

    return await in_turn(passing)


def _passes(item: Item, wanted: ComponentFilter) -> bool:
    return matches(icalendar.Calendar.from_ical(item.text), wanted)


def matches(component: icalendar.Component, wanted: ComponentFilter) -> bool:
    """Whether a component passes what is asked of its properties, times and parts."""
    if wanted.span is not None and not _touches(component, wanted.span):
        return False
    if not all(_has(component, item) for item in wanted.properties):
        return False
    return all(_has_part(component, item) for item in wanted.components)


def _has_part(component: icalendar.Component, wanted: ComponentFilter) -> bool:
    parts = [part for part in component.subcomponents if part.name == wanted.name]
    if wanted.absent:
        return not parts
    if wanted.span is not None and wanted.name == "VEVENT":
        # A series is one thing: its times are counted out with its exceptions.
        if not _series_touches(component, wanted.span):
            return False
        wanted = _Timeless(wanted)
    return any(matches(part, wanted) for part in parts)


class _Timeless:
    """A filter without its times."""

    def __init__(self, wanted: ComponentFilter) -> None:
        self.name, self.absent, self.span = wanted.name, wanted.absent, None
        self.properties, self.components = wanted.properties, wanted.components


def _has(component: icalendar.Component, wanted: PropertyFilter) -> bool:
    found = component.get(wanted.name)
    if wanted.absent or found is None:
        return wanted.absent and found is None
    if wanted.text is None:
        return True
    values = found if isinstance(found, list) else [found]
    sought = wanted.text.text.casefold()
    is_in = any(sought in _shown(value)[:COLLATION_LIMIT].casefold() for value in values)
    return is_in is not wanted.text.negated


def _shown(value: object) -> str:
    cats = getattr(value, "cats", None)
    return ",".join(map(str, cats)) if cats is not None else str(value)


def _clamped(span: Times) -> tuple[datetime, datetime]:
    starts_us = min(max(span.starts_us, _FIRST_US), _LAST_US)
    ends_us = min(max(span.ends_us, starts_us + 1), _LAST_US + 1)
    return _time(starts_us), _time(ends_us)


def _time(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1_000_000, UTC)


def _series_touches(calendar: icalendar.Calendar, span: Times) -> bool:
    starts, ends = _clamped(span)
    query = recurring_ical_events.of(calendar, components=["VEVENT"], skip_bad_series=True)
    following = query.after(starts)
    first = next(iter(following), None)
    return first is not None and moment_us(first["DTSTART"].dt) < int(ends.timestamp() * 1e6)


def _touches(component: icalendar.Component, span: Times) -> bool:
    """For tasks and alarms: a task without any date is always there (section 9.9)."""
    if component.name != "VTODO":
        return True
    moments: list[date] = [
        component[name].dt for name in ("DTSTART", "DUE", "COMPLETED") if name in component
    ]
    if not moments:
        return True
    first, last = min(map(moment_us, moments)), max(map(moment_us, moments))
    return first < span.ends_us and last >= span.starts_us


async def expanded(text: str, span: Times) -> str:
    """An event as the single times that it takes place within `span`, in UTC."""
    if span.ends_us - span.starts_us > MAX_RANGE_DAYS * DAY_US:
        raise wrong("expand", f"Ask for the single times of at most {MAX_RANGE_DAYS} days.")
    return await in_turn(lambda _: _expanded(text, span))


def _expanded(text: str, span: Times) -> str:
    calendar = icalendar.Calendar.from_ical(text)
    starts, ends = _clamped(span)
    found = recurring_ical_events.of(calendar, skip_bad_series=True).between(starts, ends)
    made = icalendar.Calendar()
    for name in ("PRODID", "VERSION"):
        made[name] = calendar[name]
    repeats = len(found) > 1 or "RRULE" in text
    for item in found[:MAX_OCCURRENCES]:
        for name in ("RRULE", "RDATE", "EXDATE"):
            item.pop(name, None)
        if not repeats:
            item.pop("RECURRENCE-ID", None)
        made.add_component(item)
    return with_zones(str(made.to_ical().decode()))


def busy_text(spans: Sequence[Times], asked: Times, now_us: int) -> str:
    """VFREEBUSY of busy times."""
    made = icalendar.Calendar()
    made.add("prodid", "-//Volano//Calendar//EN")
    made.add("version", "2.0")
    busy = icalendar.FreeBusy()
    busy.add("uid", f"busy-{asked.starts_us}-{asked.ends_us}")
    for name, at_us in (
        ("dtstamp", now_us),
        ("dtstart", asked.starts_us),
        ("dtend", asked.ends_us),
    ):
        busy.add(name, _time(at_us) - timedelta(microseconds=at_us % 1_000_000))
    for span in spans:
        period = icalendar.vPeriod((_time(span.starts_us), _time(span.ends_us)))
        period.params["FBTYPE"] = "BUSY"
        busy.add("freebusy", period)
    made.add_component(busy)
    return str(made.to_ical().decode())
