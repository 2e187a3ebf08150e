"""`volano coverage`: every operation of the APIs we serve: built, partial or not built."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("api", nargs="?", help="s3, ec2, iam, sts, ce, openai or slack (all)")
    parser.add_argument("--all", action="store_true", help="name every operation")


def run(args: argparse.Namespace) -> int:
    from volano.app.coverage import coverage_tables  # noqa: PLC0415 - imports every service

    tables = coverage_tables()
    for name, rows in tables.items():
        if args.api not in (None, name):
            continue
        counts = Counter(row.state for row in rows)
        print(
            f"{name:8} {counts['built']:4} built  {counts['partial']:3} partial  "
            f"{counts['not built']:4} not built  of {len(rows)}"
        )
        for row in rows:
            if args.all or args.api:
                note = f"  ({row.note})" if row.note else ""
                print(f"    {row.state:10} {row.operation}{note}")
    if args.api is not None and args.api not in tables:
        print(f"there is no API {args.api!r}; known are: {', '.join(tables)}")
        return 2
    return 0
