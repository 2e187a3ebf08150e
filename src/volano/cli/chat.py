"""`volano chat`: import another workplace's archive, export this one, list what was done."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from volano.cli.settings import add_config_arguments, client_of
from volano.kernel.errors import Invalid, Unavailable

if TYPE_CHECKING:
    import argparse

    from volano.sdk.client import Client

POLL_S = 0.3
S3 = "s3://"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("import", "export", "imports", "exports"))
    parser.add_argument(
        "archive", nargs="?", default="", help="import: a file or s3://BUCKET/KEY; export: a file"
    )
    parser.add_argument(
        "--files",
        choices=("links", "fetch"),
        default="links",
        help="import: keep links to files that the archive lacks, or fetch them",
    )
    parser.add_argument(
        "--everything", action="store_true", help="export: private conversations too"
    )
    parser.add_argument("--after", default="", help="export: from this day on (2026-01-31)")
    parser.add_argument("--before", default="", help="export: up to the day before this one")
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    client = client_of(args)
    if args.what in ("imports", "exports"):
        for item in client.get(f"/chat/{args.what}")["items"]:
            when = datetime.fromtimestamp(item["created"], UTC).strftime("%Y-%m-%d %H:%M")
            print(f"  {item['id']:14} {item['state']:8} {when}  {_counted(item['counts'])}")
        return 0
    if args.what == "import":
        return _import(client, args.archive, args.files)
    return _export(client, args)


def _import(client: Client, archive: str, files: str) -> int:
    if not archive:
        raise Invalid("Which archive? For example: volano chat import export.zip")
    wanted = {"files": files}
    if archive.startswith(S3):
        bucket, _, key = archive.removeprefix(S3).partition("/")
        wanted |= {"bucket": bucket, "key": key}
    else:
        wanted["file"] = _upload(client, Path(archive).expanduser())
    done = _wait(client, "imports", client.post("/chat/imports", wanted))
    print(f"Imported: {_counted(done['counts']) or 'nothing new'}.")
    if done["skipped"]:
        print(f"Skipped: {_counted(done['skipped'])}.")
    for note in done["notes"]:
        print(f"  {note}")
    return 0


def _upload(client: Client, path: Path) -> str:
    size_bytes = path.stat().st_size
    place = client.post("/chat/imports/uploads", {"name": path.name, "size_bytes": size_bytes})
    print(f"Uploading {path.name} ({size_bytes / 1e6:.1f} MB)", file=sys.stderr)
    client.send_file(place["upload_url"], path)
    return str(place["file"])


def _export(client: Client, args: argparse.Namespace) -> int:
    kind = "everything" if args.everything else "public"
    span = {"after": _seconds(args.after), "before": _seconds(args.before)}
    done = _wait(client, "exports", client.post(f"/chat/exports/{kind}", span))
    target = Path(args.archive or f"{done['id']}.zip").expanduser()
    client.save_file(done["link"], target)
    print(f"Exported {_counted(done['counts'])} to {target}.")
    return 0


def _seconds(day: str) -> int:
    """The first moment of a day (UTC); 0 for ''. Raises Invalid."""
    try:
        return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) if day else 0
    except ValueError as error:
        raise Invalid(f"{day!r} is no day; write it as 2026-01-31.") from error


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {what}" for what, number in counts.items())


def _wait(client: Client, kind: str, item: dict[str, Any]) -> dict[str, Any]:
    """The import or export once it is over. Raises Unavailable with what went wrong."""
    while item["state"] == "running":
        bar = "#" * int(item["fraction"] * 24)
        sys.stderr.write(f"\r[{bar:24}] {item['fraction']:4.0%} {item['text'][:60]:60}")
        sys.stderr.flush()
        time.sleep(POLL_S)
        item = client.get(f"/chat/{kind}/{quote(item['id'])}")
    sys.stderr.write("\n")
    if item["state"] == "failed":
        raise Unavailable(item["error"])
    return item
