"""The segment that a zone's log is appending to, and the zeros that lie ready behind its end.

To sync bytes that replace others is to write them. To sync an append is also to write where the
file ends now and which blocks it has: one wait for the disk behind the other. So a small write puts
zeros behind itself now and then, and the next ones replace them. Zeros are no record: whoever walks
a segment passes over them, and they are cut off when it is sealed. Big writes, which share their
sync among many blobs, would only write everything twice.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.backends.bytes.disk_ops import DiskOps

SMALL_WRITE_BYTES = 64 * 1024
LEAST_ZEROS_BYTES = 64 * 1024
MOST_ZEROS_BYTES = 1024 * 1024


class ActiveSegment:
    """Only the committer touches it."""

    __slots__ = ("_ready", "end", "fd", "number", "records")

    def __init__(self, fd: int, number: int, end: int, records: int) -> None:
        self._ready = end
        """Up to here the file has zeros, or what replaced them."""
        self.fd = fd
        self.number = number
        self.end = end
        """Of its records; the file may be longer."""
        self.records = records

    def append(self, ops: DiskOps, data: bytes, records: int) -> None:
        """Write records behind the end, durably. Raises OSError, and has moved nothing then."""
        end = self.end + len(data)
        ops.write(self.fd, data, self.end)
        if end > self._ready and len(data) <= SMALL_WRITE_BYTES:
            self._make_ready(ops, end)
        ops.sync(self.fd)
        if os.fstat(self.fd).st_nlink == 0:
            raise OSError(errno.ENOENT, "the segment was removed while it was written")
        self.end = end
        self.records += records

    def seal(self, ops: DiskOps) -> None:
        """Let go of it; raises nothing."""
        try:
            if self._ready > self.end:
                ops.truncate(self.fd, self.end)
        except OSError:
            # The zeros stay: they are no record.
            pass
        finally:
            ops.close(self.fd)

    def _make_ready(self, ops: DiskOps, end: int) -> None:
        """Put zeros behind `end`, as many as there are bytes before it, within limits."""
        count = min(max(end, LEAST_ZEROS_BYTES), MOST_ZEROS_BYTES)
        try:
            ops.write(self.fd, bytes(count), end)
        except OSError:
            # The disk is full: what little room there is belongs to the records.
            with suppress(OSError):
                ops.truncate(self.fd, end)
        else:
            self._ready = end + count
