"""`volano explain PRINCIPAL ACTION RESOURCE`: why somebody may do something, or may not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.cli.settings import add_config_arguments, client_of
from volano.cli.who_can import principal_arn, print_access, statement_line

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("principal", help="a user's name, or the ARN of a user, role or root")
    parser.add_argument("action", help="a permission, such as s3:GetObject")
    parser.add_argument("resource", nargs="?", default="*", help="an ARN, or * (the default)")
    parser.add_argument("--json", action="store_true", help="everything, for programs")
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    client = client_of(args)
    answer = client.get(
        "/access/explain",
        principal=principal_arn(client, args.principal),
        action=args.action,
        resource=args.resource,
    )
    if args.json:
        print(json.dumps(answer, indent=2))
        return 0
    access = answer["access"]
    words = {"allowed": "yes", "conditional": "it depends", "denied": "no"}
    print(f"{words[access['outcome']]}: {args.action} on {args.resource}")
    print_access(access)
    if access["others"]:
        print("  also about this request:")
        for statement in access["others"]:
            print(f"    {statement_line(statement)}")
    return 0
