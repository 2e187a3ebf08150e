"""Runs a step's plan through the model: builds the batch, owns the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from volano.ml.models.batch import Batch, Rows

if TYPE_CHECKING:
    from volano.ml.engine.sequence import Sequence
    from volano.ml.layers.arrays import Floats
    from volano.ml.models.batch import Decoder


class Runner:
    """One model with its cache of `blocks` blocks."""

    def __init__(self, model: Decoder, *, blocks: int, block_size: int) -> None:
        self._model = model
        self._block_size = block_size
        self._cache = model.new_cache(blocks=blocks, block_size=block_size)

    def run(self, plan: list[tuple[Sequence, int]]) -> list[tuple[Sequence, Floats | None]]:
        """Compute the planned tokens; logits (vocab,) for each sequence with none pending."""
        logits = self._model.forward(self._batch(plan), self._cache)
        results: list[tuple[Sequence, Floats | None]] = []
        row = 0
        for sequence, count in plan:
            sequence.computed += count
            if sequence.pending:
                results.append((sequence, None))
                continue
            results.append((sequence, logits[row]))
            row += 1
        return results

    def _batch(self, plan: list[tuple[Sequence, int]]) -> Batch:
        token_ids: list[int] = []
        positions: list[int] = []
        slots: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
        sequences: list[Rows] = []
        logit_rows: list[int] = []
        for sequence, count in plan:
            start, end = sequence.computed, sequence.computed + count
            table = np.array(sequence.block_table, dtype=np.int64)
            spots = np.arange(start, end, dtype=np.int64)
            slots.append(
                table[spots // self._block_size] * self._block_size + spots % self._block_size
            )
            rows = Rows(start=len(token_ids), count=count, context=end, block_table=table)
            sequences.append(rows)
            token_ids += sequence.tokens[start:end]
            positions += range(start, end)
            if end == len(sequence.tokens):
                logit_rows.append(len(token_ids) - 1)
        return Batch(
            token_ids=np.array(token_ids, dtype=np.int64),
            positions=np.array(positions, dtype=np.int64),
            slots=np.concatenate(slots),
            sequences=tuple(sequences),
            logit_rows=np.array(logit_rows, dtype=np.int64),
        )
