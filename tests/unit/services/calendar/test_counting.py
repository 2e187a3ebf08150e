"""Counting out in turn."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from volano.services.calendar.logic.counting import AT_ONCE, in_turn

if TYPE_CHECKING:
    from collections.abc import Callable


async def test_only_a_few_count_at_the_same_time() -> None:
    lock, counting, most = threading.Lock(), 0, 0

    def count(_: object) -> None:
        nonlocal counting, most
        with lock:
            counting += 1
            most = max(most, counting)
        with lock:
            counting -= 1

    await asyncio.gather(*(in_turn(count) for _ in range(10 * AT_ONCE)))
    assert 1 <= most <= AT_ONCE


async def test_what_nobody_waits_for_stops() -> None:
    began, stopped = threading.Event(), threading.Event()

    def count(is_wanted: Callable[[], bool]) -> None:
        began.set()
        while is_wanted():
            pass
        stopped.set()

    asking = asyncio.create_task(in_turn(count))
    assert await asyncio.to_thread(began.wait, 60)
    asking.cancel()
    assert await asyncio.to_thread(stopped.wait, 60)
    assert asking.cancelled()


async def test_an_answer_comes_to_who_asked() -> None:
    assert await in_turn(lambda is_wanted: is_wanted()) is True
