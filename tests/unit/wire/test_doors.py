"""What all doors do when something breaks that no handler can know of."""

from __future__ import annotations

import base64
import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from volano.kernel.errors import Unavailable, VolanoError
from volano.wire.action import PUBLIC, action
from volano.wire.http import Body, Request, Response, body_of
from volano.wire.openai import gateway as openai_gateway
from volano.wire.rest import gateway as rest_gateway
from volano.wire.rest.live import live_topic
from volano.wire.rest.problem import problem_of
from volano.wire.slack import gateway as slack_gateway
from volano.wire.slack import raw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from volano.kernel.call import Call, Env


class Anything(msgspec.Struct):
    client_id: str = ""


DOORS = [
    (openai_gateway, "/v1/x/any"),
    (slack_gateway, "/api/x.any"),
    (rest_gateway, "/volano/v1/any"),
    (raw, "/slack/xany"),
]


@pytest.fixture(scope="module", autouse=True)
def actions(registry: None) -> Iterator[None]:
    for name, path in (
        ("openai:xAny", DOORS[0][1]),
        ("slack:x.any", ""),
        ("volano:xAny", DOORS[2][1]),
    ):

        @action(name, permission="x:X", resource="*", method="POST", path=path)
        async def handler(env: Env, call: Call, request: Anything) -> Any:
            return {"client_id": request.client_id}

    @action("slack:x.public", permission=PUBLIC, resource="*")
    async def public(env: Env, call: Call, request: Anything) -> Any:
        return request

    @raw.raw_route("POST", "/slack/xany")
    async def any_route(env: Env, request: Request, params: dict[str, str]) -> Any:
        await env.authority.find_token("x")
        await request.body.read()
        return Response()

    yield
    del raw._ROUTES["POST /slack/xany"]


def request_to(path: str, body: Body | None = None, **headers: str) -> Request:
    named = {"authorization": "Bearer sk-good", "content-type": "application/json"} | headers
    return Request(
        method="POST",
        raw_path=path,
        raw_query="",
        headers=named,
        header_list=list(named.items()),
        body=body or body_of(b"{}"),
    )


class BrokenAuthority:
    async def find_token(self, token: str) -> None:
        raise ZeroDivisionError("secret detail")


@pytest.mark.parametrize(("door", "path"), DOORS)
async def test_bug_below_the_door_is_logged_and_not_shown(env: Env, door: Any, path: str) -> None:
    broken = dataclasses.replace(env, authority=BrokenAuthority())  # type: ignore[arg-type] # a broken port
    response = await door.handle(broken, request_to(path))
    assert b"secret" not in response.body
    assert b"internal" in response.body.lower()
    assert "secret detail" in "".join(env.log._stream.lines)  # type: ignore[attr-defined] # the double


@pytest.mark.parametrize(("door", "path"), DOORS)
async def test_client_that_leaves_in_its_body_gets_499(env: Env, door: Any, path: str) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    response = await door.handle(env, request_to(path, Body(receive)))
    assert response.status == 499


@pytest.mark.parametrize(("door", "path"), DOORS)
async def test_one_request_has_one_id(env: Env, door: Any, path: str) -> None:
    request = request_to(path)
    request.scope["volano.request_id"] = "req-1"
    response = await door.handle(env, request)
    assert "req-1" in (response.header("x-request-id"), response.header("x-slack-req-id"))


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (base64.b64encode(b"id:secret").decode(), "id"),
        ("!!", ""),
        (base64.b64encode(b"\xff").decode(), ""),
    ],
)
async def test_slack_client_credentials_may_come_as_basic(
    env: Env, header: str, found: str
) -> None:
    request = request_to("/api/x.public", authorization=f"Basic {header}")
    response = await slack_gateway.handle(env, request)
    assert isinstance(response.body, bytes)
    assert msgspec.json.decode(response.body)["client_id"] == found


def test_unknown_status_has_a_title() -> None:
    assert problem_of(VolanoError("x", status=499), "r").title == "Error"
    assert problem_of(Unavailable("x"), "r").title == "Service Unavailable"


def test_names_are_registered_once() -> None:
    with pytest.raises(ValueError, match="two raw routes"):
        raw.raw_route("POST", "/slack/xany")(lambda: None)
    live_topic("xonce")(lambda: None)
    with pytest.raises(ValueError, match="two live topics"):
        live_topic("xonce")(lambda: None)
