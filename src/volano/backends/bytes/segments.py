"""The append-only log of one zone: small blobs, many to a file, one fdatasync for a whole batch.

One committer thread owns the active segment. It takes everything that is waiting, writes it with
one call, syncs once and then settles all of it (group commit): the busier the zone, the fewer
syncs a blob costs. A segment is given up as soon as a sync fails, because the kernel may have
dropped the pages that it could not write; what was acknowledged before stays readable.

Segment numbers are never used twice, even after the folder was lost: they begin with the time.
"""

from __future__ import annotations

import asyncio
import os
import struct
import threading
from collections import OrderedDict
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from isal.isal_zlib import crc32

from volano.backends.bytes.active import ActiveSegment
from volano.backends.bytes.damage import CopyLost
from volano.backends.bytes.record import (
    SEGMENT_HEADER_BYTES,
    SegmentHeader,
    pack_record_header,
    pack_segment_header,
    record_padding,
    record_span,
)
from volano.backends.bytes.segment_file import SegmentFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from volano.backends.bytes.disk_ops import DiskOps
    from volano.kernel.clock import Clock
    from volano.kernel.ids import Ids

SEGMENT_BYTES = 256 * 1024 * 1024
SEGMENT_RECORDS = 65_536
"""A full segment; the limit on records bounds the scan of the active one at start."""

MAX_BATCH_BYTES = 8 * 1024 * 1024
MAX_WAITING = 8192
"""Appends of a zone that may wait for the committer; more are refused with SlowDown."""

OPEN_SEGMENTS = 128
"""Descriptors kept for reading, per zone."""

SUFFIX = ".seg"

# end, records: left beside the newest segment by an orderly close, so that the next start need
# not scan it. It counts only when the file ends just there; no sync is needed.
END_NOTE = struct.Struct("<QQ")


class NewRecord(NamedTuple):
    """A record as it goes into every log; only its offset differs."""

    uid: bytes
    payload: bytes
    crc: int
    is_note: bool = False


def new_record(uid: bytes, payload: bytes, *, is_note: bool = False) -> NewRecord:
    return NewRecord(uid, payload, crc32(payload), is_note)


class Append:
    """Records on their way into one or more logs, side by side: in each log all of them or none.

    Nobody hears of them before all logs have answered: then the loop is woken once.
    """

    __slots__ = (
        "_finish",
        "_left",
        "_lock",
        "_loop",
        "done",
        "errors",
        "places",
        "records",
        "size",
        "written_at_us",
    )

    def __init__(
        self,
        records: Sequence[NewRecord],
        written_at_us: int,
        finish: Callable[[], None] | None = None,
    ) -> None:
        """`finish` is called by the last committer before the loop is woken; `done` raises what it
        raises."""
        self.records = records
        self.written_at_us = written_at_us
        self.size = sum([record_span(len(record.payload)) for record in records])
        self.places: dict[str, list[tuple[int, int]]] = {}
        """By zone: segment number and virtual offset of each record, durable."""
        self.errors: dict[str, OSError] = {}
        self._finish = finish
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()
        self._left = 0
        self._lock = threading.Lock()

    def submit(self, logs: Sequence[SegmentLog]) -> None:
        """Write them, with all others of this turn of the event loop."""
        self._left = len(logs)
        for log in logs:
            log.append(self)

    def submit_now(self, logs: Sequence[SegmentLog]) -> None:
        """Write them as soon as it can be."""
        self._left = len(logs)
        for log in logs:
            log.append_now(self)

    def count_down(self) -> None:
        """One of the logs has answered; called by committer threads."""
        with self._lock:
            self._left -= 1
            is_last = not self._left
        if not is_last:
            return
        failure: Exception | None = None
        if self._finish is not None:
            try:
                self._finish()
            except Exception as error:  # noqa: BLE001 - work loop: it must go on, and `done` hears
                failure = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._resolve, failure)

    def _resolve(self, failure: Exception | None) -> None:
        if self.done.done():
            return
        if failure is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(failure)


class SegmentLog:
    """The segments of one zone, in `folder`."""

    def __init__(self, zone: str, folder: Path, *, ops: DiskOps, clock: Clock, ids: Ids) -> None:
        self.zone = zone
        self.folder = folder
        self.ops = ops
        self._clock = clock
        self._ids = ids
        self._gathered: list[Append] = []
        self._submitted = self._answered = 0
        """Records; the first is counted by the event loop, the second by the committer."""
        self._queue: SimpleQueue[list[Append] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._active: ActiveSegment | None = None
        self._highest = 0
        self._open: OrderedDict[int, SegmentFile] = OrderedDict()
        self._open_lock = threading.Lock()
        self.swap_lock = threading.Lock()
        """Held while a sealed segment's file is replaced or mended."""
        self.mends = 0
        """Records written anew in place; a compaction that saw another number starts over."""

    # What other modules of this package ask.

    def path_of(self, number: int) -> Path:
        return self.folder / f"{number:012x}{SUFFIX}"

    def end_note_of(self, number: int) -> Path:
        return self.folder / f"{number:012x}.end"

    def numbers(self) -> list[int]:
        """The segments on disk, oldest first."""
        try:
            names = os.listdir(self.folder)
        except OSError:
            return []
        return sorted(int(name[: -len(SUFFIX)], 16) for name in names if name.endswith(SUFFIX))

    def position(self) -> tuple[int, int]:
        """A segment and an offset behind which everything will lie that is appended from now on."""
        active = self._active
        if active is not None:
            return active.number, active.end
        if not self._highest:
            self._highest = max(self.numbers(), default=0)
        return self._highest + 1, 0

    def is_sealed(self, number: int) -> bool:
        active = self._active
        return active is None or active.number != number

    def resume(self, number: int, end: int, records: int) -> None:
        """Go on appending to a segment that was found whole at start."""
        fd = self.ops.open(self.path_of(number))
        self._active = ActiveSegment(fd, number, end, records)
        self._highest = max(self._highest, number)

    def is_waiting_full(self) -> bool:
        return self._submitted - self._answered >= MAX_WAITING

    def append(self, item: Append) -> None:
        """Hand it to the committer, with all others of this turn of the event loop."""
        self._gathered.append(item)
        if len(self._gathered) == 1:
            asyncio.get_running_loop().call_soon(self._hand_over)

    def append_now(self, item: Append) -> None:
        """Hand it to the committer at once."""
        self._hand([item])

    def _hand_over(self) -> None:
        gathered, self._gathered = self._gathered, []
        self._hand(gathered)

    def _hand(self, items: list[Append]) -> None:
        if self._thread is None or not self._thread.is_alive():
            name = f"bytes-{self.zone}"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()
        self._submitted += sum([len(item.records) for item in items])
        self._queue.put(items)

    def cached(self, number: int) -> SegmentFile | None:
        """The segment when it is already open; never touches the disk."""
        with self._open_lock:
            segment = self._open.get(number)
            if segment is not None:
                self._open.move_to_end(number)
            return segment

    def segment(self, number: int) -> SegmentFile:
        """The segment, opened when need be; raises CopyLost."""
        segment = self.cached(number)
        if segment is None:
            segment = SegmentFile(self.path_of(number), number)
            with self._open_lock:
                self._open[number] = segment
                while len(self._open) > OPEN_SEGMENTS:
                    self._open.popitem(last=False)
        return segment

    def forget(self, number: int) -> None:
        """Drop the open descriptor, because the file has changed or gone."""
        with self._open_lock:
            self._open.pop(number, None)

    def read(self, number: int, offset: int, size_bytes: int, uid: bytes) -> bytes:
        """A payload, checked, from disk if need be; raises CopyLost."""
        try:
            return self.segment(number).read_record(offset, size_bytes, uid, cached=False)
        except OSError as error:
            raise CopyLost(f"zone {self.zone}: {error}") from error

    def read_cached(self, number: int, offset: int, size_bytes: int, uid: bytes) -> bytes | None:
        """The same when it is in memory, else None; never waits. Raises CopyLost."""
        segment = self.cached(number)
        if segment is None:
            return None
        try:
            return segment.read_record(offset, size_bytes, uid, cached=True)
        except OSError:
            return None

    def used_bytes(self) -> int:
        total = 0
        for number in self.numbers():
            try:
                total += self.path_of(number).stat().st_blocks * 512
            except FileNotFoundError:
                continue
        return total

    def close(self) -> None:
        """Commit what waits and stop; blocks."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
        active = self._active
        self.drop_active()
        if active is not None:
            note = END_NOTE.pack(active.end, active.records)
            with suppress(OSError):
                self.end_note_of(active.number).write_bytes(note)
        with self._open_lock:
            self._open.clear()

    def drop_active(self) -> None:
        """Seal the active segment as it is."""
        if self._active is not None:
            self._active.seal(self.ops)
            self._active = None

    # The committer thread.

    def _run(self) -> None:
        is_stopping = False
        while not is_stopping:
            batch: list[Append] = []
            size = 0
            items = self._queue.get()
            while items is not None:
                batch += items
                size += sum([item.size for item in items])
                if size >= MAX_BATCH_BYTES:
                    break
                try:
                    items = self._queue.get_nowait()
                except Empty:
                    break
            is_stopping = items is None
            while batch:
                count = _fitting(batch)
                self._commit(batch[:count])
                batch = batch[count:]

    def _commit(self, batch: list[Append]) -> None:
        try:
            self._write(batch)
        except OSError as error:
            for item in batch:
                item.errors[self.zone] = error
        for item in batch:
            self._answered += len(item.records)
            item.count_down()

    def _write(self, batch: list[Append]) -> None:
        active = self._room_for(batch)
        pieces: list[bytes] = []
        places: list[list[tuple[int, int]]] = []
        end = active.end
        for item in batch:
            begins: list[tuple[int, int]] = []
            for record in item.records:
                length = len(record.payload)
                header = pack_record_header(
                    end, length, item.written_at_us, record.uid, record.crc, is_note=record.is_note
                )
                pieces += (header, record.payload, record_padding(length))
                begins.append((active.number, end))
                end += record_span(length)
            places.append(begins)
        try:
            active.append(self.ops, b"".join(pieces), sum(map(len, places)))
        except OSError:
            self._give_up(active)
            raise
        for item, begins in zip(batch, places, strict=True):
            item.places[self.zone] = begins

    def _room_for(self, batch: list[Append]) -> ActiveSegment:
        """The active segment, or the next one when the batch would not fit."""
        active = self._active
        if active is not None:
            size = sum([item.size for item in batch])
            count = sum([len(item.records) for item in batch])
            is_fitting = active.end + size <= SEGMENT_BYTES
            if is_fitting and active.records + count <= SEGMENT_RECORDS:
                return active
            self.drop_active()
        return self._start_segment()

    def _start_segment(self) -> ActiveSegment:
        if not self._highest:
            self._highest = max(self.numbers(), default=0)
        seconds = self._clock.now_us() // 1_000_000
        fresh = seconds << 16 | int.from_bytes(self._ids.bytes(2))
        number = max(fresh, self._highest + 1)
        path = self.path_of(number)
        fd = self.ops.create(path)
        try:
            self.ops.write(fd, pack_segment_header(SegmentHeader(number)), 0)
            self.ops.sync_dir(self.folder)
        except OSError:
            self.ops.close(fd)
            self.ops.unlink(path)
            raise
        self._highest = number
        self._active = ActiveSegment(fd, number, SEGMENT_HEADER_BYTES, 0)
        return self._active

    def _give_up(self, active: ActiveSegment) -> None:
        """Cut off what was not acknowledged and seal the segment."""
        self._active = None
        try:
            self.ops.truncate(active.fd, active.end)
            if active.records == 0:
                self.ops.unlink(self.path_of(active.number))
        except OSError:
            # The tail was never acknowledged; the scan at the next start cuts it off.
            pass
        finally:
            self.ops.close(active.fd)


def _fitting(batch: list[Append]) -> int:
    """How many of a batch one write takes; at least one."""
    size = 0
    for count, item in enumerate(batch):
        size += item.size
        if count and size > MAX_BATCH_BYTES:
            return count
    return len(batch)
