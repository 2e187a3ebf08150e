"""Server-sent events: bursts, silence, slow readers and closing, by a clock the test moves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from volano.kernel.clock import ManualClock
from volano.wire import stream as streams
from volano.wire.results import EventStream
from volano.wire.stream import KEEP_ALIVE, EventBytes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def body_of(
    items: AsyncIterator[Any], clock: ManualClock | None = None, **options: bool
) -> EventBytes:
    return EventBytes(
        EventStream(items, **options), clock or ManualClock(), lambda error: f"!{error}".encode()
    )


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_burst_leaves_in_one_write() -> None:
    async def items() -> AsyncIterator[Any]:
        for number in range(5):
            yield number

    body = body_of(items())
    await body.first()
    assert [part async for part in body] == [
        b"".join(b"data: %d\n\n" % n for n in range(5)),
        b"data: [DONE]\n\n",
    ]
    await body.aclose()


async def test_items_are_closed_that_nobody_began_to_read() -> None:
    class Items:
        closed = 0

        def __aiter__(self) -> Items:
            return self

        async def __anext__(self) -> int:
            raise StopAsyncIteration

        async def aclose(self) -> None:
            self.closed += 1

    items = Items()
    await body_of(items).aclose()
    assert items.closed


async def test_silence_is_broken_by_a_comment() -> None:
    clock, go = ManualClock(), asyncio.Event()

    async def items() -> AsyncIterator[Any]:
        yield "a"
        await go.wait()
        yield "b"

    body = body_of(items(), clock, done=False)
    await body.first()
    assert await anext(body) == b'data: "a"\n\n'
    waiting = asyncio.ensure_future(anext(body))
    await settle()
    clock.advance(15)
    await settle()
    clock.advance(15)
    assert await waiting == KEEP_ALIVE
    go.set()
    assert await anext(body) == b'data: "b"\n\n'
    with pytest.raises(StopAsyncIteration):
        await anext(body)
    await body.aclose()


async def test_slow_reader_holds_the_items_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_WAITING_BYTES", 100)
    asked = 0

    async def items() -> AsyncIterator[Any]:
        nonlocal asked
        while asked < 100:
            asked += 1
            yield "x" * 50

    body = body_of(items(), done=False)
    await body.first()
    await settle()
    assert asked == 2
    total = sum([len(part) async for part in body])
    assert (asked, total) == (100, 100 * 60)
    await body.aclose()


async def test_error_before_the_first_item_is_raised() -> None:
    async def items() -> AsyncIterator[Any]:
        raise LookupError("early")
        yield

    body = body_of(items())
    with pytest.raises(LookupError):
        await body.first()
    await body.aclose()


async def test_error_later_is_rendered_last() -> None:
    async def items() -> AsyncIterator[Any]:
        yield 1
        raise LookupError("late")

    body = body_of(items())
    await body.first()
    assert b"".join([part async for part in body]) == b"data: 1\n\n!late"
    await body.aclose()


async def test_empty_stream_is_only_done() -> None:
    async def items() -> AsyncIterator[Any]:
        return
        yield

    body = body_of(items())
    await body.first()
    assert [part async for part in body] == [b"data: [DONE]\n\n"]
    await body.aclose()


@pytest.mark.parametrize("started", [False, True])
async def test_close_waits_for_the_items_clean_up(started: bool) -> None:
    cleaned = asyncio.Event()

    async def items() -> AsyncIterator[Any]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.set()

    body = body_of(items())
    await body.first()
    if started:
        await anext(body)
    await body.aclose()
    assert cleaned.is_set()
    await body.aclose()
