"""What a step is told: one array of whole numbers, sent to the card in one copy.

Token ids may name tokens that the host has not seen yet: -1 - row is what the step before chose for
its row, and is put in on the card. Rows of padding have slot -1 and a tile of no rows each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from volano.ml.gpu.plan import splits_of, tile_rows

if TYPE_CHECKING:
    import torch

    from volano.ml.models.batch import Batch

Numbers = npt.NDArray[np.int32]
ITEM_FIELDS = 4  # as `kernels.attention` reads them


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long each part of a step's array is, how it is tiled and cut."""

    tokens: int
    items: int
    rows: int
    blocks: int
    tile_rows: int
    splits: int

    @property
    def numbers(self) -> int:
        """Length of the whole array."""
        return 3 * self.tokens + ITEM_FIELDS * self.items + self.rows + self.blocks

    def with_blocks(self, blocks: int) -> Sizes:
        """The same with fewer blocks, which come last."""
        assert blocks <= self.blocks
        return replace(self, blocks=blocks)


@dataclass(frozen=True, slots=True)
class StepInputs:
    """The parts of a step's array on the card."""

    sizes: Sizes
    token_ids: torch.Tensor
    positions: torch.Tensor
    slots: torch.Tensor
    items: torch.Tensor
    logit_rows: torch.Tensor
    tables: torch.Tensor

    @classmethod
    def of(cls, sizes: Sizes, numbers: torch.Tensor) -> StepInputs:
        """Views of an array of `sizes.numbers` int32 or more."""
        lengths = (sizes.tokens,) * 3 + (ITEM_FIELDS * sizes.items, sizes.rows, sizes.blocks)
        ids, positions, slots, items, rows, tables = numbers[: sizes.numbers].split(lengths)
        return cls(sizes, ids, positions, slots, items.view(-1, ITEM_FIELDS), rows, tables)


def is_decoding(batch: Batch) -> bool:
    """Whether every sequence has one token and wants its logits."""
    return len(batch.sequences) == len(batch.token_ids) == len(batch.logit_rows)


def sizes_of(batch: Batch, *, group: int, kv_heads: int, processors: int) -> Sizes:
    """The sizes of a step that is run as it is, without padding."""
    decoding = is_decoding(batch)
    size = tile_rows(group, decoding=decoding)
    items = sum(-(-rows.count // size) for rows in batch.sequences)
    longest = max(len(rows.block_table) for rows in batch.sequences)
    return Sizes(
        tokens=len(batch.token_ids),
        items=items,
        rows=len(batch.logit_rows),
        blocks=sum(len(rows.block_table) for rows in batch.sequences),
        tile_rows=size,
        splits=splits_of(items, kv_heads, processors=processors, blocks=longest),
    )


def to_numbers(batch: Batch, sizes: Sizes) -> Numbers:
    """The step's array; what is longer than the batch is padding."""
    made = np.zeros(sizes.numbers, dtype=np.int32)
    tokens = sizes.tokens
    parts = np.split(
        made, np.cumsum([tokens, tokens, tokens, ITEM_FIELDS * sizes.items, sizes.rows])
    )
    count = len(batch.token_ids)
    parts[0][:count] = batch.token_ids
    parts[1][:count] = batch.positions
    parts[2][:count] = batch.slots
    parts[2][count:] = -1
    parts[4][: len(batch.logit_rows)] = batch.logit_rows
    items = parts[3].reshape(-1, ITEM_FIELDS)
    item = start = 0
    for rows in batch.sequences:
        end = start + len(rows.block_table)
        parts[5][start:end] = rows.block_table
        first = rows.context - rows.count
        for done in range(0, rows.count, sizes.tile_rows):
            size = min(sizes.tile_rows, rows.count - done)
            items[item] = rows.start + done, size, first + done, start
            item += 1
        start = end
    items[item:, 0] = np.arange(item, sizes.items)
    return made
