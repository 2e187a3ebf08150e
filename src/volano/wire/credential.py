"""Who sends a request on the console port: bearer token or console session."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from volano.kernel.call import Call, anonymous
from volano.kernel.ids import RequestId

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.identity import Principal
    from volano.wire.http import Request

SESSION_COOKIE = "volano_session"
SECURE_SESSION_COOKIE = "__Host-volano_session"
"""By TLS: a browser takes this name only with Secure, from this host and for all its paths."""
CSRF_HEADER = "x-volano-csrf"
DEFAULT_TIMEOUT_S = 60.0


def bearer_token(request: Request) -> str | None:
    """The token of an `Authorization: Bearer` header (RFC 6750 section 2.1)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def session_cookie(*, secure: bool) -> str:
    """The name of the session's cookie."""
    return SECURE_SESSION_COOKIE if secure else SESSION_COOKIE


def cookie_of(request: Request) -> str | None:
    """The session's cookie; by TLS one without the secure name is none."""
    return request.cookies.get(session_cookie(secure=request.scheme in ("https", "wss")))


def has_credential(request: Request) -> bool:
    """Whether a bearer token or a session cookie was sent, valid or not."""
    return bearer_token(request) is not None or cookie_of(request) is not None


def is_from_elsewhere(request: Request) -> bool:
    """Whether a page of another site made the browser send this.

    Fetch Metadata tells; browsers without it send `Origin` with what changes something.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("none", "same-origin")
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != request.host.lower()


async def find_principal(
    env: Env, request: Request, *, token: str | None = None
) -> Principal | None:
    """Whoever the bearer token (or `token`) or the session cookie stands for; None when neither
    is there or valid. A browser's session needs the CSRF header for anything but GET and HEAD.
    """
    token = token or bearer_token(request)
    if token is not None:
        return await env.authority.find_token(token)
    cookie = cookie_of(request)
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
