"""Who sends a request on the console port: bearer token or console session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.call import Call, anonymous
from volano.kernel.ids import RequestId

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.identity import Principal
    from volano.wire.http import Request

SESSION_COOKIE = "volano_session"
CSRF_HEADER = "x-volano-csrf"
DEFAULT_TIMEOUT_S = 60.0


def bearer_token(request: Request) -> str | None:
    """The token of an `Authorization: Bearer` header (RFC 6750 section 2.1)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def has_credential(request: Request) -> bool:
    """Whether a bearer token or a session cookie was sent, valid or not."""
    return bearer_token(request) is not None or SESSION_COOKIE in request.cookies


async def find_principal(
    env: Env, request: Request, *, token: str | None = None
) -> Principal | None:
    """Whoever the bearer token (or `token`) or the session cookie stands for; None when neither
    is there or valid. A browser's session needs the CSRF header for anything but GET and HEAD.
    """
    token = token or bearer_token(request)
    if token is not None:
        return await env.authority.find_token(token)
    cookie = request.cookies.get(SESSION_COOKIE)
    if cookie is None:
        return None
    safe = request.method in ("GET", "HEAD")
    return await env.authority.find_session(cookie, request.headers.get(CSRF_HEADER), safe=safe)


def call_of(env: Env, request: Request, principal: Principal | None, *, door: str) -> Call:
    """The Call for a request; a missing principal is anonymous."""
    who = principal or anonymous()
    return Call(
        principal=who,
        account=who.account,
        region=env.region.name,
        request_id=request_id_of(env, request),
        deadline_s=env.clock.monotonic_s() + DEFAULT_TIMEOUT_S,
        door=door,
        source_ip=request.client_ip,
        user_agent=request.headers.get("user-agent", ""),
        context={"aws:SecureTransport": "true" if request.scheme == "https" else "false"},
    )


def request_id_of(env: Env, request: Request) -> RequestId:
    """The id that the server gave this request, one for all its floors."""
    known = request.scope.get("volano.request_id") or env.ids.request_id()
    request.scope["volano.request_id"] = known
    return RequestId(known)
