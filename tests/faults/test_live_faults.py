"""Live events of real servers that are killed, whose clock goes back, and to which all come at once.

A page that comes back is told everything that was committed, once and in order.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import threading
import urllib.request
from pathlib import Path

import pytest
import slack_sdk
from tests.conftest import ROOT, start_volano
from tests.faults.fan_out.sitecustomize import KILL_TEXT
from tests.live_page import LONG_S, Page
from websockets.asyncio.client import connect as connect_many

FAULTS = Path(__file__).parent / "fan_out"
COMING = 2000


@pytest.fixture
def cloud(request, tmp_path):
    """A server with faults; on PostgreSQL where the test says so."""
    store = "sqlite"
    if getattr(request, "param", store) == "postgres":
        store = request.getfixturevalue("postgres").create_database()
    clock = tmp_path / "clock"
    clock.write_text("0")
    variables = {
        "PYTHONPATH": f"{FAULTS}{os.pathsep}{ROOT / 'src'}",
        "VOLANO_FAULT_CLOCK": str(clock),
    }
    running = start_volano(tmp_path, store=store, variables=variables)
    running.clock = clock
    yield running
    running.stop(kill=True)


def general_of(cloud):
    _, home = cloud.rest("GET", "/chat/me")
    return home["team"]["general"]


@pytest.mark.parametrize("cloud", ["sqlite", "postgres"], indirect=True)
def test_what_was_committed_is_told_though_the_server_died_before(cloud):
    general, page = general_of(cloud), Page(cloud)
    page.open(anew=True)
    cloud.slack().chat_postMessage(channel=general, text="before")
    page.hear_until("before")
    with pytest.raises(Exception):  # noqa: B017,PT011 - however a client says that its server died
        cloud.slack().chat_postMessage(channel=general, text=KILL_TEXT)
    page.hear_to_the_end()
    assert page.texts == ["before"]
    cloud.restart()
    page.open()
    assert page.texts == ["before", KILL_TEXT]
    cloud.slack().chat_postMessage(channel=general, text="after")
    page.hear_until("after")
    assert (page.texts[2:], page.resyncs) == (["after"], [])


def test_a_page_hears_everything_once_and_in_order_whenever_the_server_is_killed(cloud):
    seed = random.randrange(10**9)
    print("seed", seed)
    choose, general, page = random.Random(seed), general_of(cloud), Page(cloud)
    page.open(anew=True)
    acknowledged = []
    for turn in range(2):
        stop = threading.Event()
        writers = [
            threading.Thread(
                target=write, args=(cloud, general, f"{turn}/{name}", stop, acknowledged)
            )
            for name in "ab"
        ]
        for writer in writers:
            writer.start()
        stop.wait(choose.random())
        cloud.stop(kill=True)
        stop.set()
        for writer in writers:
            writer.join()
        page.hear_to_the_end()
        cloud.restart()
        page.open()
    history = cloud.slack().conversations_history(channel=general, limit=999)["messages"]
    written = [item["text"] for item in reversed(history) if not item.get("subtype")]
    assert page.texts == written
    assert set(acknowledged) <= set(written)
    assert len(set(written)) == len(written)
    assert page.resyncs == []


def write(cloud, channel, name, stop, acknowledged):
    """Post until told to stop or the server is gone."""
    client = cloud.slack()
    for number in range(10_000):
        if stop.is_set():
            return
        text = f"{name}/{number}"
        try:
            client.chat_postMessage(channel=channel, text=text, client_msg_id=text)
        except (OSError, slack_sdk.errors.SlackClientError, ValueError):
            return
        acknowledged.append(text)


def test_a_clock_that_goes_back_changes_no_order(cloud):
    general, page, stamps = general_of(cloud), Page(cloud), []
    page.open(anew=True)

    def say(text):
        stamps.append(cloud.slack().chat_postMessage(channel=general, text=text)["ts"])

    say("first")
    cloud.clock.write_text("-7200")
    say("second")
    page.hear_until("second")
    page.close()
    say("third")
    page.open()
    assert page.texts == ["first", "second", "third"]
    cloud.stop(kill=True)
    cloud.restart()
    say("fourth")
    page.open()
    page.hear_until("fourth")
    assert page.texts == ["first", "second", "third", "fourth"]
    assert stamps == sorted(set(stamps), key=float)
    history = cloud.slack().conversations_history(channel=general)["messages"]
    shown = [item["text"] for item in history if not item.get("subtype")]
    assert shown == page.texts[::-1]


async def test_two_thousand_come_back_at_once_and_requests_are_answered(tmp_path):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    coming = min(COMING, hard - 1000)
    cloud = start_volano(tmp_path)
    try:
        general, page = general_of(cloud), Page(cloud)
        page.open(anew=True)
        cloud.slack().chat_postMessage(channel=general, text="missed")
        storm = asyncio.gather(*(come_back(cloud, page.places) for _ in range(coming)))
        answered = 0
        while not storm.done():
            assert await asyncio.to_thread(ask, cloud) == 200
            answered += 1
        sockets = await storm
        print(coming, "came back;", answered, "requests were answered meanwhile")
        assert answered > 0
        cloud.slack().chat_postMessage(channel=general, text="to everybody")
        await asyncio.gather(*(hear_text(socket, "to everybody") for socket in sockets))
        await asyncio.gather(*(socket.close() for socket in sockets))
    finally:
        cloud.stop(kill=True)


async def come_back(cloud, places):
    """A page that missed one message, and is told it."""
    headers = {"authorization": f"Bearer {cloud.credentials['OPENAI_API_KEY']}"}
    url = cloud.url.replace("http", "ws") + "/volano/v1/live"
    socket = await connect_many(
        url, additional_headers=headers, compression=None, open_timeout=LONG_S, ping_interval=None
    )
    await socket.send(json.dumps({"subscribe": "chat", "since": places}))
    await hear_text(socket, "missed")
    return socket


async def hear_text(socket, text):
    async with asyncio.timeout(LONG_S):
        while text not in await socket.recv():
            pass


def ask(cloud):
    headers = {"authorization": f"Bearer {cloud.credentials['OPENAI_API_KEY']}"}
    request = urllib.request.Request(f"{cloud.url}/volano/v1/chat/me", headers=headers)
    with urllib.request.urlopen(request, timeout=LONG_S) as reply:
        return reply.status
