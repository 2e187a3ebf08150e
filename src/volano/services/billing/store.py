"""SQL of billing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from volano.services.billing.model import DayUsage

if TYPE_CHECKING:
    from volano.kernel.journal import UsageRecord
    from volano.kernel.store import Reader, Tx

MAX_DAY_ROWS = 200_000
"""Rows of one bill: days x meters x resources of an account in a month."""


async def insert_usage(tx: Tx, record: UsageRecord, *, received_us: int) -> bool:
    """Append to the ledger; False when a record of that id is there already."""
    changed = await tx.execute(
        "INSERT INTO billing_usage (id, account, meter, quantity, start_us, end_us, resource, "
        "dimensions, received_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
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
    return changed == 1


async def add_to_day(
    tx: Tx, key: tuple[str, str, str, str], quantity: Decimal, records: int
) -> None:
    """Add to the sum of (account, day, meter, resource), exactly."""
    row = await tx.row(
        "SELECT quantity FROM billing_day WHERE account = ? AND day = ? AND meter = ? "
        "AND resource = ?",
        *key,
    )
    if row is None:
        await tx.execute(
            "INSERT INTO billing_day (account, day, meter, resource, quantity, records) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            *key,
            format(quantity, "f"),
            records,
        )
        return
    await tx.execute(
        "UPDATE billing_day SET quantity = ?, records = records + ? WHERE account = ? AND day = ? "
        "AND meter = ? AND resource = ?",
        format(Decimal(row[0]) + quantity, "f"),
        records,
        *key,
    )


async def select_days(reader: Reader, account: str, first: date, after: date) -> list[DayUsage]:
    """The account's sums from `first` up to before `after`, by day, meter and resource."""
    rows = await reader.rows(
        "SELECT day, meter, resource, quantity FROM billing_day "
        "WHERE account = ? AND day >= ? AND day < ? ORDER BY day, meter, resource LIMIT ?",
        account,
        first.isoformat(),
        after.isoformat(),
        MAX_DAY_ROWS,
    )
    return [
        DayUsage(
            day=date.fromisoformat(row[0]),
            meter=row[1],
            resource=row[2],
            quantity=Decimal(row[3]),
        )
        for row in rows
    ]
