"""`python -m volano.ml`: the engine on its own, on a model's folder, without the rest of Volano."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.engine.generator import Generator
from volano.ml.engine.prepare import prepare
from volano.ml.engine.protocol import Generate, ModelRef
from volano.ml.errors import EngineError
from volano.ml.load import load_decoder, quantise
from volano.ml.models.batch import Batch, Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.ml.models.batch import Decoder

_FORMS = ("f32", "bf16", "int8", "int4")
_DEVICES = ("auto", "cpu", "cuda", "interpreter")
_BLOCK_SIZE = 16
_CONTEXT = 128
_STEPS = 16


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 1 with a message where it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m volano.ml", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, about in (
        ("generate", "continue a prompt, or answer a message"),
        ("quantise", "keep the weights packed beside the model, for quick loads"),
        ("bench", "measure decoding and reading on this machine"),
    ):
        command = commands.add_parser(name, help=about)
        command.add_argument("folder", type=Path, help="a model's folder")
        command.add_argument("--form", choices=_FORMS, help="how weights are held")
        if name != "quantise":
            command.add_argument("--device", choices=_DEVICES, default="auto")
        if name == "generate":
            command.add_argument("text")
            command.add_argument("--chat", action="store_true", help="as a user's message")
            command.add_argument("--tokens", type=int, default=128, help="at most so many")
            command.add_argument("--temperature", type=float, default=0.0)
    asked = parser.parse_args(arguments)
    try:
        _COMMANDS[asked.command](asked)
    except EngineError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


def _generate(asked: argparse.Namespace) -> None:
    generator = Generator(asked.folder, form=asked.form, device=asked.device)
    message: dict[str, object] = {"role": "user", "content": asked.text}
    request = Generate(
        id="1",
        model=ModelRef(name=asked.folder.name, source=str(asked.folder), task="generate"),
        messages=[message] if asked.chat else None,
        prompt=None if asked.chat else asked.text,
        max_tokens=asked.tokens,
        temperature=asked.temperature,
    )
    (sequence,) = prepare(generator, request)
    generator.engine.add(sequence)
    while generator.engine.has_work:
        for output in generator.engine.step():
            sys.stdout.write(output.text)
            sys.stdout.flush()
    sys.stdout.write("\n")


def _quantise(asked: argparse.Namespace) -> None:
    path = quantise(asked.folder, asked.form or "int8")
    sys.stdout.write(f"{path} ({path.stat().st_size / 1e9:.2f} GB)\n")


def _bench(asked: argparse.Namespace) -> None:
    began = time.perf_counter()
    decoder = load_decoder(asked.folder, context_tokens=1024, form=asked.form, device=asked.device)
    loaded_s = time.perf_counter() - began
    sys.stdout.write(f"loaded in {loaded_s:.1f} s, {decoder.size_bytes / 1e9:.2f} GB\n")
    for name, counts, context in (
        ("decode, batch 1", [1], _CONTEXT),
        ("decode, batch 8", [1] * 8, _CONTEXT),
        ("prompt of 512", [512], 0),
    ):
        rate = _rate(decoder, _batch(counts, context, decoder.config.vocab_size))
        sys.stdout.write(f"{name}: {rate:.1f} tokens/s\n")


def _rate(decoder: Decoder, batch: Batch) -> float:
    """Tokens a second by the wall clock, the median step's."""
    blocks = 1 + max(int(rows.block_table[-1]) for rows in batch.sequences)
    cache = decoder.new_cache(blocks=blocks, block_size=_BLOCK_SIZE)
    steps = _STEPS if len(batch.token_ids) < _CONTEXT else 2
    taken = []
    for _ in range(1 + steps):
        began = time.perf_counter()
        decoder.forward(batch, cache)
        taken.append(time.perf_counter() - began)
    return len(batch.token_ids) / statistics.median(taken[1:])


def _batch(counts: list[int], context: int, vocab_size: int) -> Batch:
    sequences, positions, slots = [], [], []
    start = block = 0
    for count in counts:
        table = np.arange(block, block + -(-(context + count) // _BLOCK_SIZE))
        block += len(table)
        spots = np.arange(context, context + count)
        sequences.append(Rows(start=start, count=count, context=context + count, block_table=table))
        positions.append(spots)
        slots.append(table[spots // _BLOCK_SIZE] * _BLOCK_SIZE + spots % _BLOCK_SIZE)
        start += count
    return Batch(
        token_ids=np.arange(start) % vocab_size,
        positions=np.concatenate(positions),
        slots=np.concatenate(slots),
        sequences=tuple(sequences),
        logit_rows=np.cumsum(counts) - 1,
    )


_COMMANDS = {"generate": _generate, "quantise": _quantise, "bench": _bench}

if __name__ == "__main__":
    sys.exit(main())
