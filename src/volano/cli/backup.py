"""`volano backup FILE`: everything that must survive, in one file; Volano may be running."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from volano.cli.settings import add_config_arguments, config_of

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="where to write it, for example volano-backup.tar")
    parser.add_argument("--store", help="sqlite, or postgresql://user@host/database")
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from volano.app.backup import write_backup  # noqa: PLC0415 - `--help` stays fast

    config = config_of(args, store=args.store)
    if config.store != "sqlite":
        from volano.cli.enable import ensure_extra  # noqa: PLC0415 - only for many machines

        ensure_extra("scale", config.data_dir)
    summary = asyncio.run(write_backup(config, Path(args.file)))
    print(f"{args.file}: {summary.files} files, {summary.size_bytes / 1e6:.1f} MB.")
    print("It holds the root key: keep it as safe as the data folder. Instances' disks and pulled")
    print("models are not in it.")
    return 0
