"""Recording usage: the ledger is append-only and a record counts once."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation, localcontext
from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid
from volano.services.billing import store
from volano.services.billing.model import EXACT_DIGITS, MAX_DECIMALS, MAX_QUANTITY, day_of

if TYPE_CHECKING:
    from volano.kernel.journal import UsageRecord
    from volano.kernel.store import Tx


async def record_usage(tx: Tx, records: list[UsageRecord]) -> None:
    """Write records to the ledger and their days' sums in the caller's transaction.

    Repeating is harmless. Raises Invalid for a quantity that is not a number from 0 to
    MAX_QUANTITY with at most MAX_DECIMALS decimals.
    """
    sums: dict[tuple[str, str, str, str], tuple[Decimal, int]] = {}
    received_us = max((record.end_us for record in records), default=0)
    with localcontext() as context:
        context.prec = EXACT_DIGITS
        for record in records:
            quantity = _quantity(record)
            if not await store.insert_usage(tx, record, received_us=received_us):
                continue
            day = day_of(record.end_us).isoformat()
            key = (record.account, day, record.meter, record.resource)
            known, count = sums.get(key, (Decimal(0), 0))
            sums[key] = (known + quantity, count + 1)
        for key in sorted(sums):
            await store.add_to_day(tx, key, *sums[key])


def _quantity(record: UsageRecord) -> Decimal:
    try:
        quantity = Decimal(record.quantity)
    except InvalidOperation:
        quantity = Decimal("NaN")
    if not quantity.is_finite() or not 0 <= quantity <= MAX_QUANTITY:
        raise Invalid(
            f"Usage {record.id} of {record.meter} has no quantity: {record.quantity[:40]}."
        )
    exponent = quantity.as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent < -MAX_DECIMALS:
        raise Invalid(
            f"Usage {record.id} of {record.meter} has over {MAX_DECIMALS} decimals: "
            f"{record.quantity[:40]}."
        )
    return quantity
