"""`volano enable EXTRA`: install an extra with visible progress, beside the data.

Extras go to `<data>/extras/<name>`, a folder that is put on the import path of the processes that
need it, so that neither root nor a writable virtual environment is required.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import TYPE_CHECKING

from volano.backends.inference.extras import EXTRAS, has_extra, install_extra
from volano.cli.settings import add_config_arguments, config_of

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("extra", choices=sorted(EXTRAS), help="which extra")
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    config = config_of(args)
    ensure_extra(args.extra, config.data_dir)
    print(f"The extra `{args.extra}` is ready.")
    return 0


def ensure_extra(name: str, data_dir: Path) -> None:
    """Make the packages of an extra importable in this process, installing them when missing.

    Raises Unavailable with pip's last lines when the installation fails.
    """
    folder = data_dir / "extras" / name
    if not has_extra(name, folder):
        asyncio.run(install_extra(name, folder, _show))
        print(file=sys.stderr)
    if folder.is_dir() and str(folder) not in sys.path:
        sys.path.append(str(folder))
    importlib.invalidate_caches()


async def _show(fraction: float, text: str) -> None:
    bar = "#" * int(fraction * 24)
    sys.stderr.write(f"\r[{bar:24}] {fraction:4.0%} {text[:60]:60}")
    sys.stderr.flush()
