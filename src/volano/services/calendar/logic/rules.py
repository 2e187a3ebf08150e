"""Rules of recurrence that may be counted out: bounded, and taking place at all.

Counting walks from one candidate day to the next until the year 9999, so a rule that never holds
(30 February), that stands still (INTERVAL=0) or names every second of a day would keep a thread
for minutes or for ever. Such rules are refused before anything is written.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import icalendar
from dateutil.rrule import rrulestr

if TYPE_CHECKING:
    from collections.abc import Sequence

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
MAX_INTERVAL = 1000
MAX_TIMES_A_DAY = 8
"""What BYHOUR, BYMINUTE and BYSECOND may come to together."""
MAX_DATES = 500
"""Dates that RDATE or EXDATE of an event name one by one."""
MAX_LASTING_S = 366 * 86_400
"""Of one occurrence: looking for those of a day looks back as long as one lasts."""
_TWIN_YEARS = range(9932, 9960)
"""The 28 kinds of years again, so late that a rule which never holds is soon counted out."""


def refusal(event: icalendar.Event, start: date, end: date) -> str:
    """Why an event's recurrence cannot be counted out, '' when it can."""
    if any(_count_dates(event.get(name)) > MAX_DATES for name in ("RDATE", "EXDATE")):
        return f"An event names at most {MAX_DATES} single dates."
    rule = event.get("RRULE")
    if rule is None:
        return ""
    if not isinstance(rule, icalendar.vRecur):
        return "An event has one rule of recurrence."
    if (end - start).total_seconds() > MAX_LASTING_S:
        return "What repeats lasts a year at most each time."
    return _refusal_of_rule(rule) or _refusal_of_times(rule, start)


def _count_dates(found: object) -> int:
    parts = found if isinstance(found, list) else [found]
    return sum(len(getattr(part, "dts", ())) for part in parts)


def _refusal_of_rule(rule: icalendar.vRecur) -> str:
    if [str(item).upper() in FREQUENCIES for item in rule.get("FREQ", [])] != [True]:
        return f"A rule's FREQ is one of {', '.join(FREQUENCIES)}."
    if not all(1 <= int(item) <= MAX_INTERVAL for item in rule.get("INTERVAL", [1])):
        return f"A rule's INTERVAL is 1 to {MAX_INTERVAL}."
    times_a_day = 1
    for name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        times_a_day *= max(1, len(_values(rule, name)))
    if times_a_day > MAX_TIMES_A_DAY:
        return f"A rule has at most {MAX_TIMES_A_DAY} times of a day."
    return ""


def _values(rule: icalendar.vRecur, name: str) -> Sequence[object]:
    found = rule.get(name, [])
    return found if isinstance(found, list) else [found]


def _refusal_of_times(rule: icalendar.vRecur, start: date) -> str:
    """A rule that holds on no day of the next 40 years never will."""
    moment = start if isinstance(start, datetime) else datetime.combine(start, time(0), UTC)
    twin = next(year for year in _TWIN_YEARS if _kind(year) == _kind(moment.year))
    endless = icalendar.vRecur({k: v for k, v in rule.items() if k not in ("COUNT", "UNTIL")})
    try:
        counted = rrulestr(
            endless.to_ical().decode(), dtstart=moment.replace(year=twin, tzinfo=None)
        )
        takes_place = next(iter(counted), None) is not None
    except (ValueError, TypeError) as error:
        return f"The rule cannot be counted out: {str(error)[:100]}"
    return "" if takes_place else "By this rule the event never takes place."


def _kind(year: int) -> tuple[int, int]:
    """Years alike have the same days of the week, and leap years after as many years."""
    return year % 4, date(year, 1, 1).weekday()
