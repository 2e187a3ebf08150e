"""Recording usage: the ledger is append-only and a record counts once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.billing import store

if TYPE_CHECKING:
    from volano.kernel.journal import UsageRecord
    from volano.kernel.store import Tx


async def record_usage(tx: Tx, records: list[UsageRecord]) -> None:
    """Write records to the ledger in the caller's transaction; repeating is harmless."""
    newest = max((record.end_us for record in records), default=0)
    await store.insert_usage(tx, records, received_us=newest)
