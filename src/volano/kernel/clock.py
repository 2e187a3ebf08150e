"""Time as a port. Nothing but this module reads the clock; tests move `ManualClock` by hand."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time, monotonic time and waiting."""

    def now_us(self) -> int:
        """Wall time in microseconds since 1970, UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never go back; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; returns early only when the task is cancelled."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now_us(self) -> int:
        return time.time_ns() // 1000

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that moves when a test says so; sleepers wake in order of their deadlines."""

    def __init__(self, now_us: int = 1_700_000_000_000_000) -> None:
        self._now_us = now_us
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []

    def now_us(self) -> int:
        return self._now_us

    def monotonic_s(self) -> float:
        return self._now_us / 1e6

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now_us + int(seconds * 1e6), future))
        await future

    def advance(self, seconds: float) -> None:
        """Move forward and wake every sleeper whose time has come."""
        self._now_us += int(seconds * 1e6)
        due = sorted((s for s in self._sleepers if s[0] <= self._now_us), key=lambda s: s[0])
        self._sleepers = [s for s in self._sleepers if s[0] > self._now_us]
        for _, future in due:
            if not future.done():
                future.set_result(None)
