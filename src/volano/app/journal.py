"""The journal: audit rows and usage records, written in groups off the hot path.

A crash may lose the records of the last `FLUSH_EVERY_S`; what must survive is published by logic
in its own transaction (see kernel/journal.py). When the database cannot be written the records
wait, up to `MAX_WAITING`; beyond that the oldest are dropped and counted in
`volano_journal_dropped_total`, because refusing every request for want of a log line is worse.

Of records about refused credentials at most `MAX_UNPROVEN_PER_S` a second are kept (the rest is
counted), so that a stranger can neither flood the trail nor push others' records out.

Records carry what callers sent (keys, user agents): NUL and lone surrogates, which databases
refuse, are replaced. A group that is refused for any other reason is written record by record, and
only the record at fault is dropped, counted and logged.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import msgspec

from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.journal import AuditRecord, UsageRecord
    from volano.kernel.log import Log
    from volano.kernel.metrics import Metrics
    from volano.kernel.store import Store, Tx

    InsertAudit = Callable[[Tx, list[AuditRecord]], Awaitable[None]]
    Source = Callable[[], list[AuditRecord]]
    InsertUsage = Callable[[Tx, list[UsageRecord]], Awaitable[None]]

T = TypeVar("T")

FLUSH_EVERY_S = 0.2
MAX_GROUP = 2_000
MAX_WAITING = 20_000
RETRY_S = 1.0
MAX_UNPROVEN_PER_S = 50


class GroupJournal:
    """Collects records and writes them in one transaction per group."""

    def __init__(
        self,
        store: Store,
        log: Log,
        metrics: Metrics,
        *,
        insert_audit: InsertAudit,
        insert_usage: InsertUsage,
    ) -> None:
        self._store = store
        self._log = log
        self._metrics = metrics
        self._insert_audit = insert_audit
        self._insert_usage = insert_usage
        self._audits: deque[AuditRecord] = deque()
        self._usages: deque[UsageRecord] = deque()
        self._sources: list[Source] = []
        self._wake = asyncio.Event()
        self._unproven_second = self._unproven = 0
        self._lock = asyncio.Lock()

    def audit(self, record: AuditRecord) -> None:
        if record.unproven and not self._has_room_for_unproven(record.time_us // 1_000_000):
            self._metrics.count("volano_refusals_unrecorded_total")
            return
        self._add(self._audits, record)

    def usage(self, record: UsageRecord) -> None:
        self._add(self._usages, record)

    def join(self, source: Source) -> Callable[[], None]:
        self._sources.append(source)
        return self._wake.set

    def _has_room_for_unproven(self, second: int) -> bool:
        if second != self._unproven_second:
            self._unproven_second, self._unproven = second, 0
        self._unproven += 1
        return self._unproven <= MAX_UNPROVEN_PER_S

    def _add(self, records: deque[AuditRecord] | deque[UsageRecord], record: object) -> None:
        if len(records) >= MAX_WAITING:
            records.popleft()
            self._metrics.count("volano_journal_dropped_total")
        records.append(record)  # type: ignore[arg-type]  # the two callers pair them rightly
        if len(records) == 1 or len(records) >= MAX_GROUP:
            self._wake.set()

    async def flush(self) -> None:
        async with self._lock:
            for source in self._sources:
                for record in source():
                    self._add(self._audits, record)
            while self._audits or self._usages:
                await self._write_group()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(FLUSH_EVERY_S)
            try:
                await self.flush()
            except Unavailable as error:
                self._log.warning("journal not written", error=error.message)
                self._wake.set()
                await asyncio.sleep(RETRY_S)

    async def _write_group(self) -> None:
        audits = [self._audits[i] for i in range(min(MAX_GROUP, len(self._audits)))]
        usages = [self._usages[i] for i in range(min(MAX_GROUP, len(self._usages)))]
        try:
            await self._write(audits, usages)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - work loop: one bad record stops no other
            self._log.warning("journal group refused", error=repr(error))
            await self._write_singly(audits, usages)
        _drop(self._audits, audits)
        _drop(self._usages, usages)

    async def _write_singly(self, audits: list[AuditRecord], usages: list[UsageRecord]) -> None:
        singles: list[tuple[list[AuditRecord], list[UsageRecord]]] = [
            *(([record], []) for record in audits),
            *(([], [record]) for record in usages),
        ]
        for audit, usage in singles:
            try:
                await self._write(audit, usage)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - work loop: one bad record stops no other
                self._metrics.count("volano_journal_dropped_total")
                lost = (audit or usage)[0].id
                self._log.error("journal record dropped", id=lost, error=repr(error))

    async def _write(self, audits: list[AuditRecord], usages: list[UsageRecord]) -> None:
        async def write(tx: Tx) -> None:
            if audits:
                await self._insert_audit(tx, _all_storable(audits))
            if usages:
                await self._insert_usage(tx, _all_storable(usages))

        await self._store.transact(write)


def _all_storable(records: list[T]) -> list[T]:
    """The records with nothing in their texts that a database refuses; most groups are clean."""
    with suppress(UnicodeEncodeError):  # raised for lone surrogates
        text = msgspec.json.encode(records)
        if text.isascii() and b"\\u0000" not in text:
            return records
    return [_storable(record) for record in records]


def _storable(record: T) -> T:
    """The record with nothing in its texts that a database refuses."""
    values = msgspec.structs.astuple(record)  # type: ignore[arg-type]  # a msgspec struct
    text = "".join([value for value in values if type(value) is str])
    if text.isascii() and "\0" not in text:
        return record
    bad = {
        name: clean
        for name in record.__struct_fields__  # type: ignore[attr-defined]  # a msgspec struct
        if isinstance(value := getattr(record, name), str) and (clean := _clean(value)) is not value
    }
    return msgspec.structs.replace(record, **bad) if bad else record  # type: ignore[type-var]


def _clean(text: str) -> str:
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    clean = text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return text if clean == text else clean


def _drop(records: deque[T], written: list[T]) -> None:
    for record in written:
        if records and records[0] is record:
            records.popleft()
