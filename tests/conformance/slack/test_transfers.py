"""A workplace comes in, survives kill -9 on its way, goes out, and comes in elsewhere the same.

What is in a workplace is read by slack_sdk alone.
"""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests import slack_exports as export
from tests.conftest import Volano, start_volano

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slack_sdk import WebClient

WAIT_S = 120.0
DAYS = 40
A_DAY = 150
"""Messages of each day of a long channel: enough that an import takes seconds."""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volano]:
    server = start_volano(tmp_path_factory.mktemp("first"))
    yield server
    server.stop(kill=True)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volano]:
    server = start_volano(tmp_path_factory.mktemp("second"))
    yield server
    server.stop(kill=True)


def volano_chat(server: Volano, *arguments: str) -> str:
    """The command line, as a person runs it."""
    command = [sys.executable, "-m", "volano", "chat", *arguments]
    command += ["--data", str(server.data_dir)]
    done = subprocess.run(
        command, env=server.environment, capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def long_export() -> dict[str, object]:
    """The small export with a channel of some thousand messages and files."""
    members = export.small_export()
    members[f"__uploads/{export.FILE}/notes.txt"] = b"the notes"
    channels = members["channels.json"]
    assert isinstance(channels, list)
    channels.append(export.channel("C0LONG0001", "long", export.ANN, export.BEN))
    for day in range(DAYS):
        start = day * 86_400
        date = datetime.fromtimestamp(export.FIRST + start, UTC).date()
        members[f"long/{date}.json"] = [
            export.said(export.ANN, f"Message {number} of day {day}", start + number)
            for number in range(A_DAY)
        ]
    return members


def wait_import(server: Volano, import_id: str) -> dict:
    deadline = time.monotonic() + WAIT_S
    while True:
        _, found = server.rest("GET", f"/chat/imports/{import_id}")
        if found["state"] != "running":
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def start_import(server: Volano, path: Path) -> str:
    """Upload and start; the import's id."""
    size = {"name": path.name, "size_bytes": path.stat().st_size}
    _, place = server.rest("POST", "/chat/imports/uploads", size)
    request = urllib.request.Request(place["upload_url"], data=path.read_bytes(), method="POST")
    with urllib.request.urlopen(request, timeout=WAIT_S) as reply:
        assert reply.status == 200
    status, started = server.rest("POST", "/chat/imports", {"file": place["file"]})
    assert status == 200, started
    return str(started["id"])


def test_an_import_that_was_killed_goes_on_and_loses_nothing(first: Volano, tmp_path: Path) -> None:
    path = tmp_path / "long.zip"
    path.write_bytes(export.zipped(long_export()))
    import_id = start_import(first, path)
    deadline = time.monotonic() + WAIT_S
    while True:  # until some of it is written
        _, found = first.rest("GET", f"/chat/imports/{import_id}")
        assert time.monotonic() < deadline, found
        if found["counts"].get("messages", 0) > 0:
            break
        time.sleep(0.01)
    first.restart(kill=True)
    done = wait_import(first, import_id)
    assert (done["state"], done["error"]) == ("done", "")
    assert done["counts"]["messages"] == 11 + DAYS * A_DAY
    assert done["counts"]["people"] == 7
    assert "here already" not in done["skipped"]
    shown = read_channel(first.slack(), "C0LONG0001", joins=True)
    assert len(shown) == DAYS * A_DAY
    assert [message["text"] for message in shown[-2:]] == [
        "Message 1 of day 0",
        "Message 0 of day 0",
    ]
    again = volano_chat(first, "import", str(path))
    assert again.startswith("Imported: nothing new.")


def read_channel(client: WebClient, channel: str, *, joins: bool = False) -> list[dict]:
    """Every message of a channel, newest first, threads with their replies."""
    if joins:
        client.conversations_join(channel=channel)
    found: list[dict] = []
    for page in client.conversations_history(channel=channel, limit=900):
        found += page["messages"]
    for message in list(found):
        if message.get("reply_count"):
            replies = client.conversations_replies(channel=channel, ts=message["ts"], limit=900)
            message["replies"] = replies["messages"][1:]
    return [message for message in found if message.get("subtype") != "channel_join"]


def read_workspace(client: WebClient) -> dict[str, object]:
    """People and public channels by name, and all that was said there, ids as names."""
    people = {user["id"]: user for user in client.users_list(limit=200)["members"]}
    names = {id: user["name"] for id, user in people.items()}
    found: dict[str, object] = {
        "people": {
            user["name"]: (user["profile"].get("email"), user["deleted"], user["is_bot"])
            for user in people.values()
            if not user["name"].startswith("admin")  # each has its own
        }
    }
    channels = client.conversations_list(limit=200)["channels"]
    for channel in channels:
        said = [
            _plain(message, names)
            for message in read_channel(client, channel["id"], joins=not channel["is_archived"])
        ]
        kept = ("is_archived", "is_general")
        found[channel["name"]] = (
            [channel[name] for name in kept],
            channel["topic"]["value"],
            said,
        )
    return found


def _plain(message: dict, names: dict[str, str]) -> dict[str, object]:
    return {
        "ts": message["ts"],
        "who": names[message["user"]],
        "text": message["text"],
        "subtype": message.get("subtype"),
        "edited": message.get("edited", {}).get("ts"),
        "thread": message.get("thread_ts"),
        "reactions": [
            (item["name"], [names[user] for user in item["users"]])
            for item in message.get("reactions", [])
        ],
        "files": [file["name"] for file in message.get("files", [])],
        "replies": [_plain(reply, names) for reply in message.get("replies", [])],
    }


def test_an_export_becomes_the_same_workplace_elsewhere(
    first: Volano, second: Volano, tmp_path: Path
) -> None:
    path = tmp_path / "small.zip"
    path.write_bytes(export.zipped(long_export()))
    volano_chat(first, "import", str(path))
    status, switched = first.rest("PUT", "/chat/compliance", {"enabled": True})
    assert (status, switched["enabled"]) == (200, True)
    out = tmp_path / "out.zip"
    volano_chat(first, "export", str(out), "--everything")
    told = volano_chat(second, "import", str(out))
    assert told.startswith("Imported:")
    before, after = read_workspace(first.slack()), read_workspace(second.slack())
    assert after.keys() == before.keys()
    for name, state in before.items():
        assert after[name] == state, name
    assert volano_chat(second, "import", str(out)).startswith("Imported: nothing new.")
    assert "done" in volano_chat(second, "imports")
