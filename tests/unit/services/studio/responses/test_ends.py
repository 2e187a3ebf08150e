"""How responses end that nobody waits for: the client left, they were cancelled, we restarted.

The model stands still after its first word until a test lets it go on, so that each end is exact.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import msgspec
import pytest
from tests.unit.services.assistants.conftest import ScriptedModel

from volano.kernel.inference import Delta
from volano.services.models import interface as models
from volano.services.studio.logic.responses import keeping
from volano.services.studio.model.responses import Asked

ASKED = Asked(model=models.TINY_MODEL, input="Count.")
LIMIT_S = 60


class StandingModel(ScriptedModel):
    """Says one word, then nothing until `going_on` is set; `left` when it was abandoned."""

    def __init__(self) -> None:
        super().__init__(lambda request: ["two."])
        self.began = asyncio.Event()
        self.going_on = asyncio.Event()
        self.left = asyncio.Event()

    async def generate(self, request):
        yield Delta(text="One, ", prompt_tokens=100)
        self.began.set()
        try:
            await self.going_on.wait()
        except BaseException:
            self.left.set()
            raise
        async for delta in super().generate(request):
            yield delta


@pytest.fixture
def standing(studio):
    studio.model = StandingModel()
    studio.env = replace(studio.env, inference=studio.model)
    return studio


async def state_of(studio, id: str) -> str:
    return (await keeping.get_response(studio.env, studio.call, id)).state


async def test_a_response_whose_client_left_is_cancelled_and_its_model_stops(standing):
    events = keeping.stream_response(standing.env, standing.call, ASKED)
    id = (await anext(events))["response"]["id"]
    reading = asyncio.ensure_future(_read(events))
    async with asyncio.timeout(LIMIT_S):
        await standing.model.began.wait()
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        await standing.model.left.wait()
    assert await state_of(standing, id) == "cancelled"


async def test_who_leaves_at_the_last_event_finds_the_response_kept_as_it_ended(standing):
    standing.model.going_on.set()
    events = keeping.stream_response(standing.env, standing.call, ASKED)
    async for event in events:
        if event["type"] == "response.completed":
            assert await state_of(standing, event["response"]["id"]) == "completed"
            break
    await events.aclose()
    assert await state_of(standing, event["response"]["id"]) == "completed"


async def _read(events) -> None:
    async for _ in events:
        pass


async def begin(studio) -> tuple[str, asyncio.Future]:
    """A response of the background, being made: its id and its job."""
    made = await keeping.begin_response(
        studio.env, studio.call, msgspec.structs.replace(ASKED, background=True)
    )
    payload = msgspec.json.encode([studio.call.account, made["id"]]).decode()
    job = asyncio.ensure_future(keeping.run_in_background(studio.env, payload))
    async with asyncio.timeout(LIMIT_S):
        await studio.model.began.wait()
    return made["id"], job


async def test_a_cancelled_response_of_the_background_stops_and_stays_cancelled(standing):
    id, job = await begin(standing)
    cancelled = await keeping.cancel_response(standing.env, standing.call, id)
    assert cancelled["status"] == "cancelled"
    async with asyncio.timeout(LIMIT_S):
        await standing.model.left.wait()
        assert await job == '{"status":"cancelled"}'
    assert await state_of(standing, id) == "cancelled"
    again = await keeping.cancel_response(standing.env, standing.call, id)
    assert again["status"] == "cancelled"


async def test_a_deleted_response_of_the_background_stops_and_leaves_nothing(standing):
    id, job = await begin(standing)
    await keeping.delete_response(standing.env, standing.call, id)
    async with asyncio.timeout(LIMIT_S):
        await standing.model.left.wait()
        await job
    rows = await standing.env.store.reader.rows(
        "SELECT kind FROM studio_record WHERE account = ? LIMIT 10", standing.call.account
    )
    assert rows == []


async def test_a_response_that_a_restart_cut_off_is_made_again_under_its_id(standing):
    id, job = await begin(standing)
    job.cancel()  # as when the process ends
    with suppress(asyncio.CancelledError):
        await job
    assert await state_of(standing, id) == "queued"
    standing.model.going_on.set()
    payload = msgspec.json.encode([standing.call.account, id]).decode()
    assert await keeping.run_in_background(standing.env, payload) == '{"status":"completed"}'
    made = await keeping.get_response(standing.env, standing.call, id)
    assert made.body["output"][0]["content"][0]["text"] == "One, two."
    followed = keeping.follow_response(standing.env, standing.call, id, -1)
    numbers = [event["sequence_number"] async for event in followed]
    assert numbers == list(range(len(numbers)))


async def test_one_that_another_process_makes_is_followed_to_its_end(standing, monkeypatch):
    id, job = await begin(standing)
    monkeypatch.setattr(keeping, "_LIVE", {})  # as in a process that does not make it
    followed = keeping.follow_response(standing.env, standing.call, id, -1)
    first = asyncio.ensure_future(anext(followed))
    standing.model.going_on.set()
    async with asyncio.timeout(LIMIT_S):
        await job
        numbers = [(await first)["sequence_number"]]
        numbers += [event["sequence_number"] async for event in followed]
    assert len(numbers) > 3
    assert numbers == list(range(len(numbers)))
