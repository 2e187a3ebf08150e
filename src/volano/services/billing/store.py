"""SQL of billing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from volano.kernel.journal import UsageRecord
    from volano.kernel.store import Tx


async def insert_usage(tx: Tx, records: list[UsageRecord], *, received_us: int) -> None:
    """Append to the ledger; a record whose id is there already is left as it is."""
    await tx.execute_many(
        "INSERT INTO billing_usage (id, account, meter, quantity, start_us, end_us, resource, "
        "dimensions, received_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (
                record.id,
                record.account,
                record.meter,
                record.quantity,
                record.start_us,
                record.end_us,
                record.resource,
                msgspec.json.encode(record.dimensions, order="sorted").decode(),
                received_us,
            )
            for record in records
        ],
    )
