"""Live updates for the console: signals over one web socket at `/volano/v1/live`.

The client sends `{"subscribe": "chat:C123"}` or `{"unsubscribe": …}` and receives
`{"topic": …, "event": …}`; a refusal is `{"topic": …, "error": code}`. Who may hear a topic is
decided by the service that owns its kind, the part before the first colon, through `live_topic`.
Signals are a hint to look again, never the only copy: a client that reads too slowly is closed
with 1013 and reads the pages anew. Permission is asked again every minute, so a person who was
signed out or removed stops hearing.

A browser sends its cookie from any page, so `Origin` must be the `Host` that was asked.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import msgspec

from volano.wire.action import socket_route
from volano.wire.credential import bearer_token, call_of, cookie_of
from volano.wire.http import SocketClosed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.call import Call, Env
    from volano.kernel.identity import Principal
    from volano.wire.http import Request, WebSocket

    Allow = Callable[[Env, Call, str], Awaitable[bool]]

LIVE_PATH = "/volano/v1/live"
MAX_WAITING = 1000
"""Messages waiting for one client before it is closed as too slow."""
MAX_TOPICS = 200
"""Topics of one socket."""
MAX_TOPIC_CHARACTERS = 200
RECHECK_S = 60.0
TOO_SLOW = 1013
SIGNED_OUT = 4401

_TOPICS: dict[str, Allow] = {}


def live_topic(kind: str) -> Callable[[Any], Any]:
    """Register `async def allow(env, call, topic) -> bool` for topics `kind` and `kind:…`."""

    def register(allow: Allow) -> Allow:
        if kind in _TOPICS:
            raise ValueError(f"two live topics are called {kind}")
        _TOPICS[kind] = allow
        return allow

    return register


class Wish(msgspec.Struct):
    """A frame of the client."""

    subscribe: str = ""
    unsubscribe: str = ""


class _Ended(Exception):
    """The socket is to be closed with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@socket_route(LIVE_PATH)
async def serve(env: Env, socket: WebSocket) -> None:
    """Serve one client until either side ends it."""
    principal = await _find_principal(env, socket.request)
    if principal is None:
        await socket.refuse(401)
        return
    await socket.accept()
    client = _Client(env, socket, call_of(env, socket.request, principal, door="rest"))
    code = 1000
    try:
        await client.run()
    except* SocketClosed:
        pass
    except* _Ended as group:
        code = _code_of(group)
    finally:
        await socket.close(code)


def _code_of(group: BaseExceptionGroup[_Ended]) -> int:
    first = group.exceptions[0]
    return first.code if isinstance(first, _Ended) else _code_of(first)


async def _find_principal(env: Env, request: Request) -> Principal | None:
    token = bearer_token(request)
    if token is not None:
        return await env.authority.find_token(token)
    cookie = cookie_of(request)
    if cookie is None or not has_own_origin(request):
        return None
    return await env.authority.find_session(cookie, None, safe=True)


def has_own_origin(request: Request) -> bool:
    """Whether the page that opened the socket came from the host that it asks."""
    origin = urlsplit(request.headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc.lower() == request.host.lower()


@dataclass(eq=False, slots=True)
class _Client:
    env: Env
    socket: WebSocket
    call: Call
    queue: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(MAX_WAITING))
    topics: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send())
            tasks.create_task(self._receive(tasks))
            tasks.create_task(self._recheck())

    async def _send(self) -> None:
        while True:
            await self.socket.send(await self.queue.get())

    async def _receive(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            frame = await self.socket.receive()
            try:
                wish = msgspec.json.decode(frame, type=Wish)
            except (msgspec.DecodeError, RecursionError):
                self._say({"error": "invalid_json"})
                continue
            if wish.subscribe:
                await self._subscribe(wish.subscribe, tasks)
            if wish.unsubscribe in self.topics:
                self.topics.pop(wish.unsubscribe).cancel()

    async def _subscribe(self, topic: str, tasks: asyncio.TaskGroup) -> None:
        if topic in self.topics:
            return
        refusal = await self._refusal(topic)
        if refusal:
            self._say({"topic": topic[:MAX_TOPIC_CHARACTERS], "error": refusal})
            return
        self.topics[topic] = tasks.create_task(self._forward(topic))

    async def _refusal(self, topic: str) -> str:
        if len(topic) > MAX_TOPIC_CHARACTERS:
            return "invalid_topic"
        if len(self.topics) >= MAX_TOPICS:
            return "too_many_topics"
        return "" if await self._may_hear(topic) else "access_denied"

    async def _may_hear(self, topic: str) -> bool:
        allow = _TOPICS.get(topic.partition(":")[0])
        return allow is not None and await allow(self.env, self.call, topic)

    async def _forward(self, topic: str) -> None:
        stream = cast("Any", self.env.events.listen(topic))
        async with aclosing(stream):
            self._say({"topic": topic, "subscribed": True})
            async for payload in stream:
                self._say({"topic": topic, "event": msgspec.Raw(payload)})
        # The feed closes a listener that is too far behind.
        raise _Ended(TOO_SLOW)

    def _say(self, message: dict[str, Any]) -> None:
        try:
            self.queue.put_nowait(msgspec.json.encode(message).decode())
        except asyncio.QueueFull as error:
            raise _Ended(TOO_SLOW) from error

    async def _recheck(self) -> None:
        while True:
            await self.env.clock.sleep(RECHECK_S)
            if await _find_principal(self.env, self.socket.request) is None:
                raise _Ended(SIGNED_OUT)
            for topic in list(self.topics):
                if not await self._may_hear(topic) and topic in self.topics:
                    self.topics.pop(topic).cancel()
                    self._say({"topic": topic, "error": "access_denied"})
