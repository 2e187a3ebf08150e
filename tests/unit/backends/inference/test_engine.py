"""Port `inference` on the real engine process: streaming, cancelling, dying and coming back."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from volano.backends.inference import engine as engine_module
from volano.backends.inference.engine import CRASHES_MAX, EngineInference
from volano.kernel.clock import ManualClock, SystemClock
from volano.kernel.errors import Conflict, DeadlineExceeded, Invalid, Unavailable
from volano.kernel.inference import Delta, Generate, Grammar, ModelFiles, Tool
from volano.kernel.log import StreamLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TINY = ModelFiles(name="volano-tiny-qwen3", source="builtin:volano-tiny-qwen3", task="generate")
MINILM = ModelFiles(name="all-minilm-l6-v2", source="builtin:all-minilm-l6-v2", task="embed")
NO_END = {0: -1000.0, 2: -1000.0}


@pytest.fixture
async def inference(tmp_path: Path) -> AsyncIterator[EngineInference]:
    clock = SystemClock()
    made = EngineInference(tmp_path, StreamLog(clock, stream=io.StringIO()), clock)
    yield made
    await made.close()


def ask(**options: object) -> Generate:
    values: dict[str, object] = {"request_id": "r", "model": TINY, "prompt": "A bucket", "seed": 1}
    return Generate(**{**values, **options})  # type: ignore[arg-type] # the test's own choice


async def collect(inference: EngineInference, request: Generate) -> list[Delta]:
    return [delta async for delta in inference.generate(request)]


async def kill(inference: EngineInference) -> None:
    """kill -9 the engine's process and wait until its parent has noticed."""
    worker = inference._worker
    assert worker is not None
    os.kill(worker.pid, signal.SIGKILL)
    await worker.connection.lost.wait()


async def free_blocks(inference: EngineInference) -> tuple[int, int]:
    worker = inference._worker
    assert worker is not None
    reply = await worker.connection.ask({"op": "status"})
    (model,) = [entry for entry in reply["loaded"] if entry["task"] == "generate"]
    return model["blocks_free"], model["blocks_total"]


async def test_nothing_runs_until_the_first_request(inference: EngineInference):
    assert (await inference.status()).state == "off"
    await inference.unload("volano-tiny-qwen3")
    assert await inference.count_tokens(TINY, "A bucket holds") > 1
    status = await inference.status()
    assert (status.state, status.fraction, status.loaded) == ("ready", 1.0, (TINY.name,))


async def test_chat_streams_and_ends_with_reason_counts_and_seed(inference: EngineInference):
    messages = ({"role": "user", "content": "What is a bucket?"},)
    request = ask(prompt=None, messages=messages, max_tokens=7, logit_bias=NO_END, top_logprobs=1)
    deltas = await collect(inference, request)
    last = deltas[-1]
    assert [delta.finish_reason for delta in deltas[:-1]] == [None] * (len(deltas) - 1)
    assert (last.finish_reason, last.completion_tokens, last.seed) == ("length", 7, 1)
    assert last.prompt_tokens > 10
    logprobs = [entry for delta in deltas for entry in delta.logprobs]
    assert len(logprobs) == 7
    assert all(len(entry.top) == 1 and entry.logprob <= 0 for entry in logprobs)
    again = await collect(inference, request)
    assert "".join(d.text for d in again) == "".join(d.text for d in deltas)


async def test_stop_strings_end_the_text_before_them(inference: EngineInference):
    options = {"max_tokens": 200, "logit_bias": NO_END, "temperature": 0.7}
    whole = "".join(d.text for d in await collect(inference, ask(**options)))
    stop = whole[20:25]
    stopped = await collect(inference, ask(**options, stop=(stop,)))
    assert "".join(d.text for d in stopped) == whole[: whole.index(stop)]
    assert stopped[-1].finish_reason == "stop"


async def test_embeddings_have_length_one_and_keep_the_order(inference: EngineInference):
    texts = ["How do I return an order?", "The sky is blue today.", "Send it back within 30 days."]
    found = await inference.embed(MINILM, texts)
    vectors = np.array(found.vectors)
    assert vectors.shape == (3, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[1]
    assert found.prompt_tokens > 20


async def test_closing_the_iterator_frees_the_blocks(inference: EngineInference):
    async with contextlib.aclosing(
        inference.generate(ask(max_tokens=1900, logit_bias=NO_END))
    ) as deltas:
        async for _ in deltas:
            break
    while True:  # the test's own timeout is the limit
        free, total = await free_blocks(inference)
        if free == total:
            break


async def test_a_cancelled_task_frees_the_blocks(inference: EngineInference):
    started = asyncio.Event()

    async def consume() -> None:
        async for _ in inference.generate(ask(max_tokens=1900, logit_bias=NO_END)):
            started.set()

    task = asyncio.create_task(consume())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while True:
        free, total = await free_blocks(inference)
        if free == total:
            break


async def test_kill_9_between_requests_is_not_noticed_by_the_next(inference: EngineInference):
    before = await collect(inference, ask())
    await kill(inference)
    assert [d.text for d in await collect(inference, ask())] == [d.text for d in before]
    await kill(inference)
    assert len((await inference.embed(MINILM, ["x"])).vectors) == 1


async def test_kill_9_in_the_middle_of_a_stream_says_so_and_the_next_request_works(
    inference: EngineInference,
):
    deltas = inference.generate(ask(max_tokens=1900, logit_bias=NO_END))
    assert (await anext(deltas)).finish_reason is None
    await kill(inference)
    with pytest.raises(Unavailable, match="Try again"):
        async for _ in deltas:
            pass
    assert (await collect(inference, ask()))[-1].finish_reason is not None


async def test_a_request_of_which_nothing_came_yet_is_tried_again(inference: EngineInference):
    await inference.count_tokens(TINY, "x")
    worker = inference._worker
    assert worker is not None
    os.kill(worker.pid, signal.SIGSTOP)
    waiting = asyncio.create_task(collect(inference, ask()))
    while not worker.connection.open_requests:
        await asyncio.sleep(0)
    os.kill(worker.pid, signal.SIGKILL)
    assert (await waiting)[-1].finish_reason is not None
    assert inference._worker is not worker


async def test_an_engine_that_keeps_dying_rests(tmp_path: Path):
    clock = ManualClock()
    inference = EngineInference(tmp_path, StreamLog(clock, stream=io.StringIO()), clock)
    try:
        for _ in range(CRASHES_MAX):
            await inference.count_tokens(TINY, "x")
            await kill(inference)
        with pytest.raises(Unavailable, match="rests") as caught:
            await inference.count_tokens(TINY, "x")
        assert caught.value.retry_after_s == pytest.approx(300)
        assert (await inference.status()).state == "failed"
        clock.advance(301)
        assert await inference.count_tokens(TINY, "x") == 1
        assert (await inference.status()).state == "ready"
    finally:
        await inference.close()


async def test_an_idle_engine_is_stopped_and_comes_back(tmp_path: Path):
    clock = ManualClock()
    log = StreamLog(clock, stream=io.StringIO())
    inference = EngineInference(tmp_path, log, clock, idle_s=60)
    try:
        await inference.count_tokens(TINY, "x")
        worker = inference._worker
        assert worker is not None
        await asyncio.sleep(0)  # the watcher begins to sleep
        clock.advance(61)
        await worker.connection.lost.wait()
        assert (await inference.status()).state == "off"
        assert await inference.count_tokens(TINY, "x") == 1
    finally:
        await inference.close()


async def test_concurrent_first_requests_share_one_start(inference: EngineInference):
    results = await asyncio.gather(*(collect(inference, ask(seed=n)) for n in range(6)))
    assert all(deltas[-1].finish_reason for deltas in results)
    assert inference._log._stream.getvalue().count("is ready") == 1


async def test_who_leaves_during_the_start_does_not_stop_it_for_others(inference: EngineInference):
    leaving = asyncio.create_task(inference.count_tokens(TINY, "x"))
    staying = asyncio.create_task(inference.count_tokens(TINY, "x"))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 1


async def test_bad_input_is_invalid_and_names_the_limit(inference: EngineInference):
    with pytest.raises(Invalid, match="2048 tokens") as caught:
        await collect(inference, ask(prompt="A bucket. " * 2000))
    assert caught.value.wire_code == "context_length_exceeded"
    with pytest.raises(Invalid, match="does not make embeddings"):
        await inference.embed(TINY, ["x"])


async def test_missing_files_are_a_conflict_that_says_what_to_do(
    inference: EngineInference, tmp_path: Path
):
    gone = ModelFiles(name="gone", source=str(tmp_path / "gone"), task="generate")
    with pytest.raises(Conflict, match="Pull the model again"):
        await collect(inference, ask(model=gone))


async def test_a_python_without_the_engine_fails_with_its_reason(tmp_path: Path):
    clock = SystemClock()
    log = StreamLog(clock, stream=io.StringIO())
    inference = EngineInference(tmp_path, log, clock, python="/bin/false")
    with pytest.raises(Unavailable, match="did not start"):
        await inference.count_tokens(TINY, "x")
    assert (await inference.status()).state == "failed"
    await inference.close()


async def test_unload_forgets_the_model_and_the_next_request_loads_it(inference: EngineInference):
    await inference.count_tokens(TINY, "x")
    await inference.unload(TINY.name)
    assert (await inference.status()).loaded == ()
    assert await inference.count_tokens(TINY, "x") == 1


async def test_close_ends_the_process_and_open_requests(inference: EngineInference):
    deltas = inference.generate(ask(max_tokens=1900, logit_bias=NO_END))
    await anext(deltas)
    worker = inference._worker
    assert worker is not None
    await inference.close()
    assert worker._process.returncode == 0
    await deltas.aclose()
    assert json.dumps((await inference.status()).state) == '"off"'
    assert engine_module.EXTRA == "ml"


async def test_a_data_folder_with_a_very_long_path_works(tmp_path: Path):
    clock = SystemClock()
    folder = tmp_path / ("long" * 20) / ("path" * 20)
    inference = EngineInference(folder, StreamLog(clock, stream=io.StringIO()), clock)
    assert await inference.count_tokens(TINY, "x") == 1
    await inference.close()
    assert list((folder / "run").iterdir()) == []


async def test_choices_come_in_one_stream_each_with_its_index(inference: EngineInference):
    deltas = await collect(inference, ask(n=3, max_tokens=5, logit_bias=NO_END))
    ends = {delta.index: delta for delta in deltas if delta.finish_reason is not None}
    assert sorted(ends) == [0, 1, 2]
    assert [delta.last for delta in deltas].count(True) == 1
    assert deltas[-1].last
    assert {delta.seed for delta in ends.values()} == {1, 2, 3}
    assert deltas[-1].engine == "volano"


async def test_a_schema_shapes_the_answer_and_the_prompt_has_logprobs(inference: EngineInference):
    schema = {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "required": ["a"],
              "additionalProperties": False}  # fmt: skip
    grammar = Grammar(kind="json_schema", text=json.dumps(schema))
    deltas = await collect(inference, ask(grammar=grammar, prompt_logprobs=1, max_tokens=50))
    assert json.loads("".join(delta.text for delta in deltas)) in ({"a": 1}, {"a": 2})
    assert deltas[0].prompt_logprobs[0].logprob is None
    assert len(deltas[0].prompt_logprobs) == deltas[-1].prompt_tokens


async def test_what_the_model_or_grammar_cannot_do_is_invalid(inference: EngineInference):
    asked = {"prompt": None, "messages": ({"role": "user", "content": "x"},)}
    for options, words in (
        ({"grammar": Grammar(kind="regex", text="(")}, "not valid"),
        ({**asked, "tools": (Tool(name="f"),), "tool_choice": "g"}, "names 'g'"),
        ({**asked, "reasoning": True}, "does not reason"),
    ):
        with pytest.raises(Invalid, match=words):
            await collect(inference, ask(**options))


async def test_a_deadline_ends_a_request(inference: EngineInference):
    await inference.load(TINY)
    with pytest.raises(DeadlineExceeded, match="by its deadline"):
        await collect(inference, ask(deadline_s=0.001, max_tokens=1900, logit_bias=NO_END))
    while True:  # the test's own timeout is the limit
        free, total = await free_blocks(inference)
        if free == total:
            break


async def test_pins_outlive_the_process_and_the_status_tells_of_models(inference: EngineInference):
    await inference.load(TINY)
    await inference.pin(TINY.name, pinned=True)
    await kill(inference)
    await collect(inference, ask(max_tokens=3, ignore_eos=True))
    status = await inference.status()
    (model,) = status.models
    assert (model.name, model.pinned, model.tier) == (TINY.name, True, "resident")
    assert model.generated_tokens == 3
    assert status.resident_bytes > 0
    await inference.pin(TINY.name, pinned=False)
    assert not (await inference.status()).models[0].pinned
