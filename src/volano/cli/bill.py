"""`volano bill`: this month's bill, line by line."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from volano.cli.settings import add_config_arguments, client_of

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_arguments(parser)
    parser.add_argument("--period", default="", help="a month as 2026-11 (this month)")
    parser.add_argument("--json", action="store_true", help="exact amounts for programs")


def run(args: argparse.Namespace) -> int:
    bill = client_of(args).get("/bill", period=args.period)
    if args.json:
        print(json.dumps(bill, indent=2))
        return 0
    print(f"Bill of account {bill['account']} for {bill['period']}, in {bill['currency']}\n")
    width = max((len(line["text"]) for line in bill["lines"]), default=10)
    for line in bill["lines"]:
        quantity, cost = Decimal(line["quantity"]), Decimal(line["cost"])
        print(
            f"  {line['service']:10} {line['text']:{width}}  {quantity:14.6f} {line['unit']:15} "
            f"x {line['price']:>8} = {cost:12.6f}"
        )
    if not bill["lines"]:
        print("  nothing was used")
    print(f"\n  total {Decimal(bill['total']):.6f} {bill['currency']}")
    for meter in bill["unpriced"]:
        print(f"  {meter} was used but is not in the price list")
    return 0
