"""Free and busy times of people, and times at which all of them are free."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from volano.services.calendar.logic.ics import wrong, zone_of
from volano.services.calendar.logic.occurrences import expand, require_range
from volano.services.calendar.logic.people import invite
from volano.services.calendar.model import MAX_OCCURRENCES, Answer, Span
from volano.services.calendar.store import events as rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from volano.kernel.call import Call, Env

MAX_PEOPLE = 50
MAX_FOUND = 20
STEP_US = 15 * 60 * 1_000_000
"""Proposed times begin at quarters of an hour."""
MAX_SEARCH_DAYS = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """For whom, how long, between which moments and hours of the day in a zone."""

    users: tuple[str, ...]
    minutes: int
    from_us: int
    to_us: int
    zone: str = "UTC"
    first_hour: int = 9
    last_hour: int = 18
    weekends: bool = False


async def free_busy(
    env: Env, call: Call, users: Sequence[str], *, from_us: int, to_us: int
) -> dict[str, list[Span]]:
    """When people of the workplace are busy, by person; nothing of why."""
    span = require_range(from_us, to_us)
    if not 1 <= len(users) <= MAX_PEOPLE:
        raise wrong("users", f"Ask for 1 to {MAX_PEOPLE} people.")
    known = await invite(env, call, users, (), besides="")
    return {user_id: await busy_of(env, call.account, user_id, span) for user_id in known}


async def busy_of(env: Env, account: str, user_id: str, span: Span) -> list[Span]:
    """Busy times of a person, joined where they touch."""
    reader = env.store.reader
    found = await rows.select_events(
        reader,
        account,
        user_id,
        from_us=span.starts_us,
        to_us=span.ends_us,
        limit=MAX_OCCURRENCES,
    )
    answers = await rows.select_answers(reader, account, user_id)
    counted = [
        event
        for event in found
        if event.is_busy and not event.is_cancelled and answers.get(event.id) is not Answer.NO
    ]
    times = [
        Span(starts_us=max(item.starts_us, span.starts_us), ends_us=min(item.ends_us, span.ends_us))
        for item in await expand(counted, span)
    ]
    return _joined(item for item in times if item.ends_us > item.starts_us)


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans, key=lambda item: item.starts_us):
        if joined and span.starts_us <= joined[-1].ends_us:
            ends_us = max(joined[-1].ends_us, span.ends_us)
            joined[-1] = Span(starts_us=joined[-1].starts_us, ends_us=ends_us)
        else:
            joined.append(span)
    return joined


async def find_times(env: Env, call: Call, search: Search) -> list[Span]:
    """The first times at which everybody is free, `MAX_FOUND` at most."""
    if not 5 <= search.minutes <= 24 * 60:
        raise wrong("minutes", "A meeting lasts 5 minutes to a day.")
    if not 0 <= search.first_hour < search.last_hour <= 24:
        raise wrong("first_hour", "Hours of the day go from 0 to 24.")
    if search.to_us - search.from_us > MAX_SEARCH_DAYS * 86_400_000_000:
        raise wrong("to_us", f"Times are searched in at most {MAX_SEARCH_DAYS} days.")
    zone = zone_of(search.zone)
    busy = await free_busy(env, call, search.users, from_us=search.from_us, to_us=search.to_us)
    taken = _joined(span for spans in busy.values() for span in spans)
    found: list[Span] = []
    for hours in _hours(search, zone):
        found += _gaps(hours, taken, search.minutes * 60_000_000)
        if len(found) >= MAX_FOUND:
            break
    return found[:MAX_FOUND]


def _hours(search: Search, zone: ZoneInfo) -> list[Span]:
    """The hours of each day in which one may meet."""
    day = datetime.fromtimestamp(search.from_us / 1e6, UTC).astimezone(zone).date()
    last = datetime.fromtimestamp(search.to_us / 1e6, UTC).astimezone(zone).date()
    found = []
    while day <= last:
        if search.weekends or day.weekday() < 5:
            midnight = datetime.combine(day, time(0), zone)
            opens = midnight + timedelta(hours=search.first_hour)
            closes = midnight + timedelta(hours=search.last_hour)
            span = Span(
                starts_us=max(_us(opens), search.from_us), ends_us=min(_us(closes), search.to_us)
            )
            found.append(span)
        day += timedelta(days=1)
    return found


def _us(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def _gaps(hours: Span, taken: list[Span], length_us: int) -> list[Span]:
    """Times of that length within `hours` that touch nothing of `taken`."""
    found: list[Span] = []
    at = -(-hours.starts_us // STEP_US) * STEP_US
    while at + length_us <= hours.ends_us and len(found) < MAX_FOUND:
        end = at + length_us
        blocking = [span for span in taken if span.starts_us < end and span.ends_us > at]
        if blocking:
            at = -(-max(span.ends_us for span in blocking) // STEP_US) * STEP_US
        else:
            found.append(Span(starts_us=at, ends_us=end))
            at = end
    return found
