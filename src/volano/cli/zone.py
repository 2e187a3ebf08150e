"""`volano zone`: how the zones are, and drills that take one away and bring it back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from volano.cli.settings import add_config_arguments, client_of
from volano.kernel.errors import Invalid

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("list", "fail", "restore"))
    parser.add_argument("zone", nargs="?", help="a letter (b) or a name (eu-home-1b)")
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    client = client_of(args)
    if args.what != "list":
        if not args.zone:
            raise Invalid(f"Which zone? For example: volano zone {args.what} b")
        client.post(f"/zones/{quote(args.zone, safe='')}/{args.what}")
    for zone in client.get("/zones")["zones"]:
        note = f"  ({zone['reason']})" if zone["reason"] else ""
        print(f"  {zone['name']:16} {zone['state']}{note}")
    return 0
