"""The REST door with the standard library's client, over actions that tests register."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from volano.kernel.bytes import FileSlice
from volano.kernel.errors import AlreadyExists, Conflict, Throttled
from volano.wire.action import PUBLIC, action
from volano.wire.form import UploadedFile
from volano.wire.results import EventStream, Raw, Upload, WithHeaders
from volano.wire.typed import MAX_STRANGERS_BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from volano.kernel.call import Call, Env


class Thing(msgspec.Struct):
    name: str
    size_bytes: int = 0
    tags: dict[str, str] = {}


class Page(msgspec.Struct):
    items: list[Thing]
    next_cursor: str | None = None


class ListThings(msgspec.Struct):
    limit: int = 100
    cursor: str | None = None
    kinds: list[str] = []
    deep: bool = False


class NameOnly(msgspec.Struct):
    name: str


class ChangeThing(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    size_bytes: int
    tags: dict[str, str] = {}


class PutContent(msgspec.Struct):
    name: str
    overwrite: bool = False


class Login(msgspec.Struct):
    user: str
    password: str


class Picture(msgspec.Struct):
    name: str
    file: UploadedFile


FILES: dict[str, str] = {}


@pytest.fixture(scope="module", autouse=True)
def actions(registry: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    path: Path = tmp_path_factory.mktemp("files") / "slice"
    path.write_bytes(b"0123456789")
    FILES["slice"] = str(path)
    root = "/volano/v1/things"

    @action("volano:listThings", permission="x:List", resource="*", method="GET", path=root)
    async def list_things(env: Env, call: Call, request: ListThings) -> Page:
        """List things.

        A page has at most `limit` things.
        """
        names = [request.cursor or "first", *request.kinds][: request.limit]
        return Page(
            items=[Thing(name) for name in names], next_cursor="more" if request.deep else None
        )

    @action(
        "volano:createThing",
        permission="x:Create",
        resource="arn:x:{name}",
        method="POST",
        path=root,
    )
    async def create_thing(env: Env, call: Call, request: Thing) -> Thing:
        """Create a thing."""
        if request.name == "taken":
            raise AlreadyExists("The name is taken.", code="ThingExists", fields={"name": "taken"})
        if request.name == "bug":
            raise ZeroDivisionError("secret detail")
        if request.name == "fast":
            raise Throttled("Slowly.")
        return request

    @action(
        "volano:changeThing",
        permission="x:Change",
        resource="*",
        method="PATCH",
        path=root + "/{name}",
    )
    async def change_thing(env: Env, call: Call, request: ChangeThing) -> Thing:
        """Change a thing."""
        return Thing(request.name, request.size_bytes, request.tags)

    @action(
        "volano:deleteThing",
        permission="x:Delete",
        resource="*",
        method="DELETE",
        path=root + "/{name}",
    )
    async def delete_thing(env: Env, call: Call, request: NameOnly) -> None:
        """Delete a thing."""
        if request.name == "busy":
            raise Conflict("It is in use.")

    @action(
        "volano:putContent",
        permission="x:Put",
        resource="arn:x:{name}",
        method="PUT",
        path=root + "/{name:path}/content",
        streams_body=True,
        timeout_s=None,
    )
    async def put_content(env: Env, call: Call, request: Upload[PutContent]) -> dict[str, Any]:
        """Upload a thing's content."""
        size = sum([len(part) async for part in request.body])
        return {
            "name": request.fields.name,
            "size": size,
            "overwrite": request.fields.overwrite,
            "length": request.length,
        }

    @action(
        "volano:getContent",
        permission="x:Get",
        resource="*",
        method="GET",
        path=root + "/{name}/content",
    )
    async def get_content(env: Env, call: Call, request: NameOnly) -> Raw:
        """Download a thing's content."""
        if request.name == "slice":
            return Raw("text/plain", FileSlice(path=FILES["slice"], offset=2, length=5))

        async def parts() -> AsyncIterator[bytes]:
            yield b"ab"
            yield b"cd"

        return Raw("text/plain", parts(), length=4)

    @action(
        "volano:watchThings",
        permission="x:Watch",
        resource="*",
        method="GET",
        path="/volano/v1/watch",
        timeout_s=None,
    )
    async def watch(env: Env, call: Call, request: NameOnly) -> EventStream:
        """Watch things."""

        async def items() -> AsyncIterator[Any]:
            yield Thing("one")
            if request.name == "bad":
                raise Conflict("It broke.")

        return EventStream(items(), done=False)

    @action("volano:login", permission=PUBLIC, resource="*", method="POST", path="/volano/v1/login")
    async def login(env: Env, call: Call, request: Login) -> WithHeaders:
        """Sign in."""
        return WithHeaders({"user": request.user}, [("set-cookie", "volano_session=x; HttpOnly")])

    @action(
        "volano:addPicture",
        permission="x:Put",
        resource="*",
        method="POST",
        path="/volano/v1/pictures",
    )
    async def add_picture(env: Env, call: Call, request: Picture) -> Thing:
        """Add a picture."""
        return Thing(request.name, request.file.size_bytes)


KEY = {"authorization": "Bearer sk-good"}


def fetch(
    server: Any, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], Any]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    try:
        connection.request(method, path, body=data, headers=KEY if headers is None else headers)
        answer = connection.getresponse()
        got = {k.lower(): v for k, v in answer.getheaders()}
        raw = answer.read()
    finally:
        connection.close()
    return (
        answer.status,
        got,
        json.loads(raw) if "json" in got.get("content-type", "") and raw else raw,
    )


def test_list_takes_query_and_answers_a_page(server: Any) -> None:
    status, headers, page = fetch(
        server, "GET", "/volano/v1/things?limit=2&cursor=c&kinds=a&kinds=b&deep=true"
    )
    assert status == 200
    assert [item["name"] for item in page["items"]] == ["c", "a"]
    assert page["next_cursor"] == "more"
    assert headers["cache-control"] == "no-store"
    assert headers["x-request-id"] == server.journal.audited[-1].request_id


def test_create_change_delete(server: Any) -> None:
    assert (
        fetch(server, "POST", "/volano/v1/things", {"name": "a", "size_bytes": 3})[2]["size_bytes"]
        == 3
    )
    assert ("ann", "x:Create", "arn:x:a") in server.authority.asked
    _, _, changed = fetch(
        server, "PATCH", "/volano/v1/things/%E9%A3%9E", {"size_bytes": 4, "tags": {"k": "v"}}
    )
    assert changed == {"name": "飞", "size_bytes": 4, "tags": {"k": "v"}}
    assert fetch(server, "DELETE", "/volano/v1/things/a")[::2] == (204, b"")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "fields"),
    [
        ("POST", "/volano/v1/things", {"name": "taken"}, 409, "thing_exists", {"name": "taken"}),
        ("POST", "/volano/v1/things", {"name": 3}, 400, "invalid_type", {"param": "name"}),
        (
            "POST",
            "/volano/v1/things",
            {"name": "a", "tags": {"x": 1}},
            400,
            "invalid_type",
            {"param": "tags[...]"},
        ),
        ("POST", "/volano/v1/things", b"{", 400, "invalid_json", None),
        ("POST", "/volano/v1/things", b"[1]", 400, "invalid_json", None),
        (
            "PATCH",
            "/volano/v1/things/a",
            {"size_bytes": 1, "x": 2},
            400,
            "unknown_parameter",
            {"param": "x"},
        ),
        ("GET", "/volano/v1/things?limit=x", None, 400, "invalid_value", {"param": "limit"}),
        ("GET", "/volano/v1/things?deep=perhaps", None, 400, "invalid_value", {"param": "deep"}),
        ("GET", "/volano/v1/things?cursor=%FF", None, 400, "invalid_query", None),
        ("DELETE", "/volano/v1/things/a%00b", None, 400, "invalid_argument", {"param": "name"}),
        ("DELETE", "/volano/v1/things/%FF", None, 400, "invalid_argument", {"param": "name"}),
        ("DELETE", "/volano/v1/things/busy", None, 409, "conflict", None),
        ("GET", "/volano/v1/nothing", None, 404, "unknown_url", None),
        ("PUT", "/volano/v1/things", b"", 405, "method_not_allowed", {"allow": "GET, POST"}),
        ("POST", "/volano/v1/things", {"name": "fast"}, 429, "throttled", None),
        ("POST", "/volano/v1/things", {"name": "bug"}, 500, "internal_error", None),
    ],
)
def test_errors_are_problems(
    server: Any, method: str, path: str, body: Any, status: int, code: str, fields: Any
) -> None:
    got, headers, problem = fetch(server, method, path, body)
    assert headers["content-type"] == "application/problem+json"
    assert (got, problem["status"], problem["code"], problem.get("fields")) == (
        status,
        status,
        code,
        fields,
    )
    assert problem["request_id"] == headers["x-request-id"]
    assert problem["type"] == f"urn:volano:problem:{code}"
    assert "secret" not in json.dumps(problem)


def test_missing_credential_is_401(server: Any) -> None:
    status, headers, problem = fetch(server, "GET", "/volano/v1/things", headers={})
    assert (status, problem["code"]) == (401, "unauthenticated")
    assert headers["www-authenticate"].startswith("Bearer")


def test_session_needs_csrf_to_write(server: Any) -> None:
    cookie = {"cookie": "a=b; volano_session=cookie-good"}
    assert fetch(server, "GET", "/volano/v1/things", headers=cookie)[0] == 200
    assert fetch(server, "POST", "/volano/v1/things", {"name": "a"}, cookie)[0] == 401
    assert (
        fetch(
            server, "POST", "/volano/v1/things", {"name": "a"}, cookie | {"x-volano-csrf": "wrong"}
        )[0]
        == 401
    )
    assert (
        fetch(
            server,
            "POST",
            "/volano/v1/things",
            {"name": "a"},
            cookie | {"x-volano-csrf": "csrf-good"},
        )[0]
        == 200
    )


def test_public_action_may_set_a_cookie(server: Any) -> None:
    status, headers, body = fetch(
        server, "POST", "/volano/v1/login", {"user": "u", "password": "p"}, {}
    )
    assert (status, headers["set-cookie"], body) == (
        200,
        "volano_session=x; HttpOnly",
        {"user": "u"},
    )


def test_what_a_stranger_sends_must_be_small(server: Any) -> None:
    form = b'--b\r\ncontent-disposition: form-data; name="user"; filename="u"\r\n\r\n'
    for kind in ("application/json", "multipart/form-data; boundary=b"):
        body = (form if "form" in kind else b'{"user": "') + b"u" * (MAX_STRANGERS_BODY_BYTES + 100)
        status, _, told = fetch(server, "POST", "/volano/v1/login", body, {"content-type": kind})
        assert (status, told["code"]) == (413, "too_large"), told


def test_body_is_streamed_in_and_out(server: Any) -> None:
    _, _, put = fetch(server, "PUT", "/volano/v1/things/a/b/content?overwrite=1", b"x" * 3_000_000)
    assert put == {"name": "a/b", "size": 3_000_000, "overwrite": True, "length": 3_000_000}
    status, headers, data = fetch(server, "GET", "/volano/v1/things/a/content")
    assert (status, headers["content-length"], data) == (200, "4", b"abcd")
    assert fetch(server, "GET", "/volano/v1/things/slice/content")[2] == b"23456"
    assert fetch(server, "HEAD", "/volano/v1/things/a/content")[2] == b""


def test_multipart_file_is_a_field(server: Any) -> None:
    form = b'--b\r\ncontent-disposition: form-data; name="file"; filename="p.png"\r\n\r\nPNG\r\n--b\r\ncontent-disposition: form-data; name="name"\r\n\r\npic\r\n--b--'
    headers = KEY | {"content-type": "multipart/form-data; boundary=b"}
    assert fetch(server, "POST", "/volano/v1/pictures", form, headers)[2]["size_bytes"] == 3


def test_events_are_streamed_and_errors_are_events(server: Any) -> None:
    _, headers, data = fetch(server, "GET", "/volano/v1/watch?name=good")
    assert headers["content-type"].startswith("text/event-stream")
    assert data == b'data: {"name":"one","size_bytes":0,"tags":{}}\n\n'
    _, _, data = fetch(server, "GET", "/volano/v1/watch?name=bad")
    event = data.split(b"\n\n")[1]
    assert event.startswith(b"event: error\ndata: ")
    assert json.loads(event.split(b"data: ")[1])["code"] == "conflict"


def test_openapi_document_is_valid_and_complete(server: Any) -> None:
    status, _, document = fetch(server, "GET", "/volano/v1/openapi.json", headers={})
    assert status == 200
    OpenAPIV31SpecValidator(document).validate()
    operations = {
        op["operationId"]: op for item in document["paths"].values() for op in item.values()
    }
    assert set(operations) == {
        "listThings",
        "createThing",
        "changeThing",
        "deleteThing",
        "putContent",
        "getContent",
        "watchThings",
        "login",
        "addPicture",
    }
    listed = operations["listThings"]
    assert (listed["summary"], listed["description"]) == (
        "List things.",
        "A page has at most `limit` things.",
    )
    assert [row["name"] for row in listed["parameters"]] == ["limit", "cursor", "kinds", "deep"]
    assert operations["login"]["security"] == []
    change = operations["changeThing"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(change["properties"]) == {"size_bytes", "tags"}
    assert change["required"] == ["size_bytes"]
    assert "multipart/form-data" in operations["addPicture"]["requestBody"]["content"]
    assert "204" in operations["deleteThing"]["responses"]
    assert "/volano/v1/things/{name}/content" in document["paths"]


def test_answers_agree_with_the_document(server: Any) -> None:
    document = fetch(server, "GET", "/volano/v1/openapi.json", headers={})[2]
    page = fetch(server, "GET", "/volano/v1/things")[2]
    problem = fetch(server, "GET", "/volano/v1/things?limit=x")[2]
    for name, value in (("Page", page), ("Problem", problem)):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        OAS31Validator(schema).validate(value)
