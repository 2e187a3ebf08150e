"""The journal: audit rows and usage records, written in groups off the hot path.

A crash may lose the records of the last `FLUSH_EVERY_S`; what must survive is published by logic
in its own transaction (see kernel/journal.py). When the database cannot be written the records
wait, up to `MAX_WAITING`; beyond that the oldest are dropped and counted in
`volano_journal_dropped_total`, because refusing every request for want of a log line is worse.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from volano.kernel.errors import VolanoError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.journal import AuditRecord, UsageRecord
    from volano.kernel.log import Log
    from volano.kernel.metrics import Metrics
    from volano.kernel.store import Store, Tx

    InsertAudit = Callable[[Tx, list[AuditRecord]], Awaitable[None]]
    InsertUsage = Callable[[Tx, list[UsageRecord]], Awaitable[None]]

T = TypeVar("T")

FLUSH_EVERY_S = 0.2
MAX_GROUP = 500
MAX_WAITING = 10_000


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
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()

    def audit(self, record: AuditRecord) -> None:
        self._add(self._audits, record)

    def usage(self, record: UsageRecord) -> None:
        self._add(self._usages, record)

    def _add(self, records: deque[AuditRecord] | deque[UsageRecord], record: object) -> None:
        if len(records) >= MAX_WAITING:
            records.popleft()
            self._metrics.count("volano_journal_dropped_total")
        records.append(record)  # type: ignore[arg-type]  # the two callers pair them rightly
        if len(records) == 1 or len(records) >= MAX_GROUP:
            self._wake.set()

    async def flush(self) -> None:
        async with self._lock:
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
            except VolanoError as error:
                self._log.warning("journal not written", error=error.message)
                self._wake.set()
                await asyncio.sleep(1.0)

    async def _write_group(self) -> None:
        audits = [self._audits[i] for i in range(min(MAX_GROUP, len(self._audits)))]
        usages = [self._usages[i] for i in range(min(MAX_GROUP, len(self._usages)))]

        async def write(tx: Tx) -> None:
            if audits:
                await self._insert_audit(tx, audits)
            if usages:
                await self._insert_usage(tx, usages)

        await self._store.transact(write)
        _drop(self._audits, audits)
        _drop(self._usages, usages)


def _drop(records: deque[T], written: list[T]) -> None:
    for record in written:
        if records and records[0] is record:
            records.popleft()
