"""Free and busy times over Volano's own API."""

from __future__ import annotations

import msgspec

from volano.kernel.call import Call, Env
from volano.services.calendar.logic import times
from volano.wire.action import action

CALENDARS = "arn:aws:calendar:{region}:{account}:calendar/*"


class WhoAndWhen(msgspec.Struct, kw_only=True):
    """Chat users, 50 at most."""

    users: list[str]
    from_us: int
    to_us: int


class Time(msgspec.Struct):
    starts_us: int
    ends_us: int


class BusyTimes(msgspec.Struct):
    user: str
    busy: list[Time]


class BusyList(msgspec.Struct):
    items: list[BusyTimes]


class TimeSearch(msgspec.Struct, kw_only=True):
    """For chat users, within hours of the day in a zone; weekends only when asked for."""

    users: list[str]
    minutes: int = 30
    from_us: int
    to_us: int
    zone: str = "UTC"
    first_hour: int = 9
    last_hour: int = 18
    weekends: bool = False


class TimeList(msgspec.Struct):
    items: list[Time]


@action(
    "volano:getFreeBusy",
    method="POST",
    path="/volano/v1/calendar/free-busy",
    permission="calendar:GetFreeBusy",
    resource=CALENDARS,
    read_only=True,
)
async def get_free_busy(env: Env, call: Call, request: WhoAndWhen) -> BusyList:
    """When people of the workplace are busy; nothing of why."""
    found = await times.free_busy(
        env, call, request.users, from_us=request.from_us, to_us=request.to_us
    )
    return BusyList(
        [
            BusyTimes(user_id, [Time(span.starts_us, span.ends_us) for span in spans])
            for user_id, spans in found.items()
        ]
    )


@action(
    "volano:findTimes",
    method="POST",
    path="/volano/v1/calendar/find-times",
    permission="calendar:GetFreeBusy",
    resource=CALENDARS,
    read_only=True,
)
async def find_times(env: Env, call: Call, request: TimeSearch) -> TimeList:
    """The first 20 times at which all of them are free."""
    search = times.Search(
        users=tuple(request.users),
        minutes=request.minutes,
        from_us=request.from_us,
        to_us=request.to_us,
        zone=request.zone,
        first_hour=request.first_hour,
        last_hour=request.last_hour,
        weekends=request.weekends,
    )
    found = await times.find_times(env, call, search)
    return TimeList([Time(span.starts_us, span.ends_us) for span in found])
