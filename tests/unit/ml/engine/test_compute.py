"""The computing thread: one model's failure is its own, and jobs take turns."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from volano.ml.engine.compute import Compute
from volano.ml.engine.engine import Engine
from volano.ml.engine.sampler import Sampling
from volano.ml.engine.sequence import Output, make_sequence
from volano.ml.engine.tokenizer import Tokenizer
from volano.ml.errors import EngineError, OutOfMemory
from volano.ml.models.configs import ConfigFile
from volano.ml.models.families import parse_decoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from volano.ml.layers.arrays import Floats
    from volano.ml.models.batch import Batch


class FlatDecoder:
    """A decoder that finds every token equally likely, and fails when told to."""

    def __init__(self, folder: Path) -> None:
        self.config = parse_decoder(ConfigFile(folder))
        self.failing: Exception | None = None

    def new_cache(self, *, blocks: int, block_size: int) -> None:
        """It keeps nothing."""

    def forward(self, batch: Batch, cache: None) -> Floats:
        if self.failing is not None:
            raise self.failing
        return np.zeros((len(batch.logit_rows), self.config.vocab_size), dtype=np.float32)


@pytest.fixture
def compute() -> Iterator[Compute]:
    made = Compute()
    made.start()
    yield made
    made.stop()


def make_engine(folder: Path) -> tuple[Engine, FlatDecoder]:
    decoder = FlatDecoder(folder)
    return Engine(decoder, Tokenizer(folder), blocks=8, eos_ids=frozenset()), decoder


def generate(compute: Compute, engine: Engine, id: str) -> queue.Queue[Output | EngineError]:
    items: queue.Queue[Output | EngineError] = queue.Queue()
    sequence = make_sequence(id, [5, 6], max_tokens=4, sampling=Sampling(seed=1), stop=())
    compute.generate(engine, sequence, items.put)
    return items


def last(items: queue.Queue[Output | EngineError]) -> Output | EngineError:
    while True:
        item = items.get(timeout=60)
        if isinstance(item, EngineError) or item.finish_reason is not None:
            return item


@pytest.mark.parametrize("error", [MemoryError("gone"), FloatingPointError(), OutOfMemory("full")])
def test_a_failing_step_fails_its_requests_and_frees_their_blocks(
    compute: Compute, tiny_folder: Path, capfd: pytest.CaptureFixture[str], error: Exception
):
    failing, decoder = make_engine(tiny_folder)
    healthy, _ = make_engine(tiny_folder)
    decoder.failing = error
    broken = generate(compute, failing, "a")
    fine = generate(compute, healthy, "b")
    assert isinstance(last(broken), EngineError)
    assert isinstance(last(fine), Output)
    assert failing.blocks.free == failing.blocks.total
    decoder.failing = None
    assert isinstance(last(generate(compute, failing, "c")), Output)


def test_a_device_short_of_memory_gets_less_at_a_time_and_nobody_fails(
    compute: Compute, tiny_folder: Path
):
    engine, decoder = make_engine(tiny_folder)
    engine.blocks.require_idle()
    sizes: list[int] = []
    submitted = threading.Event()

    def forward(batch: Batch, cache: None) -> Floats:
        assert submitted.wait(60)  # else the first could be done before the last is there
        sizes.append(len(batch.token_ids))
        if len(batch.token_ids) > 3:
            raise OutOfMemory("The card is out of memory.")
        return np.zeros((len(batch.logit_rows), decoder.config.vocab_size), dtype=np.float32)

    decoder.forward = forward  # type: ignore[method-assign] # the device's limit
    items = [generate(compute, engine, id) for id in "abcd"]
    submitted.set()
    assert all(isinstance(last(each), Output) for each in items)
    assert max(sizes) > 3
    assert engine.blocks.free == engine.blocks.total


def test_jobs_and_requests_take_turns(compute: Compute, tiny_folder: Path):
    engine, _ = make_engine(tiny_folder)
    done: queue.Queue[EngineError | None] = queue.Queue()
    seen: list[int] = []
    submitted = threading.Event()

    def job(number: int) -> Iterator[None]:
        assert submitted.wait(60)
        for _ in range(3):
            seen.append(number)
            yield

    compute.run(job(1), done.put)
    compute.run(job(2), done.put)
    items = generate(compute, engine, "a")
    submitted.set()
    assert [done.get(timeout=60), done.get(timeout=60)] == [None, None]
    assert sorted(seen) == [1, 1, 1, 2, 2, 2]
    assert seen != sorted(seen)
    assert isinstance(last(items), Output)


def test_a_failing_job_reports_its_error(compute: Compute, capfd: pytest.CaptureFixture[str]):
    done: queue.Queue[EngineError | None] = queue.Queue()

    def job() -> Iterator[None]:
        yield
        raise ValueError("bad")

    compute.run(job(), done.put)
    error = done.get(timeout=60)
    assert error is not None
    assert "log says more" in error.message
    assert "ValueError: bad" in capfd.readouterr().err
