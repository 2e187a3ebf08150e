"""From a request for a model that is not in memory to its first token, through HTTP.

Run: `python bench/ml_cold.py [--rounds N] [--small]`. Each round starts a Volano anew. The first
request starts the engine's process and loads the model; before the second the model was unloaded,
but the process is there; the third finds all of it. Kernels are compiled in the first round
only: they are kept with the data. The model has the shape of Qwen3-0.6B and random weights (1.2 GB,
in the system's file cache); `--small` takes a small one. The built-in tiny model goes along.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path

from machine import Figure, Volano, cpu_us, main_of, volano
from ml_models import QWEN3_06B, write_model
from ml_server import ENDLESS, NAME, SMALL, post, pull

TINY = "volano-tiny-qwen3"
WANTED_S = 2.0
CASES = ("nothing runs", "engine runs, model unloaded", "all in memory")
# Seconds to the first token, and seconds of CPU until the answer's end.
Seen = tuple[float, float]


async def first_token(server: Volano, model: str) -> Seen:
    """One streamed request of two tokens."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "Say something."}],
        "max_tokens": 2,
        "logit_bias": ENDLESS,
        "stream": True,
    }
    before_us, begun_s = cpu_us(server.pid), time.monotonic()
    first_s = 0.0
    async for line in post(server, "/v1/chat/completions", json.dumps(body)):
        if line.startswith("data: {") and not first_s:
            event = json.loads(line[6:])
            if "error" in event:
                raise RuntimeError(event["error"]["message"])
            choices = event["choices"]
            if choices and choices[0]["delta"].get("content"):
                first_s = time.monotonic() - begun_s
    assert first_s, "an answer without text"
    return first_s, (cpu_us(server.pid) - before_us) / 1e6


async def unload(server: Volano, model: str) -> None:
    async for _ in post(server, f"/volano/v1/models/{model}/unload", "{}"):
        pass


async def ask_cold(server: Volano, model: str, seen: dict[str, list[Seen]]) -> None:
    """The model's three cases, the engine's process having just ended or never begun."""
    seen[CASES[0]].append(await first_token(server, model))
    await unload(server, model)
    seen[CASES[1]].append(await first_token(server, model))
    seen[CASES[2]].append(await first_token(server, model))


def measure(folder: Path, asked: argparse.Namespace) -> list[Figure]:
    write_model(folder / NAME, SMALL if asked.small else QWEN3_06B)
    found = []
    for model in (NAME, TINY):
        seen: dict[str, list[Seen]] = {case: [] for case in CASES}
        for number in range(1 + asked.rounds):
            with volano(folder / "data", core=None) as server:
                if model == NAME and not number:
                    pull(server, folder / NAME)
                asyncio.run(ask_cold(server, model, seen))
        if model == NAME:
            found.append(figure(f"{model}, kernels never compiled", seen[CASES[0]][:1]))
        found += [figure(f"{model}, {case}", each[1:]) for case, each in seen.items()]
    return found


def figure(name: str, seen: list[Seen]) -> Figure:
    seconds = [first_s for first_s, _ in seen]
    return Figure(
        name=f"first token of {name}",
        value=statistics.median(seconds),
        unit="s",
        peer="wanted",
        peer_value=WANTED_S,
        less_is_better=True,
        note=f"{min(seconds):.2f} to {max(seconds):.2f} s; "
        f"{statistics.median(cpu_s for _, cpu_s in seen):.2f} s of CPU",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true")
    with tempfile.TemporaryDirectory() as folder:
        main_of("ml_cold", measure(Path(folder), parser.parse_args()))


if __name__ == "__main__":
    main()
