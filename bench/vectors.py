"""The embedded vector index beside an exact scan in NumPy: recall and time, in one run.

Run: `python bench/vectors.py [--rows N] [--queries N]`. Vectors of 384 numbers lie around centres,
as texts do around topics; each query is near one of them. The exact scan reads whole 32-bit vectors
from memory, the index 1-bit codes from memory and a few hundred 16-bit vectors from a mapped file.
Threads are limited to one, so milliseconds are CPU time of one core.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402 - it reads the limits when it is loaded
from machine import Figure  # noqa: E402

from volano.services.studio.logic.vector_index import VectorIndex, index_of  # noqa: E402

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
    path = folder / "vectors"
    vectors.astype("<f2").tofile(path)
    whole = np.memmap(path, dtype="<f2", mode="r", shape=vectors.shape)
    return index_of([(f"f{at % FILES}", at) for at in range(len(vectors))], whole)


def figures(folder: Path, *, rows: int = 100_000, queries: int = 50) -> list[Figure]:
    """Recall of the nearest ten and CPU milliseconds a query, of all files and of one."""
    vectors, asked = made_vectors(rows, queries)
    index = mapped_index(vectors, folder)
    everything = frozenset(f"f{at}" for at in range(FILES))
    exact: list[set[int]] = []
    began = time.process_time()
    for query in asked:
        scores = vectors @ query
        exact.append(set(np.argpartition(-scores, NEAREST)[:NEAREST].tolist()))
    exact_ms = (time.process_time() - began) * 1000 / queries
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=50)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="volano-bench-") as folder:
        for figure in figures(Path(folder), rows=asked.rows, queries=asked.queries):
            beside = f"{figure.peer} {figure.peer_value:.3f}, ratio {figure.ratio or 0:.2f}"
            print(f"{figure.name:28} {figure.value:8.3f} {figure.unit:7} {beside}  {figure.note}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
