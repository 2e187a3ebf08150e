"""Replay a request trace: the largest share of its speed that keeps the limits.

Run: `python bench/ml_replay.py --trace azure2023_conv.csv.gz [--factors F ...] [--seconds S]`. The
trace's arrivals and lengths, slowed down by each factor in turn, go to one model through the
engine's loop; a factor holds when 99 of 100 requests have their first token within 10 s and 99 of
100 their later tokens within 0.5 s each on average (the limits for a CPU). The model has the shape
of Qwen3-0.6B with random weights as int8; `--small` takes a small one.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from pathlib import Path

from machine import Figure, main_of
from ml_models import QWEN3_06B, Lengths, percentile, read_trace, write_model
from ml_pool import Served, ask
from ml_server import SMALL

from volano.ml.engine.compute import Compute
from volano.ml.engine.loaded import LoadedModels, PoolLimits
from volano.ml.engine.protocol import ModelRef

FIRST_S, EACH_S = 10.0, 0.5
SHARE = 0.99
KV_BYTES = 2 * 2**30


async def replay(
    pool: LoadedModels, compute: Compute, ref: ModelRef, requests: list[Lengths], factor: float
) -> list[Served]:
    """Every request at its time in the trace divided by the factor."""
    chance = random.Random(1)
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    tasks = []
    for each in requests:
        await asyncio.sleep(max(begun_s + each.at_s / factor - loop.time(), 0))
        tasks.append(asyncio.create_task(ask(pool, compute, ref, each, chance)))
    return list(await asyncio.gather(*tasks))


def part(trace: list[Lengths], start_s: float, seconds: float) -> list[Lengths]:
    """The requests of a stretch of the trace, the stretch beginning at 0."""
    return [
        Lengths(each.at_s - start_s, each.prompt_tokens, each.output_tokens)
        for each in trace
        if start_s <= each.at_s < start_s + seconds
    ]


def paces(served: list[Served]) -> tuple[list[float], list[float]]:
    """Seconds to each first token, and seconds a token after it."""
    done = [each for each in served if each.times]
    firsts = [each.times[0] - each.arrived_s for each in done]
    later = [
        (each.times[-1] - each.times[0]) / (len(each.times) - 1)
        for each in done
        if len(each.times) > 1
    ]
    return firsts, later


async def measure(folder: Path, asked: argparse.Namespace) -> list[Figure]:
    write_model(folder / "model", SMALL if asked.small else QWEN3_06B)
    ref = ModelRef(name="model", source=str(folder / "model"), task="generate")
    compute = Compute()
    compute.start()
    pool = LoadedModels(folder, compute, PoolLimits(kv_bytes=KV_BYTES, form="int8"))
    trace = read_trace(asked.trace)
    await ask(pool, compute, ref, Lengths(0.0, 64, 4), random.Random(1))
    found: list[Figure] = []
    largest = 0.0
    for factor in asked.factors:
        requests = part(trace, asked.start, asked.seconds * factor)
        served = await replay(pool, compute, ref, requests, factor)
        firsts, later = paces(served)
        first_s, each_s = percentile(firsts, SHARE), percentile(later, SHARE)
        held = first_s <= FIRST_S and each_s <= EACH_S
        largest = max(largest, factor) if held else largest
        note = f"p99 each token {each_s * 1000:.0f} ms; {len(served)} requests; "
        note += "holds" if held else "does not hold"
        found.append(
            Figure(
                name=f"replay at {factor:g}x, p99 first token",
                value=first_s,
                unit="s",
                peer="limit",
                peer_value=FIRST_S,
                less_is_better=True,
                note=note,
            )
        )
    compute.stop()
    wanted = Figure(name="replay, largest factor that holds", value=largest, unit="x")
    return [*found, wanted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trace", type=Path, required=True)
    parser.add_argument("--factors", type=float, nargs="+", default=[0.01, 0.02, 0.03, 0.05])
    parser.add_argument("--seconds", type=float, default=120, help="of wall time for each factor")
    parser.add_argument("--start", type=float, default=600, help="second of the trace to begin at")
    parser.add_argument("--small", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        main_of("ml_replay", asyncio.run(measure(Path(folder), asked)))


if __name__ == "__main__":
    main()
