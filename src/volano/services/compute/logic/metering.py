"""Running time to the usage ledger: seconds per instance type, in one transaction with the row.

`metered_us` says up to where an instance's time was reported; each report covers exactly from
there to now and is named by its start, so a repeat is harmless and nothing is counted twice.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from volano.kernel.journal import UsageRecord
from volano.services.billing.interface import Usage
from volano.services.compute.model import INSTANCE_TYPES, Instance

if TYPE_CHECKING:
    from volano.kernel.store import Tx


def meter(tx: Tx, it: Instance, now_us: int) -> Instance:
    """Report what ran since the last report; returns the instance with its new `metered_us`."""
    start = max(it.metered_us, it.booted_us)
    if it.booted_us == 0 or now_us <= start:
        return it
    record = UsageRecord(
        id=f"{it.id}:{start}",
        account=it.account,
        meter=INSTANCE_TYPES[it.type].meter,
        quantity=str(Decimal(now_us - start) / 1_000_000),
        start_us=start,
        end_us=now_us,
        resource=it.id,
        dimensions={"instance": it.id, "type": it.type, "zone": it.zone},
    )
    tx.publish(Usage(records=(record,)))
    return replace(it, metered_us=now_us)
