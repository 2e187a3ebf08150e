"""Who is here: whoever's live socket was heard of in the last minute and a half.

Kept in memory, since presence is the most frequent change of all: a socket says each minute that
it is still there (`may_hear` asks again), to the other processes too, and what a process does not
know is simply absent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec

from volano.services.chat.logic.access import known_people
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.events import EventFeed

HERE_S = 90.0
MAX_PRESENT = 5000
MAX_REMEMBERED = 100_000
HERE = "chat.here"
"""What other processes are called for."""

_HEARD: WeakKeyDictionary[EventFeed, dict[tuple[str, str], float]] = WeakKeyDictionary()
"""By the process's feed: when each user (account, id) was last heard of, on the monotonic clock."""


def note_listening(env: Env, account: str, user_id: str) -> None:
    """The user's page is open now."""
    env.events.relay(HERE, (account, user_id))
    _note_here(env, account, user_id)


async def hear_listening(env: Env, payload: bytes) -> None:
    """The user's page is open at another process."""
    _note_here(env, *msgspec.json.decode(payload, type=tuple[str, str]))


def _note_here(env: Env, account: str, user_id: str) -> None:
    heard = _HEARD.setdefault(env.events, {})
    if len(heard) >= MAX_REMEMBERED:
        heard.clear()
    heard[(account, user_id)] = env.clock.monotonic_s()


async def list_present(env: Env, call: Call) -> list[str]:
    """Ids of the people who are here, without those who set themselves away."""
    here = await enter(env, call)
    known = await known_people(env.store.reader, here.me)
    since_s = env.clock.monotonic_s() - HERE_S
    heard = _HEARD.get(env.events, {})
    found = [
        user for (account, user), at in heard.items() if account == call.account and at >= since_s
    ]
    away = await user_rows.select_away(env.store.reader, call.account, found[:MAX_PRESENT])
    return [
        user
        for user in found[:MAX_PRESENT]
        if user not in away and (known is None or user in known)
    ]
