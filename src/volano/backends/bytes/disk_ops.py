"""The seam through which this backend changes the disk.

Everything that must survive a power loss goes through one `DiskOps`, so that a test can record
the exact order of writes, syncs and renames and replay it with the un-synced ones dropped
(`tests/unit/backends/bytes/test_power_loss.py`). Reads do not pass here.
"""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# <linux/falloc.h>; Python has no binding for holes.
PUNCH_HOLE_KEEP_SIZE = 0x02 | 0x01

NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class DiskOps:
    """The operating system's calls, as they are. Every method raises OSError."""

    def create(self, path: Path) -> int:
        """A new file, open for reading and writing; FileExistsError when the name is taken."""
        return os.open(path, NEW_FILE, 0o600)

    def open(self, path: Path) -> int:
        """An existing file, open for reading and writing."""
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def write(self, fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        """Write all of `data` at `offset`."""
        written = os.pwrite(fd, data, offset)
        if written == len(data):
            return
        view = memoryview(data)
        while written < len(view):
            written += os.pwrite(fd, view[written:], offset + written)

    def sync(self, fd: int) -> None:
        """Make the file's bytes and size durable."""
        os.fdatasync(fd)

    def truncate(self, fd: int, size_bytes: int) -> None:
        os.ftruncate(fd, size_bytes)

    def punch(self, fd: int, offset: int, length: int) -> None:
        """Give the space of a range back to the file system; it reads as zeros from now on."""
        libc = ctypes.CDLL(None, use_errno=True)
        place, size = ctypes.c_int64(offset), ctypes.c_int64(length)
        if libc.fallocate64(fd, PUNCH_HOLE_KEEP_SIZE, place, size) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def close(self, fd: int) -> None:
        os.close(fd)

    def make_dir(self, path: Path) -> None:
        """Make a folder and its name durable; nothing happens when it is there."""
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            return
        self.sync_dir(path.parent)

    def rename(self, source: Path, target: Path) -> None:
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Remove a name; nothing happens when it is gone."""
        path.unlink(missing_ok=True)

    def sync_dir(self, path: Path) -> None:
        """Make the names in a folder durable."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
