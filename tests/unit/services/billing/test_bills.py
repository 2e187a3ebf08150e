"""The ledger counts once, sums are exact, prices hold by the day of use."""

import ast
import asyncio
import os
from datetime import date
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volano.kernel.call import system_call
from volano.kernel.config import Config
from volano.kernel.errors import Invalid
from volano.kernel.ids import AccountId
from volano.kernel.journal import UsageRecord
from volano.services.billing import store
from volano.services.billing.logic.bills import get_bill, list_usage, rate
from volano.services.billing.logic.prices import PACKAGED, BadPriceList, price_list
from volano.services.billing.logic.usage import record_usage
from volano.services.billing.model import (
    EXACT_DIGITS,
    DayUsage,
    day_of,
    parse_period,
    parse_price_list,
)
from volano.services.compute.model import INSTANCE_TYPES

PRICES = parse_price_list(PACKAGED.read_text(), name="prices.toml")
NOON = 1_795_003_200_000_000  # 2026-11-18 12:00 UTC


def usage(id, quantity="1", meter="llm.tokens.input", account="111111111111", end_us=NOON):
    return UsageRecord(
        id=id,
        account=account,
        meter=meter,
        quantity=quantity,
        start_us=end_us,
        end_us=end_us,
        resource="r",
    )


async def days(env, account="111111111111"):
    return await store.select_days(env.store.reader, account, date(2026, 1, 1), date(2027, 1, 1))


async def test_a_repeated_record_counts_once(env):
    async def write(tx):
        await record_usage(tx, [usage("a", "0.1"), usage("b", "0.2"), usage("a", "0.1")])

    await env.store.transact(write)
    await env.store.transact(write)
    assert [(d.meter, d.quantity) for d in await days(env)] == [
        ("llm.tokens.input", Decimal("0.3"))
    ]


async def test_accounts_do_not_see_each_other(env):
    async def write(tx):
        await record_usage(tx, [usage("a", "5"), usage("a", "7", account="222222222222")])

    await env.store.transact(write)
    assert [d.quantity for d in await days(env)] == [Decimal(5)]
    assert [d.quantity for d in await days(env, "222222222222")] == [Decimal(7)]


@pytest.mark.parametrize("bad", ["", "x", "-1", "NaN", "Infinity", "1e25", "1e-13", "1e999999"])
async def test_a_quantity_that_is_no_number_is_refused_and_changes_nothing(env, bad):
    async def write(tx):
        await record_usage(tx, [usage("ok"), usage("bad", bad)])

    with pytest.raises(Invalid):
        await env.store.transact(write)
    assert await days(env) == []


def test_a_price_holds_by_the_day_of_use():
    used = [
        DayUsage(
            day=date(2026, 9, 30), meter="embed.tokens.input", resource="m", quantity=Decimal(10**6)
        ),
        DayUsage(
            day=date(2026, 10, 1), meter="embed.tokens.input", resource="m", quantity=Decimal(10**6)
        ),
    ]
    bill = rate("1", "2026-09", used, PRICES)
    assert [line.cost for line in bill.lines] == [Decimal("0.01"), Decimal("0.02")]
    assert bill.total == Decimal("0.03")


def test_what_has_no_price_is_shown_and_costs_nothing():
    used = [DayUsage(day=date(2026, 9, 30), meter="new.meter", resource="", quantity=Decimal(1))]
    bill = rate("1", "2026-09", used, PRICES)
    assert (bill.unpriced, bill.total, bill.lines) == (("new.meter",), Decimal(0), ())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(PRICES.prices)),
            st.decimals(min_value=0, max_value=10**12, places=9, allow_nan=False),
            st.dates(date(2026, 1, 1), date(2026, 12, 31)),
        ),
        max_size=40,
    )
)
def test_lines_sum_to_the_total_and_days_to_the_lines(items):
    used = [DayUsage(day=d, meter=m, resource="", quantity=q) for m, q, d in items]
    bill = rate("1", "2026", used, PRICES)
    with localcontext() as context:
        context.prec = EXACT_DIGITS
        assert abs(sum((line.cost for line in bill.lines), Decimal(0)) - bill.total) < Decimal(
            "1e-35"
        )
        assert abs(sum((day.cost for day in bill.days), Decimal(0)) - bill.total) < Decimal("1e-35")
        for day in bill.days:
            assert sum(day.services.values(), Decimal(0)) == day.cost


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("x = ", "TOML"),
        ('currency = "USD"', "version"),
        (
            'currency="USD"\n[[version]]\neffective_from=2026-01-02\n[[version]]\neffective_from=2026-01-01',
            "later",
        ),
        (
            'currency="USD"\n[[version]]\neffective_from=2026-01-01\n[version.prices]\na={service="s",text="t",price="x",per="1",unit="u"}',
            "decimal",
        ),
    ],
)
def test_a_wrong_price_list_is_refused_with_the_place(text, word):
    with pytest.raises(Invalid, match=word):
        parse_price_list(text, name="mine.toml")


def test_a_period_is_a_month():
    assert parse_period("2026-12") == (date(2026, 12, 1), date(2027, 1, 1))
    for wrong in ("2026-13", "2026-W11", "9999-12", "2026-1", "20261", "2026-11-01"):
        with pytest.raises(Invalid):
            parse_period(wrong)


def test_a_day_ends_at_its_last_microsecond():
    midnight = 1_795_046_400_000_000  # 2026-11-19 00:00 UTC
    assert day_of(midnight - 1) == date(2026, 11, 18)
    assert day_of(midnight) == date(2026, 11, 19)
    assert day_of(0) == date(1970, 1, 1)


@pytest.mark.parametrize(
    "entry",
    [
        'price="NaN",per="1"',
        'price="Infinity",per="1"',
        'price="1",per="0"',
        'price="1",per="NaN"',
        'price="-1",per="1"',
    ],
)
def test_a_price_that_is_no_number_is_refused(entry):
    with pytest.raises(Invalid, match="price"):
        parse_price_list(
            'currency="USD"\n[[version]]\neffective_from=2026-01-01\n[version.prices]\n'
            f'a={{service="s",text="t",unit="u",{entry}}}',
            name="mine.toml",
        )


@pytest.mark.parametrize(
    "text",
    [
        'currency="USD"\nversion=3',
        'currency="USD"\nversion=[1]',
        'currency="USD"\n[[version]]\neffective_from=2026-01-01T00:00:00',
        'currency="USD"\n[[version]]\neffective_from=2026-01-01\nprices=1',
    ],
)
def test_a_price_list_of_another_shape_is_refused(text):
    with pytest.raises(Invalid, match=r"mine\.toml"):
        parse_price_list(text, name="mine.toml")


async def test_sums_stay_exact_over_very_large_and_very_small_quantities(env):
    big, small = Decimal(10) ** 24, Decimal("0.000000000001")

    async def write(tx):
        await record_usage(tx, [usage("a", str(big)), usage("b", str(small)), usage("c", str(big))])

    await env.store.transact(write)
    with localcontext() as context:
        context.prec = EXACT_DIGITS
        assert [d.quantity for d in await days(env)] == [2 * big + small]


async def test_concurrent_writers_of_the_same_records_count_each_once(env):
    async def write(tx, start):
        await record_usage(tx, [usage(f"r{n}", "0.1") for n in range(start, start + 20)])

    await asyncio.gather(
        *(
            env.store.transact(lambda tx, start=start: write(tx, start))
            for start in (0, 5, 10, 0, 15, 10)
        )
    )
    assert [d.quantity for d in await days(env)] == [Decimal("3.5")]


async def test_a_bill_of_very_many_resources_leaves_none_out(env):
    async def write(tx):
        await tx.execute_many(
            "INSERT INTO billing_day (account, day, meter, resource, quantity, records) "
            "VALUES ('111111111111', '2026-11-18', 'llm.tokens.input', ?, '1', 1)",
            [(f"r{n:05}",) for n in range(3456)],
        )

    await env.store.transact(write)
    call = system_call(env, AccountId("111111111111"))
    bill = await get_bill(env, call, period="2026-11")
    assert [line.quantity for line in bill.lines] == [Decimal("0.003456")]
    assert len(await list_usage(env, call, date(2026, 11, 1), date(2026, 12, 1))) == 1
    each = await list_usage(env, call, date(2026, 11, 1), date(2026, 12, 1), by_resource=True)
    assert len(each) == 3456


def test_a_price_list_that_breaks_while_running_is_not_the_callers_fault(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text(PACKAGED.read_text())
    config = Config(data_dir=tmp_path, price_list=mine)
    assert price_list(config).currency == "USD"
    mine.write_text("currency = ")
    os.utime(mine, ns=(1, 1))
    with pytest.raises(BadPriceList, match="TOML"):
        price_list(config)
    mine.unlink()
    with pytest.raises(BadPriceList, match="cannot be read"):
        price_list(config)


def _meters_in_code():
    """Every meter that code reports: the `meter=` of each UsageRecord, read from the source."""
    services = Path(PACKAGED).parent.parent
    for path in services.rglob("*.py"):
        tree = ast.parse(path.read_text())
        constants = {
            node.targets[0].id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            name = getattr(getattr(node, "func", None), "id", "")
            if isinstance(node, ast.Call) and name == "UsageRecord":
                value = next(word.value for word in node.keywords if word.arg == "meter")
                yield path, value, constants


def test_every_meter_in_the_code_has_a_price_and_every_price_a_meter():
    dynamic = {
        "objects": {"s3.requests.read", "s3.requests.write", "s3.bytes.out"},
        "studio": set(),  # its containers are billed by the meters of instances
        "compute": {f"ec2.instance.{name}" for name in INSTANCE_TYPES},
        "topics": {"sns.requests", "sns.deliveries.http"},
        "models": {
            f"{meter}{tier}"
            for meter in ("llm.tokens.input", "llm.tokens.output", "embed.tokens.input")
            for tier in ("", ".batch")
        }
        | {f"llm.{of}.tokens.{way}" for of in ("upstream", "cached") for way in ("input", "output")}
        | {"llm.upstream.cost"},
    }
    used = set()
    for path, value, constants in _meters_in_code():
        if isinstance(value, ast.Constant):
            used.add(value.value)
        elif isinstance(value, ast.Name) and value.id in constants:
            used.add(constants[value.id])
        else:
            used |= dynamic[path.relative_to(PACKAGED.parent.parent).parts[0]]
    assert {INSTANCE_TYPES[name].meter for name in INSTANCE_TYPES} <= used
    assert used == set(PRICES.prices)
