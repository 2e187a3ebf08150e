"""The cache's blocks: which are free, which sequences hold, and whose content may be used again.

A block is held by one sequence or shared by several. A full block can be published under a hash of
all tokens up to its end, so a later prompt that begins alike shares it instead of computing it
again. A block that nobody holds keeps its published content until its place is needed, least
recently used first; the content then moves to host memory as far as the limit there allows.

Invariant: every block is unused, idle (published, not held) or held, and never two of these.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.ml.models.batch import Cache

HASH_BYTES = 16


class BlockPool:
    """A fixed number of blocks of `block_size` tokens; `host_blocks` bounds those kept beside."""

    def __init__(
        self,
        *,
        blocks: int,
        block_size: int,
        cache: Cache | None = None,
        host_blocks: int = 0,
    ) -> None:
        self.block_size = block_size
        self.total = blocks
        self._cache = cache
        self._host_blocks = host_blocks if cache is not None else 0
        self._unused = list(range(blocks - 1, -1, -1))
        self._idle: OrderedDict[int, None] = OrderedDict()  # least recently used first
        self._holders = [0] * blocks
        self._hash_of: dict[int, bytes] = {}
        self._block_of: dict[bytes, int] = {}
        self._host: OrderedDict[bytes, bytes | memoryview] = (
            OrderedDict()
        )  # least recently used first

    @property
    def free(self) -> int:
        """How many blocks nobody holds."""
        return len(self._unused) + len(self._idle)

    @property
    def host_used(self) -> int:
        """How many blocks' contents are kept in host memory."""
        return len(self._host)

    def blocks_for(self, tokens: int) -> int:
        """How many blocks hold this many tokens."""
        return -(-tokens // self.block_size)

    def grow(self, table: list[int], tokens: int) -> bool:
        """Extend a block table to hold `tokens`; False, and no change, when too few are free."""
        missing = self.blocks_for(tokens) - len(table)
        if missing > self.free:
            return False
        table.extend(self._take() for _ in range(missing))
        return True

    def release(self, table: list[int]) -> None:
        """Give up all blocks of a table and empty it; may be repeated."""
        # The end of a prompt is the first to be forgotten: its beginning is shared by more.
        for block in reversed(table):
            self._holders[block] -= 1
            assert self._holders[block] >= 0, "a block was released twice"
            if not self._holders[block]:
                if block in self._hash_of:
                    self._idle[block] = None
                else:
                    self._unused.append(block)
        table.clear()

    def find(self, hashes: Sequence[bytes]) -> tuple[int, int]:
        """How many leading hashes have content here, and how many of those blocks are held."""
        found = held = 0
        for digest in hashes:
            block = self._block_of.get(digest)
            if block is None and digest not in self._host:
                break
            found += 1
            held += block is not None and self._holders[block] > 0
        return found, held

    def share(self, table: list[int], hashes: Sequence[bytes]) -> None:
        """Append the blocks of the leading hashes that have content; may end early when full."""
        for digest in hashes:
            block = self._block_of.get(digest)
            if block is not None:
                self._idle.pop(block, None)
                self._holders[block] += 1
            elif digest in self._host and self.free:
                block = self._restore(digest)
            else:
                return
            table.append(block)

    def publish(self, block: int, digest: bytes) -> None:
        """Let others share a held block whose content is complete; the first copy is kept."""
        if digest not in self._block_of and block not in self._hash_of:
            self._block_of[digest] = block
            self._hash_of[block] = digest
            self._host.pop(digest, None)

    def forget_all(self) -> None:
        """Drop what is kept for later: the content is no longer true."""
        self._host.clear()
        self._block_of.clear()
        self._hash_of.clear()
        self._unused.extend(self._idle)
        self._idle.clear()

    def require_idle(self) -> None:
        """Assert that no sequence holds a block."""
        assert self.free == self.total, "blocks are held though no sequence is there"
        assert not any(self._holders), "a free block counts holders"

    def _take(self) -> int:
        if self._unused:
            block = self._unused.pop()
        else:
            block, _ = self._idle.popitem(last=False)
            self._evict(block)
        self._holders[block] = 1
        return block

    def _evict(self, block: int) -> None:
        digest = self._hash_of.pop(block)
        del self._block_of[digest]
        if self._host_blocks and self._cache is not None:
            self._host[digest] = self._cache.read_block(block)
            if len(self._host) > self._host_blocks:
                self._host.popitem(last=False)

    def _restore(self, digest: bytes) -> int:
        assert self._cache is not None
        # Out of the host tier before a place is made: making it may put another block there.
        kept = self._host.pop(digest)
        block = self._take()
        self._cache.write_block(block, kept)
        self._block_of[digest] = block
        self._hash_of[block] = digest
        return block


def root_hash(*parts: str) -> bytes:
    """Where a chain of block hashes begins: only sequences with equal parts share blocks."""
    text = "\0".join(f"{len(part)}:{part}" for part in parts)
    return blake2b(text.encode(), digest_size=HASH_BYTES).digest()


def chain_hash(parent: bytes, tokens: Sequence[int]) -> bytes:
    """The hash of a block's tokens and of everything before them."""
    return blake2b(parent + array("q", tokens).tobytes(), digest_size=HASH_BYTES).digest()
