"""The sales figures computed here, to be compared with what the instance reports to the cent.

This is deliberately other code than the report job's: whole cents instead of decimals, over rows
that were checked when they were read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.cli.tour.tables import OrderLine, ProductRow

UNKNOWN_TYPE = "(not in the catalogue)"
TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Sales:
    """A month's figures in cents."""

    currency: str
    orders: int
    cancelled_orders: int
    totals: dict[str, int]
    by_type: dict[str, int]
    by_day: dict[str, int]
    top_products: tuple[tuple[str, int], ...]

    @property
    def gross(self) -> str:
        """The gross sales as people write them: `EUR 30,178.98`."""
        return f"{self.currency} {self.totals['gross'] / 100:,.2f}"


def count_sales(products: Sequence[ProductRow], lines: Sequence[OrderLine]) -> Sales:
    """The figures of all orders that were not cancelled."""
    kinds = {row.sku: row.type or UNKNOWN_TYPE for row in products}
    sold = [line for line in lines if not line.cancelled]
    by_type: Counter[str] = Counter()
    by_day: Counter[str] = Counter()
    by_product: Counter[str] = Counter()
    for line in sold:
        amount = line.price_cents * line.quantity
        by_type[kinds.get(line.sku, UNKNOWN_TYPE)] += amount
        by_day[line.day] += amount
        by_product[line.item.split(" - ")[0]] += amount
    gross = sum(by_day.values())
    discounts = sum(line.discount_cents for line in sold)
    refunds = sum(line.refund_cents for line in sold)
    return Sales(
        currency=lines[0].currency,
        orders=len({line.order for line in sold}),
        cancelled_orders=len({line.order for line in lines if line.cancelled}),
        totals={
            "gross": gross,
            "discounts": discounts,
            "refunds": refunds,
            "shipping": sum(line.shipping_cents for line in sold),
            "net": gross - discounts - refunds,
        },
        by_type=dict(by_type),
        by_day=dict(by_day),
        top_products=tuple(sorted(by_product.items(), key=lambda item: (-item[1], item[0]))[:TOP]),
    )


def differences(sales: Sales, report: dict[str, object]) -> list[str]:
    """Where a report of the job says something else, as `path: expected, got`."""
    expected: dict[str, object] = {
        "currency": sales.currency,
        "orders": sales.orders,
        "cancelled_orders": sales.cancelled_orders,
        "totals": _amounts(sales.totals),
        "by_type": _amounts(sales.by_type),
        "by_day": _amounts(sales.by_day),
        "top_products": [[name, _amount(cents)] for name, cents in sales.top_products],
    }
    return [
        f"{key}: expected {value}, got {report.get(key)}"
        for key, value in expected.items()
        if report.get(key) != value
    ]


def _amounts(cents: dict[str, int]) -> dict[str, str]:
    return {name: _amount(value) for name, value in cents.items()}


def _amount(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
