"""Asking an app something that a person waits for: a button, a form, a command.

The question goes over the app's socket or, signed, to its URL; its answer must come in three
seconds. Nothing is asked twice: a person who got no answer presses again.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from volano.kernel.egress import EgressFailed, EgressRefused
from volano.kernel.errors import NotFound, Unavailable
from volano.kernel.events import woken_by
from volano.kernel.foreign_json import decode_foreign
from volano.services.chat.logic.apps import answer_topic, app_topic
from volano.services.chat.logic.deliveries import ACK_S, FORM_TYPE, send_signed
from volano.services.chat.store import app_configs as config_rows
from volano.services.chat.store import app_events as rows
from volano.services.chat.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Tx
    from volano.services.chat.model import App, Json
    from volano.services.chat.model.apps import AppConfig, Manifest

INTERACTIVE, COMMAND = "interactive", "slash_commands"
GRACE_S = 0.5
"""The answer itself takes its way."""


class AppSilent(Unavailable):
    """The app did not answer in time, or could not be reached."""

    code = "app_did_not_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """An app and what is known of it; the first app of a workspace has no manifest."""

    app: App
    config: AppConfig | None = None

    @property
    def manifest(self) -> Manifest | None:
        return self.config.manifest if self.config else None

    @property
    def token(self) -> str:
        return self.config.verification_token if self.config else ""

    @property
    def by_socket(self) -> bool:
        return self.config is None or self.config.by_socket


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the app said: an object, or plain text."""

    body: Json = field(default_factory=dict)
    text: str = ""


async def reach_app(reader: Reader, account: str, app_id: str) -> Reached:
    """Raises `invalid_app_id`."""
    app = await user_rows.find_app(reader, app_id)
    if app is None or app.account != account:
        raise NotFound(f"There is no app {app_id[:40]}.", code="invalid_app_id")
    return Reached(app=app, config=await config_rows.find_config(reader, app_id))


async def ask_app(env: Env, reached: Reached, kind: str, payload: Json, *, url: str) -> Answer:
    """Send `payload` and wait for the answer; `url` is for apps without a socket.

    Raises AppSilent.
    """
    if reached.by_socket:
        return await _by_socket(env, reached.app, kind, payload)
    assert reached.config is not None
    if not url:
        raise AppSilent("The app's manifest names no URL for this.")
    return await _by_http(env, reached.config, kind, payload, url)


async def _by_socket(env: Env, app: App, kind: str, payload: Json) -> Answer:
    event_id = env.ids.uuid()
    text = msgspec.json.encode(payload).decode()

    async def write(tx: Tx) -> None:
        await rows.insert_event(tx, app.id, event_id, text, env.clock.now_us(), kind=kind)

    with woken_by(env.events, answer_topic(event_id)) as heard:
        await env.store.transact(write)
        env.events.signal(app_topic(app.id), b"")
        try:
            async with asyncio.timeout(ACK_S + GRACE_S):
                return await _answered(env, app.id, event_id, heard)
        except TimeoutError as error:
            await _withdraw(env, app.id, event_id)
            raise AppSilent("The app did not answer in three seconds.") from error


async def _answered(env: Env, app_id: str, event_id: str, heard: asyncio.Event) -> Answer:
    while True:
        heard.clear()
        answer = await rows.find_answer(env.store.reader, app_id, event_id)
        if answer is not None:
            return Answer(body=json.loads(answer) if answer else {})
        await heard.wait()


async def _withdraw(env: Env, app_id: str, event_id: str) -> None:
    async def write(tx: Tx) -> None:
        await rows.mark_acked(tx, app_id, event_id)

    await env.store.transact(write)


async def _by_http(env: Env, config: AppConfig, kind: str, payload: Json, url: str) -> Answer:
    fields = payload if kind == COMMAND else {"payload": json.dumps(payload)}
    body = urlencode({name: str(value) for name, value in fields.items()}).encode()
    try:
        reply = await send_signed(env, config, url, body, content_type=FORM_TYPE)
    except (EgressFailed, EgressRefused) as error:
        raise AppSilent(f"The app could not be reached: {error.message}") from error
    if not 200 <= reply.status < 300:
        raise AppSilent(f"The app answered with HTTP status {reply.status}.")
    text = reply.body.decode(errors="replace").strip()
    if not text.startswith("{"):
        return Answer(text=text)
    try:
        answer = decode_foreign(reply.body)
    except msgspec.DecodeError:
        return Answer(text=text)
    return Answer(body=answer)
