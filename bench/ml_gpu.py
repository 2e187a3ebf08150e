"""The GPU device against its card's own bounds: decoding, prompts, and transformers beside it.

Run on a machine with an NVIDIA card: `python bench/ml_gpu.py`. The models have the shapes of
Qwen3-8B and Qwen3-0.6B with random weights in bfloat16. The card is measured first: how fast it
copies its own memory (a step reads every weight, and the keys and values of its sequences, once)
and how fast it multiplies. Each figure stands beside the bound that follows, and, for the 8B shape,
beside the goal that was set for an H200. A step is begun before the last one is read, as the engine
does it. `--tiny` runs all of it on a small model by Triton's interpreter: its figures mean nothing,
but it shows that the script works.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from machine import ROOT, Figure, main_of

sys.path.insert(0, str(ROOT / "src"))

from volano.ml.errors import OutOfMemory
from volano.ml.gpu.device import card as find_card
from volano.ml.layers.rope import RotarySpec
from volano.ml.models.batch import Batch, Draw, Rows
from volano.ml.models.decoder import DecoderConfig, LayerConfig

if TYPE_CHECKING:
    from volano.ml.gpu.cache import GpuCache
    from volano.ml.gpu.decoder import GpuDecoder
    from volano.ml.gpu.device import Card

BLOCK_SIZE = 16
PROBE_BYTES = 4 * 1024**3
PROBE_SIDE = 8192
STEPS, WARM_UPS = 48, 4
SMALL = DecoderConfig(
    family="qwen3",
    vocab_size=151_936,
    hidden_size=1024,
    intermediate_size=3072,
    heads=16,
    kv_heads=8,
    head_dim=128,
    eps=1e-6,
    max_positions=40_960,
    tied=True,
    rotaries=(RotarySpec(theta=1e6),),
    kinds=(LayerConfig(),) * 28,
    qk_norm=True,
)
SHAPES = {
    "Qwen3-8B": replace(
        SMALL,
        hidden_size=4096,
        intermediate_size=12_288,
        heads=32,
        tied=False,
        kinds=(LayerConfig(),) * 36,
    ),
    "Qwen3-0.6B": SMALL,
}
TINY = replace(
    SMALL, vocab_size=300, hidden_size=64, intermediate_size=96, heads=4, kv_heads=2, head_dim=16,
    kinds=(LayerConfig(),) * 2,
)  # fmt: skip
# Batch and context of the decode figures, the prompt's length, and what was set for an H200.
DECODES = ((1, 128), (32, 1024), (256, 512))
TINY_DECODES = ((1, 20), (3, 24))
PROMPT, TINY_PROMPT = 2048, 40
GOALS = {"decode 1@128": 213.0, "decode 32@1024": 4_800.0, "decode 256@512": 17_700.0}
PROMPT_GOAL_TFLOPS = 474.0
PEER_TIMES = 1.5
GREEDY = Draw(
    temperature=0.0, top_k=0, top_p=1.0, min_p=0.0, share=0.0,
    ids=np.zeros(0, np.int64), factors=np.zeros(0, np.float32), adds=np.zeros(0, np.float32),
    allowed=None,
)  # fmt: skip


class Weights:
    """The same few million random values over and over."""

    size_bytes = 0

    def __init__(self) -> None:
        values = np.random.default_rng(0).standard_normal(1 << 22).astype(np.float32) * 0.02
        self._values = ((values.view(np.uint32) + 0x8000) >> 16).astype(np.uint16)

    def names(self) -> set[str]:
        return {"model.embed_tokens.weight"}

    def stored(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        if "norm" in name:
            return np.full(shape, 0x3F80, dtype=np.uint16)  # one
        return np.resize(self._values, shape)

    def tensor(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        return (self.stored(name, shape).astype(np.uint32) << 16).view(np.float32)


@dataclass(frozen=True)
class Bounds:
    """What the card does by itself: bytes a second (read and written), operations a second."""

    bytes_per_s: float
    flop_per_s: float


def measure_card(card: Card, *, tiny: bool) -> Bounds:
    """The best of a few copies and of a few products."""
    size, side = (1 << 22, 128) if tiny else (PROBE_BYTES, PROBE_SIDE)
    with card.computing():
        source = torch.zeros(size, dtype=torch.uint8, device=card.device)
        target = torch.empty_like(source)
        copies = [_seconds(card, lambda: target.copy_(source)) for _ in range(8)]
        left = torch.ones(side, side, dtype=torch.bfloat16, device=card.device)
        products = [_seconds(card, lambda: left @ left) for _ in range(8)]
    return Bounds(2 * size / min(copies[1:]), 2.0 * side**3 / min(products[1:]))


def _seconds(card: Card, work) -> float:
    card.settle()
    began = time.perf_counter()
    work()
    card.settle()
    return time.perf_counter() - began


def make_batch(batch: int, context: int, count: int, *, unseen: bool) -> Batch:
    """The next `count` tokens of each of `batch` sequences that have `context` cached."""
    blocks = -(-(context + count) // BLOCK_SIZE)
    spots = np.arange(context, context + count)
    tables = [np.arange(blocks) + index * blocks for index in range(batch)]
    ids = -1 - np.arange(batch) if unseen else np.arange(batch * count) % 250
    return Batch(
        token_ids=ids,
        positions=np.tile(spots, batch),
        slots=np.concatenate(
            [table[spots // BLOCK_SIZE] * BLOCK_SIZE + spots % BLOCK_SIZE for table in tables]
        ),
        sequences=tuple(
            Rows(start=index * count, count=count, context=context + count, block_table=table)
            for index, table in enumerate(tables)
        ),
        logit_rows=np.arange(batch) * count + count - 1,
    )


def decode_seconds(
    model: GpuDecoder, cache: GpuCache, batch: int, context: int, steps: int
) -> float:
    """Seconds of one step, each begun before the one before it is read."""
    vocab = model.config.vocab_size
    under_way, began = None, 0.0
    for step in range(WARM_UPS + steps):
        if step == WARM_UPS:
            assert under_way is not None
            under_way.tokens()
            began = time.perf_counter()
        # The same length each time: blocks as they are in the middle of a sequence's life.
        launched = model.launch(make_batch(batch, context, 1, unseen=step > 0), cache)
        launched.choose([GREEDY] * batch, vocab)
        if under_way is not None and step != WARM_UPS:
            under_way.tokens()
        under_way = launched
    assert under_way is not None
    under_way.tokens()
    return (time.perf_counter() - began) / steps


def prompt_seconds(model: GpuDecoder, cache: GpuCache, tokens: int, steps: int) -> float:
    """Seconds to read one prompt, the median's."""
    batch = make_batch(1, 0, tokens, unseen=False)
    taken = []
    for _ in range(WARM_UPS + steps):
        began = time.perf_counter()
        launched = model.launch(batch, cache)
        launched.choose([GREEDY], model.config.vocab_size)
        launched.tokens()
        taken.append(time.perf_counter() - began)
    return sorted(taken[WARM_UPS:])[steps // 2]


def body_parameters(config: DecoderConfig) -> int:
    """Parameters of the layers' matrices."""
    attention = config.hidden_size * (2 * config.q_size + 2 * config.kv_size)
    return config.layers * (attention + 3 * config.hidden_size * config.intermediate_size)


def decode_bound(config: DecoderConfig, bounds: Bounds, batch: int, context: int) -> float:
    """Tokens a second if a step did nothing but read, or nothing but multiply."""
    weights = body_parameters(config) + config.vocab_size * config.hidden_size
    cached = 2 * config.layers * config.kv_size * (context + 1) * batch
    read_s = 2 * (weights + cached) / bounds.bytes_per_s
    return batch / max(read_s, 2.0 * weights * batch / bounds.flop_per_s)


def prompt_flop(config: DecoderConfig, tokens: int) -> float:
    """Operations of a prompt; attention sees half of the square."""
    attention = 2.0 * config.layers * config.q_size * tokens * tokens
    return 2.0 * body_parameters(config) * tokens + attention


def figures(card: Card, *, tiny: bool) -> list[Figure]:
    # After the card was chosen: Triton looks then whether it is to interpret.
    from volano.ml.gpu.decoder import GpuDecoder  # noqa: PLC0415

    bounds = measure_card(card, tiny=tiny)
    found = [
        Figure(name="copy of the card's memory", value=bounds.bytes_per_s / 1e9, unit="GB/s"),
        Figure(name="product in bfloat16", value=bounds.flop_per_s / 1e12, unit="TFLOP/s"),
    ]
    decodes, prompt = (TINY_DECODES, TINY_PROMPT) if tiny else (DECODES, PROMPT)
    for name, config in {"tiny": TINY}.items() if tiny else SHAPES.items():
        began = time.perf_counter()
        positions = max(prompt, *(context for _, context in decodes)) + BLOCK_SIZE
        model = GpuDecoder(config, Weights(), card, max_positions=positions)
        loaded = f"{model.size_bytes / 1e9:.1f} GB loaded in {time.perf_counter() - began:.1f} s"
        for batch, context in decodes:
            blocks = batch * -(-(context + 1) // BLOCK_SIZE)
            cache = model.new_cache(blocks=blocks, block_size=BLOCK_SIZE)
            rate = batch / decode_seconds(model, cache, batch, context, 2 if tiny else STEPS)
            bound = decode_bound(config, bounds, batch, context)
            what = f"decode {batch}@{context}"
            found.append(
                Figure(name=f"{name} {what}", value=rate, unit="tok/s", peer="bound",
                       peer_value=bound, note=loaded)
            )  # fmt: skip
            if name == "Qwen3-8B":
                found.append(
                    Figure(name=f"{name} {what}", value=rate, unit="tok/s",
                           peer="goal on an H200", peer_value=GOALS[what])
                )  # fmt: skip
            cache.park()
            loaded = ""
        cache = model.new_cache(blocks=-(-prompt // BLOCK_SIZE), block_size=BLOCK_SIZE)
        taken = prompt_seconds(model, cache, prompt, 1 if tiny else 9)
        rate = prompt_flop(config, prompt) / taken / 1e12
        for peer, value in (
            ("product", bounds.flop_per_s / 1e12),
            *((("goal on an H200", PROMPT_GOAL_TFLOPS),) if name == "Qwen3-8B" else ()),
        ):
            found.append(
                Figure(name=f"{name} prompt of {prompt}", value=rate, unit="TFLOP/s", peer=peer,
                       peer_value=value, note=f"{prompt / taken:.0f} tok/s")
            )  # fmt: skip
        found.append(switch_figure(model, card, name))
        model.arena.close()
    return found


def switch_figure(model: GpuDecoder, card: Card, name: str) -> Figure:
    """How long weights take to come back from pinned host memory, beside one plain copy."""
    arena = model.arena
    arena.park()
    began = time.perf_counter()
    arena.restore()
    taken = time.perf_counter() - began
    size = min(model.size_bytes, 1 << 30)
    with card.computing():
        host = torch.empty(size, dtype=torch.uint8, pin_memory=card.is_cuda)
        target = torch.empty(size, dtype=torch.uint8, device=card.device)
        copies = [_seconds(card, lambda: target.copy_(host, non_blocking=True)) for _ in range(4)]
    arena.park()
    return Figure(
        name=f"{name} weights back on the card", value=taken, unit="s", peer="bytes by one copy",
        peer_value=model.size_bytes * min(copies) / size, less_is_better=True,
    )  # fmt: skip


def peer_figures(ours: list[Figure]) -> list[Figure]:
    """transformers' continuous batching on the same shape, where it is installed."""
    if find_spec("transformers") is None:
        print("transformers is not installed: its continuous batching was not measured.")
        return []
    script = Path(__file__).with_name("ml_gpu_peer.py")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, check=False, text=True
    )
    if done.returncode:
        print(f"transformers could not be measured: {done.stderr.strip().splitlines()[-1]}")
        return []
    theirs: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    values = {figure.name: figure.value for figure in ours}
    return [
        Figure(
            name=f"Qwen3-8B {what}", value=values[f"Qwen3-8B {what}"], unit="tok/s",
            peer=f"transformers (goal {PEER_TIMES} times it)", peer_value=value,
        )
        for what, value in theirs.items()
    ]  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a small model by the interpreter")
    asked = parser.parse_args()
    chosen = find_card("interpreter" if asked.tiny else "cuda")
    print(f"card: {chosen.name}, {chosen.processors} processors")
    try:
        measured = figures(chosen, tiny=asked.tiny)
    except OutOfMemory as error:
        sys.exit(error.message)
    main_of("ml_gpu", measured if asked.tiny else [*measured, *peer_figures(measured)])
