"""Two Volano processes on one PostgreSQL: what happens at one is heard live at the other.

slack_sdk writes at A; a page's live socket and a Socket Mode client at B hear it, in the order and
with the numbers that one process would give. Signals go over PostgreSQL itself, and over NATS.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
import uuid
from typing import TYPE_CHECKING

import pytest
from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from tests.conftest import postgres_bin, start_volano
from tests.live_page import Page
from tests.nats import Nats

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Volano

LONG_S = 120


class Pair:
    """Two servers, and what carries signals between them."""

    def __init__(self, folder: Path, store: str, nats: Nats | None) -> None:
        self.store, self.nats = store, nats
        settings = {"nats_url": nats.url} if nats else {}
        self.a = start_volano(folder / "a", store=store, **settings)
        try:
            (folder / "b" / "data").mkdir(parents=True)
            for name in ("root.key", "admin.env"):
                shutil.copy(folder / "a" / "data" / name, folder / "b" / "data" / name)
            self.b = start_volano(folder / "b", store=store, **settings)
        except BaseException:
            self.a.stop(kill=True)
            raise

    def break_line(self) -> None:
        """The broker dies; of PostgreSQL, the connections that carry signals."""
        if self.nats is not None:
            self.nats.kill()
            return
        _, _, place = self.store.partition("@/")
        name, _, host = place.partition("?host=")
        sql = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{name}' AND application_name = 'volano signals'"
        )
        psql = [postgres_bin() / "psql", "-q", "-h", host, "-U", "volano", name, "-c", sql]
        subprocess.run(psql, check=True, stdout=subprocess.DEVNULL)

    def mend_line(self) -> None:
        if self.nats is not None:
            self.nats.start()

    def stop(self) -> None:
        self.a.stop(kill=True)
        self.b.stop(kill=True)


@pytest.fixture(scope="module", params=["postgres", "nats"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    store = request.getfixturevalue("postgres").create_database()
    nats = Nats() if request.param == "nats" else None
    made = Pair(tmp_path_factory.mktemp(f"pair-{request.param}"), store, nats)
    yield made
    made.stop()
    if nats is not None:
        nats.kill()


def channel_of(server: Volano) -> str:
    name = f"room-{uuid.uuid4().hex[:12]}"
    return str(server.slack().conversations_create(name=name)["channel"]["id"])


def history_of(server: Volano, channel: str) -> list[str]:
    found = server.slack().conversations_history(channel=channel, limit=999)["messages"]
    return [item["text"] for item in reversed(found) if not item.get("subtype")]


def post(server: Volano, channel: str, *texts: str) -> None:
    for text in texts:
        server.slack().chat_postMessage(channel=channel, text=text)


def test_pages_at_both_hear_what_both_write_in_one_order(pair: Pair) -> None:
    channel = channel_of(pair.a)
    pages = [Page(server) for server in (pair.a, pair.b)]
    for page in pages:
        page.open(anew=True)
    names = [f"{server}-{number}" for server in "ab" for number in range(25)]
    writers = [
        threading.Thread(target=post, args=(server, channel, *texts))
        for server, texts in ((pair.a, names[:25]), (pair.b, names[25:]))
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    for page in pages:
        page.hear_all({*names})
        heard = [text for text in page.texts if text in names]
        assert heard == history_of(pair.a, channel)
        assert page.resyncs == []
        page.close()


def test_a_page_misses_nothing_when_its_process_is_killed(pair: Pair) -> None:
    channel, page = channel_of(pair.a), Page(pair.b)
    page.open(anew=True)
    post(pair.a, channel, f"{channel} before")
    page.hear_all({f"{channel} before"})
    pair.b.stop(kill=True)
    post(pair.a, channel, f"{channel} meanwhile")
    page.hear_to_the_end()
    pair.b.restart()
    page.open()
    post(pair.a, channel, f"{channel} after")
    page.hear_all({f"{channel} after"})
    heard = [text for text in page.texts if text.startswith(channel)]
    assert heard == history_of(pair.a, channel)
    page.close()


def test_a_page_misses_nothing_when_the_line_between_breaks(pair: Pair) -> None:
    channel, page = channel_of(pair.a), Page(pair.b)
    page.open(anew=True)
    post(pair.a, channel, f"{channel} before")
    page.hear_all({f"{channel} before"})
    pair.break_line()
    post(pair.a, channel, *(f"{channel} {number}" for number in range(5)))
    pair.mend_line()
    page.hear_all({f"{channel} 4"})
    post(pair.a, channel, f"{channel} after")
    page.hear_all({f"{channel} after"})
    heard = [text for text in page.texts if text.startswith(channel)]
    assert heard == history_of(pair.a, channel)
    page.close()


def test_an_app_connected_to_one_hears_and_answers_what_happens_at_the_other(pair: Pair) -> None:
    bot = pair.a.slack(pair.a.credentials["SLACK_BOT_TOKEN"])
    channel, heard, changed = channel_of(pair.a), [], threading.Condition()
    pair.a.slack().conversations_invite(channel=channel, users=bot.auth_test()["user_id"])

    def on_request(client: SocketModeClient, request: object) -> None:
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        event = request.payload["event"]
        if event.get("channel") == channel and event["type"] == "message":
            with changed:
                heard.append(event.get("text"))
                changed.notify_all()

    token = pair.b.credentials["SLACK_APP_TOKEN"]
    client = SocketModeClient(
        app_token=token, web_client=WebClient(token=token, base_url=f"{pair.b.url}/api/")
    )
    client.socket_mode_request_listeners.append(on_request)
    client.connect()
    try:
        post(pair.a, channel, "at A")
        with changed:
            assert changed.wait_for(lambda: "at A" in heard, LONG_S)
    finally:
        client.close()


def test_typing_and_presence_cross(pair: Pair) -> None:
    channel, page = channel_of(pair.a), Page(pair.b)
    page.open(anew=True)
    me = pair.b.slack().auth_test()["user_id"]
    page.hear_after(
        lambda: pair.a.rest("POST", "/chat/typing", {"channel": channel}),
        lambda event: event["type"] == "user_typing" and event["channel"] == channel,
    )
    deadline = time.monotonic() + LONG_S
    while me not in pair.a.rest("GET", "/chat/presence")[1]["present"]:
        assert time.monotonic() < deadline, "the one whose page is at B is not here"
        time.sleep(0.05)
    page.close()
