"""When events take place: rules of recurrence counted out for a while, never for ever.

Counting is pure and may take milliseconds for many events, so it runs in a thread.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING

import recurring_ical_events

from volano.services.calendar.logic.counting import in_turn
from volano.services.calendar.logic.ics import moment_us, parse_calendar, read_facts, wrong
from volano.services.calendar.model import (
    DAY_US,
    MAX_OCCURRENCES,
    MAX_RANGE_DAYS,
    Occurrence,
    Span,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from icalendar.cal import Component

    from volano.services.calendar.model import CalendarEvent


def require_range(from_us: int, to_us: int) -> Span:
    """Raises InvalidEvent for what is no range, or one over the limit."""
    if not 0 <= from_us < to_us or to_us - from_us > MAX_RANGE_DAYS * DAY_US:
        raise wrong(
            "to_us", f"Ask for at most {MAX_RANGE_DAYS} days, from a moment to a later one."
        )
    return Span(starts_us=from_us, ends_us=to_us)


async def expand(events: Sequence[CalendarEvent], span: Span) -> list[Occurrence]:
    """Every occurrence that touches `span`, by start, `MAX_OCCURRENCES` at most."""
    return await in_turn(partial(_expand_all, events, span))


def _expand_all(
    events: Sequence[CalendarEvent], span: Span, is_wanted: Callable[[], bool] = lambda: True
) -> list[Occurrence]:
    found = [item for event in events if is_wanted() for item in _expand(event, span)]
    found.sort(key=lambda item: (item.starts_us, item.event.id))
    return found[:MAX_OCCURRENCES]


def _expand(event: CalendarEvent, span: Span) -> list[Occurrence]:
    calendar = parse_calendar(event.ics)
    if not event.is_recurring:
        facts = read_facts(calendar)
        items = [
            Occurrence(
                event=event,
                starts_us=facts.starts_us,
                ends_us=facts.ends_us,
                all_day=facts.all_day,
                title=facts.title,
                location=facts.location,
            )
        ]
    else:
        query = recurring_ical_events.of(calendar, skip_bad_series=True)
        found = query.between(_time(span.starts_us), _time(span.ends_us))
        items = [_occurrence(event, item) for item in found[:MAX_OCCURRENCES]]
    return [
        item for item in items if item.starts_us < span.ends_us and _ends(item) > span.starts_us
    ]


def _ends(item: Occurrence) -> int:
    return max(item.ends_us, item.starts_us + 1)


def _time(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1_000_000, UTC)


def _occurrence(event: CalendarEvent, item: Component) -> Occurrence:
    start: date = item["DTSTART"].dt
    end: date = item["DTEND"].dt if "DTEND" in item else start
    key = item.get("RECURRENCE-ID")
    return Occurrence(
        event=event,
        starts_us=moment_us(start),
        ends_us=moment_us(end),
        all_day=not isinstance(start, datetime),
        title=str(item.get("SUMMARY", "")) or event.title,
        location=str(item.get("LOCATION", "")),
        key=key.to_ical().decode() if key is not None else "",
    )


def next_reminder_us(event: CalendarEvent, remind_minutes: int, after_us: int) -> int:
    """When the next reminder rings after a moment; 0 for never, or in over `MAX_RANGE_DAYS`."""
    if remind_minutes < 0 or event.is_cancelled:
        return 0
    before_us = remind_minutes * 60_000_000
    first = after_us + before_us
    span = Span(starts_us=first, ends_us=first + MAX_RANGE_DAYS * DAY_US)
    if event.ends_us < span.starts_us or (event.is_recurring and event.starts_us > span.ends_us):
        return 0
    if not event.is_recurring:
        return event.starts_us - before_us if event.starts_us > first else 0
    rings = (item.starts_us for item in _expand_all([event], span) if item.starts_us > first)
    return next((at_us - before_us for at_us in rings), 0)
