"""The console's live socket, over a real server and the `websockets` client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import websockets
from tests.unit.wire.conftest import Server, make_env, principal, serving
from websockets.asyncio.client import connect

from volano.app import sockets
from volano.kernel.clock import ManualClock
from volano.wire.http import text_frame
from volano.wire.rest import live
from volano.wire.rest.live import Resumed, live_topic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from volano.kernel.call import Call, Env

LONG_S = 60
ENOUGH_BYTES = 64 * 1024 * 1024
MISSED = [b'{"stream":"s","seq":2}', b'{"stream":"s","seq":3}']


@pytest.fixture(autouse=True)
def topics() -> Iterator[set[str]]:
    """Topics of the kind `xroom` that may be heard; those of `xlog` keep their events."""
    allowed = {"xroom:1", "xroom"}

    @live_topic("xroom")
    async def hear(env: Env, call: Call, topic: str) -> str:
        return topic if topic in allowed and call.principal.name in ("ann", "dan") else ""

    async def resume(env: Env, call: Call, since: dict[str, int]) -> Resumed:
        env.events.signal("feed", b'"meanwhile"')
        return Resumed({"s": 3}, MISSED if since == {"s": 1} else [])

    @live_topic("xlog", resume=resume)
    async def hear_log(env: Env, call: Call, topic: str) -> str:
        return "feed"

    yield allowed
    del live._TOPICS["xroom"], live._TOPICS["xlog"]


def address(server: Any) -> str:
    return str(server.url).replace("http", "ws") + "/volano/v1/live"


def browser(server: Any, **more: str) -> dict[str, str]:
    return {"Cookie": "volano_session=cookie-good", "Origin": server.url} | more


def listening(server: Any, **more: Any) -> Any:
    headers = {"Authorization": "Bearer sk-good"}
    return connect(address(server), additional_headers=headers, **more)


async def hear(socket: Any) -> Any:
    async with asyncio.timeout(LONG_S):
        return json.loads(await socket.recv())


async def code_of(socket: Any) -> int:
    """The code with which the server closes, after whatever it says before."""
    with contextlib.suppress(websockets.exceptions.ConnectionClosed):
        while True:
            await hear(socket)
    return int(socket.close_code)


def signal(server: Any, topic: str, payload: bytes, times: int = 1) -> None:
    def run() -> None:
        for _ in range(times):
            server.env.events.signal(topic, payload)

    server.loop.call_soon_threadsafe(run)


async def until(reached: Any) -> None:
    async with asyncio.timeout(LONG_S):
        while not reached():
            await asyncio.sleep(0.01)


async def test_subscribed_topic_is_heard(server: Any) -> None:
    async with connect(address(server), additional_headers=browser(server)) as socket:
        await socket.send('{"subscribe":"xroom:1"}')
        assert await hear(socket) == {"topic": "xroom:1", "subscribed": True}
        signal(server, "xroom:1", b'{"typing":"U1"}')
        assert await hear(socket) == {"topic": "xroom:1", "event": {"typing": "U1"}}
        await socket.send('{"unsubscribe":"xroom:1"}')
        await socket.send('{"subscribe":"xroom"}')
        assert (await hear(socket))["topic"] == "xroom"
        assert not server.env.events.sinks["xroom:1"]
    await until(lambda: not server.env.events.sinks["xroom"])


@pytest.mark.parametrize("topic", ["xroom:2", "unknown", "x" * 300])
async def test_other_topics_are_refused(server: Any, topic: str) -> None:
    async with listening(server) as socket:
        await socket.send(json.dumps({"subscribe": topic}))
        assert "error" in await hear(socket)
        await socket.send("{")
        assert await hear(socket) == {"error": "invalid_json"}


async def test_one_who_comes_back_hears_what_was_missed_before_what_is_new(server: Any) -> None:
    async with listening(server) as socket:
        await socket.send('{"subscribe":"xlog","since":{"s":1}}')
        heard = [await hear(socket) for _ in range(4)]
        assert heard[:2] == [{"topic": "xlog", "event": json.loads(event)} for event in MISSED]
        assert heard[2] == {
            "topic": "xlog",
            "subscribed": True,
            "resumed": True,
            "places": {"s": 3},
        }
        assert heard[3] == {"topic": "xlog", "event": "meanwhile"}
        await socket.send('{"subscribe":"xlog","since":{"s":1}}')  # a gap: asked again
        assert [await hear(socket) for _ in range(4)] == heard


async def test_one_who_comes_first_is_told_the_places_only(server: Any) -> None:
    async with listening(server) as socket:
        await socket.send('{"subscribe":"xlog"}')
        heard = [await hear(socket) for _ in range(2)]
        assert (heard[0]["resumed"], heard[0]["places"]) == (False, {"s": 3})
        assert heard[1]["event"] == "meanwhile"
        since = {str(number): 0 for number in range(live.MAX_STREAMS + 1)}
        await socket.send(json.dumps({"subscribe": "xlog", "since": since}))
        assert (await hear(socket))["error"] == "too_many_streams"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cookie": "volano_session=cookie-good"},
        {"Cookie": "volano_session=cookie-good", "Origin": "https://evil.example"},
        {"Cookie": "volano_session=wrong", "Origin": "http://HOST"},
        {"Authorization": "Bearer sk-wrong"},
    ],
)
async def test_stranger_or_foreign_page_is_refused(server: Any, headers: dict[str, str]) -> None:
    own = {k: v.replace("http://HOST", server.url) for k, v in headers.items()}
    with pytest.raises(websockets.exceptions.InvalidStatus):
        await connect(address(server), additional_headers=own)


async def test_slow_client_is_closed_with_1013_and_others_hear_on(server: Any) -> None:
    payload = json.dumps("x" * 8192).encode()
    async with listening(server, ping_interval=None) as slow, listening(server) as quick:
        for socket in (slow, quick):
            await socket.send('{"subscribe":"xroom"}')
            await hear(socket)
        slow.transport.pause_reading()
        for _ in range(200):  # 1.6 MB each, with time to read in between for who reads
            signal(server, "xroom", payload, times=200)
            for _ in range(200):
                await hear(quick)
            if len(server.env.events.sinks["xroom"]) == 1:
                break
        assert len(server.env.events.sinks["xroom"]) == 1
        slow.transport.resume_reading()
        assert await code_of(slow) == 1013


async def test_who_may_have_missed_something_is_closed_with_1012(server: Any) -> None:
    async with listening(server) as socket:
        await socket.send('{"subscribe":"xroom"}')
        await hear(socket)
        server.loop.call_soon_threadsafe(server.env.events.lose)
        assert await code_of(socket) == 1012
    await until(lambda: not server.env.events.sinks["xroom"])


async def test_one_who_never_reads_is_cut_off(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "FAREWELL_S", 0.05)
    payload = json.dumps("x" * 8192).encode()
    socket = await listening(server, ping_interval=None)
    await socket.send('{"subscribe":"xroom"}')
    await hear(socket)
    socket.transport.pause_reading()
    async with asyncio.timeout(LONG_S):
        while server.env.events.sinks["xroom"]:
            signal(server, "xroom", payload, times=200)
            await asyncio.sleep(0.01)
    socket.transport.resume_reading()
    assert await code_of(socket) in (1006, 1013)


async def test_one_who_pings_and_never_reads_is_cut_off(server: Any) -> None:
    """Each ping of 131 bytes left an answer of 127 in the server's memory."""
    place = urlsplit(server.url)
    head = (
        f"GET {live.LIVE_PATH} HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer sk-good\r\n"
        f"Sec-WebSocket-Key: {'A' * 22}==\r\n\r\n"
    )
    pings = (b"\x89\xfd\x00\x00\x00\x00" + b"p" * 125) * 1000

    def flood() -> int:
        sent = 0
        with socket.create_connection((place.hostname, place.port), LONG_S) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.sendall(head.encode())
            with contextlib.suppress(ConnectionError):
                while sent < ENOUGH_BYTES:
                    line.sendall(pings)
                    sent += len(pings)
        return sent

    assert await asyncio.to_thread(flood) < ENOUGH_BYTES


async def test_permission_is_asked_again(registry: None, tmp_path: Path, topics: set[str]) -> None:
    clock = ManualClock()
    with serving(Server(make_env(tmp_path, clock=clock))) as server:
        loop: Any = server.loop
        async with listening(server) as socket:
            await socket.send('{"subscribe":"xroom:1"}')
            assert (await hear(socket))["subscribed"] is True
            topics.clear()
            loop.call_soon_threadsafe(clock.advance, 60)
            assert await hear(socket) == {"topic": "xroom:1", "error": "access_denied"}
            server.authority.tokens.clear()
            closing = asyncio.ensure_future(code_of(socket))
            while not closing.done():
                loop.call_soon_threadsafe(clock.advance, 60)
                await asyncio.wait([closing], timeout=0.05)
            assert closing.result() == 4401
    server.authority.tokens["sk-good"] = principal("ann")


async def test_topics_of_one_socket_are_bounded(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MAX_TOPICS", 1)
    async with listening(server) as socket:
        await socket.send('{"subscribe":"xroom"}')
        await socket.send('{"subscribe":"xroom:1"}')
        seen = [await hear(socket), await hear(socket)]
        assert {"topic": "xroom:1", "error": "too_many_topics"} in seen


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_frames_are_those_of_the_protocol(size: int) -> None:
    from websockets.frames import Frame, Opcode

    payload = b"x" * size
    expected = Frame(Opcode.TEXT, payload).serialize(mask=False)
    assert text_frame(payload) == expected
