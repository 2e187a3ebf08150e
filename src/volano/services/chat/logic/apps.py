"""Apps and their sockets: tickets, and events handed to one connection each until acknowledged.

Events wait in rows for an hour, for apps that asked for a socket in that time. A connection claims
an event before it sends it, so no two connections of an app work on the same one; what a connection
leaves behind is offered to the next.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from volano.kernel.events import woken_by
from volano.services.chat.logic.errors import WrongTokenType
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.store import app_events as rows
from volano.services.chat.store import users as user_rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

CONNECT_SCOPE = "connections:write"
TICKET_LIFE_US = 60 * 1_000_000
KEEP_US = 3600 * 1_000_000
"""How long an event waits for its app."""
REOFFER_US = 30 * 1_000_000
"""After this long without acknowledgement an event is offered again, should its process be gone."""
POLL_S = 5.0
BATCH = 100


def app_topic(app_id: str) -> str:
    """The signal that an app has something waiting."""
    return f"chat-app:{app_id}"


async def open_ticket(env: Env, call: Call) -> tuple[str, str]:
    """The app whose app-level token asks, and a ticket for one socket, good for a minute.

    Raises not_allowed_token_type for any other token.
    """
    await enter(env, call)
    app = await user_rows.find_app_of_principal(env.store.reader, call.account, call.principal.id)
    if app is None or CONNECT_SCOPE not in (call.principal.scopes or ()):
        raise WrongTokenType("Sockets are opened with an app-level token (xapp-).")
    ticket = env.ids.token(32)
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> None:
        await rows.insert_ticket(tx, env.secrets.digest(ticket), app.id, now_us + TICKET_LIFE_US)
        await user_rows.update_app_socket(tx, app.id, now_us)

    await env.store.transact(write)
    return app.id, ticket


async def use_ticket(env: Env, ticket: str) -> str | None:
    """The app of a ticket, which is used up by this; None when it is not good."""
    digest, now_us = env.secrets.digest(ticket), env.clock.now_us()

    async def write(tx: Tx) -> str | None:
        return await rows.take_ticket(tx, digest, now_us)

    return await env.store.transact(write)


async def offered_events(
    env: Env, app_id: str, connection_id: str
) -> AsyncIterator[tuple[str, str, str]]:
    """Envelopes for one connection as they come, each claimed for it: id, kind and payload."""
    with woken_by(env.events, app_topic(app_id)) as woken:
        while True:
            woken.clear()
            async for event in _claimed(env, app_id, connection_id):
                yield event
            await _keep_listening(env, app_id)
            try:
                async with asyncio.timeout(POLL_S):
                    await woken.wait()
            except TimeoutError:
                continue


async def _keep_listening(env: Env, app_id: str) -> None:
    """While a socket is open the app counts as listening."""
    app = await user_rows.find_app(env.store.reader, app_id)
    now_us = env.clock.now_us()
    if app is None or now_us - app.socket_us < KEEP_US // 4:
        return

    async def write(tx: Tx) -> None:
        await user_rows.update_app_socket(tx, app_id, now_us)

    await env.store.transact(write)


async def _claimed(
    env: Env, app_id: str, connection_id: str
) -> AsyncIterator[tuple[str, str, str]]:
    now_us = env.clock.now_us()
    before_us = now_us - REOFFER_US
    waiting = await rows.select_offerable(
        env.store.reader,
        app_id,
        offered_before_us=before_us,
        created_after_us=now_us - KEEP_US,
        limit=BATCH,
    )
    for event_id, kind, payload in waiting:

        async def claim(tx: Tx, name: str = event_id) -> bool:
            return await rows.claim_event(
                tx,
                app_id,
                name,
                connection_id=connection_id,
                now_us=now_us,
                offered_before_us=before_us,
            )

        if await env.store.transact(claim):
            yield event_id, kind, payload


def answer_topic(event_id: str) -> str:
    """The signal that an app has answered an envelope."""
    return f"chat-answer:{event_id}"


async def acknowledge(env: Env, app_id: str, event_id: str, answer: str = "") -> None:
    """The app has the envelope; `answer` is what it said."""

    async def write(tx: Tx) -> None:
        await rows.mark_acked(tx, app_id, event_id, answer)

    await env.store.transact(write)
    env.events.signal(answer_topic(event_id), b"")


async def release(env: Env, app_id: str, connection_id: str) -> None:
    """The connection is gone; another one gets what it did not acknowledge."""

    async def write(tx: Tx) -> None:
        await rows.release_events(tx, app_id, connection_id)

    await env.store.transact(write)
    env.events.signal(app_topic(app_id), b"")


async def remove_old(env: Env) -> None:
    """Forget events and tickets that are over."""
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> None:
        await rows.delete_old_events(tx, now_us - KEEP_US)
        await rows.delete_old_tickets(tx, now_us)

    await env.store.transact(write)
