"""How much at a time and how much memory: plain arithmetic that needs neither torch nor a card."""

from __future__ import annotations

from typing import NamedTuple

# Rows that a captured decode step may have; one more bucket costs a capture when it is first met.
BUCKETS = (1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512)
# Query rows times heads of one program that reads prompts, and programs wanted for a processor.
TILE_ROWS = 128
PROGRAMS_WANTED = 4
SPLITS_MAX = 64
# A step's own memory, the allocator's waste and the captured steps, beside weights and caches.
SPARE_BYTES = 3 * 1024**3
SPARE_SHARE = 0.06
# A model's cache takes this share of what is left, so that others find room after it.
CACHE_SHARE = 0.5


class Memory(NamedTuple):
    """Bytes free on the card and in all."""

    free: int
    total: int


def bucket_of(rows: int) -> int | None:
    """The least bucket that holds so many rows; None when none does."""
    return next((bucket for bucket in BUCKETS if bucket >= rows), None)


def tile_rows(group: int, *, decoding: bool) -> int:
    """Rows of one attention tile, with `group` query heads on each key head."""
    return 1 if decoding else max(1, TILE_ROWS // group)


def splits_of(tiles: int, kv_heads: int, *, processors: int, blocks: int) -> int:
    """Into how many pieces attention cuts a context of at most `blocks` blocks.

    As many as keep every processor busy, but none shorter than four blocks: a power of two, so that
    few kernels are compiled.
    """
    wanted = PROGRAMS_WANTED * processors // max(1, tiles * kv_heads)
    most = min(wanted, blocks // 4, SPLITS_MAX)
    return 1 << max(0, most.bit_length() - 1)


def spare_bytes(total: int) -> int:
    """What stays free of weights and caches on a card of `total` bytes."""
    return min(SPARE_BYTES, int(total * SPARE_SHARE))


def cache_bytes(memory: Memory, *, limit: int | None = None) -> int:
    """How much a model that is loaded may take for its cache; 0 when there is no room."""
    room = memory.free - spare_bytes(memory.total)
    wanted = int(room * CACHE_SHARE) if limit is None else min(limit, room)
    return max(0, wanted)
