"""`volano models list|pull|rm|load|unload|pin`: through the REST API of a running Volano."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from volano.cli.settings import client_of
from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    import argparse

    from volano.sdk.client import Client

POLL_S = 0.3


def add_pull_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="for example Qwen/Qwen3-0.6B")
    parser.add_argument(
        "--from",
        dest="source",
        default="",
        help="a mirror's URL, a bucket (s3://BUCKET/FOLDER) or a folder",
    )
    parser.set_defaults(do=pull)


def show(args: argparse.Namespace) -> int:
    """The catalogue, one model a line and what it is good for below."""
    found = client_of(args).get("/models/catalogue")
    for model in found["items"]:
        print(
            f"  {model['id']:32} {model['kind']:9} {model['task']:9} {_size(model):>8}  "
            f"{_state(model):26} {model['license']}"
        )
        print(f"    {model['description']}")
    machine = found["machine"]
    print(
        f"\n  memory {machine['memory_free_bytes'] / 1e9:.1f} of "
        f"{machine['memory_bytes'] / 1e9:.1f} GB free, engine {machine['state']}"
    )
    return 0


def _size(model: dict[str, Any]) -> str:
    return f"{model['size_bytes'] / 1e9:.1f} GB" if model["size_bytes"] else "-"


def _state(model: dict[str, Any]) -> str:
    """Where the model is, or what keeps it from being here."""
    if model["pull"] is not None:
        return f"pulling {model['pull']['fraction']:.0%}"
    live = model["live"]
    if live is not None:
        pinned = ", pinned" if model["pinned"] else ""
        zones = ", ".join(f"{zone} x{count}" for zone, count in live["zones"].items())
        return f"loaded in {zones}{pinned}"
    if model["memory_bytes"] is None:
        return f"at {model['engine']}"
    return "fits" if model["fits"] else f"needs {model['memory_bytes'] / 1e9:.0f} GB"


def pull(args: argparse.Namespace) -> int:
    """Start a pull and show its progress to the end."""
    client = client_of(args)
    source = args.source
    if source and "://" not in source:
        source = str(Path(source).expanduser().absolute())  # the server has another folder
    result = finish(client, client.post("/models/pull", {"name": args.name, "source": source}))
    licence = result["licence"] or "not named by its card"
    print(f"{result['model']} is ready: {result['size_bytes'] / 1e6:.1f} MB, licence {licence}.")
    return 0


def remove(args: argparse.Namespace) -> int:
    client_of(args).delete(path_of(args.name))
    print(f"{args.name} is deleted.")
    return 0


def load(args: argparse.Namespace) -> int:
    """Load, and say what the engine then holds of it."""
    began_s = time.monotonic()
    live = client_of(args).post(f"{path_of(args.name)}/load")["items"]
    held = next((each for each in live if each["model"] == args.name), None)
    size = f", {held['size_bytes'] / 1e6:.1f} MB of weights" if held else ""
    print(f"{args.name} is loaded in {time.monotonic() - began_s:.1f} s{size}.")
    return 0


def unload(args: argparse.Namespace) -> int:
    client_of(args).post(f"{path_of(args.name)}/unload")
    print(f"{args.name} left memory; its next request loads it again.")
    return 0


def pin(args: argparse.Namespace) -> int:
    client_of(args).put(f"{path_of(args.name)}/pin", {"pinned": not args.off})
    stays = "may leave memory again" if args.off else "stays in memory"
    print(f"{args.name} {stays}.")
    return 0


def path_of(name: str) -> str:
    return f"/models/{quote(name, safe='')}"


def finish(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    """Show a job's progress to its end; its result. Raises Unavailable when it failed."""
    while job["state"] in ("queued", "running"):
        bar = "#" * int(job["fraction"] * 24)
        sys.stderr.write(f"\r[{bar:24}] {job['fraction']:4.0%} {job['text'][:60]:60}")
        sys.stderr.flush()
        time.sleep(POLL_S)
        job = client.get(f"/jobs/{quote(job['id'])}")
    sys.stderr.write("\n")
    if job["state"] == "failed":
        raise Unavailable(job["result"])
    result: dict[str, Any] = json.loads(job["result"])
    return result
