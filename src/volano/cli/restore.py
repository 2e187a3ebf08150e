"""`volano restore FILE`: make a new data folder from a backup; every byte is checked first."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from volano.cli.settings import add_config_arguments, config_of

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="a file that `volano backup` wrote")
    parser.add_argument("--store", help="sqlite, or postgresql://user@host/database (empty)")
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from volano.app.backup import read_backup  # noqa: PLC0415 - `--help` stays fast

    config = config_of(args, store=args.store)
    if config.store != "sqlite":
        from volano.cli.enable import ensure_extra  # noqa: PLC0415 - only for many machines

        ensure_extra("scale", config.data_dir)
    summary = asyncio.run(read_backup(config, Path(args.file)))
    print(f"{config.data_dir}: {summary.files} files restored. Start it with `volano up`.")
    return 0
