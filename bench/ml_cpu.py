"""The CPU device against this machine's own bounds: decoding, prompts, and other engines.

Run: `python bench/ml_cpu.py [--peer PYTHON]`, PYTHON being an interpreter that has torch and
transformers. The model has Qwen3-0.6B's shape with random weights. Everything is tokens for one
second of CPU of one thread, which other load on the machine cannot take away; but neighbours do
take memory bandwidth, so each figure stands beside a bound measured in the same minute: reading
huge pages (a token reads every weight once) or our own product with weights in the cache.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from machine import ROOT, Figure, main_of

sys.path.insert(0, str(ROOT / "src"))

from volano.ml.cpu import matmul, program
from volano.ml.cpu.arguments import pack_arguments
from volano.ml.cpu.decoder import CpuDecoder
from volano.ml.cpu.ir import VI32, Function
from volano.ml.cpu.kernels import kernels, pool
from volano.ml.cpu.machine import compile_functions, native_target
from volano.ml.cpu.memory import huge_bytes
from volano.ml.layers.rope import RotarySpec
from volano.ml.models.batch import Batch, Rows
from volano.ml.models.decoder import DecoderConfig, LayerConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.ml.cpu.cache import CpuCache
    from volano.ml.cpu.kernels import Format
    from volano.ml.layers.arrays import Floats

ROUNDS = 5
STEPS = 8
CONTEXT = 128
PROMPT = 512
BLOCK_SIZE = 16
BLOCKS_A_SEQUENCE = 40
PROBE_BYTES = 512 * 1024 * 1024
SHAPE = DecoderConfig(
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
BODY_FLOP = 0.881e9  # products of the layers, a token
HEAD_FLOP = 2.0 * SHAPE.vocab_size * SHAPE.hidden_size


class Weights:
    """The same few million random values over and over."""

    size_bytes = 0

    def __init__(self) -> None:
        values = np.random.default_rng(0).standard_normal(1 << 22).astype(np.float32) * 0.02
        self._values = ((values.view(np.uint32) + 0x8000) >> 16).astype(np.uint16)

    def names(self) -> set[str]:
        return {"model.embed_tokens.weight"}

    def stored(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        return np.resize(self._values, shape)

    def tensor(self, name: str, shape: tuple[int, ...]) -> Floats:
        return np.ones(shape, dtype=np.float32)


class MemoryProbe:
    """One thread reading huge pages from end to end."""

    def __init__(self) -> None:
        f = Function("read_all", ["ptr", "i64", "ptr"])
        source, size, out = f.arguments
        totals = [f.variable(VI32, 0) for _ in range(4)]
        with f.loop(0, size, 256) as offset:
            for index, total in enumerate(totals):
                place = f.at(source, offset + 64 * index)
                f.prefetch(f.at(place, matmul.PREFETCH_BYTES))
                total.set(total.value ^ f.load(place, VI32))
        result = totals[0].value
        for total in totals[1:]:
            result = result ^ total.value
        f.store(result, out)
        self._code = compile_functions([f], native_target())
        types = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)
        self._read = self._code.function("read_all", *types)
        self._data = huge_bytes(PROBE_BYTES)
        self._data[:] = 1
        self._out = np.zeros(16, dtype=np.int32)

    def bytes_per_s(self) -> float:
        """Bytes a second of CPU."""
        began = time.process_time()
        self._read(self._data.ctypes.data, PROBE_BYTES, self._out.ctypes.data)
        return PROBE_BYTES / (time.process_time() - began)


class ProductProbe:
    """512 tokens times a matrix that stays in the cache."""

    rows, inner = 1024, 1024

    def __init__(self, form: Format) -> None:
        width = self.inner * (2 if form == "bf16" else 1)
        size = matmul.block_bytes(form, self.inner)
        blocks = self.rows // matmul.BLOCK_ROWS
        groups = self.inner // matmul.GROUP
        self._held = [
            huge_bytes(size * blocks),
            huge_bytes(PROMPT * width),
            np.zeros((PROMPT, groups), dtype=np.float32),
            np.zeros((PROMPT, groups), dtype=np.int32),
            np.zeros((PROMPT, self.rows), dtype=np.float32),
        ]
        weights, x, scales, sums, out = (each.ctypes.data for each in self._held)
        self._arguments = pack_arguments(
            matmul.LINEAR_FIELDS, weights=weights, blocks=blocks,
            depth=matmul.depth_of(form, self.inner), block_bytes=size, blocks_per_chunk=blocks,
            x=x, x_stride=width, scales=scales, sums=sums, groups_stride=groups * 4,
            out=out, out_stride=self.rows * 4, bias=0, add=0, count_slot=program.TOKENS,
        )  # fmt: skip
        self._step = np.zeros(program.STEP_SLOTS, dtype=np.int64)
        self._step[program.TOKENS] = PROMPT
        types = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
        self._run = ctypes.CFUNCTYPE(None, *types)(kernels().product("linear", form))

    def flop_per_s(self) -> float:
        """Operations a second of CPU."""
        began = time.process_time()
        for _ in range(4):
            self._run(self._arguments.ctypes.data, self._step.ctypes.data, 0)
        return 4 * 2.0 * PROMPT * self.rows * self.inner / (time.process_time() - began)


def decode_batch(count: int, context: int) -> Batch:
    """One more token of each of `count` sequences."""
    return _batch([1] * count, context)


def _batch(counts: list[int], context: int) -> Batch:
    sequences, positions, slots = [], [], []
    start = 0
    for index, count in enumerate(counts):
        table = np.arange(BLOCKS_A_SEQUENCE) + index * BLOCKS_A_SEQUENCE
        spots = np.arange(context, context + count)
        sequences.append(Rows(start=start, count=count, context=context + count, block_table=table))
        positions.append(spots)
        slots.append(table[spots // BLOCK_SIZE] * BLOCK_SIZE + spots % BLOCK_SIZE)
        start += count
    ends = np.cumsum(counts) - 1
    return Batch(
        token_ids=np.arange(start) % 1000,
        positions=np.concatenate(positions),
        slots=np.concatenate(slots),
        sequences=tuple(sequences),
        logit_rows=ends,
    )


def tokens_per_s(model: CpuDecoder, cache: CpuCache, batch: Batch, steps: int) -> float:
    """Tokens a second of CPU, the median step's."""
    taken = []
    for _ in range(steps):
        began = time.process_time()
        model.forward(batch, cache)
        taken.append(time.process_time() - began)
    return len(batch.token_ids) / statistics.median(taken)


def measure(form: Format, memory: MemoryProbe, rounds: int) -> list[Figure]:
    """All figures of one weight format, each the median over rounds of it and of its bound."""
    began = time.monotonic()
    model = CpuDecoder(SHAPE, Weights(), max_positions=2048, form=form)
    packed_s = time.monotonic() - began
    cache = model.new_cache(blocks=8 * BLOCKS_A_SEQUENCE, block_size=BLOCK_SIZE)
    product = ProductProbe(form)
    pool().threads = 1
    weight_bytes = model.size_bytes
    bounds: list[tuple[str, Batch, int, Callable[[], float]]] = [
        (
            "decode, batch 1",
            decode_batch(1, CONTEXT),
            STEPS,
            lambda: memory.bytes_per_s() / weight_bytes,
        ),
        (
            "decode, batch 8",
            decode_batch(8, CONTEXT),
            STEPS,
            lambda: product.flop_per_s() / (BODY_FLOP + HEAD_FLOP),
        ),
        ("prompt of 512", _batch([PROMPT], 0), 1, lambda: product.flop_per_s() / BODY_FLOP),
    ]
    for _, batch, _, _ in bounds:
        model.forward(batch, cache)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name, *_ in bounds}
    for _ in range(rounds):
        for name, batch, steps, bound in bounds:
            before = bound()
            value = tokens_per_s(model, cache, batch, steps)
            found[name].append((value, (before + bound()) / 2))
    peers = {"decode, batch 1": "reading all weights once"}
    figures = []
    for name, pairs in found.items():
        # The round with the middle ratio: neighbours come and go between rounds.
        value, bound = sorted(pairs, key=lambda pair: pair[0] / pair[1])[len(pairs) // 2]
        peer = peers.get(name, "product in cache")
        figures.append(
            Figure(name=f"{form} {name}", value=value, unit="tok/s", peer=peer, peer_value=bound)
        )
    figures[0].note = f"{weight_bytes / 1e9:.2f} GB packed in {packed_s:.1f} s"
    return figures


def figures(folder: Path, *, rounds: int = ROUNDS, peer: str = "") -> list[Figure]:
    memory = MemoryProbe()
    found = [each for form in ("bf16", "int8", "int4") for each in measure(form, memory, rounds)]
    if peer:
        theirs = run_peer(peer, folder)
        ours = {figure.name: figure.value for figure in found}
        for name, value in theirs.items():
            unit = "GFLOP/s" if "GFLOP" in name else "tok/s"
            mine = ours.get(f"bf16 {name}", found[2].value * BODY_FLOP / 1e9)
            found.append(
                Figure(
                    name=f"bf16 {name}",
                    value=mine,
                    unit=unit,
                    peer="transformers",
                    peer_value=value,
                )
            )
    return found


def run_peer(python: str, folder: Path) -> dict[str, float]:
    """The same shape in transformers on one thread: tokens a second of CPU by name."""
    script = Path(__file__).with_name("ml_peer.py")
    done = subprocess.run(
        [python, str(script), str(folder)], capture_output=True, check=True, text=True
    )
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", default="", help="a Python that has torch and transformers")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    main_of("ml_cpu", figures(Path(), rounds=asked.rounds, peer=asked.peer))
