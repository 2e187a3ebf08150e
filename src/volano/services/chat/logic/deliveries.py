"""Requests to the URLs of apps: signed, through the egress guard, answered in three seconds.

Slack's signature is `v0=` and the HMAC-SHA256 of `v0:TIMESTAMP:BODY` under the app's signing
secret. Events wait in rows and are tried four times: at once, again at once, after one minute and
after five (docs.slack.dev, "The Events API"). An app that fails for an hour is left alone until its
manifest is changed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.egress import EgressFailed, EgressRefused, EgressRequest
from volano.kernel.foreign_json import decode_foreign
from volano.services.chat.logic.manifests import UNVERIFIED_US, open_secret
from volano.services.chat.store import app_configs as config_rows
from volano.services.chat.store import app_events as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Env
    from volano.kernel.egress import EgressReply
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json
    from volano.services.chat.model.apps import AppConfig, Delivery

ACK_S = 3.0
MAX_ANSWER_BYTES = 256 * 1024
BATCH = 50
DELAYS_US = (0, 60 * 1_000_000, 300 * 1_000_000)
"""How long after a failed attempt the next one is made; after the last it is given up."""
CLAIM_US = 10 * 1_000_000
"""An attempt whose process died is made again after this."""
COUNT_US = 3600 * 1_000_000
MIN_FAILURES = 1000
"""In an hour, before an app's events are given up; and 95 of 100 must have failed."""
JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"


async def send_signed(
    env: Env,
    config: AppConfig,
    url: str,
    body: bytes,
    *,
    content_type: str,
    headers: Mapping[str, str] | None = None,
) -> EgressReply:
    """POST to an app's URL. Raises EgressRefused and EgressFailed."""
    stamp = str(env.clock.now_us() // 1_000_000)
    secret = open_secret(env, config, config.signing_secret).encode()
    signature = hmac.new(secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256)
    sent = {
        "content-type": content_type,
        "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "accept": "application/json,*/*",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": "v0=" + signature.hexdigest(),
        **(headers or {}),
    }
    request = EgressRequest(
        method="POST",
        url=url,
        headers=sent,
        body=body,
        timeout_s=ACK_S,
        max_bytes=MAX_ANSWER_BYTES,
    )
    return await env.egress.fetch(request)


async def verify_url(env: Env, config: AppConfig, url: str) -> bool:
    """Whether the URL answers its challenge (`url_verification`)."""
    challenge = env.ids.token(32)
    asked: Json = {
        "token": config.verification_token,
        "challenge": challenge,
        "type": "url_verification",
    }
    try:
        reply = await send_signed(
            env, config, url, msgspec.json.encode(asked), content_type=JSON_TYPE
        )
    except (EgressRefused, EgressFailed):
        return False
    text = reply.body.decode(errors="replace").strip()
    if reply.status != 200:
        return False
    return challenge in (text, text.removeprefix("challenge="), _challenge_in(reply.body))


def _challenge_in(body: bytes) -> object:
    try:
        answer = decode_foreign(body)
    except msgspec.DecodeError:
        return None
    return answer.get("challenge") if isinstance(answer, dict) else None


async def deliver_due(env: Env) -> None:
    """Send every event whose time has come, once; the next ones wait for the next run."""
    due = await rows.select_due(env.store.reader, env.clock.now_us(), BATCH)
    async with asyncio.TaskGroup() as tasks:
        for item in due:
            tasks.create_task(_deliver(env, item))
    if len(due) == BATCH:
        env.work.wake("chat:deliver")


async def _deliver(env: Env, item: Delivery) -> None:
    config = await config_rows.find_config(env.store.reader, item.app_id)
    if config is None or not config.event_url or config.events_disabled_us > 0:
        await _finish(env, item)
        return
    now_us = env.clock.now_us()

    async def claim(tx: Tx) -> bool:
        return await rows.postpone(tx, item, now_us + CLAIM_US, item.reason)

    if not await env.store.transact(claim):
        return
    if config.events_disabled_us == UNVERIFIED_US and not await _verified(env, config):
        await _retry(env, item, "http_error")
        return
    reason, again = await _attempt(env, config, item)
    if reason:
        await _count(env, config, failed=True)
        await (_retry(env, item, reason) if again else _finish(env, item))
        return
    await _count(env, config, failed=False)
    await _finish(env, item)


async def _verified(env: Env, config: AppConfig) -> bool:
    if not await verify_url(env, config, config.event_url):
        return False

    async def write(tx: Tx) -> None:
        known = await config_rows.find_config(tx, config.app_id)
        if known is not None:
            await config_rows.upsert_config(tx, replace(known, events_disabled_us=0))

    await env.store.transact(write)
    return True


async def _attempt(env: Env, config: AppConfig, item: Delivery) -> tuple[str, bool]:
    """Why it failed ('' when it did not), and whether to try again."""
    headers = {}
    if item.attempts:
        headers = {
            "x-slack-retry-num": str(item.attempts),
            "x-slack-retry-reason": item.reason or "unknown_error",
        }
    try:
        reply = await send_signed(
            env,
            config,
            config.event_url,
            item.payload.encode(),
            content_type=JSON_TYPE,
            headers=headers,
        )
    except EgressRefused:
        return "connection_failed", False
    except EgressFailed as error:
        late = "time" in error.message.lower()
        return ("http_timeout" if late else "connection_failed"), True
    if 200 <= reply.status < 300:
        return "", True
    return "http_error", reply.headers.get("x-slack-no-retry") != "1"


async def _retry(env: Env, item: Delivery, reason: str) -> None:
    """Plan the attempt after this one, or give up."""
    if item.attempts >= len(DELAYS_US):
        await _finish(env, item)
        return
    due_us = env.clock.now_us() + DELAYS_US[item.attempts]

    async def write(tx: Tx) -> None:
        await rows.explain(tx, item, reason, due_us)

    await env.store.transact(write)
    if not DELAYS_US[item.attempts]:
        env.work.wake("chat:deliver")


async def _finish(env: Env, item: Delivery) -> None:
    async def write(tx: Tx) -> None:
        await rows.mark_acked(tx, item.app_id, item.id)

    await env.store.transact(write)


async def _count(env: Env, config: AppConfig, *, failed: bool) -> None:
    """Count an attempt; too many failures in an hour disable the app's events."""
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> None:
        known = await config_rows.find_config(tx, config.app_id)
        if known is None:
            return
        if now_us - known.counted_us > COUNT_US:
            known = replace(known, counted_us=now_us, failures=0, successes=0)
        failures = known.failures + int(failed)
        successes = known.successes + int(not failed)
        hopeless = failures >= MIN_FAILURES and failures > 19 * successes
        disabled_us = now_us if hopeless else known.events_disabled_us
        changed = replace(
            known, failures=failures, successes=successes, events_disabled_us=disabled_us
        )
        await config_rows.upsert_config(tx, changed)

    await env.store.transact(write)
