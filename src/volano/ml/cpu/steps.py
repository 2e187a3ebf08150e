"""A model's step as a program of kernels, and running it.

It is written once for a number of tokens and a cache's geometry, and then only the arrays of the
step change: a step of 28 layers is one call from Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from volano.ml.cpu import program
from volano.ml.cpu.attention import ITEM_FIELDS
from volano.ml.cpu.buffers import Buffers
from volano.ml.cpu.kernels import pool
from volano.ml.cpu.program import Program
from volano.ml.cpu.writer import Writer

if TYPE_CHECKING:
    from volano.ml.cpu.adapters import LayerAdapters
    from volano.ml.cpu.cache import CpuCache
    from volano.ml.cpu.kernels import Kernels
    from volano.ml.cpu.layers import CpuWeights
    from volano.ml.layers.arrays import Floats
    from volano.ml.models.batch import Batch
    from volano.ml.models.decoder import DecoderConfig


class StepProgram:
    """The step of one model for up to `tokens` tokens and `rows` rows of logits."""

    def __init__(
        self,
        config: DecoderConfig,
        weights: CpuWeights,
        adapters: LayerAdapters,
        cache: CpuCache,
        kernels: Kernels,
        *,
        tokens: int,
        rows: int,
    ) -> None:
        self.tokens, self.rows = tokens, rows
        self._config, self._tile = config, kernels.target.tile
        self._geometry = cache.geometry
        self._buffers = Buffers(config, weights, tokens=tokens, rows=rows)
        self._items = np.zeros((tokens, ITEM_FIELDS), dtype=np.int64)
        self._step = np.zeros(program.STEP_SLOTS, dtype=np.int64)
        self._step[program.ITEM_TABLE] = self._items.ctypes.data
        writer = Writer(config, weights, adapters, kernels, self._buffers, cache.geometry)
        body, head = writer.body(), writer.head()
        self._body = Program(body, self._step)
        self._whole = Program([*body, *head], self._step)

    def fits(self, batch: Batch, cache: CpuCache) -> bool:
        """Whether this program can run the batch."""
        small = len(batch.token_ids) <= self.tokens and len(batch.logit_rows) <= self.rows
        return small and cache.geometry == self._geometry

    def use(self, cache: CpuCache) -> None:
        """Work on this cache from now on."""
        self._step[program.CACHE] = cache.data.ctypes.data

    def logits(self, batch: Batch) -> Floats:
        """Logits (rows, vocab), overwritten by the next step."""
        self._run(self._whole, batch)
        return self._buffers.logits.values[: len(batch.logit_rows), : self._config.vocab_size]

    def hidden(self, batch: Batch) -> Floats:
        """Normalised hidden states (rows, hidden), overwritten by the next step."""
        self._run(self._body, batch)
        return self._buffers.final.values[: len(batch.logit_rows), : self._config.hidden_size]

    def _run(self, which: Program, batch: Batch) -> None:
        step, tokens = self._step, len(batch.token_ids)
        step[program.TOKENS] = tokens
        step[program.LOGITS] = len(batch.logit_rows)
        step[program.EXPERT_ROWS] = tokens * self._config.experts_per_token
        step[program.ITEMS] = self._write_items(batch) * self._config.kv_heads
        given = {
            program.TOKEN_IDS: batch.token_ids,
            program.POSITIONS: batch.positions,
            program.SLOTS: batch.slots,
            program.LOGIT_ROWS: batch.logit_rows,
        }
        step[program.ADAPTERS] = 0
        if batch.adapters is not None:
            given[program.ADAPTERS] = batch.adapters
        held = {slot: np.ascontiguousarray(each, dtype=np.int64) for slot, each in given.items()}
        for slot, array in held.items():
            step[slot] = array.ctypes.data
        pool().run(which)

    def _write_items(self, batch: Batch) -> int:
        """Cut sequences into rows that attention works on together; returns how many pieces."""
        group = self._config.heads // self._config.kv_heads
        size = max(1, self._tile // group)
        count = 0
        for sequence in batch.sequences:
            first = sequence.context - sequence.count
            table = sequence.block_table
            assert table.dtype == np.int64
            assert table.flags.c_contiguous
            starts = np.arange(0, sequence.count, size)
            part = self._items[count : count + len(starts)]
            part[:, 0] = sequence.start + starts
            part[:, 1] = np.minimum(size, sequence.count - starts)
            part[:, 2] = first + starts
            part[:, 3] = table.ctypes.data
            count += len(starts)
        return count
