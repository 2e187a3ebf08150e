"""Seats: a person who posts, reads or signs in on a day uses one seat of that day.

The first activity of a day writes a row and, in the same transaction, the usage event. What was
written already is remembered in this process so that reading stays free of writes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec

from volano.kernel.journal import UsageRecord
from volano.services.billing.interface import Usage
from volano.services.chat.store import workspaces as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.events import EventFeed
    from volano.kernel.store import Tx
    from volano.services.chat.model import ChatUser

METER = "chat.seat_days"
DAY_US = 24 * 3600 * 1_000_000
MAX_REMEMBERED = 100_000
ACTIVE = "chat.active"
"""What other processes are called for, once in TELL_US for each user."""
TELL_US = 60 * 1_000_000

_SEEN: WeakKeyDictionary[EventFeed, dict[str, int]] = WeakKeyDictionary()
"""By the process's feed: the day on which each user was last written down."""
_ACTIVE: WeakKeyDictionary[EventFeed, dict[str, int]] = WeakKeyDictionary()
"""By the process's feed: when each user last did something, in microseconds, for presence."""


async def note_activity(env: Env, user: ChatUser) -> None:
    """The user did something now."""
    now_us = env.clock.now_us()
    if now_us // TELL_US != last_active_us(env, user.id) // TELL_US:
        env.events.relay(ACTIVE, user.id)
    _note_active(env, user.id, now_us)
    if user.is_bot or is_noted(env, user):
        return

    async def write(tx: Tx) -> None:
        await take_seat(tx, env, user)

    await env.store.transact(write)
    remember(env, user)


async def hear_active(env: Env, payload: bytes) -> None:
    """The user did something at another process."""
    _note_active(env, msgspec.json.decode(payload, type=str), env.clock.now_us())


def _note_active(env: Env, user_id: str, now_us: int) -> None:
    active = _ACTIVE.setdefault(env.events, {})
    if len(active) >= MAX_REMEMBERED:
        active.clear()
    active[user_id] = now_us


def is_noted(env: Env, user: ChatUser) -> bool:
    """Whether this process knows that today's seat is written."""
    day = env.clock.now_us() // DAY_US
    return _SEEN.get(env.events, {}).get(user.id) == day


def remember(env: Env, user: ChatUser) -> None:
    """Call after the commit of `take_seat`."""
    seen = _SEEN.setdefault(env.events, {})
    if len(seen) >= MAX_REMEMBERED:
        seen.clear()
    seen[user.id] = env.clock.now_us() // DAY_US


async def take_seat(tx: Tx, env: Env, user: ChatUser) -> None:
    """Write today's seat in the caller's transaction, once; bots use none."""
    if user.is_bot or is_noted(env, user):
        return
    start_us = env.clock.now_us() // DAY_US * DAY_US
    day = _day_text(start_us)
    if not await rows.insert_seat(tx, user.id, day):
        return
    record = UsageRecord(
        id=f"seat:{user.id}:{day}",
        account=user.account,
        meter=METER,
        quantity="1",
        start_us=start_us,
        end_us=env.clock.now_us(),
        resource=f"arn:aws:chat:{env.region.name}:{user.account}:user/{user.id}",
        dimensions={"user": user.name},
    )
    tx.publish(Usage(records=(record,)))


def _day_text(start_us: int) -> str:
    return datetime.fromtimestamp(start_us / 1e6, UTC).date().isoformat()


def last_active_us(env: Env, user_id: str) -> int:
    """When the user last did something, to a minute or so in other processes; 0 when never."""
    return _ACTIVE.get(env.events, {}).get(user_id, 0)


def forget(env: Env) -> None:
    """Test mode put the rows back: nothing is known of seats any more."""
    _SEEN.pop(env.events, None)
    _ACTIVE.pop(env.events, None)
