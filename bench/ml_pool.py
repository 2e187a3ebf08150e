"""Many models in less memory than they need: tokens on time, and what a switch costs.

Run: `python bench/ml_pool.py --trace azure2023_conv.csv.gz [--rate R] [--seconds S] [--fit SHARE]`.
Twelve models of different sizes, Zipf popularity, Poisson arrivals, lengths drawn from the trace,
weights of all models limited to a share of their sum. A token is on time when it comes within
10 s of its request plus 0.5 s for each token before it (the limits for a CPU), or 2 s and 0.05 s
(the strict ones). A switch is compared with copying as many bytes into fresh huge pages.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from machine import Figure, main_of
from ml_models import Lengths, Shape, percentile, random_ids, read_trace, write_model

from volano.ml.cpu.memory import huge_bytes
from volano.ml.engine.compute import Compute
from volano.ml.engine.loaded import LoadedModels, PoolLimits
from volano.ml.engine.prepare import prepare
from volano.ml.engine.protocol import Generate, ModelRef
from volano.ml.errors import EngineError

if TYPE_CHECKING:
    from volano.ml.engine.sequence import Output

SHAPES = [
    Shape(hidden=hidden, inner=3 * hidden, layers=layers, heads=hidden // 64, kv_heads=2)
    for hidden, layers in [
        (256, 6), (256, 10), (384, 6), (384, 8), (512, 6), (512, 8),
        (512, 12), (640, 8), (768, 8), (768, 12), (896, 10), (1024, 10),
    ]
]  # fmt: skip
LIMITS = {"": (10.0, 0.5), "strict ": (2.0, 0.05)}
PROMPT_TOKENS_MAX = 4096
KV_BYTES = 192 * 2**20


@dataclass
class Served:
    """One request: when it came, and when each of its tokens did."""

    arrived_s: float
    times: list[float] = field(default_factory=list)
    error: str = ""

    def on_time(self, first_s: float, each_s: float) -> int:
        due = self.arrived_s + first_s
        return sum(at <= due + each_s * index for index, at in enumerate(self.times))


async def ask(
    pool: LoadedModels, compute: Compute, model: ModelRef, lengths: Lengths, chance: random.Random
) -> Served:
    served = Served(time.monotonic())
    prompt = random_ids(min(lengths.prompt_tokens, PROMPT_TOKENS_MAX), chance)
    wanted = Generate(
        id="r", model=model, prompt_ids=prompt, max_tokens=max(lengths.output_tokens, 1),
        temperature=0.0, ignore_eos=True,
    )  # fmt: skip
    loop = asyncio.get_running_loop()
    items: asyncio.Queue[tuple[float, Output | EngineError]] = asyncio.Queue()
    try:
        async with pool.generator(model) as generator:
            (sequence,) = prepare(generator, wanted)
            sequence.id = str(id(sequence))
            compute.generate(
                generator.engine,
                sequence,
                lambda item: loop.call_soon_threadsafe(items.put_nowait, (time.monotonic(), item)),
            )
            while True:
                at, item = await items.get()
                if isinstance(item, EngineError):
                    raise item
                served.times += [at] * (item.completion_tokens - len(served.times))
                if item.is_last:
                    return served
    except EngineError as error:
        served.error = error.message
        return served


async def load(
    pool: LoadedModels, compute: Compute, refs: list[ModelRef], asked: argparse.Namespace
) -> list[Served]:
    """Requests as they come, each on its own; ends when all are answered."""
    chance = random.Random(asked.seed)
    trace = read_trace(asked.trace)
    weights = [1 / (rank + 1) for rank in range(len(refs))]
    order = chance.sample(refs, len(refs))
    tasks = []
    begun_s = time.monotonic()
    at_s = 0.0
    while (at_s := at_s + chance.expovariate(asked.rate)) < asked.seconds:
        await asyncio.sleep(max(begun_s + at_s - time.monotonic(), 0))
        (model,) = chance.choices(order, weights)
        tasks.append(asyncio.create_task(ask(pool, compute, model, chance.choice(trace), chance)))
    return list(await asyncio.gather(*tasks))


def copy_bytes_per_s(size_bytes: int) -> float:
    """Filling fresh huge pages from memory on one thread."""
    source = np.ones(size_bytes, dtype=np.uint8)
    begun_s = time.monotonic()
    huge_bytes(size_bytes)[:] = source
    return size_bytes / (time.monotonic() - begun_s)


async def measure(folder: Path, asked: argparse.Namespace) -> list[Figure]:
    refs = []
    for number, shape in enumerate(SHAPES):
        write_model(folder / f"m{number}", shape, seed=number)
        refs.append(ModelRef(name=f"m{number}", source=str(folder / f"m{number}"), task="generate"))
    total = sum((folder / ref.name / "model.safetensors").stat().st_size for ref in refs)
    compute = Compute()
    compute.start()
    limit = int(total * asked.fit)
    pool = LoadedModels(folder, compute, PoolLimits(weight_bytes=limit, kv_bytes=KV_BYTES))
    cold = await ask(pool, compute, refs[0], read_trace(asked.trace)[0], random.Random(1))
    served = await load(pool, compute, refs, asked)
    quiet = await switch_alone(pool, compute, refs)
    compute.stop()
    return figures(pool, served, cold, total, quiet)


async def switch_alone(
    pool: LoadedModels, compute: Compute, refs: list[ModelRef]
) -> list[tuple[float, float]]:
    """Seconds of single switches with nothing else to do, each beside copying as many bytes."""
    found = []
    for _ in range(3):
        for ref in refs[-4:]:
            before = len(pool.switches)
            await ask(pool, compute, ref, Lengths(0.0, 8, 1), random.Random(1))
            found += [
                (each.seconds, each.size_bytes / copy_bytes_per_s(each.size_bytes))
                for each in pool.switches[before:]
            ]
    return found


def figures(
    pool: LoadedModels,
    served: list[Served],
    cold: Served,
    total: int,
    quiet: list[tuple[float, float]],
) -> list[Figure]:
    tokens = sum(len(each.times) for each in served)
    found = [
        Figure(
            name=f"pool {name}on-time tokens",
            value=100 * sum(each.on_time(*limits) for each in served) / max(tokens, 1),
            unit="%",
            peer="wanted",
            peer_value=90.0,
            note=f"{limits[0]:g} s first, {limits[1]:g} s each; {tokens} tokens",
        )
        for name, limits in LIMITS.items()
    ]
    moved = sum(each.size_bytes for each in pool.switches)
    spent = sum(each.seconds for each in pool.switches)
    firsts = [each.times[0] - each.arrived_s for each in served if each.times]
    ratios = sorted(seconds / copy for seconds, copy in quiet)
    found += [
        Figure(
            name="pool switch by itself, median",
            value=ratios[len(ratios) // 2],
            unit="x copying its bytes",
            peer="wanted",
            peer_value=1.25,
            less_is_better=True,
            note=f"{len(ratios)} switches of the four largest models, {ratios[0]:.2f} to "
            f"{ratios[-1]:.2f}",
        ),
        Figure(
            name="pool switches while others compute",
            value=moved / 1e9 / max(spent, 1e-9),
            unit="GB/s",
            note=f"{len(pool.switches)} switches, {moved / 1e9:.1f} GB; {pool.pauses} pauses",
        ),
        Figure(
            name="pool first token, p99",
            value=percentile(firsts, 0.99),
            unit="s",
            note=f"median {percentile(firsts, 0.5):.2f} s of {len(served)} requests, "
            f"{sum(bool(each.error) for each in served)} refused; weights {total / 1e9:.2f} GB",
        ),
        Figure(
            name="cold model, first token",
            value=cold.times[0] - cold.arrived_s,
            unit="s",
            peer="wanted",
            peer_value=2.0,
            less_is_better=True,
            note="from files to a token, kernels compiled on the way",
        ),
    ]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trace", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=0.5, help="requests a second, all models")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--fit", type=float, default=0.5, help="share of the weights that fits")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        main_of("ml_pool", asyncio.run(measure(Path(folder), asked)))


if __name__ == "__main__":
    main()
