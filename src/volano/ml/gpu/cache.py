"""Keys and values on the card, and blocks of them kept in pinned host memory.

Copies go on the compute stream: a block leaves before the next step writes to its place and is back
before the next step reads it, and nobody waits for either.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

import numpy as np
import torch

from volano.ml.cpu.memory import huge_bytes

if TYPE_CHECKING:
    from volano.ml.gpu.device import Card
    from volano.ml.layers.arrays import Bytes
    from volano.ml.models.decoder import DecoderConfig

# Host memory is pinned in stretches of about this size, since pinning takes a while.
SLAB_BYTES = 64 * 1024 * 1024


class GpuCache:
    """Blocks of [layers][keys, values][block_size][kv heads][head_dim], each in one stretch."""

    def __init__(
        self,
        config: DecoderConfig,
        card: Card,
        dtype: torch.dtype,
        *,
        blocks: int,
        block_size: int,
    ) -> None:
        """Raises OutOfMemory when the card has no room for it."""
        self.config, self.block_size = config, block_size
        self.layer_values = 2 * block_size * config.kv_size
        self.block_values = config.layers * self.layer_values
        self.block_bytes = self.block_values * int(dtype.itemsize)
        self._card = card
        with card.computing():
            self._values = torch.zeros(blocks, self.block_values, dtype=dtype, device=card.device)
        self._size_bytes = blocks * self.block_bytes
        self._kept = _Slabs(card, self.block_bytes)

    @property
    def size_bytes(self) -> int:
        """Memory of the card once it is used."""
        return self._size_bytes

    @property
    def memory(self) -> GpuCache:
        """The cache itself, which can be given back as a whole."""
        return self

    @property
    def values(self) -> torch.Tensor:
        """All blocks (blocks, values of one); the memory is taken again when it was given back."""
        storage = self._values.untyped_storage()
        if storage.nbytes() < self._size_bytes:
            storage.resize_(self._size_bytes)
            self._values.zero_()
        return self._values

    def park(self) -> None:
        """Give the card's memory back; the content is forgotten."""
        self._card.settle()
        self._values.untyped_storage().resize_(0)

    def copy_block(self, source: int, target: int) -> None:
        """Make `target` hold what `source` holds."""
        with self._card.computing():
            self.values[target].copy_(self.values[source])

    def read_block(self, block: int) -> memoryview:
        """The block's content in pinned memory, there once the compute stream is that far."""
        kept = self._kept.take()
        with self._card.computing():
            self._as_values(kept).copy_(self.values[block], non_blocking=True)
        return kept.data

    def write_block(self, block: int, content: memoryview | bytes) -> None:
        """Put back what `read_block` gave."""
        with self._card.computing():
            found = np.frombuffer(content, dtype=np.uint8)
            self.values[block].copy_(self._as_values(found), non_blocking=True)

    def _as_values(self, memory: Bytes) -> torch.Tensor:
        return torch.from_numpy(memory).view(self._values.dtype)


class _Slabs:
    """Places for blocks in pinned host memory; a place is free when nobody has it any more."""

    def __init__(self, card: Card, block_bytes: int) -> None:
        self._card, self._block_bytes = card, block_bytes
        self._free: list[Bytes] = []
        self._held: list[Bytes] = []
        weakref.finalize(self, _unpin, card, self._held)

    def take(self) -> Bytes:
        """A place of one block."""
        if not self._free:
            self._add()
        place = self._free.pop()
        lent = place.view()
        # The last copy out of the place may be under way, but what comes next comes after it.
        weakref.finalize(lent, self._free.append, place)
        return lent

    def _add(self) -> None:
        count = max(1, SLAB_BYTES // self._block_bytes)
        slab = huge_bytes(count * self._block_bytes)
        self._card.pin(slab)
        self._held.append(slab)
        self._free += list(slab.reshape(count, self._block_bytes))


def _unpin(card: Card, slabs: list[Bytes]) -> None:
    with card.moving():
        for slab in slabs:
            card.unpin(slab)
