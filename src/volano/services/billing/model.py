"""The nouns of billing; `Usage` is the event by which every other service reports what was used.

Money is exact: quantities and prices are `Decimal`, a line's cost is quantity x price / per without
rounding, and a total is the sum of its lines. Only what a page shows is rounded.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from volano.kernel.errors import Invalid
from volano.kernel.events import Event, event
from volano.kernel.journal import UsageRecord

EXACT_DIGITS = 60
"""Digits of the decimal context in which lines are computed: more than any product needs."""
MAX_QUANTITY = Decimal(10) ** 24
"""Of one record: a yobibyte is 1.2e24 bytes."""
MAX_DECIMALS = 12
"""Of a quantity; with MAX_QUANTITY they keep a day's sum exact in EXACT_DIGITS."""
_DAY_US = 86_400 * 1_000_000
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


@event("billing.usage")
class Usage(Event, frozen=True, kw_only=True):
    """Something was used. Published by logic in the transaction that made it true.

    `records` are written to the ledger once: their ids make a repeat harmless.
    """

    records: tuple[UsageRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """`amount` of the list's currency for `per` units of what `meter` counts."""

    meter: str
    service: str
    text: str
    amount: Decimal
    per: Decimal
    unit: str
    effective_from: date

    def cost(self, quantity: Decimal) -> Decimal:
        return quantity * self.amount / self.per


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """Every version of the prices: for each meter its prices by date, oldest first."""

    currency: str
    prices: dict[str, tuple[Price, ...]]

    def price(self, meter: str, day: date) -> Price | None:
        """The price of `meter` on `day`, or None when the list has none."""
        valid = [p for p in self.prices.get(meter, ()) if p.effective_from <= day]
        return valid[-1] if valid else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayUsage:
    """What one resource used of one meter on one day."""

    day: date
    meter: str
    resource: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a bill: a meter at one price. `quantity` is in the price's unit."""

    service: str
    meter: str
    text: str
    quantity: Decimal
    unit: str
    price: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What one day cost, in all and by service."""

    day: date
    cost: Decimal
    services: dict[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What an account used in a month, rated."""

    account: str
    period: str
    currency: str
    lines: tuple[Line, ...]
    total: Decimal
    days: tuple[Day, ...]
    unpriced: tuple[str, ...]
    """Meters that were used but are not in the price list; they cost nothing and are shown."""


def day_of(time_us: int) -> date:
    """The day in UTC."""
    return date.fromordinal(_EPOCH_ORDINAL + time_us // _DAY_US)


def decimal(value: int | str) -> Decimal:
    """An exact quantity."""
    return Decimal(value)


def parse_period(text: str) -> tuple[date, date]:
    """`2026-11` as its first day and the first day after it; raises Invalid."""
    try:
        first = date.fromisoformat(f"{text}-01" if len(text) == 7 else "")
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    except ValueError:
        raise Invalid(
            f"'{text}' is not a month; write it as 2026-11.", fields={"param": "period"}
        ) from None
    return first, after


def parse_price_list(text: str, *, name: str) -> PriceList:
    """A price list file; raises Invalid naming the version and meter that are wrong."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"The price list {name} is not valid TOML: {error}.") from error
    versions = content.get("version")
    named = isinstance(content.get("currency"), str)
    if not named or not isinstance(versions, list) or not versions:
        raise Invalid(f"The price list {name} needs a `currency` and at least one [[version]].")
    prices: dict[str, list[Price]] = {}
    last: date | None = None
    for version in versions:
        start = version.get("effective_from") if isinstance(version, dict) else None
        whole_day = isinstance(start, date) and not isinstance(start, datetime)
        if start is None or not whole_day or (last is not None and start <= last):
            raise Invalid(
                f"The price list {name}: `effective_from` must be a date, each version's later "
                f"than the one before (found {start})."
            )
        last = start
        entries = version.get("prices", {})
        if not isinstance(entries, dict):
            raise Invalid(f"The price list {name}, version {start}: it needs a [version.prices].")
        for meter, entry in entries.items():
            prices.setdefault(meter, []).append(_parse_price(meter, entry, start, name))
    return PriceList(
        currency=content["currency"], prices={meter: tuple(p) for meter, p in prices.items()}
    )


def _parse_price(meter: str, entry: dict[str, Any], start: date, name: str) -> Price:
    try:
        price = Price(
            meter=meter,
            service=str(entry["service"]),
            text=str(entry["text"]),
            amount=Decimal(str(entry["price"])),
            per=Decimal(str(entry["per"])),
            unit=str(entry["unit"]),
            effective_from=start,
        )
    except (KeyError, InvalidOperation, TypeError) as error:
        raise Invalid(
            f"The price list {name}, version {start}, meter {meter}: it needs service, text, unit, "
            f"and price and per as decimal strings ({error!r})."
        ) from error
    finite = price.amount.is_finite() and price.per.is_finite()
    if not finite or price.amount < 0 or price.per <= 0:
        raise Invalid(
            f"The price list {name}, version {start}: {meter} needs a price >= 0 and a per > 0."
        )
    return price
