"""The cache's blocks: which are free and which a sequence holds.

Invariant: every block is either free or in exactly one sequence's block table.
"""

from __future__ import annotations


class BlockPool:
    """A fixed number of blocks of `block_size` tokens."""

    def __init__(self, *, blocks: int, block_size: int) -> None:
        self.block_size = block_size
        self.total = blocks
        self._free = list(range(blocks - 1, -1, -1))

    @property
    def free(self) -> int:
        """How many blocks nobody holds."""
        return len(self._free)

    def grow(self, table: list[int], tokens: int) -> bool:
        """Extend a block table to hold `tokens`; False, and no change, when too few are free."""
        missing = self.blocks_for(tokens) - len(table)
        if missing > len(self._free):
            return False
        table.extend(self._free.pop() for _ in range(missing))
        return True

    def release(self, table: list[int]) -> None:
        """Take all blocks of a table back and empty it; may be repeated."""
        self._free.extend(reversed(table))
        table.clear()
        assert len(self._free) <= self.total

    def blocks_for(self, tokens: int) -> int:
        """How many blocks hold this many tokens."""
        return -(-tokens // self.block_size)
