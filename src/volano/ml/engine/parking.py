"""A model's weights out of memory and back: packed in a file that the system keeps in its cache.

What is parked costs no memory of ours: its pages go back to the system, and come back from a file
of the packed weights. While memory is plenty that file is in the system's page cache and coming
back is a copy from memory to memory; under pressure the system drops it and it is read from disk.
The file has no name, so it ends with this process. Addresses stay: nothing that points into the
arena needs to know.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from volano.ml.errors import OutOfMemory

if TYPE_CHECKING:
    from pathlib import Path

    from volano.ml.layers.arrays import Bytes

PIECE_BYTES = 16 * 1024 * 1024
_libc = ctypes.CDLL(None, use_errno=True)


class ParkedWeights:
    """One arena's way out and back; one caller at a time, on a thread that may wait."""

    def __init__(self, arena: Bytes, folder: Path) -> None:
        """`folder` holds the file while it is open; any disk with room for the weights will do."""
        self._arena = arena
        self._folder = folder
        self._file: int | None = None

    def park(self) -> None:
        """Write the weights out once, and give their memory back; raises OutOfMemory."""
        if self._file is None:
            self._file = self._write()
        drop_pages(self._arena)

    def restore(self) -> None:
        """Fill the arena again, on as many threads as there are processors."""
        assert self._file is not None, "what comes back was parked before"
        view = self._arena.data
        starts = range(0, len(view), PIECE_BYTES)
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
            for _ in threads.map(lambda start: self._read(view, start), starts):
                pass

    def close(self) -> None:
        """Forget the file; may be repeated."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self) -> int:
        view = self._arena.data
        descriptor = -1
        try:
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".weights-")
            os.unlink(name)  # the file lives as long as its descriptor
            for start in range(0, len(view), PIECE_BYTES):
                _write_all(descriptor, view[start : start + PIECE_BYTES], start)
        except OSError as error:
            if descriptor >= 0:
                os.close(descriptor)
            raise OutOfMemory(
                f"There is no room on disk to park {len(view) / 1e9:.1f} GB of weights: "
                f"{error.strerror}."
            ) from error
        return descriptor

    def _read(self, view: memoryview, start: int) -> None:
        assert self._file is not None
        end = min(start + PIECE_BYTES, len(view))
        while start < end:
            count = os.preadv(self._file, [view[start:end]], start)
            assert count > 0, "the file is as long as the arena"
            start += count


def drop_pages(memory: Bytes) -> None:
    """Give whole pages of private memory back to the system: they read as zeros from then on."""
    first = -memory.ctypes.data % mmap.PAGESIZE
    size = (memory.nbytes - first) // mmap.PAGESIZE * mmap.PAGESIZE
    if size <= 0:
        return
    address = ctypes.c_void_p(memory.ctypes.data + first)
    if _libc.madvise(address, ctypes.c_size_t(size), mmap.MADV_DONTNEED):
        raise OSError(ctypes.get_errno(), "madvise refused")


def _write_all(descriptor: int, view: memoryview, start: int) -> None:
    while view:
        count = os.pwrite(descriptor, view, start)
        view, start = view[count:], start + count
