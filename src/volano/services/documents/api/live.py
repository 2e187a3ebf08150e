"""Editing together: the y-websocket protocol at `/volano/v1/documents/live?id=doc_…`.

Frames are those of y-protocols: 0 sync (0 state vector, 1 and 2 updates), 1 awareness (who is here,
where their cursor is), 3 who is here? And one of our own: 100 acknowledges the next update of the
client, in order, once it is durable. The server keeps no document in memory: an update is a row,
then a signal to the other sockets; who comes later gets the rows. Awareness is a signal only.

A browser sends its cookie from any page, so `Origin` must be the `Host` that was asked. What the
caller may do is asked again every half minute, with every update, and when shares change.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from volano.kernel.errors import Denied, NotFound, VolanoError
from volano.services.documents.logic import editing, states
from volano.services.documents.logic.access import hold
from volano.services.documents.model import NOTHING
from volano.wire.action import socket_route
from volano.wire.credential import call_of
from volano.wire.http import SocketClosed
from volano.wire.rest.live import find_caller
from volano.wire.socket_end import NOT_ALLOWED, REFUSED, TOO_SLOW, Ended, end_of
from volano.wire.varint import read_bytes, read_varint, write_bytes

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.documents.logic.access import Held
    from volano.wire.http import WebSocket

PATH = "/volano/v1/documents/live"
RESOURCE = "arn:aws:documents:{region}:{account}:document/{id}"
READ, EDIT = "documents:GetDocument", "documents:EditDocument"
SYNC, AWARENESS, QUERY_AWARENESS, ACKNOWLEDGED = 0, 1, 3, 100
STEP1, STEP2, UPDATE = 0, 1, 2
MAX_AWARENESS_BYTES = 16 * 1024
RECHECK_S = 30.0
RIGHTS_CHANGED = bytes(8)
"""A signal without a frame."""


@socket_route(PATH)
async def serve(env: Env, socket: WebSocket) -> None:
    """Serve one editor until either side ends it."""
    principal = await find_caller(env, socket.request)
    if principal is None:
        await socket.refuse(401)
        return
    client = _Client(
        env=env,
        socket=socket,
        call=call_of(env, socket.request, principal, door="rest"),
        document_id=dict(socket.request.query).get("id", ""),
        mark=env.ids.bytes(8),
    )
    try:
        held = await client.held(READ)
    except (Denied, NotFound) as error:
        await socket.refuse(error.wire_status)
        return
    await socket.accept()
    code, reason = 1000, ""
    try:
        await client.run(held)
    except* SocketClosed:
        pass
    except* Ended as group:
        end = end_of(group)
        code, reason = end.code, end.reason
    finally:
        await socket.close(code, reason)


@dataclass(eq=False, slots=True, kw_only=True)
class _Client:
    """One socket; `mark` begins the signals that it sends itself."""

    env: Env
    socket: WebSocket
    call: Call
    document_id: str
    mark: bytes

    async def held(self, permission: str) -> Held:
        """The document and the caller's role now. Raises Denied and NoSuchDocument."""
        resource = RESOURCE.format(
            region=self.call.region, account=self.call.account, id=self.document_id
        )
        await self.env.authority.authorize(self.call, permission, resource, {})
        return await hold(self.env, self.call, self.document_id)

    async def run(self, held: Held) -> None:
        listening = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._forward(listening))
            tasks.create_task(self._recheck())
            await listening.wait()
            # Listening first: what is written while the state is read is heard, at worst twice.
            state = await editing.load(self.env, held.document)
            vector = write_bytes(states.state_vector(state.update))
            await self.socket.send_bytes(bytes((SYNC, STEP1)) + vector)
            self._tell(bytes((QUERY_AWARENESS,)))
            tasks.create_task(self._receive())

    def _tell(self, frame: bytes) -> None:
        self.env.events.signal(editing.topic_of(self.document_id), self.mark + frame)

    async def _forward(self, listening: asyncio.Event) -> None:
        topic = editing.topic_of(self.document_id)
        stream = cast("Any", self.env.events.listen(topic))
        async with aclosing(stream):
            # A listener is there from its first step on, which nothing has to answer.
            following = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            listening.set()
            try:
                await self._send(await following)
                async for payload in stream:
                    await self._send(payload)
            finally:
                following.cancel()
        raise Ended(TOO_SLOW, "too slow")

    async def _send(self, payload: bytes) -> None:
        if payload == RIGHTS_CHANGED:
            await self._require_reader()
        elif not payload.startswith(self.mark):
            await self.socket.send_bytes(payload[len(self.mark) :])

    async def _receive(self) -> None:
        while True:
            frame = await self.socket.receive_bytes()
            try:
                await self._take(frame)
            except ValueError as error:
                raise Ended(REFUSED, "this is no frame of the protocol") from error
            except (Denied, NotFound) as error:
                raise Ended(NOT_ALLOWED, error.message[:100]) from error
            except VolanoError as error:
                raise Ended(REFUSED, error.message[:100]) from error

    async def _take(self, frame: bytes) -> None:
        """One frame. Raises ValueError for what cannot be read."""
        kind, at = read_varint(frame, 0)
        if kind == SYNC:
            step, at = read_varint(frame, at)
            data, _ = read_bytes(frame, at)
            await (self._answer(data) if step == STEP1 else self._keep(data))
        elif kind in (AWARENESS, QUERY_AWARENESS) and len(frame) <= MAX_AWARENESS_BYTES:
            self._tell(frame)

    async def _answer(self, vector: bytes) -> None:
        """Everything that the client lacks."""
        held = await self.held(READ)
        state = await editing.load(self.env, held.document)
        missing = await asyncio.to_thread(states.difference, state.update, vector)
        await self.socket.send_bytes(bytes((SYNC, STEP2)) + write_bytes(missing))

    async def _keep(self, update: bytes) -> None:
        """Make an update durable, then acknowledge it and tell the others."""
        if update != NOTHING:
            held = await self.held(EDIT)
            if not held.role.may_edit:
                raise Denied("You may read this document; ask its owner to let you edit.")
            await editing.append(self.env, held.document, update, held.me.id)
            self._tell(bytes((SYNC, UPDATE)) + write_bytes(update))
        await self.socket.send_bytes(bytes((ACKNOWLEDGED,)))

    async def _recheck(self) -> None:
        while True:
            await self.env.clock.sleep(RECHECK_S)
            if await find_caller(self.env, self.socket.request) is None:
                raise Ended(NOT_ALLOWED, "you were signed out")
            await self._require_reader()

    async def _require_reader(self) -> None:
        try:
            await self.held(READ)
        except (Denied, NotFound) as error:
            raise Ended(NOT_ALLOWED, error.message[:100]) from error


def tell_rights(env: Env, document_id: str) -> None:
    """Let every socket of a document ask at once whether it may stay."""
    env.events.signal(editing.topic_of(document_id), RIGHTS_CHANGED)


def tell_update(env: Env, document_id: str, update: bytes) -> None:
    """Tell everyone who edits of an update that came by another way than a socket."""
    frame = bytes((SYNC, UPDATE)) + write_bytes(update)
    env.events.signal(editing.topic_of(document_id), bytes(8) + frame)
