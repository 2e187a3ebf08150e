"""Asking an upstream: its key, its connection, retries with growing pauses.

A request is repeated only while nothing of its answer was passed on. The key is read from Secrets
Manager as the account's own service and kept for KEY_LIFE_S, so a rotated one holds soon.
"""

from __future__ import annotations

from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

import msgspec

from volano.kernel.call import system_call
from volano.kernel.egress import EgressFailed, EgressRequest
from volano.kernel.errors import Conflict, Throttled, Unavailable, VolanoError
from volano.kernel.foreign_json import decode_foreign
from volano.kernel.ids import AccountId
from volano.kernel.inference import Embeddings
from volano.services.models.logic.upstream_answers import Reading, Usage, error_of, events_of
from volano.services.models.logic.upstream_requests import body_of, embedding_body, path_of
from volano.services.secrets import interface as secrets

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from volano.kernel.call import Env
    from volano.kernel.egress import EgressStream
    from volano.kernel.inference import Delta, Generate
    from volano.kernel.metrics import Metrics
    from volano.services.models.model import Upstream

KEY_LIFE_S = 30.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
FIRST_PAUSE_S = 0.25
MAX_PAUSE_S = 8.0
MAX_KEYS = 1000

T = TypeVar("T")
_KEYS: WeakKeyDictionary[Metrics, dict[tuple[str, str], tuple[float, str]]] = WeakKeyDictionary()
"""By process (its metrics are one of a kind): keys, and until when they are believed."""


class RemoteModel(msgspec.Struct):
    """A model as an upstream lists it."""

    id: str
    owned_by: str | None = None


class _RemoteModels(msgspec.Struct):
    data: list[RemoteModel]


class _Vector(msgspec.Struct):
    embedding: list[float]
    index: int = 0


class _Vectors(msgspec.Struct):
    data: list[_Vector]
    usage: Usage | None = None


async def generate(
    env: Env, upstream: Upstream, remote: str, request: Generate, *, retries: int
) -> AsyncGenerator[Delta, None]:
    """The deltas of an upstream's answer; raises its error as one of ours."""
    body = body_of(request, remote, upstream.kind)
    for left in reversed(range(retries + 1)):
        delivered = False
        try:
            async with aclosing(_answer(env, upstream, request, body)) as deltas:
                async for delta in deltas:
                    delivered = True
                    yield delta
            return
        except VolanoError as error:
            if delivered or not left or not may_pass(error):
                raise
            await _pause(env, retries - left, error)


def may_pass(error: VolanoError) -> bool:
    """Whether asking again, here or elsewhere, may help."""
    return error.wire_status >= 500 or isinstance(error, Throttled | Unavailable | Conflict)


async def _pause(env: Env, done: int, error: VolanoError) -> None:
    """Longer each time, never in step with others, and at least what the upstream asks for."""
    spread = 0.5 + env.ids.bytes(1)[0] / 255
    wanted_s = max(FIRST_PAUSE_S * 2**done * spread, error.retry_after_s or 0.0)
    await env.clock.sleep(min(wanted_s, MAX_PAUSE_S))


async def _answer(
    env: Env, upstream: Upstream, request: Generate, body: bytes
) -> AsyncGenerator[Delta, None]:
    reading = Reading(upstream.name, upstream.kind, request.n)
    async with _open(env, upstream, "POST", path_of(request), body) as reply:
        if "text/event-stream" in reply.headers.get("content-type", ""):
            async for event in events_of(upstream.name, reply.chunks):
                for delta in reading.add(event):
                    yield delta
        else:
            for delta in reading.add(await _read(reply, MAX_ANSWER_BYTES)):
                yield delta
    for delta in reading.ends():
        yield delta


async def embed(
    env: Env, upstream: Upstream, remote: str, inputs: Sequence[str | tuple[int, ...]]
) -> Embeddings:
    """One vector per input, as the upstream makes them."""
    body = embedding_body(remote, inputs)
    found = await _ask(env, upstream, "POST", "/embeddings", body, _Vectors)
    rows = sorted(found.data, key=lambda row: row.index)
    if len(rows) != len(inputs):
        raise Unavailable(
            f"The upstream {upstream.name} sent {len(rows)} vectors for {len(inputs)} texts."
        )
    usage = found.usage or Usage()
    return Embeddings(
        vectors=tuple(tuple(row.embedding) for row in rows), prompt_tokens=usage.prompt_tokens
    )


async def list_remote(env: Env, upstream: Upstream) -> list[RemoteModel]:
    """What the upstream says it serves."""
    return (await _ask(env, upstream, "GET", "/models", b"", _RemoteModels)).data


async def _ask(
    env: Env, upstream: Upstream, method: str, path: str, body: bytes, kind: type[T]
) -> T:
    for left in reversed(range(upstream.retries + 1)):
        try:
            async with _open(env, upstream, method, path, body) as reply:
                answer = await _read(reply, MAX_ANSWER_BYTES)
            return decode_foreign(answer, kind)
        except msgspec.DecodeError as error:
            raise Unavailable(
                f"The upstream {upstream.name} sent what is no answer of OpenAI's API.",
                code="upstream_invalid",
                facts={"error": str(error)},
            ) from error
        except VolanoError as error:
            if not left or not may_pass(error):
                raise
            await _pause(env, upstream.retries - left, error)
    raise AssertionError("the last try returns or raises")


@asynccontextmanager
async def _open(
    env: Env, upstream: Upstream, method: str, path: str, body: bytes
) -> AsyncIterator[EgressStream]:
    """The upstream's answer when it is one; raises its error otherwise."""
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    key = await _key(env, upstream)
    if key:
        headers["authorization"] = f"Bearer {key}"
    request = EgressRequest(
        method=method,
        url=upstream.base_url + path,
        headers=headers,
        body=body,
        timeout_s=upstream.timeout_s,
        max_bytes=MAX_ANSWER_BYTES,
    )
    try:
        async with env.egress.open(request) as reply:
            if reply.status >= 300:
                said = await _read(reply, MAX_ERROR_BYTES)
                wait_s = _seconds(reply.headers.get("retry-after", ""))
                raise error_of(upstream.name, reply.status, said, retry_after_s=wait_s)
            yield reply
    except EgressFailed as error:
        raise Unavailable(
            f"The upstream {upstream.name} cannot be asked: {error.message}",
            code="upstream_unreachable",
            status=502,
            facts=error.facts,
        ) from error


async def _read(reply: EgressStream, most_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in reply.chunks:
        body += chunk
        if len(body) > most_bytes:
            break
    return bytes(body)


def _seconds(text: str) -> float | None:
    return float(text) if text.isdigit() else None


async def _key(env: Env, upstream: Upstream) -> str:
    if not upstream.secret:
        return ""
    known = _KEYS.setdefault(env.metrics, {})
    place = (upstream.account, upstream.secret)
    now_s = env.clock.monotonic_s()
    held = known.get(place)
    if held is not None and held[0] > now_s:
        return held[1]
    reading = system_call(env, AccountId(upstream.account))
    try:
        _, _, value = await secrets.get_value(
            env, reading, upstream.secret, version_id=None, stage=None
        )
    except VolanoError as error:
        raise Unavailable(
            f"The key of the upstream {upstream.name} cannot be read from its secret: "
            f"{error.message}",
            code="upstream_key_missing",
        ) from error
    if len(known) >= MAX_KEYS:
        known.clear()
    known[place] = (now_s + KEY_LIFE_S, value.decode())
    return value.decode()


def forget_key(env: Env, upstream: Upstream) -> None:
    """Read the key anew the next time."""
    _KEYS.get(env.metrics, {}).pop((upstream.account, upstream.secret), None)
