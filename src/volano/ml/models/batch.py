"""What a decoder's forward pass takes: one step's tokens of many sequences, laid end to end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.ml.layers.arrays import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One sequence's share of a batch: rows `start` to `start + count` of the flat tokens.

    `context` counts its tokens once these rows are in the cache; `block_table` is (blocks,).
    """

    start: int
    count: int
    context: int
    block_table: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """`token_ids`, `positions` and `slots` are (tokens,); `logit_rows` picks rows for the head.

    A slot is `block * block_size + offset`: where the token's key and value are kept.
    """

    token_ids: Ints
    positions: Ints
    slots: Ints
    sequences: tuple[Rows, ...]
    logit_rows: Ints
