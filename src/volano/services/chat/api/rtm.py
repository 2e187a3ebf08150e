"""Slack's rtm.connect and rtm.start, and the Real Time Messaging socket that they answer.

The server tells the caller's own events as they happen; the client sends `message` and `typing`,
which run as the Web API's methods do, and `ping`. A frame with an `id` is answered by `reply_to`.
A message that a socket sent is not told to that socket again. Frames are those of docs.slack.dev,
"Legacy: RTM API". Each minute the token and its permission are asked for again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import msgspec

from volano.kernel.errors import VolanoError
from volano.kernel.foreign_json import decode_foreign
from volano.kernel.ids import RequestId
from volano.services.chat.api.messages import TypingArguments
from volano.services.chat.api.shapes import CHANNELS
from volano.services.chat.logic import rtm
from volano.services.chat.logic.errors import WrongTokenType
from volano.services.chat.logic.live import topic_of
from volano.services.chat.logic.presence import note_listening
from volano.services.chat.logic.workspaces import enter
from volano.wire.action import action, find_action, run_action, socket_route
from volano.wire.credential import DEFAULT_TIMEOUT_S, call_of
from volano.wire.http import SocketClosed
from volano.wire.slack.errors import error_word
from volano.wire.slack.gateway import run_method
from volano.wire.socket_end import SIGNED_OUT, TOO_SLOW, Ended, end_of

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json
    from volano.wire.action import Action
    from volano.wire.http import WebSocket

PATH = "/slack/rtm"
READ = "chat:ReadMessages"
MAX_WAITING = 1000
"""Events that one client leaves unread before it is closed as too slow."""
MAX_OWN = 1000
"""Messages of one socket that are known as its own."""
RECHECK_S = 60.0


class ConnectArguments(msgspec.Struct, kw_only=True):
    """`token` is what the caller signed in with, wherever it stood in the request."""

    token: str = ""


async def _connect(env: Env, call: Call, request: ConnectArguments) -> Json:
    if not request.token:
        raise WrongTokenType("RTM is opened with a token, not with a console session.")
    here, ticket = await rtm.give_ticket(env, call, request.token)
    workspace = here.workspace
    # RTM's clients use no proxy for their sockets, so that `volano slack run` could not help.
    base = env.config.console_url.replace("http", "ws", 1)
    return {
        "url": f"{base}{PATH}?ticket={ticket}",
        "team": {
            "id": workspace.team_id,
            "name": workspace.name,
            "domain": env.config.public_host,
        },
        "self": {"id": here.me.id, "name": here.me.name},
    }


@action(
    "slack:rtm.connect",
    permission=READ,
    resource=CHANNELS,
    scopes=("rtm:stream", "bot", "client"),
    read_only=False,
    partial="`batch_presence_aware` and `presence_sub` are ignored: presence is not told.",
)
async def connect(env: Env, call: Call, request: ConnectArguments) -> Json:
    """The address of an RTM socket, good for one connection within a minute."""
    return await _connect(env, call, request)


@action(
    "slack:rtm.start",
    permission=READ,
    resource=CHANNELS,
    scopes=("rtm:stream", "bot", "client"),
    read_only=False,
    partial="As Slack's since 2022: it answers what rtm.connect does.",
)
async def start(env: Env, call: Call, request: ConnectArguments) -> Json:
    """The same, under its older name."""
    return await _connect(env, call, request)


@socket_route(PATH)
async def serve(env: Env, socket: WebSocket) -> None:
    """Serve one client until either side ends it."""
    token = await rtm.use_ticket(env, dict(socket.request.query).get("ticket", ""))
    principal = await env.authority.find_token(token) if token else None
    if principal is None:
        await socket.refuse(401)
        return
    await socket.accept()
    call = call_of(env, socket.request, principal, door="slack")
    client = _Client(env=env, socket=socket, call=call, token=token)
    code = 1000
    try:
        await client.run()
    except* SocketClosed:
        pass
    except* Ended as group:
        code = end_of(group).code
    finally:
        await socket.close(code)


def _action(name: str) -> Action:
    found = find_action(name)
    assert found is not None, name
    return found


@dataclass(eq=False, slots=True, kw_only=True)
class _Client:
    """One socket; `own` are the client_msg_ids of what was sent over it."""

    env: Env
    socket: WebSocket
    call: Call
    token: str
    waiting: asyncio.Queue[bytes | None] = field(
        default_factory=lambda: asyncio.Queue(MAX_WAITING + 1)
    )
    own: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_OWN))

    async def run(self) -> None:
        """Raises an ExceptionGroup of why it ended."""
        here = await enter(self.env, self.call)
        topic = topic_of(self.call.account, here.me.id)
        self.env.events.attach(topic, self._hear, self._end)
        try:
            await self._say({"type": "hello", "start": True})
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._tell())
                tasks.create_task(self._recheck(here.me.id))
                await self._receive()
        finally:
            self.env.events.detach(topic, self._hear)

    def _hear(self, payload: bytes) -> None:
        if self.waiting.qsize() < MAX_WAITING:
            self.waiting.put_nowait(payload)
        else:
            self._end()

    def _end(self) -> None:
        """Close what misses events: it comes again."""
        if not self.waiting.full():
            self.waiting.put_nowait(None)

    async def _tell(self) -> None:
        while True:
            payload = await self.waiting.get()
            if payload is None:
                raise Ended(TOO_SLOW)
            event = msgspec.json.decode(payload)
            if event.get("client_msg_id") in self.own:
                continue
            for shown in rtm.to_rtm(event):
                await self._say(shown)

    async def _say(self, message: Json) -> None:
        await self.socket.send(msgspec.json.encode(message).decode())

    async def _receive(self) -> None:
        while True:
            frame = await self.socket.receive()
            try:
                message = decode_foreign(frame)
            except msgspec.DecodeError:
                message = None
            if isinstance(message, dict):
                await self._take(cast("dict[str, Any]", message))

    async def _take(self, message: dict[str, Any]) -> None:
        number = message.pop("id", None)
        kind = message.pop("type", None)
        if kind == "ping":
            await self._say({**message, "type": "pong", "reply_to": number})
        elif kind == "message":
            await self._say(await self._post(message) | {"reply_to": number})
        elif kind == "typing":
            await self._show_typing(str(message.get("channel") or ""))

    async def _post(self, message: dict[str, Any]) -> Json:
        """Post it; what is to be answered."""
        own_id = self.env.ids.uuid()
        self.own.append(own_id)
        arguments = message | {"client_msg_id": own_id}
        try:
            posted = await run_method(
                self.env, await self._anew(), _action("slack:chat.postMessage"), arguments
            )
        except VolanoError as error:
            return {"ok": False, "error": {"code": 2, "msg": error_word(error)}}
        return {"ok": True, "ts": posted["ts"], "text": posted["message"]["text"]}

    async def _show_typing(self, channel: str) -> None:
        """What cannot be told is not answered, as Slack does."""
        request = TypingArguments(channel=channel)
        try:
            await run_action(self.env, await self._anew(), _action("volano:showTyping"), request)
        except VolanoError as error:
            self.env.log.info("typing not shown", error=error.message)

    async def _anew(self) -> Call:
        """The call of one frame, by whoever the token is now."""
        env = self.env
        principal = await env.authority.find_token(self.token)
        if principal is None:
            raise Ended(SIGNED_OUT)
        deadline_s = env.clock.monotonic_s() + DEFAULT_TIMEOUT_S
        request_id = RequestId(env.ids.request_id())
        call = self.call.acting_as(principal)
        return replace(call, request_id=request_id, deadline_s=deadline_s)

    async def _recheck(self, user_id: str) -> None:
        while True:
            note_listening(self.env, self.call.account, user_id)
            await self.env.clock.sleep(RECHECK_S)
            call = await self._anew()
            resource = CHANNELS.format(region=call.region, account=call.account)
            try:
                await enter(self.env, call)
                await self.env.authority.authorize(call, READ, resource, {})
            except VolanoError as error:
                raise Ended(SIGNED_OUT) from error
