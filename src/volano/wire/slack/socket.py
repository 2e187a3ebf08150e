"""Slack's Socket Mode: events to an app over a web socket that the app opened.

The chat service implements `SocketBackend` and hands it over with `set_socket_backend`; its
`apps.connections.open` answers `wss://…/slack/socket?ticket=…`. Each connection of an app pulls
envelopes from the backend; the backend decides which connection gets which event. An envelope
that is not acknowledged within 3 s goes to another connection of the app (or the same, when there
is no other), at most 3 times; what a person waits for (a button, a command) is not sent again.
Nothing is durable here: the backend keeps an envelope until `ack` was called, and offers it again
on a later connection when it never was.

Frames are those of docs.slack.dev, "Using Socket Mode": `hello`, envelopes, `disconnect`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, cast

import msgspec

from volano.kernel.errors import VolanoError
from volano.kernel.foreign_json import decode_foreign
from volano.wire.action import socket_route
from volano.wire.http import SocketClosed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Env
    from volano.wire.http import WebSocket

SOCKET_PATH = "/slack/socket"
ACK_TIMEOUT_S = 3.0
MAX_RETRIES = 3
MAX_SOCKETS_PER_APP = 10
MAX_UNACKED = 1000
"""Envelopes of one connection that wait to be sent or acknowledged."""
CONNECTION_TIME_S = 18_060
WARNING_S = 10.0
"""How long before the end of a connection the client is warned."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One event for an app; `type` is `events_api`, `interactive` or `slash_commands`."""

    envelope_id: str
    type: str
    payload: Any
    accepts_response_payload: bool = False


@dataclass(frozen=True, slots=True)
class SocketSession:
    """One connection that the backend has admitted."""

    app_id: str
    connection_id: str


class SocketBackend(Protocol):
    """What the chat service provides."""

    async def open(self, env: Env, ticket: str) -> SocketSession | None:
        """Use up a ticket; None when it is unknown, used or too old."""
        ...

    def envelopes(self, env: Env, session: SocketSession) -> AsyncIterator[Envelope]:
        """Envelopes for this connection as they come; its end disconnects the client.

        The iterator is closed when the connection is gone.
        """
        ...

    async def ack(
        self, env: Env, session: SocketSession, envelope_id: str, payload: dict[str, Any] | None
    ) -> None:
        """The app has the envelope; `payload` is its answer (`response_action`, options …)."""
        ...


@dataclass(slots=True)
class _Outgoing:
    envelope: Envelope
    attempt: int = 0
    reason: str = ""


class _Ended(Exception):
    """The connection is over for a reason that the client was told."""


@dataclass(eq=False, slots=True)
class _Connection:
    """One live connection: what waits to be sent, and what waits for its acknowledgement."""

    env: Env
    socket: WebSocket
    session: SocketSession
    backend: SocketBackend
    queue: asyncio.Queue[_Outgoing] = field(default_factory=lambda: asyncio.Queue(MAX_UNACKED))
    unacked: dict[str, _Outgoing] = field(default_factory=dict)
    room: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Serve until either side ends it; raises an ExceptionGroup of why."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pull())
            tasks.create_task(self._send(tasks))
            tasks.create_task(self._receive())
            tasks.create_task(self._expire())

    async def say_disconnect(self, reason: str) -> None:
        info = {"host": self.env.config.public_host}
        await self._write({"type": "disconnect", "reason": reason, "debug_info": info})

    async def say_hello(self, count: int) -> None:
        started = datetime.fromtimestamp(self.env.clock.now_us() / 1e6, tz=UTC)
        await self._write(
            {
                "type": "hello",
                "num_connections": count,
                "debug_info": {
                    "host": self.env.config.public_host,
                    "started": started.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
                    "build_number": 1,
                    "approximate_connection_time": CONNECTION_TIME_S,
                },
                "connection_info": {"app_id": self.session.app_id},
            }
        )

    async def _write(self, message: dict[str, Any]) -> None:
        await self.socket.send(msgspec.json.encode(message).decode())

    async def _pull(self) -> None:
        stream = cast("Any", self.backend.envelopes(self.env, self.session))
        async with aclosing(stream):
            async for envelope in stream:
                await self.queue.put(_Outgoing(envelope))
        await self.say_disconnect("link_disabled")
        raise _Ended

    async def _send(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            item = await self.queue.get()
            while len(self.unacked) >= MAX_UNACKED:
                self.room.clear()
                await self.room.wait()
            envelope = item.envelope
            self.unacked[envelope.envelope_id] = item
            message = {
                "envelope_id": envelope.envelope_id,
                "type": envelope.type,
                "payload": envelope.payload,
                "accepts_response_payload": envelope.accepts_response_payload,
            }
            if envelope.type == "events_api":
                message |= {"retry_attempt": item.attempt, "retry_reason": item.reason}
            await self._write(message)
            tasks.create_task(self._watch(item))

    async def _watch(self, item: _Outgoing) -> None:
        await self.env.clock.sleep(ACK_TIMEOUT_S)
        if self.unacked.get(item.envelope.envelope_id) is not item:
            return
        if item.envelope.type == "events_api":
            self._forget(item.envelope.envelope_id)
            _redeliver(self, item, "timeout")

    def _forget(self, envelope_id: str) -> bool:
        self.room.set()
        return self.unacked.pop(envelope_id, None) is not None

    async def _receive(self) -> None:
        while True:
            frame = await self.socket.receive()
            try:
                message = decode_foreign(frame)
            except msgspec.DecodeError:
                continue
            envelope_id = message.get("envelope_id") if isinstance(message, dict) else None
            if isinstance(envelope_id, str) and self._forget(envelope_id):
                payload = message.get("payload")
                await self._acknowledge(envelope_id, payload if isinstance(payload, dict) else None)

    async def _acknowledge(self, envelope_id: str, payload: dict[str, Any] | None) -> None:
        try:
            await self.backend.ack(self.env, self.session, envelope_id, payload)
        except VolanoError as error:
            self.env.log.warning(
                "socket answer refused", app=self.session.app_id, error=error.message
            )

    async def _expire(self) -> None:
        await self.env.clock.sleep(CONNECTION_TIME_S - WARNING_S)
        await self.say_disconnect("warning")
        await self.env.clock.sleep(WARNING_S)
        await self.say_disconnect("refresh_requested")
        raise _Ended


_BACKENDS: list[SocketBackend] = []
_LIVE: dict[str, list[_Connection]] = defaultdict(list)


def set_socket_backend(backend: SocketBackend) -> SocketBackend | None:
    """Use `backend` from now on; answers the one before."""
    before = _BACKENDS.pop() if _BACKENDS else None
    _BACKENDS.append(backend)
    return before


def count_sockets(app_id: str) -> int:
    """Connections of an app in this process."""
    return len(_LIVE.get(app_id, ()))


@socket_route(SOCKET_PATH)
async def serve(env: Env, socket: WebSocket) -> None:
    """Serve one connection until either side ends it."""
    ticket = dict(socket.request.query).get("ticket", "")
    backend = _BACKENDS[0] if _BACKENDS else None
    session = await backend.open(env, ticket) if backend and ticket else None
    if backend is None or session is None:
        await socket.refuse(401)
        return
    await socket.accept()
    connection = _Connection(env, socket, session, backend)
    live = _LIVE[session.app_id]
    if len(live) >= MAX_SOCKETS_PER_APP:
        with contextlib.suppress(SocketClosed):
            await connection.say_disconnect("too_many_websockets")
        await socket.close()
        return
    live.append(connection)
    try:
        await connection.say_hello(len(live))
        await connection.run()
    except* (SocketClosed, _Ended):
        pass
    finally:
        _leave(connection)
        await socket.close()


def _leave(connection: _Connection) -> None:
    """Take the connection out and give what it did not deliver to another one of its app."""
    app_id = connection.session.app_id
    _LIVE[app_id].remove(connection)
    waiting = list(connection.unacked.values())
    while not connection.queue.empty():
        waiting.append(connection.queue.get_nowait())
    connection.unacked.clear()
    for item in waiting:
        _redeliver(connection, item, "connection_failed")
    if not _LIVE[app_id]:
        del _LIVE[app_id]


def _redeliver(connection: _Connection, item: _Outgoing, reason: str) -> None:
    """Send again over the app's least busy other connection, else this one if it still lives."""
    app_id = connection.session.app_id
    if item.attempt >= MAX_RETRIES:
        connection.env.metrics.count("volano_slack_envelopes_given_up_total")
        return
    again = replace(item, attempt=item.attempt + 1, reason=reason)
    live = _LIVE.get(app_id, [])
    others = [other for other in live if other is not connection]
    for target in sorted(others, key=lambda other: other.queue.qsize()) or live:
        with contextlib.suppress(asyncio.QueueFull):
            target.queue.put_nowait(again)
            return


async def drain_sockets() -> None:
    """Ask every client to connect anew (to another process) and close; for a graceful stop."""
    for connection in [item for live in _LIVE.values() for item in live]:
        with contextlib.suppress(SocketClosed):
            await connection.say_disconnect("refresh_requested")
        await connection.socket.close(1001, "draining")
