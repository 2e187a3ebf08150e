"""Tokens a second through HTTP and server-sent events, beside the engine's loop alone.

Run: `python bench/ml_server.py [--streams N] [--tokens N] [--rounds N] [--small]`. The same
streams, prompts and lengths go through a whole Volano (gateway, authorization, metering, worker
process) and through the bare loop of the engine in a process of its own, turn and turn about; the
best of each counts. The model has the shape of Qwen3-0.6B and random weights; `--small` takes a
small one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from machine import ROOT, Figure, Volano, cpu_us, main_of, volano
from ml_models import QWEN3_06B, Shape, write_model

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SMALL = Shape(hidden=512, inner=1536, layers=8, heads=8, kv_heads=4, vocab=32_000)
PROMPT = "The report of the shop and the region, number {}."
NAME = "bench"
# Tokens a second, and microseconds of CPU for a token.
Rate = tuple[float, float]
# No token ends an answer, so every stream has its full length.
ENDLESS = {"0": -100.0, "2": -100.0}


def bare_loop(folder: str, streams: int, tokens: int, results: multiprocessing.Queue[Rate]) -> None:
    """Tokens a second of the engine's steps and nothing else, after one round to warm up."""
    from volano.ml.engine.generator import Generator  # noqa: PLC0415 - in its own process only
    from volano.ml.engine.prepare import prepare  # noqa: PLC0415
    from volano.ml.engine.protocol import Generate, ModelRef  # noqa: PLC0415

    os.nice(5)  # as the server's worker
    generator = Generator(Path(folder))
    ref = ModelRef(name=NAME, source=folder, task="generate")
    for count in (1, streams):
        for number in range(count):
            wanted = Generate(
                id=str(number), model=ref, max_tokens=tokens, seed=number,
                messages=[{"role": "user", "content": PROMPT.format(number)}],
                logit_bias={int(id): bias for id, bias in ENDLESS.items()},
            )  # fmt: skip
            generator.engine.add(prepare(generator, wanted)[0])
        begun_s, begun_cpu_s = time.monotonic(), time.process_time()
        while generator.engine.has_work:
            generator.engine.step()
        spent_s, cpu_s = time.monotonic() - begun_s, time.process_time() - begun_cpu_s
    results.put((streams * tokens / spent_s, cpu_s * 1e6 / (streams * tokens)))


async def through_http(server: Volano, streams: int, tokens: int) -> Rate:
    """As many streamed chat completions at once, after one to warm up."""
    await stream(server, 0, tokens)
    begun_s, begun_us = time.monotonic(), cpu_us(server.pid)
    counts = await asyncio.gather(*(stream(server, number, tokens) for number in range(streams)))
    total = sum(counts)
    spent_s, spent_us = time.monotonic() - begun_s, cpu_us(server.pid) - begun_us
    return total / spent_s, spent_us / total


async def stream(server: Volano, number: int, tokens: int) -> int:
    """One request over a connection of its own; the completion tokens it was told of."""
    body = json.dumps(
        {
            "model": NAME,
            "messages": [{"role": "user", "content": PROMPT.format(number)}],
            "max_tokens": tokens,
            "seed": number,
            "logit_bias": ENDLESS,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    )
    count = 0
    async for line in post(server, "/v1/chat/completions", body):
        if line.startswith("data: {"):
            usage = json.loads(line[6:]).get("usage")
            count = usage["completion_tokens"] if usage else count
    assert count == tokens, f"a stream of {count} tokens"
    return count


async def post(server: Volano, path: str, body: str) -> AsyncIterator[str]:
    """The lines of an answer as they come; raises RuntimeError unless it is a success."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Bearer {server.admin['OPENAI_API_KEY']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write((head + body).encode())
    status = (await reader.readline()).decode()
    if not status.startswith("HTTP/1.1 2"):
        raise RuntimeError(status + (await reader.read()).decode())
    async for line in reader:
        yield line.decode()
    writer.close()


def pull(server: Volano, model: Path) -> None:
    """Have the server take the model from its folder."""
    environment = os.environ | server.admin | {"PYTHONPATH": str(ROOT / "src")}
    program = [sys.executable, "-m", "volano", "models", "pull", NAME, "--from", str(model)]
    program += ["--data", str(server.data)]
    subprocess.run(program, env=environment, check=True, stdout=subprocess.DEVNULL)


def measure(folder: Path, asked: argparse.Namespace) -> list[Figure]:
    model = folder / NAME
    write_model(model, SMALL if asked.small else QWEN3_06B)
    context = multiprocessing.get_context("spawn")
    bare, served = [], []
    for number in range(asked.rounds):
        results: multiprocessing.Queue[Rate] = context.Queue()
        arguments = (str(model), asked.streams, asked.tokens, results)
        loop = context.Process(target=bare_loop, args=arguments)
        loop.start()
        bare.append(results.get())
        loop.join()
        with volano(folder / f"volano{number}", core=None) as server:
            pull(server, model)
            served.append(asyncio.run(through_http(server, asked.streams, asked.tokens)))
    return [
        Figure(
            name=f"{asked.streams} streams through HTTP and SSE",
            value=max(rate for rate, _ in served),
            unit="tok/s",
            peer="bare engine loop",
            peer_value=max(rate for rate, _ in bare),
            note=f"{asked.tokens} tokens each, {asked.rounds} rounds",
        ),
        Figure(
            name=f"{asked.streams} streams through HTTP and SSE, CPU",
            value=min(cpu for _, cpu in served),
            unit="µs/token",
            peer="bare engine loop",
            peer_value=min(cpu for _, cpu in bare),
            less_is_better=True,
            note="server, worker and all",
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true")
    with tempfile.TemporaryDirectory() as folder:
        main_of("ml_server", measure(Path(folder), parser.parse_args()))


if __name__ == "__main__":
    main()
