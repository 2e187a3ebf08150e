"""The console's live socket, over a real server and the `websockets` client."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
import websockets
from websockets.asyncio.client import connect

from volano.kernel.clock import ManualClock
from volano.wire.http import WebSocket
from volano.wire.rest import live
from volano.wire.rest.live import live_topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from volano.kernel.call import Call, Env


@pytest.fixture(autouse=True)
def topics() -> Iterator[set[str]]:
    """Topics of the kind `xroom` that may be heard."""
    allowed = {"xroom:1", "xroom"}

    @live_topic("xroom")
    async def allow(env: Env, call: Call, topic: str) -> bool:
        return topic in allowed and call.principal.name in ("ann", "dan")

    yield allowed
    del live._TOPICS["xroom"]


def address(server: Any) -> str:
    return str(server.url).replace("http", "ws") + "/volano/v1/live"


def browser(server: Any, **more: str) -> dict[str, str]:
    return {"Cookie": "volano_session=cookie-good", "Origin": server.url} | more


async def test_subscribed_topic_is_heard(server: Any) -> None:
    async with connect(address(server), additional_headers=browser(server)) as socket:
        await socket.send('{"subscribe":"xroom:1"}')
        assert json.loads(await socket.recv()) == {"topic": "xroom:1", "subscribed": True}
        server.loop.call_soon_threadsafe(server.env.events.signal, "xroom:1", b'{"typing":"U1"}')
        assert json.loads(await socket.recv()) == {"topic": "xroom:1", "event": {"typing": "U1"}}
        await socket.send('{"unsubscribe":"xroom:1"}')
        await socket.send('{"subscribe":"xroom"}')
        assert json.loads(await socket.recv())["topic"] == "xroom"
        assert not server.env.events.listeners["xroom:1"]


@pytest.mark.parametrize("topic", ["xroom:2", "unknown", "x" * 300])
async def test_other_topics_are_refused(server: Any, topic: str) -> None:
    headers = {"Authorization": "Bearer sk-good"}
    async with connect(address(server), additional_headers=headers) as socket:
        await socket.send(json.dumps({"subscribe": topic}))
        assert "error" in json.loads(await socket.recv())
        await socket.send("{")
        assert json.loads(await socket.recv()) == {"error": "invalid_json"}


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


class Wire:
    """The client's end of one ASGI web socket; `sent` blocks while `slow`."""

    def __init__(self, env: Env, *, slow: bool = False) -> None:
        self.inbound: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.outbound: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.reading = asyncio.Event()
        if not slow:
            self.reading.set()
        scope = {
            "type": "websocket",
            "path": "/volano/v1/live",
            "raw_path": b"/volano/v1/live",
            "query_string": b"",
            "headers": [(b"authorization", b"Bearer sk-good")],
        }
        self.inbound.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.ensure_future(
            live.serve(env, WebSocket(scope, self.inbound.get, self._send))
        )

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send":
            await self.reading.wait()
        await self.outbound.put(message)

    async def next(self) -> dict[str, Any]:
        message = await asyncio.wait_for(self.outbound.get(), 90)
        return json.loads(message["text"]) if "text" in message else message

    def subscribe(self, topic: str) -> None:
        text = json.dumps({"subscribe": topic})
        self.inbound.put_nowait({"type": "websocket.receive", "text": text})


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_slow_client_is_closed_with_1013(env: Env) -> None:
    wire = Wire(env, slow=True)
    assert (await wire.next())["type"] == "websocket.accept"
    wire.subscribe("xroom:1")
    await settle()
    for _ in range(live.MAX_WAITING + 10):
        env.events.signal("xroom:1", b"1")
    closed = await wire.next()
    assert (closed["type"], closed["code"]) == ("websocket.close", 1013)
    await wire.task


async def test_permission_is_asked_again(env: Env, topics: set[str]) -> None:
    clock = ManualClock()
    timed = dataclasses.replace(env, clock=clock)
    wire = Wire(timed)
    assert (await wire.next())["type"] == "websocket.accept"
    wire.subscribe("xroom:1")
    assert (await wire.next())["subscribed"] is True
    topics.clear()
    clock.advance(60)
    assert await wire.next() == {"topic": "xroom:1", "error": "access_denied"}
    await settle()
    env.authority.tokens.clear()  # type: ignore[attr-defined] # the double has a table
    clock.advance(60)
    closed = await wire.next()
    assert (closed["type"], closed["code"]) == ("websocket.close", 4401)
    await wire.task


async def test_topics_of_one_socket_are_bounded(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MAX_TOPICS", 1)
    wire = Wire(env)
    await wire.next()
    wire.subscribe("xroom")
    wire.subscribe("xroom:1")
    seen = [await wire.next(), await wire.next()]
    assert {"topic": "xroom:1", "error": "too_many_topics"} in seen
    wire.inbound.put_nowait({"type": "websocket.disconnect"})
    await wire.task
