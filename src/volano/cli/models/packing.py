"""`volano models quantize`: a pulled model's weights, or those of a folder on this machine."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from volano.backends.inference.model_files import has_model
from volano.backends.inference.quantising import FORMS, quantise_files
from volano.cli.models.catalogue import finish, path_of
from volano.cli.settings import client_of, config_of

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="a pulled model, or a folder of weights")
    parser.add_argument("--form", choices=FORMS, default="int8")
    parser.set_defaults(do=quantize)


def quantize(args: argparse.Namespace) -> int:
    """Pack the weights, and say how large they are now."""
    folder = Path(args.name).expanduser()
    if folder.is_dir() and has_model(folder):
        data_dir = config_of(args).data_dir
        size_bytes = asyncio.run(quantise_files(data_dir, folder.absolute(), args.form, _say))
    else:
        client = client_of(args)
        job = client.post(f"{path_of(args.name)}/quantize", {"form": args.form})
        size_bytes = finish(client, job)["size_bytes"]
    print(f"{args.name} is served as {args.form} now: {size_bytes / 1e6:.1f} MB.")
    return 0


async def _say(fraction: float, text: str) -> None:
    sys.stderr.write(f"{fraction:4.0%} {text}\n")
