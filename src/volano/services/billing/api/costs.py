"""AWS Cost Explorer: GetCostAndUsage over the same bill (stock boto3 `ce` reads it).

Behaviour: the API reference's GetCostAndUsage. Dimensions: SERVICE, USAGE_TYPE, REGION,
LINKED_ACCOUNT, RESOURCE_ID. All cost metrics are equal here, because nothing is amortized.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Invalid
from volano.services.billing.api.bills import decimal_text
from volano.services.billing.logic.bills import list_usage
from volano.services.billing.logic.prices import price_list
from volano.services.billing.model import EXACT_DIGITS
from volano.wire.action import action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from volano.kernel.call import Call, Env
    from volano.services.billing.model import DayUsage, Price, PriceList

COST_METRICS = (
    "AmortizedCost",
    "BlendedCost",
    "NetAmortizedCost",
    "NetUnblendedCost",
    "UnblendedCost",
)
QUANTITY_METRICS = ("UsageQuantity", "NormalizedUsageAmount")
DIMENSIONS = ("SERVICE", "USAGE_TYPE", "REGION", "LINKED_ACCOUNT", "RESOURCE_ID")
MAX_DAYS = 400
MAX_FILTER_DEPTH = 16


class ValidationException(Invalid):
    code = "ValidationException"


@action(
    "ce:GetCostAndUsage",
    permission="ce:GetCostAndUsage",
    resource="arn:aws:ce:us-east-1:{account}:/GetCostAndUsage",
    partial="Filters: one dimension, Not, And and Or of dimensions; no tags, no cost categories.",
)
async def get_cost_and_usage(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """Cost and usage of the account by day or month, grouped by up to two dimensions."""
    await env.journal.flush()
    first, after = _period(request["TimePeriod"])
    groups = _groups(request.get("GroupBy", []))
    metrics = _metrics(request["Metrics"])
    keep = _filter(request.get("Filter"))
    prices = price_list(env.config)
    steps = list(_steps(first, after, request.get("Granularity", "MONTHLY")))
    usages = await list_usage(env, call, first, after, by_resource=_names_resources(request))
    by_step: list[list[DayUsage]] = [[] for _ in steps]
    starts = [start for start, _ in steps]
    for usage in usages:
        by_step[bisect_right(starts, usage.day) - 1].append(usage)
    results = []
    for step, used in zip(steps, by_step, strict=True):
        results.append(
            _result(step, used, prices=prices, groups=groups, metrics=metrics, keep=keep, call=call)
        )
        await asyncio.sleep(0)
    return {
        "GroupDefinitions": [{"Type": "DIMENSION", "Key": key} for key in groups],
        "ResultsByTime": results,
        "DimensionValueAttributes": [],
    }


def _result(
    step: tuple[date, date],
    usages: list[DayUsage],
    *,
    prices: PriceList,
    groups: list[str],
    metrics: list[str],
    keep: Callable[[dict[str, str]], bool],
    call: Call,
) -> dict[str, Any]:
    sums: dict[tuple[str, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    units: dict[tuple[str, ...], set[str]] = defaultdict(set)
    with localcontext() as context:
        context.prec = EXACT_DIGITS
        for usage in usages:
            price = prices.price(usage.meter, usage.day)
            values = _dimensions(usage, price, call)
            if price is None or not keep(values):
                continue
            key = tuple(values[name] for name in groups)
            sums[key][0] += price.cost(usage.quantity)
            sums[key][1] += usage.quantity / price.per
            units[key].add(price.unit)
        total = [sum((v[i] for v in sums.values()), Decimal(0)) for i in (0, 1)]
    answer: dict[str, Any] = {
        "TimePeriod": {"Start": step[0].isoformat(), "End": step[1].isoformat()},
        "Estimated": True,
        "Groups": [
            {"Keys": list(key), "Metrics": _amounts(sums[key], units[key], metrics, prices)}
            for key in sorted(sums)
        ]
        if groups
        else [],
        "Total": {},
    }
    if not groups:
        answer["Total"] = _amounts(total, set().union(*units.values()), metrics, prices)
    return answer


def _amounts(
    sums: list[Decimal], units: set[str], metrics: list[str], prices: PriceList
) -> dict[str, dict[str, str]]:
    unit = next(iter(units)) if len(units) == 1 else "N/A"
    return {
        name: {"Amount": decimal_text(sums[1]), "Unit": unit}
        if name in QUANTITY_METRICS
        else {"Amount": decimal_text(sums[0]), "Unit": prices.currency}
        for name in metrics
    }


def _dimensions(usage: DayUsage, price: Price | None, call: Call) -> dict[str, str]:
    return {
        "SERVICE": price.service if price else "",
        "USAGE_TYPE": usage.meter,
        "REGION": call.region,
        "LINKED_ACCOUNT": call.account,
        "RESOURCE_ID": usage.resource,
    }


def _period(given: dict[str, str]) -> tuple[date, date]:
    try:
        first, after = date.fromisoformat(given["Start"]), date.fromisoformat(given["End"])
    except (ValueError, KeyError):
        raise ValidationException("TimePeriod needs Start and End as YYYY-MM-DD.") from None
    if after <= first:
        raise ValidationException("Start date (and hour) should be before end date (and hour)")
    if (after - first).days > MAX_DAYS:
        raise ValidationException(f"The period is over {MAX_DAYS} days.")
    return first, after


def _steps(first: date, after: date, granularity: str) -> Iterator[tuple[date, date]]:
    if granularity not in ("DAILY", "MONTHLY"):
        raise ValidationException("Granularity is DAILY or MONTHLY.")
    start = first
    while start < after:
        if granularity == "DAILY":
            end = start + timedelta(days=1)
        else:
            end = date(start.year + start.month // 12, start.month % 12 + 1, 1)
        yield start, min(end, after)
        start = end


def _groups(given: list[dict[str, str]]) -> list[str]:
    if len(given) > 2:
        raise ValidationException("GroupBy takes at most two groups.")
    for group in given:
        if group.get("Type") != "DIMENSION" or group.get("Key") not in DIMENSIONS:
            raise ValidationException(f"GroupBy takes the dimensions {', '.join(DIMENSIONS)}.")
    return [group["Key"] for group in given]


def _metrics(given: list[str]) -> list[str]:
    known = {name.lower(): name for name in (*COST_METRICS, *QUANTITY_METRICS)}
    unknown = [name for name in given if name.lower() not in known]
    if unknown or not given:
        raise ValidationException(f"Metrics takes {', '.join(known.values())}.")
    return [known[name.lower()] for name in given]


def _names_resources(request: dict[str, Any]) -> bool:
    return "RESOURCE_ID" in repr((request.get("GroupBy"), request.get("Filter")))


def _filter(given: dict[str, Any] | None, depth: int = 0) -> Callable[[dict[str, str]], bool]:
    """A predicate over dimensions; raises ValidationException for what is not built."""
    if given is None:
        return lambda values: True
    if depth > MAX_FILTER_DEPTH:
        raise ValidationException(f"Filter is nested over {MAX_FILTER_DEPTH} levels.")
    present = [word for word, value in given.items() if value is not None]
    if len(present) != 1:
        raise ValidationException("Expression must have exactly one operand or operator.")
    if present == ["Not"]:
        inner = _filter(given["Not"], depth + 1)
        return lambda values: not inner(values)
    for word, join in (("And", all), ("Or", any)):
        if present == [word]:
            parts = [_filter(item, depth + 1) for item in given[word]]
            return lambda values, join=join, parts=parts: join(p(values) for p in parts)  # type: ignore[misc]
    if present != ["Dimensions"]:
        raise ValidationException(f"{present[0]} is not supported; filter by Dimensions.")
    return _dimension_filter(given["Dimensions"])


def _dimension_filter(given: dict[str, Any]) -> Callable[[dict[str, str]], bool]:
    key, wanted = given.get("Key"), set(given.get("Values") or [])
    if key not in DIMENSIONS:
        raise ValidationException(f"Filter takes the dimensions {', '.join(DIMENSIONS)}.")
    options = [option for option in given.get("MatchOptions") or [] if option != "CASE_SENSITIVE"]
    if options not in ([], ["EQUALS"]):
        raise ValidationException("MatchOptions takes EQUALS and CASE_SENSITIVE.")
    if not wanted:
        raise ValidationException("Dimensions needs at least one of Values.")
    return lambda values: values[key] in wanted
