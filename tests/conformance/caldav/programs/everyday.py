"""What a calendar program does in a day, by the `caldav` package: `everyday.py URL USER KEY`."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta

import caldav
from caldav.lib.error import NotFoundError

url, user, key = sys.argv[1:4]
client = caldav.DAVClient(url=url, username=user, password=key)
principal = client.principal()
calendars = {calendar.get_display_name(): calendar for calendar in principal.calendars()}
assert set(calendars) == {"Calendar", "Tasks"}, calendars
events, tasks = calendars["Calendar"], calendars["Tasks"]
assert events.get_supported_components() == ["VEVENT"]
assert tasks.get_supported_components() == ["VTODO"]

# Put, find, read.
first = datetime(2026, 12, 1, 9, tzinfo=UTC)
made = events.save_event(
    dtstart=first,
    dtend=first + timedelta(hours=1),
    summary="Taste the bread",
    location="Bakery, left door",
    uid="bread@example.org",
)
(found,) = events.search(event=True, start=first - timedelta(days=1), end=first + timedelta(days=1))
assert found.icalendar_component["SUMMARY"] == "Taste the bread"
assert found.icalendar_component["LOCATION"] == "Bakery, left door"
assert events.event_by_uid("bread@example.org").url == made.url
outside = {"start": first + timedelta(days=2), "end": first + timedelta(days=3)}
assert events.search(event=True, **outside) == []

# Change.
found.icalendar_component["SUMMARY"] = "Taste the cake"
found.save()
assert events.event_by_uid("bread@example.org").icalendar_component["SUMMARY"] == "Taste the cake"

# Repeats: its times are counted out on the server and here.
events.save_event(
    dtstart=date(2026, 12, 7),
    dtend=date(2026, 12, 8),
    summary="Flour comes",
    rrule={"FREQ": ["WEEKLY"], "COUNT": [4]},
    uid="flour@example.org",
)
december = {"start": datetime(2026, 12, 10, tzinfo=UTC), "end": datetime(2026, 12, 24, tzinfo=UTC)}
times = events.search(event=True, expand=True, **december)
assert sorted(str(item.icalendar_component["DTSTART"].dt) for item in times) == [
    "2026-12-14",
    "2026-12-21",
], times

# Only what changed since the last look.
token = events.objects_by_sync_token(load_objects=True)
assert len(list(token)) == 2
events.save_event(
    dtstart=first, dtend=first + timedelta(minutes=5), summary="Call", uid="call@example.org"
)
events.event_by_uid("bread@example.org").delete()
later = events.objects_by_sync_token(sync_token=token.sync_token, load_objects=False)
assert len(list(later)) == 2, list(later)
try:
    events.event_by_uid("bread@example.org")
    raise AssertionError("it was deleted")
except NotFoundError:
    pass

# Busy times.
busy = events.freebusy_request(first - timedelta(hours=1), first + timedelta(hours=5))
assert "FREEBUSY" in busy.data, busy.data

# Tasks.
todo = tasks.save_todo(
    summary="Order salt", due=datetime(2026, 12, 3, 12, tzinfo=UTC), uid="salt@example.org"
)
(open_one,) = tasks.todos()
assert open_one.icalendar_component["SUMMARY"] == "Order salt"
open_one.complete()
assert tasks.todos() == []
assert len(tasks.todos(include_completed=True)) == 1
todo.delete()
assert tasks.todos(include_completed=True) == []

print("done")
