"""Events: who sees them, who changes them, when they take place, who is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from volano.kernel.clock import ManualClock
from volano.kernel.events import subscriptions
from volano.services.calendar.logic import cards, collections, events, exchange, times
from volano.services.calendar.logic.drafts import Wanted
from volano.services.calendar.model import (
    Answer,
    Collection,
    EventChanged,
    InvalidEvent,
    NoSuchEvent,
    NotYourEvent,
)
from volano.services.calendar.store import events as store
from volano.services.chat.logic import members
from volano.services.chat.logic.history import Span as HistorySpan
from volano.services.chat.logic.history import read_history
from volano.services.office.interface import bot_of

DAY_US = 86_400_000_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


def wanted(**changes) -> Wanted:
    given = {
        "title": "Tasting",
        "start": "2026-11-23T10:00",
        "end": "2026-11-23T11:00",
        "zone": "Europe/Berlin",
    }
    return Wanted(**(given | changes))


async def shown(team, who: str, from_day: str = "2026-11-01", to_day: str = "2027-01-01"):
    found, _ = await events.list_occurrences(
        team.env, team.calls[who], from_us=at(from_day), to_us=at(to_day)
    )
    return found


async def told(team, who: str) -> list[str]:
    """What the office wrote to somebody, the newest first; delivery is done here."""
    bot = await bot_of(team.env, team.account)
    direct = await members.open_direct(team.env, team.calls[who], [bot])
    page = await read_history(team.env, team.calls[who], direct.channel.id, HistorySpan(limit=50))
    return [message["text"] for message in page.messages]


async def tell(team, event_id: str, **more) -> None:
    await cards.tell(team.env, EventChanged(account=team.account, id=event_id, **more))


async def test_an_event_is_seen_by_its_owner_and_guests_only(team):
    made = await events.create_event(
        team.env, team.calls["ana"], wanted(guests=(team.users["ben"].id,))
    )
    for who in ("ana", "ben"):
        (found,) = await shown(team, who)
        assert (found.title, found.starts_us) == ("Tasting", at("2026-11-23T09:00"))
    assert await shown(team, "cleo") == []
    with pytest.raises(NoSuchEvent):
        await events.get_event(team.env, team.calls["cleo"], made.event.id)
    with pytest.raises(NotYourEvent):
        await events.update_event(team.env, team.calls["ben"], made.event.id, wanted())


async def test_a_channel_stands_for_its_people(team):
    channel = await team.channel("kitchen", "ana", "ben", private=True)
    made = await events.create_event(team.env, team.calls["ana"], wanted(channels=(channel,)))
    assert {guest.user_id for guest in made.guests} == {team.users["ben"].id}
    with pytest.raises(InvalidEvent, match="no channel"):
        await events.create_event(team.env, team.calls["cleo"], wanted(channels=(channel,)))


async def test_a_weekly_event_keeps_its_hour_over_the_end_of_summer_time(team):
    weekly = wanted(start="2026-10-19T10:00", end="2026-10-19T11:00", rule="FREQ=WEEKLY;COUNT=3")
    await events.create_event(team.env, team.calls["ana"], weekly)
    found = await shown(team, "ana", "2026-10-01", "2026-12-01")
    assert [item.starts_us for item in found] == [
        at("2026-10-19T08:00"),
        at("2026-10-26T09:00"),
        at("2026-11-02T09:00"),
    ]


async def test_one_time_of_a_series_is_called_off(team):
    made = await events.create_event(team.env, team.calls["ana"], wanted(rule="FREQ=DAILY;COUNT=4"))
    second = (await shown(team, "ana"))[1]
    await events.delete_event(team.env, team.calls["ana"], made.event.id, occurrence=second.key)
    left = await shown(team, "ana")
    assert len(left) == 3
    assert second.starts_us not in {item.starts_us for item in left}
    with pytest.raises(InvalidEvent, match="no occurrence"):
        await events.delete_event(team.env, team.calls["ana"], made.event.id, occurrence="whenever")


async def test_guests_are_asked_answer_and_are_asked_anew_when_it_moves(team):
    ben = team.users["ben"].id
    made = await events.create_event(team.env, team.calls["ana"], wanted(guests=(ben,)))
    await tell(team, made.event.id)
    assert "Ana invites you: *Tasting*" in (await told(team, "ben"))[0]
    answered = await events.answer(team.env, team.calls["ben"], made.event.id, Answer.YES)
    assert answered.guests[0].answer is Answer.YES
    await tell(team, made.event.id, answered=ben)
    assert (await told(team, "ana"))[0].startswith("Ben comes: *Tasting*")
    moved = await events.update_event(
        team.env,
        team.calls["ana"],
        made.event.id,
        wanted(start="2026-11-24T10:00", end="2026-11-24T11:00", guests=(ben,)),
    )
    assert moved.guests[0].answer is Answer.NONE
    await tell(team, made.event.id)
    await tell(team, made.event.id)
    heard = await told(team, "ben")
    assert [text.split(":")[0] for text in heard[:1]] == ["Changed"]
    assert sum(text.startswith("Changed") for text in heard) == 1


async def test_an_event_that_is_called_off_leaves_all_calendars_and_guests_are_told(team):
    ben = team.users["ben"].id
    made = await events.create_event(team.env, team.calls["ana"], wanted(guests=(ben,)))
    await tell(team, made.event.id)
    await events.delete_event(team.env, team.calls["ana"], made.event.id)
    assert await shown(team, "ana") == []
    assert await shown(team, "ben") == []
    await tell(team, made.event.id)
    assert (await told(team, "ben"))[0].startswith("Called off: *Tasting*")
    assert await store.find_event(team.env.store.reader, team.account, made.event.id) is None


async def test_who_is_removed_is_told_and_sees_it_no_more(team):
    ben, cleo = team.users["ben"].id, team.users["cleo"].id
    made = await events.create_event(team.env, team.calls["ana"], wanted(guests=(ben, cleo)))
    await events.update_event(team.env, team.calls["ana"], made.event.id, wanted(guests=(cleo,)))
    assert await shown(team, "ben") == []
    await tell(team, made.event.id, removed=(ben,))
    assert "not invited any more" in (await told(team, "ben"))[0]


async def test_busy_times_say_when_and_not_what(team):
    ben, ana = team.users["ben"].id, team.users["ana"].id
    await events.create_event(team.env, team.calls["ana"], wanted())
    await events.create_event(
        team.env, team.calls["ana"], wanted(start="2026-11-23T10:30", end="2026-11-23T12:00")
    )
    await events.create_event(
        team.env,
        team.calls["ana"],
        wanted(start="2026-11-23T14:00", end="2026-11-23T15:00", is_busy=False),
    )
    found = await times.free_busy(
        team.env,
        team.calls["ben"],
        [ana, ben],
        from_us=at("2026-11-23"),
        to_us=at("2026-11-24"),
    )
    assert [(span.starts_us, span.ends_us) for span in found[ana]] == [
        (at("2026-11-23T09:00"), at("2026-11-23T11:00"))
    ]
    assert found[ben] == []


async def test_a_time_is_found_at_which_everybody_is_free(team):
    ben, ana = team.users["ben"].id, team.users["ana"].id
    await events.create_event(
        team.env, team.calls["ana"], wanted(start="2026-11-23T09:00", end="2026-11-23T12:00")
    )
    await events.create_event(
        team.env, team.calls["ben"], wanted(start="2026-11-23T12:00", end="2026-11-23T17:30")
    )
    search = times.Search(
        users=(ana, ben),
        minutes=45,
        from_us=at("2026-11-21"),
        to_us=at("2026-11-25"),
        zone="Europe/Berlin",
    )
    found = await times.find_times(team.env, team.calls["cleo"], search)
    assert found[0].starts_us == at("2026-11-24T08:00"), "Monday is full, Saturday is no workday"


async def test_people_are_reminded_once_of_each_time(team):
    ben = team.users["ben"].id
    soon = wanted(
        start="2026-11-23T10:00", end="2026-11-23T10:30", guests=(ben,), rule="FREQ=DAILY;COUNT=2"
    )
    clock = ManualClock(at("2026-11-23T08:40"))
    team.env = replace(team.env, clock=clock)
    made = await events.create_event(team.env, team.calls["ana"], soon)
    await cards.remind(team.env)
    clock.advance(15 * 60)
    await cards.remind(team.env)
    await cards.remind(team.env)
    heard = [text for text in await told(team, "ben") if "alarm_clock" in text]
    assert len(heard) == 1
    assert "10:00 Europe/Berlin" in heard[0]
    kept = await store.find_event(team.env.store.reader, team.account, made.event.id)
    assert kept is not None
    assert kept.remind_us == at("2026-11-24T08:50")


async def test_a_calendar_goes_out_and_in_again(team):
    await events.create_event(team.env, team.calls["ana"], wanted(rule="FREQ=WEEKLY"))
    await events.create_event(
        team.env,
        team.calls["ana"],
        wanted(title="Fair", start="2026-12-01", end="2026-12-03", all_day=True),
    )
    text = await exchange.export_events(team.env, team.calls["ana"])
    assert "BEGIN:VTIMEZONE" in text
    done = await exchange.import_events(team.env, team.calls["ben"], text)
    assert (done.added, done.changed, done.refused) == (2, 0, ())
    again = await exchange.import_events(team.env, team.calls["ben"], text)
    assert (again.added, again.changed) == (0, 2)
    mine, theirs = await shown(team, "ana"), await shown(team, "ben")
    assert [item.starts_us for item in mine] == [item.starts_us for item in theirs]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"title": " "}, "title"),
        ({"end": "2026-11-23T09:00"}, "end"),
        ({"start": "soon"}, "start"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"rule": "FREQ=SECONDLY"}, "rule"),
        ({"rule": "every day"}, "rule"),
        ({"guests": ("U000",)}, "guests"),
        ({"remind_minutes": -5}, "remind_minutes"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_made(team, changes, param):
    with pytest.raises(InvalidEvent) as refused:
        await events.create_event(team.env, team.calls["ana"], wanted(**changes))
    assert refused.value.fields["param"] == param
    assert await shown(team, "ana") == []


HOURS, SIXTY = (",".join(map(str, range(count))) for count in (24, 60))
SECOND_EVENT = ["END:VEVENT", "BEGIN:VEVENT", "UID:bomb", "DTSTART:20261124T100000Z"]
NEVER_COUNTED_OUT = [
    "FREQ=DAILY;INTERVAL=0",
    "FREQ=DAILY;INTERVAL=1000000000",
    "FREQ=DAILY,SECONDLY",
    "FREQ=HOURLY",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;BYSETPOS=100;BYDAY=MO",
    f"FREQ=DAILY;BYHOUR={HOURS};BYMINUTE={SIXTY};BYSECOND={SIXTY}",
    f"FREQ=YEARLY;COUNT=1000000000;BYDAY=MO;BYHOUR={HOURS}",
]


@pytest.mark.parametrize("rule", NEVER_COUNTED_OUT)
async def test_a_rule_that_could_not_be_counted_out_is_refused_at_once(team, rule):
    with pytest.raises(InvalidEvent) as refused:
        await events.create_event(team.env, team.calls["ana"], wanted(rule=rule))
    assert refused.value.fields["param"] == "rule"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=SU",
        "FREQ=DAILY;BYHOUR=9,17;UNTIL=20270101T000000Z",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=1000000000;BYDAY=MO,WE",
    ],
)
async def test_ordinary_rules_are_taken(team, rule):
    seen = await events.create_event(team.env, team.calls["ana"], wanted(rule=rule))
    assert seen.event.is_recurring


@pytest.mark.parametrize(
    "lines",
    [
        ["RRULE:FREQ=DAILY", *SECOND_EVENT, "RRULE:FREQ=SECONDLY"],
        ["DURATION:P99999999W"],
        ["DTEND:21990101T000000Z", "RRULE:FREQ=DAILY"],
        ["RDATE:" + ",".join(f"2027{1 + n // 28:02d}{1 + n % 28:02d}" for n in range(336))] * 2,
    ],
)
async def test_bombs_of_calendar_programs_are_refused(team, lines):
    """One of them held the whole server before: counting ran in the loop, and without end."""
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", "BEGIN:VEVENT", "UID:bomb"]
    whole = [*head, "DTSTART:20261123T100000Z", *lines, "END:VEVENT", "END:VCALENDAR", ""]
    with pytest.raises(InvalidEvent):
        await collections.put_item(
            team.env,
            team.calls["ana"],
            Collection.EVENTS,
            "bomb.ics",
            "\r\n".join(whole),
            collections.Condition(),
        )


def test_cards_hear_of_changes():
    assert "calendar:cards" in {item.name for item in subscriptions()}
