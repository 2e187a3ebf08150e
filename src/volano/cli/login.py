"""`volano login`: a new one-time link to the console."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from volano.cli.settings import add_config_arguments, client_of

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("user", nargs="?", default="admin", help="for whom (admin)")
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    link = client_of(args).post(f"/people/{quote(args.user, safe='')}/login-link")
    print(link["login_url"])
    return 0
