"""`volano root-key`: show which key wraps all others, or give the cloud a new one."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from volano.cli.settings import add_config_arguments, config_of

if TYPE_CHECKING:
    import argparse

    from volano.kernel.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", default="show", choices=("show", "rotate"))
    parser.add_argument(
        "--to",
        default="",
        metavar="SOURCE",
        help="file, file:PATH, env:VARIABLE or command:PROGRAM",
    )
    parser.add_argument("--store", help="sqlite, or postgresql://user@host/database")
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    config = config_of(args, store=args.store)
    if config.store != "sqlite":
        from volano.cli.enable import ensure_extra  # noqa: PLC0415 - only for many machines

        ensure_extra("scale", config.data_dir)
    fingerprint = asyncio.run(_run(config, args.what, args.to))
    print(f"root key {fingerprint[:16]} from {args.to or config.root_key}")
    if args.what == "rotate":
        print("The old key opens this cloud no more; backups made before still need it.")
        if args.to and args.to != config.root_key:
            print(f"Now set VOLANO_ROOT_KEY={args.to!r} (or root_key in volano.toml).")
        print("Other processes of this cloud need the new key when they start again.")
    return 0


async def _run(config: Config, what: str, to: str) -> str:
    from volano.app.build import open_store  # noqa: PLC0415 - `--help` stays fast
    from volano.app.root_key import rotate_root_key, show_root_key  # noqa: PLC0415 - the same
    from volano.kernel.clock import SystemClock  # noqa: PLC0415 - the same
    from volano.kernel.errors import NotFound  # noqa: PLC0415 - the same

    if config.store == "sqlite" and not (config.data_dir / "volano.db").is_file():
        raise NotFound(f"There is no Volano in {config.data_dir}; give its folder with --data.")
    store = await open_store(config, SystemClock(), lambda: None)
    try:
        if what == "show":
            return await show_root_key(config, store, dict(os.environ))
        return await rotate_root_key(config, store, dict(os.environ), to=to)
    finally:
        await store.close()
