"""Runs a step's plan through the model: builds the batch, owns the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from volano.ml.models.batch import Batch, Rows

if TYPE_CHECKING:
    from volano.ml.engine.scheduler import Work
    from volano.ml.layers.arrays import Floats, Ints
    from volano.ml.models.batch import Decoder


class Runner:
    """One model with its cache of `blocks` blocks."""

    def __init__(self, model: Decoder, *, blocks: int, block_size: int) -> None:
        self._model = model
        self._block_size = block_size
        self.cache = model.new_cache(blocks=blocks, block_size=block_size)

    def run(self, plan: list[Work]) -> list[tuple[Work, Floats]]:
        """Compute the planned tokens; each work with its logits (logit_rows, vocab)."""
        # Rows of one adapter lie together, so that each adapter is one product.
        ordered = sorted(plan, key=lambda work: work.sequence.adapter_slot)
        logits = self._model.forward(self._batch(ordered), self.cache)
        results: list[tuple[Work, Floats]] = []
        row = 0
        for work in ordered:
            work.sequence.computed += work.count
            results.append((work, logits[row : row + work.logit_rows]))
            row += work.logit_rows
        return results

    def _batch(self, plan: list[Work]) -> Batch:
        token_ids: list[int] = []
        positions: list[int] = []
        slots: list[Ints] = []
        sequences: list[Rows] = []
        logit_rows: list[int] = []
        for work in plan:
            end = work.start + work.count
            last = end + len(work.drafts)
            table = np.array(work.sequence.block_table, dtype=np.int64)
            spots = np.arange(work.start, last, dtype=np.int64)
            slots.append(
                table[spots // self._block_size] * self._block_size + spots % self._block_size
            )
            rows = Rows(
                start=len(token_ids), count=last - work.start, context=last, block_table=table
            )
            sequences.append(rows)
            token_ids += work.sequence.tokens[work.start : end]
            token_ids += work.drafts
            positions += range(work.start, last)
            logit_rows += range(len(token_ids) - work.logit_rows, len(token_ids))
        return Batch(
            token_ids=np.array(token_ids, dtype=np.int64),
            positions=np.array(positions, dtype=np.int64),
            slots=np.concatenate(slots),
            sequences=tuple(sequences),
            logit_rows=np.array(logit_rows, dtype=np.int64),
            adapters=_adapters(plan),
        )


def _adapters(plan: list[Work]) -> Ints | None:
    """The adapter slot of each token (tokens,); None when no sequence has one."""
    if all(work.sequence.adapter_slot < 0 for work in plan):
        return None
    slots = [work.sequence.adapter_slot for work in plan]
    counts = [work.count + len(work.drafts) for work in plan]
    return np.repeat(np.array(slots, dtype=np.int64), counts)
