"""What other services may ask of billing."""

from __future__ import annotations

from volano.services.billing.logic.bills import get_bill
from volano.services.billing.logic.prices import price_list
from volano.services.billing.logic.usage import record_usage
from volano.services.billing.model import Price, PriceList, Usage, day_of, decimal

insert_usage = record_usage

__all__ = [
    "Price",
    "PriceList",
    "Usage",
    "day_of",
    "decimal",
    "get_bill",
    "insert_usage",
    "price_list",
    "record_usage",
]
