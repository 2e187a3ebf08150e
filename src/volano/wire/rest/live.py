"""Live updates for the console: signals over one web socket at `/volano/v1/live`.

The client sends `{"subscribe": "chat"}` or `{"unsubscribe": …}` and receives `{"topic": …,
"subscribed": true}`, then `{"topic": …, "event": …}`; a refusal is `{"topic": …, "error": code}`.
Who may hear a topic is decided by the service that owns its kind, the part before the first colon,
through `live_topic`. Permission is asked again every minute, so a person who was signed out or
removed stops hearing.

Signals are a hint to look again, never the only copy. A service may keep its events (`resume`):
then they carry a `stream` and a `seq`, `subscribed` tells the `places` of the streams, and a client
that says where it stood (`{"subscribe": "chat", "since": {stream: seq}}`) is told what it missed.

A client that leaves too much unread is closed with 1013, and all of them with 1012 when signals of
another process were lost: they come again and are told what they missed. Many that come at once (a
network that came back) are let in a few at a time, so that requests are answered meanwhile.

A browser sends its cookie from any page, so `Origin` must be the `Host` that was asked.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import msgspec

from volano.kernel.foreign_json import decode_foreign
from volano.wire.action import socket_route
from volano.wire.credential import bearer_token, call_of, cookie_of
from volano.wire.http import SocketClosed, text_frame
from volano.wire.rest.ticks import Frames, Ticks, event_text
from volano.wire.socket_end import SIGNED_OUT, TOO_SLOW, Ended, end_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.call import Call, Env
    from volano.kernel.events import EventFeed
    from volano.kernel.identity import Principal
    from volano.wire.http import FrameWriter, Request, WebSocket

    Hear = Callable[[Env, Call, str], Awaitable[str]]
    Resume = Callable[[Env, Call, dict[str, int]], Awaitable["Resumed"]]

LIVE_PATH = "/volano/v1/live"
MAX_HELD = 1000
"""New events that wait while a client is told what it missed, before it is closed as too slow."""
MAX_TOPICS = 200
"""Topics of one socket."""
MAX_TOPIC_CHARACTERS = 200
MAX_STREAMS = 5000
"""Places that a client may name in `since`."""
ADMITTED_AT_ONCE = 8
"""Clients whose permission or missed events are looked up at the same time."""
RECHECK_S = 60.0
COME_AGAIN = 1012


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where the streams stand now, and the events that were missed, oldest first."""

    places: dict[str, int]
    missed: list[bytes]


@dataclass(frozen=True, slots=True)
class _Kind:
    hear: Hear
    resume: Resume | None


_TOPICS: dict[str, _Kind] = {}


def live_topic(kind: str, *, resume: Resume | None = None) -> Callable[[Any], Any]:
    """Register `async def hear(env, call, topic) -> str` for topics `kind` and `kind:…`.

    It answers the feed's topic that carries this one for the caller, '' when that may not hear it.
    `resume(env, call, since)` answers what the caller missed since those places.
    """

    def register(hear: Hear) -> Hear:
        if kind in _TOPICS:
            raise ValueError(f"two live topics are called {kind}")
        _TOPICS[kind] = _Kind(hear, resume)
        return hear

    return register


class Wish(msgspec.Struct):
    """A frame of the client."""

    subscribe: str = ""
    unsubscribe: str = ""
    since: dict[str, int] | None = None


class _Hall:
    """What all live sockets of a process share."""

    def __init__(self) -> None:
        self.door = asyncio.Semaphore(ADMITTED_AT_ONCE)
        self.ticks = Ticks()
        self.frames = Frames()
        self.numbers = count()


_HALLS: WeakKeyDictionary[EventFeed, _Hall] = WeakKeyDictionary()


@socket_route(LIVE_PATH)
async def serve(env: Env, socket: WebSocket) -> None:
    """Serve one client until either side ends it."""
    hall = _HALLS.setdefault(env.events, _Hall())
    async with hall.door:
        principal = await find_caller(env, socket.request)
    if principal is None:
        await socket.refuse(401)
        return
    await socket.accept()
    call = call_of(env, socket.request, principal, door="rest")
    client = _Client(env, socket, socket.frames, call, hall)
    try:
        await client.run()
    except* SocketClosed:
        pass
    except* Ended as group:
        client.writer.end(end_of(group).code, "")
    finally:
        client.leave()


async def find_caller(env: Env, request: Request) -> Principal | None:
    """Who opens a web socket: by a token, or by the cookie of a page of ours."""
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
class _Heard:
    """A topic that a client listens to. Events wait in `held` while older ones are being told."""

    client: _Client
    frames: Frames
    name: str
    address: str
    held: list[bytes] | None = None

    def tell(self, payload: bytes) -> None:
        frame = self.frames.event(self.name, payload)
        if self.held is None:
            self.client.push(frame)
        elif len(self.held) < MAX_HELD:
            self.held.append(frame)
        else:
            self.client.writer.end(TOO_SLOW, "too slow")

    def lose(self) -> None:
        self.client.writer.end(COME_AGAIN, "come again")


@dataclass(eq=False, slots=True)
class _Client:
    env: Env
    socket: WebSocket
    writer: FrameWriter
    call: Call
    hall: _Hall
    waiting: bytes = b""
    more: list[bytes] = field(default_factory=list)
    topics: dict[str, _Heard] = field(default_factory=dict)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recheck())
            await self._receive()

    def push(self, frame: bytes) -> None:
        """Write a frame in the next tick."""
        if self.waiting:
            self.more.append(frame)
        else:
            self.waiting = frame
            self.hall.ticks.add(self)

    def flush(self) -> None:
        """Write what waits."""
        frames, self.waiting = self.waiting, b""
        if self.more:
            frames += b"".join(self.more)
            self.more.clear()
        if not self.writer.write_frames(frames):
            self.writer.end(TOO_SLOW, "too slow")

    def leave(self) -> None:
        """Hear nothing any more."""
        for name in list(self.topics):
            self._unsubscribe(name)

    async def _receive(self) -> None:
        while True:
            frame = await self.socket.receive()
            try:
                wish = decode_foreign(frame, Wish)
            except msgspec.DecodeError:
                self._say({"error": "invalid_json"})
                continue
            if wish.subscribe:
                await self._subscribe(wish.subscribe, wish.since)
            if wish.unsubscribe in self.topics:
                self._unsubscribe(wish.unsubscribe)

    async def _subscribe(self, topic: str, since: dict[str, int] | None) -> None:
        heard = self.topics.get(topic)
        if heard is not None and since is None:
            return
        refusal = "too_many_streams" if len(since or ()) > MAX_STREAMS else ""
        if heard is None and not refusal:
            refusal = await self._listen(topic)
        if refusal:
            self._say({"topic": topic[:MAX_TOPIC_CHARACTERS], "error": refusal})
            return
        await self._catch_up(self.topics[topic], since)

    async def _listen(self, topic: str) -> str:
        """Hear a topic from now on; why not, or ''."""
        if len(topic) > MAX_TOPIC_CHARACTERS:
            return "invalid_topic"
        if len(self.topics) >= MAX_TOPICS:
            return "too_many_topics"
        async with self.hall.door:
            address = await self._address_of(topic)
        if not address:
            return "access_denied"
        self.topics[topic] = heard = _Heard(self, self.hall.frames, topic, address)
        self.env.events.attach(address, heard.tell, heard.lose)
        return ""

    def _unsubscribe(self, topic: str) -> None:
        heard = self.topics.pop(topic)
        self.env.events.detach(heard.address, heard.tell)

    async def _address_of(self, topic: str) -> str:
        kind = _TOPICS.get(topic.partition(":")[0])
        return "" if kind is None else await kind.hear(self.env, self.call, topic)

    async def _catch_up(self, heard: _Heard, since: dict[str, int] | None) -> None:
        """Tell what was missed, and then what came meanwhile."""
        resume = _TOPICS[heard.name.partition(":")[0]].resume
        if resume is None:
            self._say({"topic": heard.name, "subscribed": True})
            return
        heard.held = []
        async with self.hall.door:
            resumed = await resume(self.env, self.call, since or {})
        for payload in resumed.missed:
            await self.socket.send(event_text(heard.name, payload).decode())
        answer = {"subscribed": True, "resumed": since is not None, "places": resumed.places}
        self._say({"topic": heard.name, **answer})
        held, heard.held = heard.held, None
        for frame in held:
            self.push(frame)

    def _say(self, message: dict[str, Any]) -> None:
        self.push(text_frame(msgspec.json.encode(message)))

    async def _recheck(self) -> None:
        # Those who came together need not all be asked together.
        await self.env.clock.sleep(RECHECK_S * (1 - next(self.hall.numbers) % 32 / 64))
        while True:
            if await find_caller(self.env, self.socket.request) is None:
                raise Ended(SIGNED_OUT)
            for topic in list(self.topics):
                if not await self._address_of(topic) and topic in self.topics:
                    self._unsubscribe(topic)
                    self._say({"topic": topic, "error": "access_denied"})
            await self.env.clock.sleep(RECHECK_S)
