"""What browsers are told around the console: headers of pages, cookies, other sites kept out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from volano.app.discover import load_services
from volano.console.pages import serve_page
from volano.kernel.egress import parse_networks
from volano.services.identity import interface as identity
from volano.services.identity.logic.passwords import set_password
from volano.services.identity.store.users import find_user
from volano.wire.http import Request, request_of
from volano.wire.proxies import Proxies
from volano.wire.rest.gateway import handle

PASSWORD = "correct horse battery"


def request(method: str, path: str, body: object = None, *, scheme="http", **headers) -> Request:
    sent = b"" if body is None else json.dumps(body).encode()

    async def receive():
        return {"type": "http.request", "body": sent, "more_body": False}

    given = {"host": "localhost:8080", "content-length": str(len(sent))} | headers
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
        "scheme": scheme,
    }
    return request_of(scope, receive)


@pytest.fixture
async def home(env):
    """An account with an administrator who has a password."""
    load_services()
    first = await identity.bootstrap(env)
    who = await env.authority.find_token(first.api_key)
    await set_password(env, await find_user(env.store.reader, who.id), PASSWORD)
    return who


@pytest.fixture
def secure(env):
    """The same process with a certificate, which makes its cookies secure."""
    return replace(env, config=replace(env.config, tls_certificate=Path("/c"), tls_key=Path("/k")))


async def sign_in(env, who, **headers):
    body = {"user": who.name, "password": PASSWORD}
    return await handle(env, request("POST", "/volano/v1/session", body, **headers))


async def test_pages_are_fenced_in(env):
    response = await serve_page(env, request("GET", "/"))
    headers = dict(response.headers)
    if response.status == 503:
        pytest.fail("The console is not built: run `make web`.")
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in headers


async def test_by_tls_browsers_are_told_to_stay_there(secure):
    headers = dict((await serve_page(secure, request("GET", "/", scheme="https"))).headers)
    assert headers["strict-transport-security"] == "max-age=31536000"


async def test_the_cookie_is_out_of_scripts_reach_and_of_other_sites(env, home):
    response = await sign_in(env, home)
    assert response.status == 200, response.body
    cookie = response.header("set-cookie")
    assert cookie.startswith("volano_session=")
    assert cookie.endswith("HttpOnly; SameSite=Strict")


async def test_nothing_but_files_of_the_build_is_served(env):
    page = (await serve_page(env, request("GET", "/"))).body
    for path in ("/.git/config", "/../pages.py", "/assets/../../pages.py", "/%2e%2e/pages.py"):
        answer = await serve_page(env, request("GET", path))
        assert answer.status == 404 or answer.body == page, path


async def test_a_proof_sends_the_sessions_new_cookie(env, home):
    opened = await sign_in(env, home)
    cookie = opened.header("set-cookie").partition(";")[0]
    head = {"cookie": cookie, "x-volano-csrf": json.loads(opened.body)["csrf"]}
    path = "/volano/v1/session/proof"
    proved = await handle(env, request("POST", path, {"password": PASSWORD}, **head))
    assert proved.status == 200
    renewed = proved.header("set-cookie").partition(";")[0]
    assert renewed != cookie
    assert (await handle(env, request("GET", "/volano/v1/session", **head))).status == 401
    head["cookie"] = renewed
    assert (await handle(env, request("GET", "/volano/v1/session", **head))).status == 200


async def test_behind_a_trusted_proxy_that_ends_tls_the_cookie_is_secure_too(env, home):
    through = {"x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https"}
    sent = request(
        "POST", "/volano/v1/session", {"user": home.name, "password": PASSWORD}, **through
    )
    Proxies(parse_networks(["127.0.0.1"])).tell(sent.scope)
    cookie = (await handle(env, request_of(sent.scope, sent.body._receive))).header("set-cookie")
    assert cookie.startswith("__Host-volano_session=")
    assert "; Secure" in cookie


async def test_by_tls_the_cookie_is_bound_to_the_host(secure, home):
    cookie = (await sign_in(secure, home, scheme="https")).header("set-cookie")
    assert cookie.startswith("__Host-volano_session=")
    assert "Path=/;" in cookie
    assert "Domain" not in cookie
    assert cookie.endswith("; Secure")
    pair = cookie.partition(";")[0]
    known = request("GET", "/volano/v1/session", scheme="https", cookie=pair)
    assert (await handle(secure, known)).status == 200
    weaker = request("GET", "/volano/v1/session", scheme="https", cookie=pair[len("__Host-") :])
    assert (await handle(secure, weaker)).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
    ],
)
async def test_another_site_signs_nobody_in(env, home, headers):
    response = await sign_in(env, home, **headers)
    assert response.status == 403
    assert response.header("set-cookie") is None


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"origin": "http://localhost:8080"},
    ],
)
async def test_the_own_page_and_programs_sign_in(env, home, headers):
    assert (await sign_in(env, home, **headers)).status == 200


async def test_answers_are_neither_kept_nor_guessed_at(env, home):
    response = await sign_in(env, home)
    assert response.header("cache-control") == "no-store"
    assert response.header("x-content-type-options") == "nosniff"
