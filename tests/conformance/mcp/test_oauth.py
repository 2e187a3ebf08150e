"""OAuth through the MCP SDK's own client, and the rules that it never breaks by itself.

Sources: RFC 6749, 7009, 7591, 7636, 8252, 8414, 9700 and 9728.
"""

from __future__ import annotations

import base64
import hashlib
import http.cookies
import json
import secrets
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from mcp import ClientSession
from mcp.client.auth.oauth2 import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

if TYPE_CHECKING:
    from email.message import Message

    from tests.conftest import Volano

BACK = "http://127.0.0.1:7777/back"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


def ask(
    url: str, body: object = None, *, form: dict[str, str] | None = None, **headers: str
) -> tuple[int, Any, Message]:
    """A POST of JSON or a form, or a GET; never raises for a status."""
    data = None if body is None else json.dumps(body).encode()
    kind = "application/json"
    if form is not None:
        data, kind = urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded"
    request = urllib.request.Request(url, data=data, headers={"content-type": kind, **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, json.loads(reply.read() or b"null"), reply.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null"), error.headers


@dataclass
class Person:
    """Somebody signed in to the console."""

    volano: Volano
    name: str
    headers: dict[str, str]

    def approve(self, **asked: str) -> tuple[int, Any]:
        body = {"redirect_uri": BACK, "code_challenge": CHALLENGE, "scope": "all", **asked}
        status, told, _ = ask(f"{self.volano.url}/volano/v1/oauth/grants", body, **self.headers)
        return status, told

    def code(self, client_id: str, **asked: str) -> str:
        status, told = self.approve(client_id=client_id, **asked)
        assert status == 200, told
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(told["redirect_to"]).query))[
            "code"
        ]

    def grants(self) -> list[dict[str, Any]]:
        _, told, _ = ask(f"{self.volano.url}/volano/v1/oauth/grants", **self.headers)
        return list(told["items"])


@pytest.fixture
def person(volano: Volano) -> Person:
    """A person with a session, a minute old, and the right to list buckets."""
    who = f"oauth-{uuid.uuid4().hex[:10]}"
    status, made = volano.rest("POST", "/people", {"name": who, "email": f"{who}@example.com"})
    assert status == 200, made
    volano.client("iam").put_user_policy(
        UserName=who,
        PolicyName="buckets",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["s3:ListAllMyBuckets", "s3:CreateBucket"],
                        "Resource": "*",
                    }
                ],
            }
        ),
    )
    token = made["login_url"].partition("token=")[2]
    _, session, headers = ask(f"{volano.url}/volano/v1/session/link", {"token": token})
    cookie = http.cookies.SimpleCookie(headers["set-cookie"])["volano_session"].value
    return Person(
        volano, who, {"cookie": f"volano_session={cookie}", "x-volano-csrf": session["csrf"]}
    )


def register(volano: Volano, *uris: str) -> str:
    status, made, _ = ask(
        f"{volano.url}/oauth/register",
        {"client_name": "Test client", "redirect_uris": list(uris or (BACK,))},
    )
    assert status == 201, made
    return str(made["client_id"])


def exchange(volano: Volano, **form: str) -> tuple[int, Any]:
    whole = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER}
    status, told, _ = ask(f"{volano.url}/oauth/token", form=whole | form)
    return status, told


@dataclass
class Kept:
    """What the SDK wants kept."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None
    asked: list[str] = field(default_factory=list)

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def connecting(person: Person, kept: Kept, scope: str = "all") -> OAuthClientProvider:
    """The SDK's own OAuth; the person's browser is played by one approval."""
    answered: dict[str, str] = {}

    async def in_browser(url: str) -> None:
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        kept.asked.append(url)
        status, told = person.approve(
            client_id=asked["client_id"],
            redirect_uri=asked["redirect_uri"],
            code_challenge=asked["code_challenge"],
            state=asked["state"],
            scope=scope,
        )
        assert status == 200, told
        answered.update(urllib.parse.parse_qsl(urllib.parse.urlsplit(told["redirect_to"]).query))

    async def came_back() -> AuthorizationCodeResult:
        return AuthorizationCodeResult(code=answered["code"], state=answered["state"])

    return OAuthClientProvider(
        server_url=f"{person.volano.url}/mcp",
        client_metadata=OAuthClientMetadata(
            client_name="The SDK",
            redirect_uris=[AnyUrl(BACK)],
            grant_types=["authorization_code", "refresh_token"],
            response_types=["code"],
        ),
        storage=kept,
        redirect_handler=in_browser,
        callback_handler=came_back,
    )


async def call_tool(person: Person, kept: Kept, name: str, arguments: dict[str, Any]) -> Any:
    http_client = httpx2.AsyncClient(auth=connecting(person, kept))
    async with streamable_http_client(
        f"{person.volano.url}/mcp", http_client=http_client
    ) as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            await session.initialize()
            return await session.call_tool("call_tool", {"name": name, "arguments": arguments})


async def test_the_sdk_connects_by_itself_and_acts_as_the_person(person: Person) -> None:
    kept = Kept()
    answer = await call_tool(person, kept, "s3_ListBuckets", {})
    assert not answer.is_error, answer.content
    assert len(kept.asked) == 1
    refused = await call_tool(person, kept, "iam_ListUsers", {})
    assert refused.is_error  # the person may not
    assert len(kept.asked) == 1  # and the tokens were kept
    assert [one["client_name"] for one in person.grants()] == ["The SDK"]


def test_a_code_is_good_once_and_shown_twice_ends_the_grant(person: Person) -> None:
    volano = person.volano
    client = register(volano)
    code = person.code(client)
    status, tokens = exchange(volano, client_id=client, code=code)
    assert status == 200
    assert tokens["token_type"] == "Bearer"
    assert works(volano, tokens["access_token"])
    status, told = exchange(volano, client_id=client, code=code)
    assert (status, told["error"]) == (400, "invalid_grant")
    assert not works(volano, tokens["access_token"])
    assert person.grants() == []


def works(volano: Volano, token: str, name: str = "s3_ListBuckets", **arguments: str) -> bool:
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "call_tool", "arguments": {"name": name, "arguments": arguments}},
    }
    status, told, _ = ask(f"{volano.url}/mcp", message, authorization=f"Bearer {token}")
    return status == 200 and not told["result"]["isError"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_verifier": secrets.token_urlsafe(48)},
        {"code_verifier": ""},
        {"redirect_uri": BACK + "/other"},
        {"client_id": "app_" + "0" * 24},
        {"code": "invented"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_code_needs_its_verifier_address_and_client(
    person: Person, wrong: dict[str, str]
) -> None:
    client = register(person.volano)
    right = {"client_id": client, "code": person.code(client)}
    status, told = exchange(person.volano, **(right | wrong))
    assert (status, told["error"]) == (400, "invalid_grant")
    assert exchange(person.volano, **right)[0] == 200  # a wrong guess costs the client nothing


def test_refresh_tokens_rotate_and_a_copy_ends_the_grant(person: Person) -> None:
    volano = person.volano
    client = register(volano)
    _, first = exchange(volano, client_id=client, code=person.code(client))
    again = {"grant_type": "refresh_token", "client_id": client}
    status, second = exchange(volano, **again, refresh_token=first["refresh_token"])
    assert status == 200
    assert not works(volano, first["access_token"])
    assert works(volano, second["access_token"])
    status, told = exchange(volano, **again, refresh_token=first["refresh_token"])
    assert (status, told["error"]) == (400, "invalid_grant")
    assert not works(volano, second["access_token"])
    assert exchange(volano, **again, refresh_token=second["refresh_token"])[0] == 400


def test_a_reading_grant_writes_nothing(person: Person) -> None:
    volano = person.volano
    client = register(volano)
    _, tokens = exchange(volano, client_id=client, code=person.code(client, scope="read"))
    assert tokens["scope"] == "read"
    assert works(volano, tokens["access_token"])
    bucket = f"oauth-{uuid.uuid4().hex[:10]}"
    assert not works(volano, tokens["access_token"], "s3_CreateBucket", Bucket=bucket)


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revocation_ends_access_at_once(person: Person, which: str) -> None:
    volano = person.volano
    client = register(volano)
    _, tokens = exchange(volano, client_id=client, code=person.code(client))
    assert ask(f"{volano.url}/oauth/revoke", form={"token": tokens[which]})[0] == 200
    assert not works(volano, tokens["access_token"])
    assert ask(f"{volano.url}/oauth/revoke", form={"token": "unknown"})[0] == 200


def test_a_person_ends_their_own_grants_only(person: Person, volano: Volano) -> None:
    client = register(volano)
    _, tokens = exchange(volano, client_id=client, code=person.code(client))
    grant = person.grants()[0]["id"]
    status, _ = volano.rest("DELETE", f"/oauth/grants/{grant}")
    assert status in (403, 404)
    assert works(volano, tokens["access_token"])
    request = urllib.request.Request(
        f"{volano.url}/volano/v1/oauth/grants/{grant}", method="DELETE", headers=person.headers
    )
    urllib.request.urlopen(request).close()
    assert not works(volano, tokens["access_token"])


def test_a_grant_cannot_make_keys_that_outlive_it(person: Person) -> None:
    volano = person.volano
    client = register(volano)
    _, tokens = exchange(volano, client_id=client, code=person.code(client))
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    status, _, _ = ask(f"{volano.url}/volano/v1/keys", {"kind": "api"}, **bearer)
    assert status == 403
    asked = {"client_id": client, "redirect_uri": BACK, "code_challenge": CHALLENGE}
    assert ask(f"{volano.url}/volano/v1/oauth/grants", asked, **bearer)[0] == 403


@pytest.mark.parametrize(
    "uri",
    [
        "http://evil.example/back",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://",
        "https://app.example/back#part",
        "//app.example/back",
        "http://127.0.0.1.evil.example/back",
        "http://127.0.0.1@evil.example/back",
        "https://app.example@evil.example/back",
        "http://evil.example\\@127.0.0.1/back",
    ],
)
def test_addresses_that_could_leak_a_code_are_refused(volano_sqlite: Volano, uri: str) -> None:
    body = {"client_name": "x", "redirect_uris": [uri]}
    status, told, _ = ask(f"{volano_sqlite.url}/oauth/register", body)
    assert (status, told["error"]) == (400, "invalid_redirect_uri")


def test_the_address_is_the_registered_one_but_for_a_local_port(person: Person) -> None:
    client = register(person.volano, "http://127.0.0.1/back", "https://app.example/back")
    assert person.approve(client_id=client, redirect_uri="http://127.0.0.1:51234/back")[0] == 200
    for uri in (
        "http://127.0.0.1:51234/elsewhere",
        "https://app.example/back/more",
        "https://app.example:8443/back",
        "https://evil.example/back",
        "http://evil.example\\@127.0.0.1/back",  # evil.example's to every browser
        "http://evil.example@127.0.0.1/back",
    ):
        status, told = person.approve(client_id=client, redirect_uri=uri)
        assert (status, told["code"]) == (400, "invalid_redirect_uri"), uri


def test_metadata_names_the_endpoints_for_any_resource_path(volano_sqlite: Volano) -> None:
    base = volano_sqlite.url
    _, resource, _ = ask(f"{base}/.well-known/oauth-protected-resource/mcp/s3")
    assert resource["resource"] == f"{base}/mcp/s3"
    assert resource["authorization_servers"] == [base]
    _, server, headers = ask(f"{base}/.well-known/oauth-authorization-server")
    assert server["issuer"] == base
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert headers["access-control-allow-origin"] == "*"


def test_unknown_grant_types_and_forms_are_told(volano_sqlite: Volano) -> None:
    status, told, _ = ask(f"{volano_sqlite.url}/oauth/token", form={"grant_type": "password"})
    assert (status, told["error"]) == (400, "unsupported_grant_type")
    status, told, _ = ask(f"{volano_sqlite.url}/oauth/token", form={})
    assert (status, told["error"]) == (400, "invalid_request")
