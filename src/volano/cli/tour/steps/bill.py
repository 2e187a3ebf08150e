"""Step bill: every line that this month costs so far, asked for with Cost Explorer."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from volano.cli.tour.outcome import Note, StepFailed
from volano.cli.tour.waiting import poll
from volano.kernel.clock import SystemClock

if TYPE_CHECKING:
    from volano.cli.tour.day import Day

METERING_TIMEOUT_S = 60.0
MAX_PAGES = 50
EXACT_DIGITS = 90
SUM_PLACES = Decimal("1e-20")  # repeating fractions end somewhere; far below any cent
# What must be on the bill once a step has run: name, and a pattern for "service usage type unit".
WANTED = {
    "upload": ("requests or storage of S3", r"(s3|storage|object).*(request|tier|byte|storage)"),
    "answers": ("tokens of embeddings", r"embed.*token|token.*embed"),
    "chat": ("tokens of completions", r"token"),
    "workplace": ("seats of the workplace", r"seat"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the bill."""

    service: str
    usage_type: str
    quantity: Decimal
    unit: str
    cost: Decimal
    currency: str


def run(day: Day) -> Note:
    """Wait until everything used is metered; check that the lines add up to the total."""
    day.say("waiting until usage is metered")
    start, end = _month()
    last: list[str] = []

    def look() -> tuple[list[Line], Decimal] | None:
        lines = _lines(day, start, end)
        total = _total(day, start, end)
        last[:] = _missing(day, lines)
        if not last and not _adds_up(lines, total):
            last.append(f"a total of {total:f} equal to the sum of the lines")
        return None if last else (lines, total)

    found = poll(look, timeout_s=METERING_TIMEOUT_S, every_s=1.0)
    if found is None:
        raise StepFailed(
            expected="on the bill: " + "; ".join(last),
            got="\n".join(_show(line) for line in _lines(day, start, end)) or "an empty bill",
            todo="look at the bill page of the console; usage is metered by events within a minute",
        )
    lines, total = found
    currency = lines[0].currency if lines else "USD"
    return Note(
        summary=f"{len(lines)} lines since {start}: {currency} {total:.6f}, the sum of the lines",
        lines=tuple(_show(line) for line in lines),
        facts={
            "total": str(total),
            "currency": currency,
            "lines": [asdict(line) for line in lines],
        },
    )


def _month() -> tuple[str, str]:
    """First day of this month and of the next, UTC."""
    today = datetime.fromtimestamp(SystemClock().now_us() / 1e6, UTC).date()
    first = today.replace(day=1)
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return first.isoformat(), following.isoformat()


def _ask(day: Day, start: str, end: str, **more: object) -> list[dict[str, Any]]:
    """The periods of Cost Explorer's answer, all pages."""
    periods: list[dict[str, Any]] = []
    for _ in range(MAX_PAGES):
        page = day.clients.ce.get_cost_and_usage(
            TimePeriod={"Start": start, "End": end},
            Granularity="MONTHLY",
            Metrics=["UnblendedCost", "UsageQuantity"],
            **more,
        )
        periods += page["ResultsByTime"]
        if not page.get("NextPageToken"):
            break
        more["NextPageToken"] = page["NextPageToken"]
    return periods


def _lines(day: Day, start: str, end: str) -> list[Line]:
    keys = [{"Type": "DIMENSION", "Key": key} for key in ("SERVICE", "USAGE_TYPE")]
    groups = [g for period in _ask(day, start, end, GroupBy=keys) for g in period["Groups"]]
    lines = [_to_line(group) for group in groups]
    return sorted(lines, key=lambda line: (line.service, line.usage_type))


def _to_line(group: dict[str, Any]) -> Line:
    cost, quantity = group["Metrics"]["UnblendedCost"], group["Metrics"]["UsageQuantity"]
    return Line(
        service=group["Keys"][0],
        usage_type=group["Keys"][1],
        quantity=Decimal(quantity["Amount"]),
        unit=quantity["Unit"],
        cost=Decimal(cost["Amount"]),
        currency=cost["Unit"],
    )


def _total(day: Day, start: str, end: str) -> Decimal:
    amounts = [period["Total"]["UnblendedCost"]["Amount"] for period in _ask(day, start, end)]
    return sum((Decimal(amount) for amount in amounts), Decimal(0))


def _adds_up(lines: list[Line], total: Decimal) -> bool:
    with localcontext() as context:
        context.prec = EXACT_DIGITS
        summed = sum((line.cost for line in lines), Decimal(0))
        return summed.quantize(SUM_PLACES) == total.quantize(SUM_PLACES)


def _missing(day: Day, lines: list[Line]) -> list[str]:
    texts = [
        f"{line.service} {line.usage_type} {line.unit}".lower()
        for line in lines
        if line.quantity > 0
    ]
    missing = []
    for step, (name, pattern) in WANTED.items():
        if step in day.steps_done and not any(re.search(pattern, text) for text in texts):
            missing.append(name)
    if "instance" in day.steps_done and not any(day.used_type in text for text in texts):
        missing.append(f"time of the instance type {day.used_type}")
    return missing


def _show(line: Line) -> str:
    used = f"{line.quantity:.6f} {line.unit}"
    return f"{line.service:<20} {line.usage_type:<28} {used:<32} {line.currency} {line.cost:>12.6f}"
