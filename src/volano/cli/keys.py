"""`volano keys`: list, make and revoke keys and tokens; a secret is shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

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
            state = "active" if key["active"] else "revoked"
            print(f"  {key['id']:28} {key['kind']:11} {state:8} {key['name']} (…{key['hint']})")
        return 0
    if not args.subject:
        raise Invalid("Name the kind to make (access, api, slack) or the id to revoke.")
    if args.what == "revoke":
        client.delete(f"/keys/{quote(args.subject, safe='')}")
        print("revoked")
        return 0
    kinds = {"access": "access-key", "api": "api", "slack": "slack-user"}
    if args.subject not in kinds:
        raise Invalid(f"There is no kind {args.subject!r}: it is access, api or slack.")
    made = client.post("/keys", {"kind": kinds[args.subject], "name": args.name or "Key"})
    for name, value in made.items():
        if value:
            print(f"  {name}: {value}")
    print("The secret is not shown again.")
    return 0
