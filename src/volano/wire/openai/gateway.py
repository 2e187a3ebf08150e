"""The OpenAI door: `/v1/...` on the console port to actions called `openai:...`.

A request is routed, authenticated by API key or console session, parsed into the struct that
annotates the handler's parameter (body, then query, then path), run, and answered as JSON, events
or bytes. Operations of the published API that Volano does not have answer 501 and say so; a path
that nobody has answers 404.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Internal, VolanoError
from volano.wire.action import PUBLIC, run_action
from volano.wire.credential import (
    bearer_token,
    call_of,
    find_principal,
    has_credential,
    request_id_of,
)
from volano.wire.decode import require_sane
from volano.wire.http import ClientGone, Response
from volano.wire.openai.coverage import require_built
from volano.wire.openai.errors import InvalidApiKey, MismatchedOrganization, error_response
from volano.wire.openai.stream import openai_stream
from volano.wire.refusals import record_refusal
from volano.wire.routes import ActionRoutes
from volano.wire.typed import read_typed, to_response

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from volano.kernel.call import Env
    from volano.wire.action import Action
    from volano.wire.http import Request

API_VERSION = "2020-10-01"
DASHSCOPE = "/compatible-mode"
"""DashScope serves OpenAI's API below this path; its programs need another host name only."""

_TOLD = {
    "idempotency-key": "volano:IdempotencyKey",
    "x-volano-cache": "volano:Cache",
    "x-volano-sticky": "volano:StickyKey",
}
"""Headers that actions read, and the keys of the call's context where they find them."""

# Model ids may hold slashes (`Qwen/Qwen3-0.6B`), and programs send them unescaped.
_ROUTES = ActionRoutes("openai", slashed=("model",))


async def handle(env: Env, request: Request) -> Response:
    """Answer one request; never raises but for cancellation."""
    began_s = env.clock.monotonic_s()
    request_id = request_id_of(env, request)
    request.raw_path = request.raw_path.removeprefix(DASHSCOPE)
    try:
        require_sane(request)
        response = await _answer(env, request)
    except VolanoError as error:
        response = error_response(error)
    except ClientGone:
        response = Response(status=499)
    except Exception as error:  # noqa: BLE001 - a gateway turns every error into an answer
        env.log.error("openai request failed", request_id=request_id, error=repr(error))
        said = f"An internal error happened; quote request id {request_id} to your operator."
        response = error_response(Internal(said))
    took_ms = int((env.clock.monotonic_s() - began_s) * 1000)
    response.headers += [
        ("x-request-id", request_id),
        ("openai-version", API_VERSION),
        ("openai-processing-ms", str(took_ms)),
    ]
    return response


async def _answer(env: Env, request: Request) -> Response:
    found, params = _route(request)
    principal = await find_principal(env, request)
    if principal is None and found.permission != PUBLIC:
        refused = _bad_key(request)
        if has_credential(request):
            record_refusal(env, request, refused, door="openai", action=found.name)
        raise refused
    if principal is not None:
        _require_own(request, principal.account)
    call = call_of(env, request, principal, door="openai")
    for header, name in _TOLD.items():
        if header in request.headers:
            call.context[name] = request.headers[header]
    known = principal is not None
    typed = await read_typed(env, found, request, params, only_known=True, is_known=known)
    running = run_action(env, call, found, typed)
    # A body that the handler reads tells it by itself when the client leaves.
    watched = found.timeout_s is None and not found.streams_body
    result = await (_while_connected(request, running) if watched else running)
    response = await to_response(result, partial(openai_stream, env, call))
    if principal is not None:
        response.headers.append(("openai-organization", principal.account))
    return response


def _route(request: Request) -> tuple[Action, dict[str, str]]:
    found = _ROUTES.find(request.method, request.raw_path)
    if found is not None:
        return found
    require_built(request.method, request.raw_path)
    return _ROUTES.require(request.method, request.raw_path)


def _require_own(request: Request, account: str) -> None:
    """Refuse a request that names another organisation than its key's."""
    named = request.headers.get("openai-organization")
    if named and named.removeprefix("org-") != account:
        raise MismatchedOrganization(
            f"OpenAI-Organization header should match organization for API key: it is {account}."
        )


def _bad_key(request: Request) -> InvalidApiKey:
    token = bearer_token(request)
    if token is None:
        return InvalidApiKey(
            "You didn't provide an API key. Send it in the Authorization header, as "
            "'Authorization: Bearer YOUR_KEY'.",
        )
    shown = f"{token[:5]}***{token[-4:]}" if len(token) > 16 else "***"
    return InvalidApiKey(f"Incorrect API key provided: {shown}.")


async def _while_connected(request: Request, running: Awaitable[Any]) -> Any:
    """The result of `running`, which is cancelled when the client leaves first."""
    task = asyncio.ensure_future(running)
    watcher = asyncio.ensure_future(request.body.wait_gone())
    try:
        await asyncio.wait({task, watcher}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGone
        return task.result()
    finally:
        watcher.cancel()
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError, VolanoError):
                await task
        await asyncio.wait({watcher})
