"""Seats: one per person and day, by what they do."""

from __future__ import annotations

from volano.kernel.clock import ManualClock
from volano.services.chat.logic import seats
from volano.services.chat.logic.history import Span, read_history


async def seat_days(env) -> list[tuple[str, str]]:
    await env.events.settle()
    rows = await env.store.reader.rows(
        "SELECT resource, quantity FROM billing_usage WHERE meter = 'chat.seat_days' LIMIT 100"
    )
    return [(row[0].rpartition("/")[2], row[1]) for row in rows]


async def test_a_person_uses_one_seat_a_day(live_company):
    company = live_company
    ana = await company.hire("ana")
    await company.hire("bob")
    channel = await company.channel("team", "admin", "ana")
    for number in range(3):
        await company.say("ana", channel, str(number))
    await read_history(company.env, company.calls["admin"], channel, Span())
    await company.build_bot("robot")
    await company.say("robot", channel, "bots need no seat")
    admin = company.users["admin"].id
    assert sorted(await seat_days(company.env)) == sorted([(ana.id, "1"), (admin, "1")])


async def test_the_next_day_is_another_seat(live_company):
    from dataclasses import replace

    company = live_company
    channel = await company.channel("team", "admin")
    await company.say("admin", channel, "today")
    clock = ManualClock(company.env.clock.now_us() + seats.DAY_US)
    tomorrow = replace(company.env, clock=clock)
    await read_history(tomorrow, company.calls["admin"], channel, Span())
    await read_history(tomorrow, company.calls["admin"], channel, Span())
    assert len(await seat_days(company.env)) == 2
