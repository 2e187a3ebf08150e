"""The files of one vector set: rows appended, a list that says which of them count, a graph.

`whole.N`, `bits.N` and `ordinals.N` grow at their ends only; `list.json` names how many of their
rows count and which source each run of rows is of, and is replaced in one step after the rows are
on disk. A kill at any moment leaves the list as it was and perhaps bytes behind the rows that it
counts, which the next append writes over. Whatever does not fit together is dropped: everything
here can be made again from the rows of the service. `N` counts anew whenever rows that are gone
were most of the files. Every method may block and is for threads; a lock makes them one by one.
"""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from volano.backends.vectors.bits import VectorIndex, pack_rows, words_of
from volano.backends.vectors.graph import GraphFile, MappedGraph, build_graph, open_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from volano.kernel.log import Log

MAX_ROWS = 4_000_000
"""Of one set; what is beyond them is not found by meaning."""
MIN_GONE_ROWS = 10_000
"""Fewer rows that are gone are not worth writing the files anew."""
GRAPH_STEP_ROWS = 50_000
"""Of a graph in the making, until it is saved and serves."""
GRAPH_LAG = 0.1
"""Of the rows of a graph: so many newer ones are compared by their bits before it grows again."""
COPY_ROWS = 50_000
FORMAT = 1
_LIST = "list.json"
_FILES = ("whole", "bits", "ordinals")

Source = tuple[str, int, "Sequence[tuple[int, bytes]]"]
"""Name, stamp, and vectors by ordinal."""


class Run(msgspec.Struct, frozen=True, array_like=True):
    """The rows of a source: `count` from `first` on."""

    name: str
    stamp: int
    first: int
    count: int


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What of the files counts. `width` 0 means that nothing was written yet."""

    format: int = FORMAT
    number: int = 1
    width: int = 0
    rows: int = 0
    runs: tuple[Run, ...] = ()
    graph: GraphFile | None = None


class Shelf:
    """One set's index in its folder, as it was left."""

    def __init__(self, folder: Path, log: Log) -> None:
        self._folder = folder
        self._log = log
        self._lock = threading.RLock()
        self._is_removed = False
        self._contents = self._read()
        self._index: VectorIndex | None = None
        self._index = self._open()

    @property
    def sources(self) -> dict[str, int]:
        """The stamp of each source that is held."""
        return {run.name: run.stamp for run in self._contents.runs}

    @property
    def index(self) -> VectorIndex | None:
        """What is searched now; it stays as it is while others take its place."""
        return self._index

    def change(self, gone: Collection[str], fresh: Sequence[Source]) -> None:
        """Forget sources and put others in, durably."""
        with self._lock:
            now = self._contents
            kept = tuple(run for run in now.runs if run.name not in gone)
            held = sum(run.count for run in kept)
            if now.rows - held > max(MIN_GONE_ROWS, held):
                self._write_anew(kept)
            else:
                self._put(msgspec.structs.replace(now, runs=kept))
            if fresh:
                self._append(fresh)
            self._index = self._open()

    def grow(self, at_least: int, is_stopping: Callable[[], bool]) -> None:
        """Bring the graph up to the rows, when there are at least so many; takes minutes.

        What is built is saved and serves step by step; searches go on meanwhile.
        """

        def is_over() -> bool:
            return self._is_removed or is_stopping()

        while not is_over():
            with self._lock:
                now, index = self._contents, self._index
            done = now.graph.rows if now.graph else 0
            if index is None or now.rows < at_least or now.rows - done <= done * GRAPH_LAG:
                return
            made = build_graph(
                self._folder,
                now.graph,
                index.bits,
                index.owner,
                step_rows=GRAPH_STEP_ROWS,
                is_stopping=is_over,
            )
            if made is None:
                return
            with self._lock:
                if self._is_removed or self._contents.number != now.number:
                    made.remove(self._folder)
                    continue
                self._put(msgspec.structs.replace(self._contents, graph=made))
                self._index = self._open()
            if now.graph is not None:
                now.graph.remove(self._folder)

    def remove(self) -> None:
        """Delete everything; the shelf is not used again."""
        with self._lock:
            self._is_removed = True
            shutil.rmtree(self._folder, ignore_errors=True)
            self._contents, self._index = Contents(), None

    def _append(self, fresh: Sequence[Source]) -> None:
        now = self._contents
        width = now.width or next((len(v) // 2 for _, _, rows in fresh for _, v in rows), 0)
        runs, at = list(now.runs), now.rows
        vectors: list[bytes] = []
        ordinals: list[int] = []
        for name, stamp, rows in fresh:
            # Vectors of another model's width cannot be compared; they are found by their words.
            same = [(ordinal, v) for ordinal, v in rows if len(v) == width * 2]
            same = same[: MAX_ROWS - at]
            runs.append(Run(name, stamp, at, len(same)))
            at += len(same)
            ordinals += [ordinal for ordinal, _ in same]
            vectors += [v for _, v in same]
        if vectors:
            whole = np.frombuffer(b"".join(vectors), "<f2").reshape(len(vectors), width)
            self._write("whole", now, whole, width * 2)
            self._write("bits", now, pack_rows(whole), words_of(width) * 8)
            self._write("ordinals", now, np.array(ordinals, "<i4"), 4)
        self._put(msgspec.structs.replace(now, width=width, rows=at, runs=tuple(runs)))

    def _write(self, kind: str, now: Contents, data: Any, row_bytes: int) -> None:
        descriptor = os.open(self._path(kind, now.number), os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.truncate(now.rows * row_bytes)
            file.seek(now.rows * row_bytes)
            file.write(np.ascontiguousarray(data).data)
            file.flush()
            os.fsync(file.fileno())

    def _write_anew(self, kept: tuple[Run, ...]) -> None:
        """Copy the rows that are left to files of the next number, and drop the old ones."""
        old, index = self._contents, self._index
        self._contents = Contents(number=old.number + 1, width=old.width)
        runs: list[Run] = []
        at = 0
        for run in kept:
            runs.append(Run(run.name, run.stamp, at, run.count))
            at += run.count
        if index is not None and at:
            rows = np.concatenate([np.arange(r.first, r.first + r.count) for r in kept])
            for start in range(0, len(rows), COPY_ROWS):
                chosen = rows[start : start + COPY_ROWS]
                here = msgspec.structs.replace(self._contents, rows=start)
                self._write("whole", here, index.whole[chosen], old.width * 2)
                self._write("bits", here, index.bits[chosen], words_of(old.width) * 8)
                self._write("ordinals", here, index.ordinals[chosen], 4)
        self._put(msgspec.structs.replace(self._contents, rows=at, runs=tuple(runs)))
        for kind in _FILES:
            self._path(kind, old.number).unlink(missing_ok=True)
        if old.graph is not None:
            old.graph.remove(self._folder)

    def _put(self, contents: Contents) -> None:
        """Make this the list: the rows it counts are on disk already."""
        scratch = self._folder / f".{_LIST}"
        with scratch.open("wb") as file:
            file.write(msgspec.json.encode(contents))
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(self._folder / _LIST)
        _sync_folder(self._folder)
        self._contents = contents

    def _read(self) -> Contents:
        """The list as it was left, or an empty one; strays of a kill are removed."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            found = msgspec.json.decode((self._folder / _LIST).read_bytes(), type=Contents)
        except (FileNotFoundError, msgspec.DecodeError):
            found = Contents()
        if found.format != FORMAT or not all(self._fits(kind, found) for kind in _FILES):
            self._log.warning("vector index made again", folder=self._folder.name)
            found = Contents(number=found.number + 1)
        wanted = {f"{kind}.{found.number}" for kind in _FILES} | {_LIST}
        if found.graph is not None:
            wanted.add(found.graph.file)
        for path in self._folder.iterdir():
            if path.name not in wanted:
                path.unlink()
        return found

    def _fits(self, kind: str, contents: Contents) -> bool:
        if not contents.rows:
            return True
        path = self._path(kind, contents.number)
        row_bytes = {"whole": contents.width * 2, "bits": words_of(contents.width) * 8}
        wanted = contents.rows * row_bytes.get(kind, 4)
        return path.is_file() and path.stat().st_size >= wanted

    def _open(self) -> VectorIndex | None:
        now = self._contents
        if not any(run.count for run in now.runs):
            return None
        owner = np.full(now.rows, -1, np.int32)
        for number, run in enumerate(now.runs):
            owner[run.first : run.first + run.count] = number
        words = words_of(now.width)
        return VectorIndex(
            sources=[run.name for run in now.runs],
            counts=np.array([run.count for run in now.runs]),
            owner=owner,
            ordinals=self._map("ordinals", "<i4", (now.rows,)),
            bits=self._map("bits", "<u8", (now.rows, words)),
            whole=self._map("whole", "<f2", (now.rows, now.width)),
            graph=self._graph(),
        )

    def _graph(self) -> MappedGraph | None:
        """The graph of the list, kept open from the index before where it is the same."""
        now = self._contents.graph
        if now is None:
            return None
        before = self._index.graph if self._index else None
        if isinstance(before, MappedGraph) and before.file == now:
            return before
        found = open_graph(self._folder, now)
        if found is None:
            self._log.warning("graph of vectors made again", folder=self._folder.name)
            self._contents = msgspec.structs.replace(self._contents, graph=None)
        return found

    def _map(self, kind: str, form: str, shape: tuple[int, ...]) -> Any:
        return np.memmap(self._path(kind, self._contents.number), form, mode="r", shape=shape)

    def _path(self, kind: str, number: int) -> Path:
        return self._folder / f"{kind}.{number}"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
