"""One tour from the checked input to the table of results."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from typing import TYPE_CHECKING

from volano.cli.tour.clients import make_clients, missing_variables
from volano.cli.tour.day import Day
from volano.cli.tour.progress import Progress
from volano.cli.tour.runner import CLIENT_ERRORS, Result, choose_steps, run_steps
from volano.cli.tour.sales import count_sales
from volano.cli.tour.shop import Shop, example_folder, read_shop
from volano.cli.tour.tables import InputError

if TYPE_CHECKING:
    import argparse

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2


def run_tour(args: argparse.Namespace) -> int:
    """Read the input, run the steps, show and write the result; returns the exit code."""
    try:
        shop = read_shop(args.input or example_folder())
    except InputError as error:
        return _refuse(str(error))
    missing = missing_variables(os.environ)
    if missing:
        return _refuse(
            f"not set: {', '.join(missing)}\nStart Volano with `volano up`; it prints these "
            "variables, and the tour finds them by itself with --data DIR"
        )
    day = _begin_day(args, shop)
    progress = day.progress
    progress.line(_greeting(day))
    started = time.monotonic()
    results = run_steps(day, choose_steps(args.only))
    took_s = time.monotonic() - started
    if args.cleanup:
        _remove_all(day)
    _show_table(progress, results, took_s)
    _show_made(day, removed=args.cleanup)
    if args.json:
        args.json.write_text(json.dumps(_to_json(day, results, took_s), indent=1, default=str))
    return EXIT_OK if all(result.state == "ok" for result in results) else EXIT_FAILED


def _begin_day(args: argparse.Namespace, shop: Shop) -> Day:
    return Day(
        clients=make_clients(),
        shop=shop,
        sales=count_sales(shop.products, shop.orders),
        progress=Progress(),
        suffix=secrets.token_hex(3),
        keep_running=args.keep,
        instance_type=args.instance_type,
        timeout_s=args.timeout,
    )


def _greeting(day: Day) -> str:
    shop = day.shop
    return (
        f"volano tour {day.suffix}: {shop.product_count} products, {day.sales.orders} orders, "
        f"{len(shop.sentences)} sentences of policy from {shop.folder}\n"
    )


def _show_table(progress: Progress, results: list[Result], took_s: float) -> None:
    progress.line()
    rows = [
        (
            result.name,
            result.state,
            f"{result.took_s:.2f}",
            result.note.summary if result.note else "",
        )
        for result in results
    ]
    good = sum(result.state == "ok" for result in results)
    rows.append(("all", f"{good} of {len(results)}", f"{took_s:.2f}", ""))
    progress.table(("step", "result", "seconds", "checked"), rows, right="2")


def _show_made(day: Day, *, removed: bool) -> None:
    """What to look at in the console, or what is gone."""
    kinds = ("bucket", "instance", "channel")
    names = [f"{made.kind} {made.name}" for made in day.made if made.kind in kinds]
    if not names:
        return
    console = os.environ["OPENAI_BASE_URL"].rstrip("/").removesuffix("/v1")
    day.progress.line(f"\n{'Removed' if removed else f'See at {console}'}: {', '.join(names)}")


def _remove_all(day: Day) -> None:
    """Take away what was made, newest first; what refuses is named and left."""
    for made in reversed(day.made):
        try:
            made.remove()
        except CLIENT_ERRORS as error:
            day.progress.line(f"could not remove {made.kind} {made.name}: {error}")


def _to_json(day: Day, results: list[Result], took_s: float) -> dict[str, object]:
    return {
        "ok": all(result.state == "ok" for result in results),
        "suffix": day.suffix,
        "input": str(day.shop.folder),
        "seconds": round(took_s, 3),
        "steps": [_step_json(result) for result in results],
        "made": [{"kind": made.kind, "name": made.name} for made in day.made],
    }


def _step_json(result: Result) -> dict[str, object]:
    found: dict[str, object] = {
        "name": result.name,
        "state": result.state,
        "seconds": round(result.took_s, 3),
    }
    if result.note:
        found |= {"summary": result.note.summary, "facts": result.note.facts}
    if result.failure:
        failure = result.failure
        found |= {"expected": failure.expected, "got": failure.got, "todo": failure.todo}
    return found


def _refuse(message: str) -> int:
    print(f"volano tour: {message}", file=sys.stderr)
    return EXIT_USAGE
