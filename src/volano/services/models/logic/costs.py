"""What tokens cost: an upstream's model by its own price, others by the price list's meters."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext
from typing import TYPE_CHECKING

from volano.services.billing import interface as billing
from volano.services.models.logic.lookups import look_up
from volano.services.models.logic.metering import BATCH_TIER, TIER
from volano.services.models.logic.parameters import invalid
from volano.services.models.model import NANO, Price, Task
from volano.services.models.store import upstreams as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.models.model import Model

MILLION = Decimal(1_000_000)
MAX_AMOUNT = 1_000_000_000
_DIGITS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A model's price, and whether an upstream set it (else the price list did)."""

    price: Price
    is_own: bool

    def cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """In the price list's currency, exact."""
        with localcontext() as context:
            context.prec = _DIGITS
            return (input_tokens * self.price.input + output_tokens * self.price.output) / MILLION


FREE = Rate(price=Price(input=Decimal(0), output=Decimal(0)), is_own=False)


async def rate_of(env: Env, call: Call, model: Model) -> Rate:
    """What a token of a model costs the caller now."""
    if model.upstream is not None:
        price = await look_up(
            env,
            ("price", model.account, model.name),
            lambda: rows.select_price(env.store.reader, model.account, model.name),
        )
        return FREE if price is None else Rate(price=price, is_own=True)
    kind = "embed" if model.task is Task.EMBED else "llm"
    tier = ".batch" if call.context.get(TIER) == BATCH_TIER else ""
    return Rate(price=listed_price(env, kind, tier), is_own=False)


def listed_price(env: Env, kind: str, tier: str = "") -> Price:
    """What the price list asks today for a million tokens."""
    prices = billing.price_list(env.config)
    day = billing.day_of(env.clock.now_us())

    def amount(direction: str) -> Decimal:
        found = prices.price(f"{kind}.tokens.{direction}{tier}", day)
        return Decimal(0) if found is None else found.cost(MILLION)

    return Price(input=amount("input"), output=amount("output"))


def currency(env: Env) -> str:
    return billing.price_list(env.config).currency


def to_nano(amount: Decimal) -> int:
    """Billionths, rounded up: a budget is never over-spent by rounding."""
    nano = amount * NANO
    whole = int(nano)
    return whole if whole == nano else whole + 1


def from_nano(nano: int) -> str:
    """A decimal text without needless zeros."""
    text = f"{Decimal(nano) / NANO:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_nano(param: str, text: str) -> int:
    """A decimal text in billionths; raises Invalid."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount <= MAX_AMOUNT:
        raise invalid(param, f"it is a decimal text from 0 to {MAX_AMOUNT:,}")
    if amount * NANO % 1:
        raise invalid(param, "it has at most 9 decimals")
    return int(amount * NANO)
