"""`volano security`: what is weak in this account, the worst first, and how to mend it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.cli.settings import add_config_arguments, client_of

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_arguments(parser)
    parser.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    overview = client_of(args).get("/security-overview")
    findings = overview["findings"]
    if args.json:
        print(json.dumps(overview, indent=2))
    else:
        _print(overview)
    return 1 if any(found["severity"] == "high" for found in findings) else 0


def _print(overview: dict[str, list[dict[str, str]]]) -> None:
    for found in overview["findings"]:
        print(f"  {found['severity']:6}  {found['text']}\n          {found['mend']}")
    print()
    for check in overview["checks"]:
        said = check["unchecked"] or f"{check['looked_at']} looked at"
        print(f"  {check['text']:40} {said}")
    if not overview["findings"]:
        print("\n  Nothing weak was found.")
