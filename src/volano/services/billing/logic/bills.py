"""Bills: the days of a month, rated by the price of each day."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from volano.services.billing import store
from volano.services.billing.logic.prices import price_list
from volano.services.billing.model import (
    EXACT_DIGITS,
    Bill,
    Day,
    DayUsage,
    Line,
    day_of,
    parse_period,
)

if TYPE_CHECKING:
    from datetime import date

    from volano.kernel.call import Call, Env
    from volano.services.billing.model import Price, PriceList


async def get_bill(env: Env, call: Call, *, period: str = "") -> Bill:
    """The caller's account's bill of `period` (`2026-11`; '' is this month), up to now."""
    period = period or day_of(env.clock.now_us()).strftime("%Y-%m")
    first, after = parse_period(period)
    days = await list_usage(env, call, first, after)
    return await asyncio.to_thread(rate, call.account, period, days, price_list(env.config))


async def list_usage(
    env: Env, call: Call, first: date, after: date, *, by_resource: bool = False
) -> list[DayUsage]:
    """What the account used from `first` up to before `after`, by day and meter."""
    sums: dict[tuple[date, str, str], Decimal] = defaultdict(Decimal)
    last: DayUsage | None = None
    while page := await store.select_days(
        env.store.reader, call.account, first, after, beyond=last
    ):
        with localcontext() as context:
            context.prec = EXACT_DIGITS
            for usage in page:
                resource = usage.resource if by_resource else ""
                sums[usage.day, usage.meter, resource] += usage.quantity
        last = page[-1]
        await asyncio.sleep(0)
    return [
        DayUsage(day=day, meter=meter, resource=resource, quantity=quantity)
        for (day, meter, resource), quantity in sums.items()
    ]


def rate(account: str, period: str, usages: list[DayUsage], prices: PriceList) -> Bill:
    """The bill of some days' usage. Lines are exact; their sum is the total."""
    with localcontext() as context:
        context.prec = EXACT_DIGITS
        sums: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
        found: dict[tuple[str, date], Price] = {}
        by_day: dict[date, dict[str, Decimal]] = {}
        unpriced: set[str] = set()
        for usage in usages:
            price = prices.price(usage.meter, usage.day)
            if price is None:
                unpriced.add(usage.meter)
                continue
            key = (usage.meter, price.effective_from)
            found[key] = price
            sums[key] += usage.quantity
            costs = by_day.setdefault(usage.day, {})
            before = costs.get(price.service, Decimal(0))
            costs[price.service] = before + price.cost(usage.quantity)
        lines = sorted(
            (_line(found[key], quantity) for key, quantity in sums.items()),
            key=lambda line: (line.service, line.meter, line.price),
        )
        return Bill(
            account=account,
            period=period,
            currency=prices.currency,
            lines=tuple(lines),
            total=sum((line.cost for line in lines), Decimal(0)),
            days=tuple(
                Day(day=day, cost=sum(costs.values(), Decimal(0)), services=costs)
                for day, costs in sorted(by_day.items())
            ),
            unpriced=tuple(sorted(unpriced)),
        )


def _line(price: Price, quantity: Decimal) -> Line:
    return Line(
        service=price.service,
        meter=price.meter,
        text=price.text,
        quantity=quantity / price.per,
        unit=price.unit,
        price=price.amount,
        cost=price.cost(quantity),
    )
