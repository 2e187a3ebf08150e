"""Running time to the usage ledger: seconds per instance type, in one transaction with the row.

`metered_us` says up to where an instance's time was reported. A report covers exactly from there
(or from the boot) to now and is named by its start, so a repeat is harmless and nothing is counted
twice. What is billed was seen to run: a node that finds the same process still running after any
pause bills all of it; otherwise (a stop, a lost zone, a process that ended unseen) at most
`MAX_UNSEEN_US` since the last report is billed. Time is thus lost to the owner of the cloud, never
to the tenant. Billing ends when a stop is asked for, as in EC2.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from volano.kernel.journal import UsageRecord
from volano.services.billing.interface import Usage
from volano.services.compute.model import Instance, State, type_of_row

if TYPE_CHECKING:
    from volano.kernel.store import Tx

EVERY_US = 60 * 1_000_000
"""A running instance is reported about this often."""
MAX_UNSEEN_US = 2 * EVERY_US


def is_due(it: Instance, now_us: int) -> bool:
    """Whether it is time for the next report of a running instance."""
    return it.booted_us > 0 and now_us - max(it.metered_us, it.booted_us) >= EVERY_US


def meter(tx: Tx, it: Instance, now_us: int, *, seen: bool) -> Instance:
    """Report what ran since the last report; returns the instance with its new `metered_us`.

    `seen` is true when a node found it running just now.
    """
    start = max(it.metered_us, it.booted_us)
    end = now_us if seen else min(now_us, start + MAX_UNSEEN_US)
    if it.booted_us == 0 or it.state is not State.RUNNING or end <= start:
        return it
    record = UsageRecord(
        id=f"{it.id}:{start}",
        account=it.account,
        meter=type_of_row(it.type).meter,
        quantity=str(Decimal(end - start) / 1_000_000),
        start_us=start,
        end_us=end,
        resource=it.id,
        dimensions={"instance": it.id, "type": it.type, "zone": it.zone},
    )
    tx.publish(Usage(records=(record,)))
    return replace(it, metered_us=end)
