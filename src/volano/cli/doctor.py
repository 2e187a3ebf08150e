"""`volano doctor`: check this machine and the data folder, and say how to mend."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.cli.settings import add_config_arguments, config_of

if TYPE_CHECKING:
    import argparse

MARKS = {"ok": "ok  ", "note": "note", "fail": "FAIL"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_arguments(parser)
    parser.add_argument("--store", help="sqlite, or postgresql://user@host/database")


def run(args: argparse.Namespace) -> int:
    from volano.app.doctor import examine  # noqa: PLC0415 - `--help` stays fast

    findings = asyncio.run(examine(config_of(args, store=args.store)))
    for finding in findings:
        print(f"{MARKS[finding.level]}  {finding.subject}: {finding.text}")
        if finding.mend:
            print(f"      {finding.mend}")
    failures = sum(finding.level == "fail" for finding in findings)
    print(f"\n{failures} to mend." if failures else "\nAll is well.")
    return 1 if failures else 0
