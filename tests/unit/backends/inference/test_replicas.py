"""Replicas over zones: spread out, gone with their zone, and no question lost that had no answer."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import pytest

from volano.backends.inference.engine import EngineInference
from volano.backends.inference.replicas import ReplicatedInference
from volano.kernel.clock import SystemClock
from volano.kernel.errors import Unavailable
from volano.kernel.inference import Generate, ModelFiles
from volano.kernel.log import StreamLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TINY = ModelFiles(name="volano-tiny-qwen3", source="builtin:volano-tiny-qwen3", task="generate")
NO_END = {0: -1000.0, 2: -1000.0}


@pytest.fixture
async def inference(tmp_path: Path) -> AsyncIterator[ReplicatedInference]:
    clock = SystemClock()
    log = StreamLog(clock, stream=io.StringIO())
    made = ReplicatedInference(partial(EngineInference, tmp_path, log, clock), tmp_path, "abc")
    yield made
    await made.close()


def ask(tokens: int) -> Generate:
    return Generate(
        request_id="r", model=TINY, prompt="A bucket", seed=1, max_tokens=tokens, logit_bias=NO_END
    )


async def text(inference: ReplicatedInference, tokens: int = 8) -> str:
    return "".join([delta.text async for delta in inference.generate(ask(tokens))])


async def zones_of(inference: ReplicatedInference) -> Counter[str]:
    status = await inference.status()
    return Counter(zone for model in status.models for zone in model.zones)


async def test_replicas_are_spread_over_zones_and_leave_with_theirs(
    inference: ReplicatedInference,
):
    assert await inference.scale(TINY, 4) == 4
    assert await zones_of(inference) == Counter(a=2, b=1, c=1)
    expected = await text(inference)
    await inference.use_zones("bc")  # the engine for all was in a, and starts anew elsewhere
    assert set(await zones_of(inference)) <= {"b", "c"}
    assert {await text(inference) for _ in range(4)} == {expected}
    assert await inference.scale(TINY, 4) == 4
    assert await zones_of(inference) == Counter(b=2, c=2)


async def test_what_a_zone_had_not_begun_to_answer_another_answers(inference: ReplicatedInference):
    await inference.scale(TINY, 2)
    begun = [aiter(inference.generate(ask(1500))) for _ in range(2)]
    for answer in begun:
        await anext(answer)
    waiting = [asyncio.create_task(text(inference)) for _ in range(6)]
    await inference.use_zones("a")
    assert len(set(await asyncio.gather(*waiting))) == 1
    ended = 0
    for answer in begun:
        with contextlib.suppress(Unavailable):
            async for _ in answer:
                pass
            ended += 1
    assert ended >= 1  # the one in the zone that stayed
    assert await zones_of(inference) == Counter(a=1)
