"""Requests with an Idempotency-Key: the first is answered, the same again gets the same answer.

A key belongs to an account for LIFE_US. The same key with another request is refused, and so is a
repeat while the first is under way. What failed may be tried again under its key.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.errors import Conflict, Invalid
from volano.services.models.logic.parameters import invalid
from volano.services.models.store import kept as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

IDEMPOTENCY = "volano:IdempotencyKey"
"""Key of a call's context: what the request's header `idempotency-key` says."""
REPLAYED = ("x-volano-idempotent", "replayed")
LIFE_US = 24 * 3600 * 1_000_000
UNDER_WAY_US = 3600 * 1_000_000
"""A first request that says nothing for so long is taken for dead."""
MAX_KEY_CHARACTERS = 255
MAX_ANSWER_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class Once:
    """A request under its key; `answer` is the first one's, None when this is the first."""

    env: Env
    call: Call
    key: str
    request: str
    until_us: int
    """How long the key is held for this request: its mark in the row."""
    answer: dict[str, Any] | None = None
    is_over: bool = False

    async def finish(self, answer: Mapping[str, Any]) -> None:
        """Keep the answer for repeats; one that is too long is made anew for them."""
        text = msgspec.json.encode(answer).decode()
        if len(text) > MAX_ANSWER_BYTES:
            return
        self.is_over = True
        expires_us = self.env.clock.now_us() + LIFE_US

        async def write(tx: Tx) -> None:
            await rows.upsert_repeat(
                tx,
                self.call.account,
                self.key,
                request=self.request,
                answer=text,
                expires_us=expires_us,
            )

        await self.env.store.transact(write)

    async def leave(self) -> None:
        """Free the key when no answer was kept; may be repeated."""
        if self.is_over:
            return

        async def write(tx: Tx) -> None:
            await rows.delete_repeat(tx, self.call.account, self.key, expires_us=self.until_us)

        await self.env.store.transact(write)


async def find_once(env: Env, call: Call, operation: str, request: object) -> Once | None:
    """The request under its key; None when it has none. Raises Invalid and Conflict."""
    key = call.context.get(IDEMPOTENCY)
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY_CHARACTERS or not key.isprintable():
        raise invalid("Idempotency-Key", f"it is 1 to {MAX_KEY_CHARACTERS} printable characters")
    own = f"{call.principal.id} {key}"
    text = msgspec.json.encode([operation, request])
    now_us = env.clock.now_us()
    once = Once(env, call, own, hashlib.sha256(text).hexdigest(), now_us + UNDER_WAY_US)

    async def write(tx: Tx) -> str:
        held = await rows.select_repeat(tx, call.account, own, now_us)
        if held is None:
            await rows.upsert_repeat(
                tx, call.account, own, request=once.request, answer="", expires_us=once.until_us
            )
            return ""
        if held[0] != once.request:
            raise Invalid(
                "This Idempotency-Key was used with another request; use a new one.",
                code="idempotency_key_reused",
                fields={"param": "Idempotency-Key"},
            )
        if not held[1]:
            raise Conflict(
                "A request with this Idempotency-Key is under way; wait for its answer.",
                code="idempotency_key_in_use",
                retry_after_s=1.0,
            )
        return held[1]

    try:
        answer = await env.store.transact(write)
    except asyncio.CancelledError:  # the client is gone; the key may have been taken all the same
        await once.leave()
        raise
    once.answer = msgspec.json.decode(answer) if answer else None
    return once
