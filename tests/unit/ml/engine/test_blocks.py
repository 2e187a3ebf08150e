"""Blocks: none held twice, none lost, content found again in device and host memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volano.ml.engine.blocks import BlockPool, chain_hash, root_hash


class Contents:
    """A cache whose blocks hold one number each."""

    def __init__(self, blocks: int) -> None:
        self.held = [b""] * blocks
        self.size_bytes = 0

    def copy_block(self, source: int, target: int) -> None:
        self.held[target] = self.held[source]

    def read_block(self, block: int) -> bytes:
        return self.held[block]

    def write_block(self, block: int, content: bytes) -> None:
        self.held[block] = content


def hashes(count: int, root: str = "") -> list[bytes]:
    chain = [root_hash(root)]
    for number in range(count):
        chain.append(chain_hash(chain[-1], [number]))
    return chain[1:]


def test_a_table_grows_to_hold_its_tokens_and_gives_all_back():
    pool = BlockPool(blocks=4, block_size=16)
    table: list[int] = []
    assert pool.grow(table, 17)
    assert len(table) == 2
    assert pool.grow(table, 32)
    assert len(table) == 2
    pool.release(table)
    assert (pool.free, table) == (4, [])
    pool.require_idle()


def test_a_table_that_does_not_fit_changes_nothing():
    pool = BlockPool(blocks=2, block_size=16)
    table: list[int] = []
    assert not pool.grow(table, 33)
    assert (pool.free, table) == (2, [])


def test_no_block_is_held_twice():
    pool = BlockPool(blocks=6, block_size=1)
    first: list[int] = []
    second: list[int] = []
    assert pool.grow(first, 3)
    assert pool.grow(second, 3)
    assert len({*first, *second}) == 6


def test_a_published_block_is_shared_while_held_and_after():
    pool = BlockPool(blocks=4, block_size=1)
    wanted = hashes(2)
    first: list[int] = []
    second: list[int] = []
    assert pool.grow(first, 2)
    for block, digest in zip(first, wanted, strict=True):
        pool.publish(block, digest)
    pool.share(second, wanted)
    assert second == first
    assert pool.find(wanted) == (2, 2)
    pool.release(first)
    pool.release(second)
    assert pool.find(wanted) == (2, 0)
    pool.share(first, hashes(3))
    assert (len(first), pool.free) == (2, 2)


def test_the_end_of_a_prompt_is_forgotten_before_its_beginning():
    pool = BlockPool(blocks=3, block_size=1)
    wanted = hashes(3)
    table: list[int] = []
    assert pool.grow(table, 3)
    for block, digest in zip(table, wanted, strict=True):
        pool.publish(block, digest)
    pool.release(table)
    other: list[int] = []
    assert pool.grow(other, 1)
    assert pool.find(wanted) == (2, 0)


def test_evicted_content_returns_from_host_memory_up_to_its_limit():
    contents = Contents(2)
    pool = BlockPool(blocks=2, block_size=1, cache=contents, host_blocks=3)
    for number, digest in enumerate(hashes(5)):
        table: list[int] = []
        assert pool.grow(table, 1)
        contents.held[table[0]] = bytes([number])
        pool.publish(table[0], digest)
        pool.release(table)
    assert pool.host_used == 3
    for number, digest in enumerate(hashes(5)):
        table = []
        pool.share(table, [digest])
        if table:
            assert contents.held[table[0]] == bytes([number])
        pool.release(table)
    assert pool.host_used <= 3
    pool.require_idle()


def test_scopes_do_not_share():
    assert not set(hashes(2, "a")) & set(hashes(2, "b"))
    assert root_hash("a", "b") != root_hash("ab", "") != root_hash("", "ab")


def test_a_leak_is_noticed():
    pool = BlockPool(blocks=1, block_size=1)
    table: list[int] = []
    assert pool.grow(table, 1)
    with pytest.raises(AssertionError, match="no sequence"):
        pool.require_idle()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 6), st.booleans()), max_size=60))
def test_whatever_happens_every_block_is_accounted_for(steps):
    """Random prompts of four roots come and go; held content is always its own."""
    contents = Contents(8)
    pool = BlockPool(blocks=8, block_size=1, cache=contents, host_blocks=4)
    tables: list[tuple[list[int], list[bytes]]] = []
    for root, length, finishes in steps:
        wanted = hashes(length, str(root))
        table: list[int] = []
        pool.share(table, wanted)
        for block, digest in zip(table, wanted, strict=False):
            assert contents.held[block] == digest
        if not pool.grow(table, length):
            pool.release(table)
            continue
        for block, digest in zip(table, wanted, strict=True):
            contents.held[block] = digest
            pool.publish(block, digest)
        tables.append((table, wanted))
        if finishes:
            pool.release(tables.pop(0)[0])
        for held, expected in tables:
            assert [contents.held[block] for block in held] == expected
    for table, _ in tables:
        pool.release(table)
    pool.require_idle()
