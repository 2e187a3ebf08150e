"""Bills and prices over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.billing.logic import bills, prices
from volano.services.billing.model import day_of
from volano.wire.action import SIGNED_IN, action

if TYPE_CHECKING:
    from decimal import Decimal

    from volano.kernel.call import Call, Env


class BillRequest(msgspec.Struct):
    """`period` is a month as `2026-11`; '' is this month."""

    period: str = ""


class LineObject(msgspec.Struct, kw_only=True):
    """Decimal strings are exact: quantity x price = cost."""

    service: str
    meter: str
    text: str
    quantity: str
    unit: str
    price: str
    cost: str


class DayObject(msgspec.Struct, kw_only=True):
    day: str
    cost: str
    services: dict[str, str]


class BillObject(msgspec.Struct, kw_only=True):
    account: str
    period: str
    currency: str
    total: str
    lines: list[LineObject]
    days: list[DayObject]
    unpriced: list[str]


class PriceObject(msgspec.Struct, kw_only=True):
    meter: str
    service: str
    text: str
    price: str
    per: str
    unit: str
    effective_from: str


class PriceListObject(msgspec.Struct, kw_only=True):
    currency: str
    items: list[PriceObject]


class NoFields(msgspec.Struct):
    pass


@action(
    "volano:getBill",
    method="GET",
    path="/volano/v1/bill",
    permission="billing:GetBill",
    resource="arn:aws:billing:{region}:{account}:bill",
)
async def get_bill(env: Env, call: Call, request: BillRequest) -> BillObject:
    """The account's bill of a month, line by line and day by day."""
    await env.journal.flush()
    bill = await bills.get_bill(env, call, period=request.period)
    return BillObject(
        account=bill.account,
        period=bill.period,
        currency=bill.currency,
        total=decimal_text(bill.total),
        lines=[
            LineObject(
                service=line.service,
                meter=line.meter,
                text=line.text,
                quantity=decimal_text(line.quantity),
                unit=line.unit,
                price=decimal_text(line.price),
                cost=decimal_text(line.cost),
            )
            for line in bill.lines
        ],
        days=[
            DayObject(
                day=day.day.isoformat(),
                cost=decimal_text(day.cost),
                services={name: decimal_text(cost) for name, cost in day.services.items()},
            )
            for day in bill.days
        ],
        unpriced=list(bill.unpriced),
    )


@action(
    "volano:listPrices",
    method="GET",
    path="/volano/v1/prices",
    permission=SIGNED_IN,
    resource="*",
)
async def list_prices(env: Env, call: Call, request: NoFields) -> PriceListObject:
    """Today's price of every meter."""
    today = day_of(env.clock.now_us())
    listed = prices.price_list(env.config)
    current = [listed.price(meter, today) for meter in sorted(listed.prices)]
    items = [
        PriceObject(
            meter=price.meter,
            service=price.service,
            text=price.text,
            price=decimal_text(price.amount),
            per=decimal_text(price.per),
            unit=price.unit,
            effective_from=price.effective_from.isoformat(),
        )
        for price in current
        if price is not None
    ]
    return PriceListObject(currency=listed.currency, items=items)


def decimal_text(value: Decimal) -> str:
    """Without exponent and without trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
