"""`volano rebuild-index`: make the index of all objects again from the zones' logs alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.cli.settings import add_config_arguments, config_of
from volano.kernel.errors import NotFound

if TYPE_CHECKING:
    import argparse

    from volano.kernel.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--replace",
        action="store_true",
        help="also where the index holds objects: what it says of them is thrown away",
    )
    parser.add_argument("--store", help="sqlite, or postgresql://user@host/database")
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    config = config_of(args, store=args.store)
    if config.store != "sqlite":
        from volano.cli.enable import ensure_extra  # noqa: PLC0415 - only for many machines

        ensure_extra("scale", config.data_dir)
    print(asyncio.run(_rebuild(config, replace=args.replace)))
    print("Uploads that were under way are gone; their clients begin them again.")
    return 0


async def _rebuild(config: Config, *, replace: bool) -> str:
    from volano.app.build import open_process  # noqa: PLC0415 - `--help` stays fast
    from volano.services.objects import interface as objects  # noqa: PLC0415 - the same

    if not (config.data_dir / "zones").is_dir():
        raise NotFound(f"There are no zones in {config.data_dir}; give its folder with --data.")
    async with open_process(config) as process:
        made = await objects.rebuild_index(process.env, replace=replace)
    return (
        f"{made.buckets} buckets, {made.objects} objects and {made.versions} older versions were "
        "made again from the log."
    )
