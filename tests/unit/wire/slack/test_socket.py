"""Socket Mode with slack_sdk's own client, and its timing by a clock that the test moves."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web import WebClient

from volano.kernel.clock import ManualClock
from volano.wire.action import action
from volano.wire.http import WebSocket
from volano.wire.slack import socket as mode
from volano.wire.slack.socket import Envelope, SocketSession, set_socket_backend

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from volano.kernel.call import Call, Env


class Backend:
    """One queue of envelopes per connection; tickets are `app:connection`."""

    def __init__(self) -> None:
        self.queues: dict[str, asyncio.Queue[Envelope | None]] = defaultdict(asyncio.Queue)
        self.acked: list[tuple[str, str, Any]] = []
        self.heard = threading.Event()
        self.opened = threading.Event()

    async def open(self, env: Env, ticket: str) -> SocketSession | None:
        app_id, _, connection_id = ticket.partition(":")
        self.opened.set()
        return SocketSession(app_id, connection_id) if connection_id else None

    async def envelopes(self, env: Env, session: SocketSession) -> AsyncIterator[Envelope]:
        while (item := await self.queues[session.connection_id].get()) is not None:
            yield item

    async def ack(self, env: Env, session: SocketSession, envelope_id: str, payload: Any) -> None:
        self.acked.append((session.connection_id, envelope_id, payload))
        self.heard.set()


@pytest.fixture
def backend() -> Iterator[Backend]:
    made = Backend()
    before = set_socket_backend(made)
    yield made
    mode._BACKENDS.clear()
    if before is not None:
        set_socket_backend(before)


class Nothing(msgspec.Struct):
    pass


def event(name: str) -> Envelope:
    return Envelope(envelope_id=name, type="events_api", payload={"event": {"type": "app_mention"}})


def test_stock_client_connects_hears_and_answers(server: Any, backend: Backend) -> None:
    @action("slack:apps.connections.open", permission="slack:Connect", resource="*")
    async def open_(env: Env, call: Call, request: Nothing) -> Any:
        return {"url": server.url.replace("http", "ws") + "/slack/socket?ticket=A1:c1"}

    got: list[Any] = []
    web = WebClient(token="xoxp-all", base_url=f"{server.url}/api/")
    client = SocketModeClient(app_token="xoxp-all", web_client=web, ping_interval=0.2)

    def listen(_: Any, request: Any) -> None:
        got.append(request)
        client.send_socket_mode_response(
            SocketModeResponse(envelope_id=request.envelope_id, payload={"text": "ok"})
        )

    client.socket_mode_request_listeners.append(listen)
    try:
        client.connect()
        assert backend.opened.wait(30)
        server.loop.call_soon_threadsafe(backend.queues["c1"].put_nowait, event("E1"))
        assert backend.heard.wait(30)
    finally:
        client.close()
    assert backend.acked == [("c1", "E1", {"text": "ok"})]
    assert (got[0].type, got[0].payload["event"]["type"], got[0].retry_attempt) == (
        "events_api",
        "app_mention",
        0,
    )


class Wire:
    """The client's end of one ASGI web socket, without a network."""

    def __init__(self, env: Env, ticket: str) -> None:
        self.inbound: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.outbound: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {
            "type": "websocket",
            "path": "/slack/socket",
            "raw_path": b"/slack/socket",
            "query_string": f"ticket={ticket}".encode(),
            "headers": [],
        }
        self.inbound.put_nowait({"type": "websocket.connect"})
        socket = WebSocket(scope, self.inbound.get, self.outbound.put)
        self.task = asyncio.ensure_future(mode.serve(env, socket))

    async def next(self) -> dict[str, Any]:
        message = await asyncio.wait_for(self.outbound.get(), 90)
        if message["type"] != "websocket.send":
            return message
        found: dict[str, Any] = msgspec.json.decode(message["text"])
        return found

    async def hello(self) -> int:
        assert (await self.next())["type"] == "websocket.accept"
        hello = await self.next()
        assert hello["type"] == "hello"
        assert hello["debug_info"]["approximate_connection_time"] == 18_060
        return int(hello["num_connections"])

    def say(self, message: Any) -> None:
        self.inbound.put_nowait(
            {"type": "websocket.receive", "text": msgspec.json.encode(message).decode()}
        )

    async def leave(self) -> None:
        self.inbound.put_nowait({"type": "websocket.disconnect"})
        await asyncio.wait_for(self.task, 90)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def timed_env(env: Env, clock: ManualClock) -> Env:
    return dataclasses.replace(env, clock=clock)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_unknown_ticket_is_refused(env: Env, backend: Backend) -> None:
    wire = Wire(env, "bad")
    assert (await wire.next())["type"] == "websocket.close"
    await wire.task


async def test_unacknowledged_envelope_goes_to_another_connection(
    timed_env: Env, clock: ManualClock, backend: Backend
) -> None:
    one, two = Wire(timed_env, "A2:c1"), Wire(timed_env, "A2:c2")
    assert [await one.hello(), await two.hello()] == [1, 2]
    backend.queues["c1"].put_nowait(event("E1"))
    first = await one.next()
    assert (first["envelope_id"], first["retry_attempt"], first["retry_reason"]) == ("E1", 0, "")
    await settle()
    clock.advance(3)
    again = await two.next()
    assert (again["envelope_id"], again["retry_attempt"], again["retry_reason"]) == (
        "E1",
        1,
        "timeout",
    )
    two.say({"envelope_id": "E1"})
    await settle()
    assert backend.acked == [("c2", "E1", None)]
    clock.advance(10)
    await settle()
    assert one.outbound.empty()
    assert two.outbound.empty()
    await one.leave()
    await two.leave()
    assert mode.count_sockets("A2") == 0


async def test_retries_are_bounded(timed_env: Env, clock: ManualClock, backend: Backend) -> None:
    wire = Wire(timed_env, "A3:c1")
    await wire.hello()
    backend.queues["c1"].put_nowait(event("E1"))
    attempts = []
    for _ in range(4):
        attempts.append((await wire.next())["retry_attempt"])
        await settle()
        clock.advance(3)
    await settle()
    assert attempts == [0, 1, 2, 3]
    clock.advance(3)
    await settle()
    assert wire.outbound.empty()
    await wire.leave()


async def test_what_a_lost_connection_had_goes_to_another(timed_env: Env, backend: Backend) -> None:
    one, two = Wire(timed_env, "A4:c1"), Wire(timed_env, "A4:c2")
    await one.hello()
    await two.hello()
    backend.queues["c1"].put_nowait(event("E1"))
    await one.next()
    await one.leave()
    again = await two.next()
    assert (again["envelope_id"], again["retry_reason"]) == ("E1", "connection_failed")
    await two.leave()


async def test_eleventh_socket_of_an_app_is_turned_away(env: Env, backend: Backend) -> None:
    wires = [Wire(env, f"A5:c{n}") for n in range(11)]
    for wire in wires[:10]:
        await wire.hello()
    assert (await wires[10].next())["type"] == "websocket.accept"
    assert (await wires[10].next())["reason"] == "too_many_websockets"
    assert (await wires[10].next())["type"] == "websocket.close"
    for wire in wires[:10]:
        await wire.leave()


async def test_old_connection_is_warned_and_refreshed(
    timed_env: Env, clock: ManualClock, backend: Backend
) -> None:
    wire = Wire(timed_env, "A6:c1")
    await wire.hello()
    await settle()
    clock.advance(18_050)
    assert (await wire.next())["reason"] == "warning"
    await settle()
    clock.advance(10)
    assert (await wire.next())["reason"] == "refresh_requested"
    assert (await wire.next())["type"] == "websocket.close"
    await wire.task


async def test_end_of_envelopes_disables_the_link(env: Env, backend: Backend) -> None:
    wire = Wire(env, "A7:c1")
    await wire.hello()
    backend.queues["c1"].put_nowait(None)
    assert (await wire.next())["reason"] == "link_disabled"
    await wire.task


async def test_drain_asks_clients_to_come_again(env: Env, backend: Backend) -> None:
    wire = Wire(env, "A8:c1")
    await wire.hello()
    await mode.drain_sockets()
    assert (await wire.next())["reason"] == "refresh_requested"
    assert (await wire.next())["type"] == "websocket.close"
    await wire.leave()


async def test_rubbish_from_the_client_is_ignored(env: Env, backend: Backend) -> None:
    wire = Wire(env, "A9:c1")
    await wire.hello()
    wire.inbound.put_nowait({"type": "websocket.receive", "text": "{"})
    wire.say([1])
    wire.say({"envelope_id": "unknown"})
    wire.say({"envelope_id": 5})
    backend.queues["c1"].put_nowait(event("E1"))
    assert (await wire.next())["envelope_id"] == "E1"
    wire.say({"envelope_id": "E1", "payload": "not an object"})
    await settle()
    assert backend.acked == [("c1", "E1", None)]
    await wire.leave()
