"""`volano who-can ACTION RESOURCE`: who may do it, by which statement, and who may not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from volano.cli.settings import add_config_arguments, client_of

if TYPE_CHECKING:
    import argparse

    from volano.sdk.client import Client

MAX_PAGES = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", help="a permission, such as s3:GetObject")
    parser.add_argument("resource", nargs="?", default="*", help="an ARN, or * (the default)")
    parser.add_argument("--denied", action="store_true", help="tell who may not, and why, too")
    parser.add_argument("--json", action="store_true", help="everything, for programs")
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    answer = _read(client_of(args), args.action, args.resource)
    if args.json:
        print(json.dumps(answer, indent=2))
        return 0
    groups = {"allowed": "may", "conditional": "may, if", "denied": "may not"}
    for outcome, title in groups.items():
        items = [item for item in answer["items"] if item["outcome"] == outcome]
        if not items or (outcome == "denied" and not args.denied):
            continue
        print(f"{title}:")
        for item in items:
            print_access(item)
    for outsider in answer["outsiders"]:
        print(f"let in from outside: {outsider['principal']}")
        print(f"    {statement_line(outsider['statement'])}")
    refused = sum(item["outcome"] == "denied" for item in answer["items"])
    if refused and not args.denied:
        print(f"{refused} may not; --denied tells who and why")
    return 0


def _read(client: Client, action: str, resource: str) -> dict[str, Any]:
    """Every page as one answer."""
    found: dict[str, Any] = {}
    cursor = ""
    for _ in range(MAX_PAGES):
        page = client.get("/access/who-can", action=action, resource=resource, cursor=cursor)
        if found:
            found["items"] += page["items"]
        else:
            found = page
        cursor = page.get("next_cursor") or ""
        if not cursor:
            break
    return found


def print_access(item: dict[str, Any]) -> None:
    """One principal, and the statements that decided."""
    print(f"  {item['principal']}")
    if item["note"]:
        print(f"    {item['note']}")
    for statement in item["statements"]:
        print(f"    {statement_line(statement)}")
    if item["waits_for"]:
        print(f"    depends on the request's {', '.join(item['waits_for'])}")
    if item["outcome"] == "denied" and item["reason"]:
        print(f"    {item['reason']}")


def statement_line(statement: dict[str, Any]) -> str:
    """`Allow by AmazonS3FullAccess (identity), statement 1, line 1, through group …`."""
    name = f'"{statement["sid"]}"' if statement["sid"] else str(statement["number"])
    line = (
        f"{statement['effect']} by {statement['policy']} ({statement['kind']} policy), "
        f"statement {name}, line {statement['line']}"
    )
    return line + (f", through {statement['through']}" if statement["through"] else "")


def principal_arn(client: Client, name: str) -> str:
    """A user's ARN from a plain name; an ARN is left alone."""
    if name.startswith("arn:"):
        return name
    return str(client.get(f"/people/{quote(name, safe='')}")["arn"])
