"""Keys and values of decoders on the CPU: bfloat16 blocks, each with all layers, in huge pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from volano.ml.cpu.attention import SPAN
from volano.ml.cpu.memory import huge_bytes

if TYPE_CHECKING:
    from volano.ml.layers.arrays import Bytes
    from volano.ml.models.decoder import DecoderConfig

_WHOLE_DIMS = 32


def padded_dims(head_dim: int) -> int:
    """Dimensions of a head as kernels hold them."""
    return -(-head_dim // _WHOLE_DIMS) * _WHOLE_DIMS


class Geometry(NamedTuple):
    """Sizes of a cache: tokens of a block, bytes of a block and of one layer's keys in it."""

    block_size: int
    block_bytes: int
    part_bytes: int


class CpuCache:
    """Blocks of [layers][keys, values][kv heads][block_size][dims], ordered as `attention` says."""

    def __init__(self, config: DecoderConfig, *, blocks: int, block_size: int) -> None:
        assert block_size % (SPAN // 2) == 0, "a block holds whole groups of 16 positions"
        part_bytes = config.kv_heads * block_size * padded_dims(config.head_dim) * 2
        self.block_bytes = config.layers * 2 * part_bytes
        self.geometry = Geometry(block_size, self.block_bytes, part_bytes)
        self.data = huge_bytes(blocks * self.block_bytes)

    @property
    def size_bytes(self) -> int:
        """Memory once every block is written."""
        return self.data.nbytes

    @property
    def memory(self) -> Bytes:
        """All of it."""
        return self.data

    def copy_block(self, source: int, target: int) -> None:
        """Make `target` hold what `source` holds."""
        self.data[self._span(target)] = self.data[self._span(source)]

    def read_block(self, block: int) -> bytes:
        """The block's content, to be written back later."""
        return self.data[self._span(block)].tobytes()

    def write_block(self, block: int, content: bytes | memoryview) -> None:
        """Put back what `read_block` gave."""
        self.data.data[self._span(block)] = content

    def _span(self, block: int) -> slice:
        return slice(block * self.block_bytes, (block + 1) * self.block_bytes)
