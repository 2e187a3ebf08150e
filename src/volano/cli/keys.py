"""`volano keys`: list, make and revoke keys and tokens; a secret is shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.cli.settings import add_config_arguments, client_of
from volano.kernel.errors import Invalid

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", default="list", choices=("list", "make", "revoke"))
    parser.add_argument("subject", nargs="?", help="make: access, api or slack; revoke: an id")
    parser.add_argument("--name", default="", help="what the key is for")
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    client = client_of(args)
    if args.what == "list":
        for key in client.get("/keys")["items"]:
            print(f"  {key['id']:28} {key['kind']:8} {key['status']:9} {key['name']}")
        return 0
    if not args.subject:
        raise Invalid("Name the kind to make (access, api, slack) or the id to revoke.")
    if args.what == "revoke":
        client.delete(f"/keys/{args.subject}")
        print("revoked")
        return 0
    made = client.post("/keys", {"kind": args.subject, "name": args.name})
    for name, value in made.items():
        if value:
            print(f"  {name}: {value}")
    print("The secret is not shown again.")
    return 0
