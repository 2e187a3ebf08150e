from __future__ import annotations

from volano.ml.engine.blocks import BlockPool


def test_a_table_grows_to_hold_its_tokens_and_gives_all_back():
    pool = BlockPool(blocks=4, block_size=16)
    table: list[int] = []
    assert pool.grow(table, 17)
    assert len(table) == 2
    assert pool.grow(table, 32)
    assert len(table) == 2
    pool.release(table)
    assert (pool.free, table) == (4, [])


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
