"""Counting out in turn: a few questions at a time, and none that nobody waits for any more.

Series are counted from their beginning, so a calendar full of old and frequent ones keeps a thread
busy for minutes. The threads are everybody's, for files and passwords too: `in_turn` lends two.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE = 2

T = TypeVar("T")

_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def in_turn(count: Callable[[Callable[[], bool]], T]) -> T:
    """Run `count(is_wanted)` in a thread. It stops soon once `is_wanted()` is False: nobody takes
    its answer any more."""
    given_up = threading.Event()
    turns = _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
    async with turns:
        try:
            return await asyncio.to_thread(count, lambda: not given_up.is_set())
        finally:
            given_up.set()
