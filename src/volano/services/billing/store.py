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

PAGE = 1000
"""Rows read at once: a read on the event loop stays under 5 ms."""


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


async def select_days(
    reader: Reader, account: str, first: date, after: date, *, beyond: DayUsage | None = None
) -> list[DayUsage]:
    """At most PAGE of the account's sums from `first` up to before `after`, by day, meter and
    resource; those that come after `beyond`, the last of the page before.
    """
    place = (
        ("", "", "") if beyond is None else (beyond.day.isoformat(), beyond.meter, beyond.resource)
    )
    rows = await reader.rows(
        "SELECT day, meter, resource, quantity FROM billing_day "
        "WHERE account = ? AND day >= ? AND day < ? AND (day, meter, resource) > (?, ?, ?) "
        "ORDER BY day, meter, resource LIMIT ?",
        account,
        max(first.isoformat(), place[0]),
        after.isoformat(),
        *place,
        PAGE,
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
