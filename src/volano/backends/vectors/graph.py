"""A graph over bit codes (usearch, HNSW by Hamming distance), in a file that is mapped to search.

A graph in the making is a copy of its own in memory that nobody searches; each save is a new file
under a new name, so that what is being searched never changes.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NEIGHBOURS = 16
BUILD_WIDTH = 64
"""Candidates looked at for each new node."""
ADD_ROWS = 1000
"""Between two looks at whether to stop: a fraction of a second."""


class GraphFile(msgspec.Struct, frozen=True, kw_only=True):
    """A saved graph of the first `rows` rows."""

    file: str
    rows: int
    size_bytes: int

    def remove(self, folder: Path) -> None:
        """Delete it; maps of it stay good."""
        (folder / self.file).unlink(missing_ok=True)


class MappedGraph:
    """A graph that is searched; its file may be deleted meanwhile."""

    def __init__(self, index: Any, file: GraphFile) -> None:
        self._index = index
        # Searches of one usearch index share its scratch memory.
        self._lock = threading.Lock()
        self.file = file
        self.rows = file.rows

    def near(self, code: Any, count: int) -> Any:
        """See `Graph`."""
        with self._lock:
            found = self._index.search(code.view(np.uint8), count, threads=1)
        return found.keys.astype(np.int64)


def has_usearch() -> bool:
    """Whether graphs can be built here."""
    return importlib.util.find_spec("usearch") is not None


def open_graph(folder: Path, file: GraphFile) -> MappedGraph | None:
    """A saved graph, or None when it cannot be read (or not without the package)."""
    if not has_usearch():
        return None
    path = folder / file.file
    if not path.is_file() or path.stat().st_size != file.size_bytes:
        return None
    index = _restore(path, view=True)
    return None if index is None else MappedGraph(index, file)


def build_graph(
    folder: Path,
    before: GraphFile | None,
    bits: Any,
    owner: Any,
    *,
    step_rows: int,
    is_stopping: Callable[[], bool],
) -> GraphFile | None:
    """Add the next `step_rows` rows of `bits` to a graph and save it; None when told to stop.

    Rows without an owner are left out: they are gone.
    """
    first = before.rows if before else 0
    index = None if before is None else _restore(folder / before.file, view=False)
    if index is None:
        index, first = _new_index(bits.shape[1] * 64), 0
    last = min(first + step_rows, len(bits))
    for at in range(first, last, ADD_ROWS):
        if is_stopping():
            return None
        end = min(at + ADD_ROWS, last)
        rows = at + np.flatnonzero(owner[at:end] >= 0)
        if len(rows):
            codes = np.ascontiguousarray(bits[rows]).view(np.uint8)
            index.add(rows.astype(np.uint64), codes, threads=1)
    name = f"graph.{last}.{os.urandom(4).hex()}"
    return GraphFile(file=name, rows=last, size_bytes=_save(index, folder / name))


def _new_index(bits: int) -> Any:
    from usearch.index import Index  # noqa: PLC0415 - in the `vectors` extra

    return Index(
        ndim=bits,
        metric="hamming",
        dtype="b1",
        connectivity=NEIGHBOURS,
        expansion_add=BUILD_WIDTH,
    )


def _restore(path: Path, *, view: bool) -> Any:
    """The index of a file, mapped or read into memory; None when it is none."""
    from usearch.index import Index  # noqa: PLC0415 - in the `vectors` extra

    try:
        return Index.restore(path, view=view)
    except (OSError, RuntimeError, ValueError):  # what usearch says of a damaged file
        return None


def _save(index: Any, path: Path) -> int:
    """Write an index durably; its bytes. Nobody knows its name before this returns."""
    try:
        index.save(path)
    except RuntimeError as error:  # what usearch says of a full disk
        raise OSError(str(error)) from error
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return path.stat().st_size
