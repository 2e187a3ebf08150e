"""Runs a step's plan through the model: builds the batch, owns the cache.

Where the device chooses tokens itself, a step is begun here and read later: the step after it can
be begun meanwhile, its tokens being named by the rows that they will come from.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.errors import BadRequest
from volano.ml.models.batch import Batch, Rows, SamplingDecoder

if TYPE_CHECKING:
    from volano.ml.engine.scheduler import Work
    from volano.ml.layers.arrays import Floats, Ints
    from volano.ml.models.batch import Decoder, Draw, Launched


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a work: its token where the device chose it, else logits (rows, vocab)."""

    work: Work
    logits: Floats | None
    token: int | None = None


class Flight:
    """A step that was begun; `choose` once, then `results` once."""

    def __init__(self, works: list[Work], launched: Launched | Floats) -> None:
        self.works = works
        self._launched = launched
        self._drawn: set[int] = set()  # places of works whose token the device chooses

    @property
    def may_be_followed(self) -> bool:
        """Whether the next step can be begun before this one is read."""
        return all(
            not work.logit_rows or (place in self._drawn and work.sequence.runs_freely)
            for place, work in enumerate(self.works)
        )

    def choose(self, vocab: int) -> None:
        """Have the device choose the tokens it can; those of sequences then count as ahead."""
        if isinstance(self._launched, np.ndarray):
            return
        draws: list[Draw | None] = []
        for place, work in enumerate(self.works):
            draw = None
            if work.logit_rows == 1 and not work.drafts and work.sequence.fits_card:
                # A grammar that gave up says so when the host looks at the logits.
                with contextlib.suppress(BadRequest):
                    draw = work.sequence.draw(vocab)
            if draw is not None:
                work.sequence.ahead += 1
                work.sequence.row = len(draws)
                self._drawn.add(place)
            draws += [draw] * work.logit_rows
        if self._drawn:
            self._launched.choose(draws, vocab)

    def results(self) -> list[Result]:
        """Wait for the step; what came of each work."""
        tokens = self._launched.tokens() if self._drawn else ()  # type: ignore[union-attr] # drawn by a device
        found = []
        row = 0
        for place, work in enumerate(self.works):
            if place in self._drawn:
                work.sequence.ahead -= 1
                found.append(Result(work, None, int(tokens[row])))
            else:
                found.append(Result(work, self._logits(row, work.logit_rows)))
            row += work.logit_rows
        return found

    def _logits(self, row: int, count: int) -> Floats:
        if isinstance(self._launched, np.ndarray):
            return self._launched[row : row + count]
        return self._launched.logits(row, count)


class Runner:
    """One model with its cache of `blocks` blocks."""

    def __init__(self, model: Decoder, *, blocks: int, block_size: int) -> None:
        self._model = model
        self._block_size = block_size
        self.cache = model.new_cache(blocks=blocks, block_size=block_size)

    def launch(self, plan: list[Work]) -> Flight:
        """Begin the planned step; on the processor it is computed then. Raises OutOfMemory."""
        # Rows of one adapter lie together, so that each adapter is one product.
        ordered = sorted(plan, key=lambda work: work.sequence.adapter_slot)
        batch = self._batch(ordered)
        launched: Launched | Floats
        if isinstance(self._model, SamplingDecoder):
            launched = self._model.launch(batch, self.cache)
        else:
            launched = self._model.forward(batch, self.cache)
        for work in ordered:
            work.sequence.computed += work.count
        return Flight(ordered, launched)

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
            if end > len(work.sequence.tokens):
                token_ids.append(-1 - work.sequence.row)  # on its way
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
