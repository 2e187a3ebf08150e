"""What every index promises: the nearest of what is allowed and there now, whatever happened.

The same tests for bit codes alone, for codes with a graph, and for pgvector.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

from volano.backends.store.postgres import open_postgres
from volano.backends.vectors import pgvector, shelf
from volano.backends.vectors.local import LocalVectors
from volano.kernel.clock import ManualClock
from volano.kernel.log import StreamLog
from volano.kernel.vectors import VectorSet

WIDTH, SOURCES, EACH = 96, 10, 200


@dataclass
class Rows:
    """The rows of a service: stamps and vectors by source, and how often each was read."""

    name: str = "vs_1"
    stamps: dict[str, int] = field(default_factory=dict)
    vectors: dict[str, np.ndarray] = field(default_factory=dict)
    reads: Counter[str] = field(default_factory=Counter)

    def put(self, source: str, stamp: int, seed: int, count: int = EACH) -> None:
        make = np.random.default_rng(seed)
        centres = np.random.default_rng(1).standard_normal((20, WIDTH))
        made = centres[make.integers(0, 20, count)] + make.standard_normal((count, WIDTH))
        self.vectors[source] = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype("<f2")
        self.stamps[source] = stamp

    def drop(self, source: str) -> None:
        del self.stamps[source], self.vectors[source]

    @property
    def held(self) -> VectorSet:
        async def read(source: str) -> list[tuple[int, bytes]]:
            self.reads[source] += 1
            return [(at, row.tobytes()) for at, row in enumerate(self.vectors[source])]

        return VectorSet(account="1", name=self.name, sources=dict(self.stamps), read=read)

    def exact(self, asked: np.ndarray, allowed: set[str], limit: int) -> list[tuple[str, int]]:
        found = [
            (float(row.astype(np.float32) @ asked), (source, at))
            for source in allowed & set(self.stamps)
            for at, row in enumerate(self.vectors[source])
        ]
        return [place for _, place in sorted(found, reverse=True)[:limit]]


@pytest.fixture
def rows() -> Rows:
    made = Rows()
    for number in range(SOURCES):
        made.put(f"s{number}", stamp=1, seed=number)
    return made


def local(tmp_path, *, graph_from: int, log=None) -> LocalVectors:
    return LocalVectors(tmp_path, log or StreamLog(ManualClock()), graph_from=graph_from)


@pytest.fixture(params=["codes", "graph", "pgvector"])
async def index(request, tmp_path, monkeypatch):
    """An index to test; `settle` waits for what it does later."""
    if request.param == "pgvector":
        url = await request.getfixturevalue("vector_postgres").create_database_async()
        store = await open_postgres(url, ManualClock(), [], lambda: None)
        assert await pgvector.set_up(store) == ""
        yield SimpleNamespace(vectors=pgvector.PostgresVectors(store), settle=_nothing)
        await store.close()
        return
    monkeypatch.setattr(shelf, "GRAPH_STEP_ROWS", 700)
    made = local(tmp_path, graph_from=1000 if request.param == "graph" else 10**9)
    yield SimpleNamespace(vectors=made, settle=made.built)
    await made.close()


async def _nothing() -> None:
    """There is nothing to wait for."""


async def recall(index, rows: Rows, allowed: set[str], *, queries: int = 20) -> float:
    """The share of the exact ten nearest that are found; nothing but what is allowed may be."""
    make = np.random.default_rng(99)
    hits = wanted = 0
    for _ in range(queries):
        source = sorted(rows.stamps)[int(make.integers(len(rows.stamps)))]
        near = rows.vectors[source][int(make.integers(len(rows.vectors[source])))]
        asked = near.astype(np.float32) + 0.02 * make.standard_normal(WIDTH).astype(np.float32)
        asked /= np.linalg.norm(asked)
        (found,) = await index.vectors.nearest(rows.held, [asked.tolist()], frozenset(allowed), 10)
        cosines = [cosine for _, cosine in found]
        assert cosines == sorted(cosines, reverse=True)
        assert {place[0] for place, _ in found} <= allowed
        exact = rows.exact(asked, allowed, 10)
        assert len(found) == len(exact)
        hits += len({place for place, _ in found} & set(exact))
        wanted += len(exact)
    return hits / max(1, wanted)


async def test_nearly_all_of_the_nearest_are_found_before_and_after_it_settled(index, rows):
    everything = set(rows.stamps)
    assert await recall(index, rows, everything) >= 0.95
    await index.settle()
    assert await recall(index, rows, everything) >= 0.95
    assert set(rows.reads.values()) == {1}


async def test_only_allowed_sources_are_ranked_and_none_of_them_is_lost(index, rows):
    await recall(index, rows, set(rows.stamps), queries=1)
    await index.settle()
    for allowed in ({"s3"}, {"s1", "s2", "s4"}, set(rows.stamps) - {"s5"}):
        assert await recall(index, rows, allowed) >= 0.95
    assert await index.vectors.nearest(rows.held, [[1.0] * WIDTH], frozenset(), 10) == [[]]


async def test_all_that_is_near_may_be_forbidden(index, rows):
    """A filter that follows meaning: the graph finds nothing allowed near the question."""
    asked = rows.vectors["s0"][0].astype(np.float32)
    rows.vectors["s1"] = np.repeat(-rows.vectors["s0"][:1], EACH, axis=0)
    for number in range(2, SOURCES):
        rows.vectors[f"s{number}"] = np.repeat(rows.vectors["s0"][:1], EACH, axis=0)
    everything = frozenset(rows.stamps)
    await index.vectors.nearest(rows.held, [asked.tolist()], everything, 10)
    await index.settle()
    (found,) = await index.vectors.nearest(rows.held, [asked.tolist()], frozenset({"s1"}), 10)
    assert len(found) == 10
    assert {place[0] for place, _ in found} == {"s1"}


async def test_what_is_removed_is_gone_and_what_is_new_is_there_at_once(index, rows):
    await recall(index, rows, set(rows.stamps), queries=1)
    await index.settle()
    rows.drop("s7")
    rows.put("new", stamp=1, seed=77)
    rows.put("s2", stamp=2, seed=222)  # taken out and put in again, with another text
    everything = set(rows.stamps) | {"s7"}
    assert await recall(index, rows, set(rows.stamps)) >= 0.95
    (found,) = await index.vectors.nearest(
        rows.held, [rows.vectors["s2"][5].astype(float).tolist()], frozenset(everything), 10
    )
    assert found[0][0] == ("s2", 5)
    assert rows.reads["s2"] == 2
    assert rows.reads["s0"] == 1


async def test_removing_most_of_a_set_leaves_the_rest_findable(index, rows, monkeypatch):
    monkeypatch.setattr(shelf, "MIN_GONE_ROWS", 100)
    await recall(index, rows, set(rows.stamps), queries=1)
    await index.settle()
    for number in range(8):
        rows.drop(f"s{number}")
    assert await recall(index, rows, set(rows.stamps)) == 1.0
    await index.settle()
    assert await recall(index, rows, set(rows.stamps)) == 1.0


async def test_sets_do_not_see_each_other_and_a_forgotten_one_is_read_again(index, rows):
    other = Rows(name="vs_2")
    other.put("s0", stamp=1, seed=500)
    assert await recall(index, rows, set(rows.stamps), queries=3) >= 0.95
    assert await recall(index, other, {"s0"}) == 1.0
    await index.vectors.forget("1", "vs_2")
    assert await recall(index, other, {"s0"}) == 1.0
    assert other.reads["s0"] == 2
    assert rows.reads["s0"] == 1


async def test_an_empty_set_and_a_question_of_another_width_find_nothing(index, rows):
    nothing = Rows(name="empty")
    assert await index.vectors.nearest(nothing.held, [[0.5] * WIDTH], frozenset({"x"}), 5) == [[]]
    everything = frozenset(rows.stamps)
    assert await index.vectors.nearest(rows.held, [[0.5] * 8], everything, 5) == [[]]
