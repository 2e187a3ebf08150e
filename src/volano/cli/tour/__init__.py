"""`volano tour`: a day in the life of a small company, on a running Volano, by stock clients.

A process of its own; its steps use boto3, openai and slack_sdk and nothing of the server. Exit
code 0 means that the outcome of every step was checked and right; 1 that one was not; 2 that the
input or the set-up is wrong.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from volano.cli.enable import ensure_extra
from volano.cli.settings import add_config_arguments, client_environment, config_of

if TYPE_CHECKING:
    import argparse

STEP_CHOICES = (
    "connect",
    "upload",
    "presign",
    "instance",
    "answers",
    "chat",
    "workplace",
    "bill",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `volano tour`."""
    parser.add_argument(
        "--input",
        type=Path,
        metavar="DIR",
        help="your own shop: products.csv, orders.csv, policies/*.md (default: the example shop)",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=STEP_CHOICES,
        metavar="STEP",
        help="run this step and what it needs: " + ", ".join(STEP_CHOICES),
    )
    parser.add_argument(
        "--instance-type", metavar="TYPE", help="instead of the smallest economy type"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=300.0,
        metavar="S",
        help="longest wait in seconds for the instance and for its report (default 300)",
    )
    after = parser.add_mutually_exclusive_group()
    after.add_argument("--keep", action="store_true", help="do not stop the instance at the end")
    after.add_argument("--cleanup", action="store_true", help="remove all that the tour made")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the result as JSON")
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run the tour; returns the exit code."""
    data_dir = config_of(args).data_dir
    ensure_extra("clients", data_dir)
    os.environ.update(client_environment(data_dir))
    from volano.cli.tour.tour import run_tour  # noqa: PLC0415 -- the clients take a second to import

    return run_tour(args)
