"""Calendars with unmodified programs: the `caldav` package, and vdirsyncer both ways.

Both are installed in an environment of their own (`stock.py`). What they are too polite to send is
sent by hand: stale ETags, things that are no events, other people's paths, wrong keys.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conformance.aws import stock

if TYPE_CHECKING:
    from tests.conftest import Volano

PROGRAMS = Path(__file__).parent / "programs"
EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Test//EN
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20261122T090000Z
DTSTART:20261201T090000Z
DTEND:20261201T100000Z
SUMMARY:{title}
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")
CONFIG = """[general]
status_path = "{folder}/status/"
[pair volano]
a = "local"
b = "remote"
collections = ["events", "tasks"]
conflict_resolution = "b wins"
[storage local]
type = "filesystem"
path = "{folder}/local/"
fileext = ".ics"
[storage remote]
type = "caldav"
url = "{url}/"
username = "somebody"
password = "{key}"
"""


@pytest.fixture(scope="module")
def python() -> Path:
    return stock.python_environment(PROGRAMS)


@pytest.fixture
def key(volano_sqlite: Volano) -> str:
    """The API key of somebody in an account of their own."""
    return volano_sqlite.add_account()["OPENAI_API_KEY"]


class Door:
    """Requests as they are, signed in with a key."""

    def __init__(self, volano: Volano, key: str) -> None:
        self.volano, self.key = volano, key
        _, _, text = self("PROPFIND", "/dav/", depth="0")
        self.me = re.search(r"/dav/principals/(\w+)/</D:href></D:current-user", text)[1]
        self.events = f"/dav/calendars/{self.me}/events/"

    def __call__(self, method: str, path: str, body: str = "", **headers: str):
        """The status, the headers in small letters, and the text."""
        wire = http.client.HTTPConnection("127.0.0.1", self.volano.port, timeout=60)
        pair = base64.b64encode(f"somebody:{self.key}".encode()).decode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        wire.request(method, path, body.encode(), {"authorization": f"Basic {pair}"} | sent)
        reply = wire.getresponse()
        text = reply.read().decode()
        wire.close()
        return reply.status, {k.lower(): v for k, v in reply.getheaders()}, text


@pytest.fixture
def door(volano_sqlite: Volano, key: str) -> Door:
    return Door(volano_sqlite, key)


def run(*arguments: object, **options: object) -> str:
    words = [str(word) for word in arguments]
    done = subprocess.run(
        words, check=False, capture_output=True, text=True, timeout=240, **options
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_a_day_with_the_caldav_package(volano_sqlite: Volano, python: Path, key: str) -> None:
    url = f"{volano_sqlite.url}/dav/"
    assert "done" in run(python, PROGRAMS / "everyday.py", url, "somebody", key)


def test_vdirsyncer_keeps_a_folder_and_the_calendar_alike(
    volano_sqlite: Volano, python: Path, key: str, tmp_path: Path, door: Door
) -> None:
    config = tmp_path / "config"
    config.write_text(CONFIG.format(folder=tmp_path, url=volano_sqlite.url, key=key))
    program = python.parent / "vdirsyncer"
    local = tmp_path / "local" / "events"
    run(program, "-c", config, "discover", "volano", input="y\ny\n")

    def sync() -> dict[str, str]:
        run(program, "-c", config, "sync", "--force-delete")
        return {path.name: path.read_text() for path in local.glob("*.ics")}

    (local / "bread.ics").write_text(EVENT.format(uid="bread", title="Bread"))
    sync()
    from_us, to_us = 1_796_000_000_000_000, 1_797_000_000_000_000
    listed = f"/calendar/events?from_us={from_us}&to_us={to_us}"
    _, found = volano_sqlite.rest("GET", listed, token=key)
    assert [item["title"] for item in found["items"]] == ["Bread"]
    changed = {
        "id": found["items"][0]["event"],
        "title": "Cake",
        "start": "2026-12-01T09:00",
        "end": "2026-12-01T10:00",
    }
    status, _ = volano_sqlite.rest("PUT", f"/calendar/events/{changed['id']}", changed, token=key)
    assert status == 200
    assert "SUMMARY:Cake" in sync()["bread.ics"]
    other = {"title": "Salt", "start": "2026-12-02T09:00", "end": "2026-12-02T10:00"}
    volano_sqlite.rest("POST", "/calendar/events", other, token=key)
    assert len(sync()) == 2
    (local / "bread.ics").unlink()
    assert len(sync()) == 1
    _, found = volano_sqlite.rest("GET", listed, token=key)
    assert [item["title"] for item in found["items"]] == ["Salt"]
    volano_sqlite.rest("POST", "/tasks", {"title": "Order flour"}, token=key)
    sync()
    (todo,) = (tmp_path / "local" / "tasks").glob("*.ics")
    assert "SUMMARY:Order flour" in todo.read_text()


def test_conditions_are_kept_and_what_is_no_event_is_refused(door: Door) -> None:
    path = f"{door.events}{uuid.uuid4().hex}.ics"
    body = EVENT.format(uid="one", title="One")
    status, headers, _ = door("PUT", path, body, If_None_Match="*")
    assert status == 201
    first = headers["etag"]
    assert door("PUT", path, body, If_None_Match="*")[0] == 412
    status, headers, _ = door("PUT", path, EVENT.format(uid="one", title="Two"), If_Match=first)
    assert status == 204
    assert headers["etag"] != first
    assert door("PUT", path, body, If_Match=first)[0] == 412
    assert door("DELETE", path, If_Match=first)[0] == 412
    status, headers, text = door("GET", path)
    assert (status, "SUMMARY:Two" in text) == (200, True)
    other = f"{door.events}other.ics"
    status, _, text = door("PUT", other, body)
    assert (status, "no-uid-conflict" in text) == (409, True)
    for wrong in ("", "hello", EVENT.replace("BEGIN:VEVENT", "BEGIN:VJOURNAL")):
        status, _, text = door("PUT", other, wrong)
        assert status in (400, 403), (wrong, text)
    assert door("GET", other)[0] == 404
    assert door("DELETE", path)[0] == 204
    assert door("GET", path)[0] == 404


def test_nobody_reaches_what_is_not_theirs(volano_sqlite: Volano, door: Door) -> None:
    path = f"{door.events}mine.ics"
    assert door("PUT", path, EVENT.format(uid="mine", title="Mine"))[0] == 201
    stranger = Door(volano_sqlite, volano_sqlite.add_account()["OPENAI_API_KEY"])
    for method in ("GET", "PUT", "DELETE", "PROPFIND"):
        body = EVENT.format(uid="mine", title="Theirs") if method == "PUT" else ""
        assert stranger(method, path, body)[0] == 404, method
    stranger.key = "sk-wrong"
    status, headers, _ = stranger("PROPFIND", "/dav/")
    assert (status, "Basic" in headers["www-authenticate"]) == (401, True)
    assert "SUMMARY:Mine" in door("GET", path)[2]


def test_a_guest_answers_by_changing_and_deleting(volano_sqlite: Volano, door: Door) -> None:
    name = f"ben-{uuid.uuid4().hex[:8]}"
    policies = ["arn:aws:iam::aws:policy/VolanoChatMember"]
    key = door.key
    _, made = volano_sqlite.rest("POST", "/people", {"name": name, "policies": policies}, token=key)
    guest = Door(volano_sqlite, key_of(volano_sqlite, made))
    fields = {
        "title": "Tasting",
        "start": "2026-12-01T09:00",
        "end": "2026-12-01T10:00",
        "guests": [guest.me],
    }
    _, event = volano_sqlite.rest("POST", "/calendar/events", fields, token=key)
    path = f"{guest.events}{event['id']}.ics"
    status, headers, text = guest("GET", path)
    assert (status, "PARTSTAT=NEEDS-ACTION" in text) == (200, True)
    answered = text.replace("PARTSTAT=NEEDS-ACTION", "PARTSTAT=ACCEPTED").replace(
        "SUMMARY:Tasting", "SUMMARY:Mine now"
    )
    assert guest("PUT", path, answered, If_Match=headers["etag"])[0] == 204
    _, seen = volano_sqlite.rest("GET", f"/calendar/events/{event['id']}", token=key)
    assert (seen["title"], seen["answers"][0]["answer"]) == ("Tasting", "yes")
    assert "PARTSTAT=ACCEPTED" in guest("GET", path)[2]
    assert guest("DELETE", path)[0] == 204
    assert guest("GET", path)[0] == 404
    _, seen = volano_sqlite.rest("GET", f"/calendar/events/{event['id']}", token=key)
    assert seen["answers"][0]["answer"] == "no"


def key_of(volano: Volano, person: dict[str, str]) -> str:
    """An API key that a new person makes for themselves, in the console's session."""
    wire = http.client.HTTPConnection("127.0.0.1", volano.port, timeout=60)
    head = {"content-type": "application/json"}
    token = person["login_url"].partition("token=")[2]
    wire.request("POST", "/volano/v1/session/link", f'{{"token": "{token}"}}', head)
    reply = wire.getresponse()
    csrf = json.loads(reply.read())["csrf"]
    cookie = reply.headers["set-cookie"].partition(";")[0]
    wire.request(
        "POST",
        "/volano/v1/keys",
        '{"kind": "api"}',
        head | {"x-volano-csrf": csrf, "cookie": cookie},
    )
    made = json.loads(wire.getresponse().read())
    wire.close()
    return made["secret"]


@pytest.mark.parametrize("method", ["GET", "PROPFIND"])
def test_programs_find_the_door_by_its_well_known_name(volano_sqlite: Volano, method: str) -> None:
    wire = http.client.HTTPConnection("127.0.0.1", volano_sqlite.port, timeout=60)
    wire.request(method, "/.well-known/caldav")
    reply = wire.getresponse()
    assert (reply.status, reply.headers["location"]) == (301, "/dav/")
    wire.close()
