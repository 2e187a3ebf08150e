"""Who listens to which signals in this process, and the doors through which they come in."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    Sink = Callable[[bytes], None]
    Lost = Callable[[], None]

MAX_BEHIND = 1_000
"""Signals a slow listener may lag before it is closed."""


class _Listener:
    """One listener's bounded queue."""

    def __init__(self) -> None:
        self.items: deque[bytes] = deque()
        self.ready = asyncio.Event()
        self.closed = False

    def offer(self, payload: bytes) -> None:
        if len(self.items) >= MAX_BEHIND:
            self.closed = True
        else:
            self.items.append(payload)
        self.ready.set()

    def close(self) -> None:
        self.closed = True
        self.ready.set()


class Signals:
    """The sinks of one process, by topic."""

    def __init__(self) -> None:
        self._sinks: dict[str, dict[Sink, Lost | None]] = defaultdict(dict)

    def tell(self, topic: str, payload: bytes) -> None:
        """Give a signal to every sink of its topic."""
        for sink in tuple(self._sinks.get(topic, ())):
            sink(payload)

    def tell_each(self, topics: Iterable[str], payload: bytes) -> None:
        """Give one signal to the sinks of many topics, most of which may have none."""
        sinks = self._sinks
        for topic in topics:
            if topic in sinks:
                for sink in tuple(sinks[topic]):
                    sink(payload)

    def attach(self, topic: str, sink: Sink, lost: Lost | None) -> None:
        self._sinks[topic][sink] = lost

    def detach(self, topic: str, sink: Sink) -> None:
        sinks = self._sinks.get(topic, {})
        sinks.pop(sink, None)
        if not sinks:
            self._sinks.pop(topic, None)

    def lose(self) -> None:
        """Signals of other processes were lost: everyone who wants to know is told."""
        told = [lost for sinks in self._sinks.values() for lost in sinks.values() if lost]
        for lost in told:
            lost()

    async def listen(self, topic: str) -> AsyncIterator[bytes]:
        listener = _Listener()
        self.attach(topic, listener.offer, listener.close)
        try:
            while not listener.closed:
                await listener.ready.wait()
                listener.ready.clear()
                while listener.items:
                    yield listener.items.popleft()
        finally:
            self.detach(topic, listener.offer)
