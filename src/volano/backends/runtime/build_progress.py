"""How far mmdebstrap is, counted from what apt and dpkg say.

apt announces how many packages it will install; each of them is then fetched, unpacked and set up.
The essential packages come first and the others after, so there are two such rounds.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Awaitable, Callable

TAIL_LINES = 15
ANNOUNCED = re.compile(r"(\d+) newly installed")
STEP = re.compile(r"(?:Get:\d+ |Unpacking |Setting up )(\S+)")
LINE_LIMIT_BYTES = 1 << 20
# Share of the whole at which each round ends: reading the package lists, essential, the others.
ROUND_ENDS = (0.03, 0.55, 0.97)


class Counter:
    """Turns lines into a fraction that only grows."""

    def __init__(self) -> None:
        self.fraction = 0.0
        self._round = 0
        self._expected = 1
        self._seen = 0

    def read(self, line: str) -> str | None:
        """Take one line; returns what is being done when the line says so."""
        announced = ANNOUNCED.search(line)
        if announced and int(announced[1]) > 0:
            self._round = min(self._round + 1, 2)
            self._expected = 3 * int(announced[1])
            self._seen = 0
            return f"installing {announced[1]} packages"
        step = STEP.match(line)
        if step is None or self._round == 0:
            return line[3:].strip() if line.startswith("I: ") else None
        self._seen += 1
        start, end = ROUND_ENDS[self._round - 1], ROUND_ENDS[self._round]
        share = min(1.0, self._seen / self._expected)
        self.fraction = max(self.fraction, start + (end - start) * share)
        return line.partition(" (")[0].strip()


async def follow(process: Process, progress: Callable[[float, str], Awaitable[None]]) -> str:
    """Report until the program closes its output; returns the last lines for an error."""
    assert process.stdout is not None
    counter, tail = Counter(), deque[str](maxlen=TAIL_LINES)
    async for raw in process.stdout:
        line = raw.decode("utf-8", "replace").rstrip()
        if line:
            tail.append(line)
        doing = counter.read(line)
        if doing:
            await progress(round(counter.fraction, 4), doing)
    return "\n".join(tail)
