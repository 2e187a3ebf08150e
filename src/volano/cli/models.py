"""`volano models`: list the models, pull one with progress, or delete one."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from volano.cli.settings import add_config_arguments, client_of
from volano.kernel.errors import Invalid, Unavailable

if TYPE_CHECKING:
    import argparse

    from volano.sdk.client import Client

POLL_S = 0.3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", default="list", choices=("list", "pull", "delete"))
    parser.add_argument("name", nargs="?", help="for example Qwen/Qwen3-0.6B")
    parser.add_argument(
        "--from",
        dest="source",
        default="",
        help="a mirror's URL, a bucket (s3://BUCKET/FOLDER) or a folder",
    )
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    client = client_of(args)
    if args.what == "list":
        for model in client.get("/models")["items"]:
            size = f"{model['size_bytes'] / 1e6:.0f} MB" if model["size_bytes"] else "built in"
            print(f"  {model['id']:32} {model['task']:9} {size:>10}  {model['license']}")
            print(f"    {model['description']}")
        return 0
    if not args.name:
        raise Invalid("Which model? For example: volano models pull Qwen/Qwen3-0.6B")
    if args.what == "delete":
        client.delete(f"/models/{quote(args.name, safe='')}")
        print(f"{args.name} is deleted.")
        return 0
    source = args.source
    if source and "://" not in source:
        source = str(Path(source).expanduser().absolute())  # the server has another folder
    job = _wait(client, client.post("/models/pull", {"name": args.name, "source": source}))
    if job["state"] == "failed":
        raise Unavailable(job["result"])
    result = json.loads(job["result"])
    licence = result["licence"] or "not named by its card"
    print(f"{result['model']} is ready: {result['size_bytes'] / 1e6:.1f} MB, licence {licence}.")
    return 0


def _wait(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    while job["state"] in ("queued", "running"):
        bar = "#" * int(job["fraction"] * 24)
        sys.stderr.write(f"\r[{bar:24}] {job['fraction']:4.0%} {job['text'][:60]:60}")
        sys.stderr.flush()
        time.sleep(POLL_S)
        job = client.get(f"/jobs/{quote(job['id'])}")
    sys.stderr.write("\n")
    return job
