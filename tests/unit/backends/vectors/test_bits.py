"""The 1-bit index finds what an exact search finds, among what is allowed."""

from __future__ import annotations

import numpy as np
import pytest

from volano.backends.vectors.bits import index_of

VECTORS, WIDTH, QUERIES = 20_000, 384, 40


@pytest.fixture(scope="module")
def clustered():
    """Vectors around 500 centres, as texts are around topics; queries near one of them each."""
    make = np.random.default_rng(7)
    centres = make.standard_normal((500, WIDTH))
    rows = centres[make.integers(0, 500, VECTORS)] + 0.6 * make.standard_normal((VECTORS, WIDTH))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("<f2")
    asked = rows[:QUERIES].astype(np.float32) + 0.05 * make.standard_normal((QUERIES, WIDTH))
    return rows, (asked / np.linalg.norm(asked, axis=1, keepdims=True)).astype(np.float32)


def test_one_bit_per_number_finds_nearly_all_of_the_nearest_ten(clustered):
    rows, asked = clustered
    places = [(f"s{at % 10}", at) for at in range(VECTORS)]
    index = index_of(places, rows)
    everything = frozenset(f"s{n}" for n in range(10))
    found = hits = 0
    for query in asked:
        exact = np.argsort(-(rows.astype(np.float32) @ query))[:10]
        mine = index.nearest(query.tolist(), everything, 10)
        cosines = [cosine for _, cosine in mine]
        assert cosines == sorted(cosines, reverse=True)
        hits += len({place[1] for place, _ in mine} & set(exact.tolist()))
        found += 10
    assert hits / found >= 0.95


def test_only_allowed_sources_are_looked_at(clustered):
    rows, asked = clustered
    places = [(f"s{at % 10}", at) for at in range(VECTORS)]
    index = index_of(places, rows)
    found = index.nearest(asked[0].tolist(), frozenset({"s3"}), 50)
    assert {place[0] for place, _ in found} == {"s3"}
    assert index.nearest(asked[0].tolist(), frozenset(), 50) == []


def test_a_source_with_one_of_100000_chunks_is_found_alone():
    make = np.random.default_rng(3)
    rows = make.standard_normal((100_000, 64)).astype("<f2")
    places = [(f"s{at % 10_000}", at) for at in range(len(rows) - 1)] + [("rare", 0)]
    index = index_of(places, rows)
    far = (-rows[-1]).astype(np.float32)
    assert [place for place, _ in index.nearest(far.tolist(), frozenset({"rare"}), 10)] == [
        ("rare", 0)
    ]


def test_widths_that_fill_no_word_are_packed():
    rows = np.random.default_rng(5).standard_normal((900, 100)).astype("<f2")
    index = index_of([("s", at) for at in range(len(rows))], rows)
    (place, _), *_ = index.nearest(rows[7].astype(np.float32).tolist(), frozenset({"s"}), 3)
    assert place == ("s", 7)
