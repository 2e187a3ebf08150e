"""A disk that remembers what it was told, and what would be left of it when the power went.

`RecordingOps` notes every change in order. `left_after` rebuilds a folder as it could look when
the power went behind the first `cut` changes, by the weakest promises of POSIX: the bytes of a
file are there when it was synced after them, a name when its folder was synced after it; anything
else may or may not be there, each write torn at any sector.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from volano.backends.bytes.disk_ops import DiskOps

SECTOR = 512


class Change(NamedTuple):
    kind: str
    path: Path | None = None
    other: Path | None = None
    file: int = 0
    offset: int = 0
    data: bytes = b""
    note: object = None


class RecordingOps(DiskOps):
    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._files: dict[Path, int] = {}
        self._fds: dict[int, int] = {}
        self._lock = threading.RLock()

    def note(self, kind: str, note: object) -> None:
        """Put a mark of the test's own among the changes."""
        with self._lock:
            self.changes.append(Change(kind, note=note))

    def create(self, path: Path) -> int:
        with self._lock:
            fd = super().create(path)
            self._files[path] = self._fds[fd] = len(self.changes)
            self.changes.append(Change("link", path=path, file=self._fds[fd]))
            return fd

    def open(self, path: Path) -> int:
        with self._lock:
            fd = super().open(path)
            self._fds[fd] = self._files[path]
            return fd

    def write(self, fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        with self._lock:
            super().write(fd, data, offset)
            change = Change("write", file=self._fds[fd], offset=offset, data=bytes(data))
            self.changes.append(change)

    def sync(self, fd: int) -> None:
        super().sync(fd)
        with self._lock:
            self.changes.append(Change("sync", file=self._fds[fd]))

    def truncate(self, fd: int, size_bytes: int) -> None:
        with self._lock:
            super().truncate(fd, size_bytes)
            self.changes.append(Change("truncate", file=self._fds[fd], offset=size_bytes))

    def close(self, fd: int) -> None:
        with self._lock:
            del self._fds[fd]
            super().close(fd)

    def make_dir(self, path: Path) -> None:
        with self._lock:
            if not path.exists():
                self.changes.append(Change("mkdir", path=path))
            super().make_dir(path)

    def rename(self, source: Path, target: Path) -> None:
        with self._lock:
            super().rename(source, target)
            self._files[target] = self._files.pop(source)
            self.changes.append(Change("link", path=target, file=self._files[target]))
            self.changes.append(Change("unlink", path=source))

    def unlink(self, path: Path) -> None:
        with self._lock:
            super().unlink(path)
            if self._files.pop(path, None) is not None:
                self.changes.append(Change("unlink", path=path))

    def sync_dir(self, path: Path) -> None:
        super().sync_dir(path)
        with self._lock:
            self.changes.append(Change("sync_dir", path=path))


@dataclass
class _Platter:
    """Durable state, and the changes that are only in memory."""

    files: dict[int, bytearray] = field(default_factory=dict)
    names: dict[Path, int] = field(default_factory=dict)
    folders: set[Path] = field(default_factory=set)
    pending: list[Change] = field(default_factory=list)

    def take(self, change: Change) -> None:
        if change.kind == "sync":
            self._make_durable(lambda other: other.file == change.file and other.path is None)
        elif change.kind == "sync_dir":
            self._make_durable(lambda other: other.path and other.path.parent == change.path)
        elif change.kind in ("write", "truncate", "link", "unlink", "mkdir"):
            self.pending.append(change)

    def lose_power(self, choose: random.Random) -> None:
        """Of what is pending, any part in any combination."""
        share = choose.choice((0.0, 0.3, 0.7, 1.0))
        for change in self.pending:
            if choose.random() >= share:
                continue
            if change.kind == "write" and choose.random() < 0.3:
                first, last = sorted(choose.randrange(len(change.data) + 1) for _ in range(2))
                first -= (change.offset + first) % SECTOR
                first = max(first, 0)
                data = change.data[first:last]
                self._apply(change._replace(data=data, offset=change.offset + first))
            else:
                self._apply(change)

    def _make_durable(self, is_meant) -> None:  # type: ignore[no-untyped-def]  # a predicate
        kept = []
        for change in self.pending:
            if is_meant(change):
                self._apply(change)
            else:
                kept.append(change)
        self.pending = kept

    def _apply(self, change: Change) -> None:
        content = self.files.setdefault(change.file, bytearray())
        if change.kind == "write":
            if len(content) < change.offset:
                content.extend(bytes(change.offset - len(content)))
            content[change.offset : change.offset + len(change.data)] = change.data
        elif change.kind == "truncate":
            del content[change.offset :]
        elif change.path is not None and change.kind == "link":
            self.names[change.path] = change.file
        elif change.path is not None and change.kind == "unlink":
            self.names.pop(change.path, None)
        elif change.path is not None:
            self.folders.add(change.path)


def left_after(
    changes: list[Change], cut: int, root: Path, target: Path, choose: random.Random
) -> None:
    """Write into `target` what could be left of `root`."""
    platter = _Platter()
    for change in changes[:cut]:
        platter.take(change)
    platter.lose_power(choose)
    folders = {root}
    target.mkdir()
    for folder in sorted(platter.folders):
        if folder.parent in folders:
            folders.add(folder)
            (target / folder.relative_to(root)).mkdir()
    for path, number in platter.names.items():
        if path.parent in folders:
            content = platter.files.get(number, bytearray())
            (target / path.relative_to(root)).write_bytes(content)
