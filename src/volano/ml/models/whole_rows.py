"""Whole texts through a decoder at once: what embedding with a decoder needs.

Rows go through in steps of a bounded number of tokens, so that a long text takes no more memory
than a step; only each row's last token is looked at.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.models.batch import Batch, Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.ml.layers.arrays import Floats, Ints
    from volano.ml.models.batch import Decoder

STEP_TOKENS = 512
_BLOCK_SIZE = 16


class LastTokenEncoder:
    """A decoder as an encoder: the unit-length state of each row's last token."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder

    def embed(self, rows: Sequence[Sequence[int]]) -> Floats:
        """Vectors (rows, hidden) of token id rows; each row has a token at least."""
        states = _last_of_rows(self._decoder, rows)
        length = np.linalg.norm(states, axis=1, keepdims=True)
        unit: Floats = states / np.maximum(length, np.float32(1e-12))
        return unit


def _last_of_rows(decoder: Decoder, rows: Sequence[Sequence[int]]) -> Floats:
    """The hidden state of each row's last token."""
    sizes = [-(-len(row) // _BLOCK_SIZE) for row in rows]
    starts = np.cumsum([0, *sizes])
    tables = [np.arange(first, last) for first, last in pairwise(starts)]
    cache = decoder.new_cache(blocks=int(starts[-1]), block_size=_BLOCK_SIZE)
    found: list[Floats] = []
    for pieces in _steps([len(row) for row in rows]):
        batch = _batch(rows, tables, pieces)
        given = decoder.hidden(batch, cache)
        if len(batch.logit_rows):
            found.append(given.copy())
    return np.concatenate(found)


def _steps(lengths: list[int]) -> list[list[tuple[int, int, int]]]:
    """Pieces (row, first token, end) of all rows in order, grouped by step."""
    steps: list[list[tuple[int, int, int]]] = [[]]
    room = STEP_TOKENS
    for row, length in enumerate(lengths):
        done = 0
        while done < length:
            if not room:
                steps.append([])
                room = STEP_TOKENS
            count = min(room, length - done)
            steps[-1].append((row, done, done + count))
            done += count
            room -= count
    return steps


def _batch(
    rows: Sequence[Sequence[int]], tables: list[Ints], pieces: list[tuple[int, int, int]]
) -> Batch:
    token_ids: list[int] = []
    positions, slots, sequences, ends = [], [], [], []
    for row, first, end in pieces:
        spots = np.arange(first, end)
        table = tables[row]
        part = Rows(start=len(token_ids), count=end - first, context=end, block_table=table)
        sequences.append(part)
        positions.append(spots)
        slots.append(table[spots // _BLOCK_SIZE] * _BLOCK_SIZE + spots % _BLOCK_SIZE)
        token_ids += rows[row][first:end]
        if end == len(rows[row]):
            ends.append(len(token_ids) - 1)
    return Batch(
        token_ids=np.array(token_ids, dtype=np.int64),
        positions=np.concatenate(positions),
        slots=np.concatenate(slots),
        sequences=tuple(sequences),
        logit_rows=np.array(ends, dtype=np.int64),
    )
