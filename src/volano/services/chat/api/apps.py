"""Slack's apps.connections.open, and the backend of Socket Mode."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import msgspec

from volano.services.chat.logic import apps
from volano.wire.action import SIGNED_IN, action
from volano.wire.slack.gateway import HOST
from volano.wire.slack.socket import (
    SOCKET_PATH,
    Envelope,
    SocketSession,
    set_socket_backend,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json


SLACKS_SOCKETS = "wss://wss-primary.slack.com"


class NoArguments(msgspec.Struct):
    pass


@action(
    "slack:apps.connections.open",
    permission=SIGNED_IN,
    resource="*",
    scopes=(apps.CONNECT_SCOPE,),
    read_only=False,
)
async def open_connection(env: Env, call: Call, request: NoArguments) -> Json:
    """The address of a socket, good for one connection within a minute."""
    app_id, ticket = await apps.open_ticket(env, call)
    base = env.config.console_url.replace("http", "ws", 1)
    if call.context.get(HOST, "").endswith("slack.com"):
        base = SLACKS_SOCKETS  # through `volano slack run`, which stands for Slack's hosts
    return {"url": f"{base}{SOCKET_PATH}?ticket={ticket}&app_id={app_id}"}


class ChatSockets:
    """The socket backend over the rows of waiting events."""

    async def open(self, env: Env, ticket: str) -> SocketSession | None:
        app_id = await apps.use_ticket(env, ticket)
        return None if app_id is None else SocketSession(app_id, env.ids.uuid())

    async def envelopes(self, env: Env, session: SocketSession) -> AsyncIterator[Envelope]:
        """Claimed events as envelopes; what is left is given back when the socket goes."""
        offered = apps.offered_events(env, session.app_id, session.connection_id)
        try:
            async with aclosing(cast("Any", offered)) as events:
                async for event_id, kind, payload in events:
                    yield Envelope(
                        envelope_id=event_id,
                        type=kind,
                        payload=msgspec.Raw(payload.encode()),
                        accepts_response_payload=kind != "events_api",
                    )
        finally:
            await apps.release(env, session.app_id, session.connection_id)

    async def ack(
        self, env: Env, session: SocketSession, envelope_id: str, payload: dict[str, Any] | None
    ) -> None:
        """Interactive envelopes and commands are answered by `payload`."""
        answer = msgspec.json.encode(payload).decode() if payload else ""
        await apps.acknowledge(env, session.app_id, envelope_id, answer)


set_socket_backend(ChatSockets())
