"""The embedded vector index beside an exact scan in NumPy: recall and time, in one run.

Run: `python bench/vectors.py [--rows N] [--queries N] [--graph]`; with `--graph` a graph is built
over the bits as well (with usearch), and its building is measured. Vectors of 384 numbers lie
around centres, as texts do around topics; each query is near one of them. The exact scan reads
whole 32-bit vectors from memory, the index 1-bit codes from memory and a few hundred 16-bit vectors
from a mapped file.
Threads are limited to one, so milliseconds are CPU time of one core.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402 - it reads the limits when it is loaded
from machine import Figure  # noqa: E402

from volano.backends.vectors.bits import VectorIndex, index_of  # noqa: E402
from volano.backends.vectors.local import LocalVectors  # noqa: E402
from volano.kernel.clock import SystemClock  # noqa: E402
from volano.kernel.log import StreamLog  # noqa: E402
from volano.kernel.vectors import VectorSet  # noqa: E402

WIDTH, CENTRES, NEAREST = 384, 2000, 10
FILES = 1000


def made_vectors(rows: int, queries: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (rows, WIDTH) in 32 bits, and queries near some of them."""
    make = np.random.default_rng(11)
    centres = make.standard_normal((CENTRES, WIDTH), dtype=np.float32)
    vectors = centres[make.integers(0, CENTRES, rows)]
    vectors += 1.0 * make.standard_normal((rows, WIDTH), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    asked = vectors[make.integers(0, rows, queries)]
    asked = asked + 0.05 * make.standard_normal((queries, WIDTH), dtype=np.float32)
    return vectors, asked / np.linalg.norm(asked, axis=1, keepdims=True)


def mapped_index(vectors: np.ndarray, folder: Path) -> VectorIndex:
    path = folder / "whole"
    vectors.astype("<f2").tofile(path)
    whole = np.memmap(path, dtype="<f2", mode="r", shape=vectors.shape)
    return index_of([(f"f{at % FILES}", at) for at in range(len(vectors))], whole)


def exact_nearest(vectors: np.ndarray, asked: np.ndarray) -> tuple[list[set[int]], float]:
    """The nearest rows of each query by a scan of all, and CPU milliseconds a query."""
    exact: list[set[int]] = []
    began = time.process_time()
    for query in asked:
        scores = vectors @ query
        exact.append(set(np.argpartition(-scores, NEAREST)[:NEAREST].tolist()))
    return exact, (time.process_time() - began) * 1000 / len(asked)


def figures(folder: Path, *, rows: int = 100_000, queries: int = 50) -> list[Figure]:
    """Recall of the nearest ten and CPU milliseconds a query, of all files and of one."""
    vectors, asked = made_vectors(rows, queries)
    index = mapped_index(vectors, folder)
    everything = frozenset(f"f{at}" for at in range(FILES))
    exact, exact_ms = exact_nearest(vectors, asked)
    index.nearest(asked[0].tolist(), everything, NEAREST)
    began = time.process_time()
    mine = [index.nearest(query.tolist(), everything, NEAREST) for query in asked]
    index_ms = (time.process_time() - began) * 1000 / queries
    began = time.process_time()
    for query in asked:
        index.nearest(query.tolist(), frozenset({"f7"}), NEAREST)
    filtered_ms = (time.process_time() - began) * 1000 / queries
    hits = sum(
        len({ordinal for (_, ordinal), _ in found} & wanted)
        for found, wanted in zip(mine, exact, strict=True)
    )
    note = f"{rows:,} x {WIDTH}"
    hot_mb = index.bits.nbytes / 1e6
    return [
        Figure(name="recall@10", value=hits / (NEAREST * queries), unit="", peer="exact scan",
               peer_value=1.0, note=note),
        Figure(name="search", value=index_ms, unit="CPU ms", peer="exact scan",
               peer_value=exact_ms, less_is_better=True, note=f"{note}, {hot_mb:.1f} MB hot"),
        Figure(name="search in one of 1,000 files", value=filtered_ms, unit="CPU ms",
               peer="exact scan", peer_value=exact_ms, less_is_better=True, note=note),
    ]  # fmt: skip


async def graph_figures(folder: Path, *, rows: int, queries: int = 50) -> list[Figure]:
    """The same with a graph: of all files, of half of them, and what building it costs."""
    vectors, asked = made_vectors(rows, queries)
    exact, exact_ms = exact_nearest(vectors, asked)
    halves = vectors.astype("<f2")
    each = -(-rows // FILES)

    async def read(source: str) -> list[tuple[int, bytes]]:
        first = int(source[1:]) * each
        return [(at, row.tobytes()) for at, row in enumerate(halves[first : first + each], first)]

    names = [f"f{at}" for at in range(FILES)]
    held = VectorSet(account="1", name="vs", sources=dict.fromkeys(names, 1), read=read)
    index = LocalVectors(folder, StreamLog(SystemClock()), graph_from=rows // 2)
    began, began_cpu = time.monotonic(), time.process_time()
    await index.nearest(held, [asked[0].tolist()], frozenset(names), NEAREST)
    await index.built()
    built_s, built_cpu_s = time.monotonic() - began, time.process_time() - began_cpu
    note = f"{rows:,} x {WIDTH}, graph"
    made = [
        Figure(name="building", value=built_cpu_s, unit="CPU s", note=f"{note}, {built_s:.0f} s"),
    ]
    half = frozenset(names[: FILES // 2])
    inside = vectors[: each * (FILES // 2)]
    for name, allowed, wanted in (
        ("search", frozenset(names), exact),
        ("search in half of the files", half, exact_nearest(inside, asked)[0]),
    ):
        await index.nearest(held, [asked[0].tolist()], allowed, NEAREST)
        began_cpu = time.process_time()
        found = await index.nearest(held, asked.tolist(), allowed, NEAREST)
        each_ms = (time.process_time() - began_cpu) * 1000 / queries
        hits = sum(
            len({ordinal for (_, ordinal), _ in near} & best)
            for near, best in zip(found, wanted, strict=True)
        )
        recall = hits / (NEAREST * queries)
        made.append(
            Figure(name=name, value=each_ms, unit="CPU ms", peer="exact scan", peer_value=exact_ms,
                   less_is_better=True, note=f"{note}, recall@10 {recall:.3f}")
        )  # fmt: skip
    await index.close()
    return made


def show(made: list[Figure]) -> None:
    """One line a figure, with the load average of the time."""
    for figure in made:
        beside = f"{figure.peer} {figure.peer_value:.3f}, ratio {figure.ratio or 0:.2f}"
        print(
            f"{figure.name:28} {figure.value:8.3f} {figure.unit:7} {beside}  {figure.note}, "
            f"load {figure.load}",
            flush=True,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--graph", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="volano-bench-") as folder:
        show(figures(Path(folder), rows=asked.rows, queries=asked.queries))
        if asked.graph:
            show(asyncio.run(graph_figures(Path(folder), rows=asked.rows, queries=asked.queries)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
