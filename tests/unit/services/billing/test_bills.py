"""The ledger counts once, sums are exact, prices hold by the day of use."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volano.kernel.errors import Invalid
from volano.kernel.journal import UsageRecord
from volano.services.billing import store
from volano.services.billing.logic.bills import rate
from volano.services.billing.logic.prices import PACKAGED
from volano.services.billing.logic.usage import record_usage
from volano.services.billing.model import DayUsage, parse_period, parse_price_list

PRICES = parse_price_list(PACKAGED.read_text(), name="prices.toml")
NOON = 1_795_003_200_000_000  # 2026-11-18 12:00 UTC


def usage(id, quantity="1", meter="llm.tokens.input", account="111111111111", end_us=NOON):
    return UsageRecord(
        id=id, account=account, meter=meter, quantity=quantity, start_us=end_us, end_us=end_us,
        resource="r",
    )


async def days(env, account="111111111111"):
    return await store.select_days(env.store.reader, account, date(2026, 1, 1), date(2027, 1, 1))


async def test_a_repeated_record_counts_once(env):
    async def write(tx):
        await record_usage(tx, [usage("a", "0.1"), usage("b", "0.2"), usage("a", "0.1")])

    await env.store.transact(write)
    await env.store.transact(write)
    assert [(d.meter, d.quantity) for d in await days(env)] == [("llm.tokens.input", Decimal("0.3"))]


async def test_accounts_do_not_see_each_other(env):
    async def write(tx):
        await record_usage(tx, [usage("a", "5"), usage("a", "7", account="222222222222")])

    await env.store.transact(write)
    assert [d.quantity for d in await days(env)] == [Decimal(5)]
    assert [d.quantity for d in await days(env, "222222222222")] == [Decimal(7)]


@pytest.mark.parametrize("bad", ["", "x", "-1", "NaN", "Infinity"])
async def test_a_quantity_that_is_no_number_is_refused_and_changes_nothing(env, bad):
    async def write(tx):
        await record_usage(tx, [usage("ok"), usage("bad", bad)])

    with pytest.raises(Invalid):
        await env.store.transact(write)
    assert await days(env) == []


def test_a_price_holds_by_the_day_of_use():
    used = [
        DayUsage(day=date(2026, 9, 30), meter="embed.tokens.input", resource="m", quantity=Decimal(10**6)),
        DayUsage(day=date(2026, 10, 1), meter="embed.tokens.input", resource="m", quantity=Decimal(10**6)),
    ]
    bill = rate("1", "2026-09", used, PRICES)
    assert [line.cost for line in bill.lines] == [Decimal("0.01"), Decimal("0.02")]
    assert bill.total == Decimal("0.03")


def test_what_has_no_price_is_shown_and_costs_nothing():
    used = [DayUsage(day=date(2026, 9, 30), meter="new.meter", resource="", quantity=Decimal(1))]
    bill = rate("1", "2026-09", used, PRICES)
    assert (bill.unpriced, bill.total, bill.lines) == (("new.meter",), Decimal(0), ())


@given(st.lists(st.tuples(
    st.sampled_from(sorted(PRICES.prices)),
    st.decimals(min_value=0, max_value=10**12, places=9, allow_nan=False),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
), max_size=40))
def test_lines_sum_to_the_total_and_days_to_the_lines(items):
    used = [DayUsage(day=d, meter=m, resource="", quantity=q) for m, q, d in items]
    bill = rate("1", "2026", used, PRICES)
    context_free = sum((cost for _, costs in bill.days for cost in costs.values()), Decimal(0))
    assert abs(context_free - bill.total) < Decimal("1e-20")
    assert sum((line.cost for line in bill.lines), Decimal(0)) == pytest.approx(bill.total)


@pytest.mark.parametrize(("text", "word"), [
    ("x = ", "TOML"),
    ('currency = "USD"', "version"),
    ('currency="USD"\n[[version]]\neffective_from=2026-01-02\n[[version]]\neffective_from=2026-01-01', "later"),
    ('currency="USD"\n[[version]]\neffective_from=2026-01-01\n[version.prices]\na={service="s",text="t",price="x",per="1",unit="u"}', "decimal"),
])
def test_a_wrong_price_list_is_refused_with_the_place(text, word):
    with pytest.raises(Invalid, match=word):
        parse_price_list(text, name="mine.toml")


def test_a_period_is_a_month():
    assert parse_period("2026-12") == (date(2026, 12, 1), date(2027, 1, 1))
    with pytest.raises(Invalid):
        parse_period("2026-13")
