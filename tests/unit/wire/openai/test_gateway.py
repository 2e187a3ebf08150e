"""The OpenAI door with the stock SDK and with raw HTTP, over actions that tests register."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import msgspec
import openai
import pytest

from volano.kernel.errors import Internal, Invalid, NotFound, Throttled
from volano.wire.action import PUBLIC, action
from volano.wire.form import UploadedFile
from volano.wire.openai.errors import error_object
from volano.wire.openai.stream import EventStream
from volano.wire.results import Raw, ServerEvent, Upload, WithHeaders

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from volano.kernel.call import Call, Env


class Message(msgspec.Struct):
    role: str
    content: str


class Ask(msgspec.Struct):
    messages: list[Message]
    model: str = "tiny"
    stream: bool = False
    n: int = 1


class Named(msgspec.Struct):
    model: str
    limit: int = 20
    include: list[str] = []


class GiveFile(msgspec.Struct):
    file: UploadedFile
    purpose: str


class Empty(msgspec.Struct):
    pass


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    depth: int = 0


STATE: dict[str, Any] = {"closed": threading.Event(), "gone": threading.Event()}


def chunk(text: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "tiny",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
    }


async def words(text: str) -> AsyncIterator[Any]:
    if text == "fail at once":
        raise Throttled("Too fast.", retry_after_s=7)
    for word in text.split():
        yield chunk(word)
        if word == "break":
            raise NotFound("The model went away.", code="model_not_found")
        if word == "bug":
            raise ZeroDivisionError("secret detail")


async def endless() -> AsyncIterator[Any]:
    try:
        yield chunk("one")
        await asyncio.Event().wait()
    finally:
        STATE["closed"].set()


@pytest.fixture(scope="module", autouse=True)
def actions(registry: None) -> None:
    """Actions that no service has; chat completions stands in for models' own if that is loaded."""

    @action(
        "openai:xChat",
        permission="x:Chat",
        resource="arn:aws:x:{region}:{account}:model/{model}",
        method="POST",
        path="/v1/chat/completions",
        timeout_s=None,
    )
    async def chat(env: Env, call: Call, request: Ask) -> Any:
        text = request.messages[-1].content
        if request.stream:
            return EventStream(endless() if text == "forever" else words(text))
        if text == "hang":
            try:
                await asyncio.Event().wait()
            finally:
                STATE["gone"].set()
        return chunk(text) | {
            "object": "chat.completion",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": text},
                }
            ],
        }

    @action(
        "openai:xModel", permission="x:Get", resource="*", method="GET", path="/v1/models/{model}"
    )
    async def model(env: Env, call: Call, request: Named) -> Any:
        return {"id": request.model, "limit": request.limit, "include": request.include}

    @action("openai:xFile", permission="x:File", resource="*", method="POST", path="/v1/files")
    async def file(env: Env, call: Call, request: GiveFile) -> Any:
        data = await request.file.read()
        return {
            "id": "file-1",
            "object": "file",
            "bytes": len(data),
            "created_at": 1,
            "filename": request.file.filename,
            "purpose": request.purpose,
            "status": "processed",
        }

    @action(
        "openai:xContent",
        permission="x:File",
        resource="*",
        method="GET",
        path="/v1/files/{file_id}/content",
    )
    async def content(env: Env, call: Call, request: Empty) -> Raw:
        return Raw("application/octet-stream", b"\x00\x01binary")

    @action("openai:xNamed", permission="x:Chat", resource="*", method="POST", path="/v1/responses")
    async def named(env: Env, call: Call, request: Empty) -> EventStream:
        async def events() -> AsyncIterator[Any]:
            yield {"type": "response.created", "n": 1}
            yield ServerEvent({"n": 2}, name="own", id="7")

        return EventStream(events(), done=False, named=True)

    @action(
        "openai:xRaise",
        permission="x:Raise",
        resource="*",
        method="POST",
        path="/v1/raise/{kind}",
    )
    async def raise_(env: Env, call: Call, request: dict[str, Any]) -> Any:
        if request["kind"] == "throttled":
            raise Throttled("Too fast.", retry_after_s=1.5)
        if request["kind"] == "invalid":
            raise Invalid("Bad n.", fields={"param": "n"}, code="bad_n")
        raise RuntimeError("secret detail")

    @action("openai:xStrict", permission=PUBLIC, resource="*", method="POST", path="/v1/strict")
    async def strict(env: Env, call: Call, request: Strict) -> Any:
        return WithHeaders(
            {"door": call.door, "who": call.principal.name}, [("x-more", "1")], status=201
        )

    @action(
        "openai:xUpload",
        permission="x:Up",
        resource="arn:aws:x:::{name}",
        method="PUT",
        path="/v1/upload/{name}",
        streams_body=True,
        timeout_s=None,
    )
    async def upload(env: Env, call: Call, request: Upload[UploadFields]) -> Any:
        size = sum([len(part) async for part in request.body])
        return {"name": request.fields.name, "size": size, "type": request.content_type}


class UploadFields(msgspec.Struct):
    name: str


@pytest.fixture
def client(server: Any) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="sk-good", max_retries=0) as made:
        yield made


def fetch(
    server: Any,
    method: str,
    path: str,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    given = {"authorization": "Bearer sk-good"} if headers is None else headers
    request = urllib.request.Request(server.url + path, data=body, method=method, headers=given)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()


def ask(client: openai.OpenAI, text: str, **more: Any) -> Any:
    return client.chat.completions.create(
        model="org/tiny", messages=[{"role": "user", "content": text}], **more
    )


def test_sdk_reads_a_completion_and_its_headers(server: Any, client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="org/tiny", messages=[{"role": "user", "content": "hi"}]
    )
    assert raw.parse().choices[0].message.content == "hi"
    assert raw.headers["openai-version"] == "2020-10-01"
    assert int(raw.headers["openai-processing-ms"]) >= 0
    assert raw.headers["openai-organization"] == "111122223333"
    assert (
        "ann",
        "x:Chat",
        "arn:aws:x:eu-home-1:111122223333:model/org/tiny",
    ) in server.authority.asked
    record = server.journal.audited[-1]
    assert (record.action, record.request_id, record.status) == (
        "openai:xChat",
        raw.headers["x-request-id"],
        200,
    )


def test_sdk_reads_a_stream_to_its_end(client: openai.OpenAI) -> None:
    seen = [part.choices[0].delta.content for part in ask(client, "a b c", stream=True)]
    assert seen == ["a", "b", "c"]


def test_stream_is_framed_as_openai_frames_it(server: Any) -> None:
    body = b'{"messages":[{"role":"user","content":"a b"}],"stream":true}'
    status, headers, data = fetch(server, "POST", "/v1/chat/completions", body=body)
    assert status == 200
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-cache"
    lines = data.decode().split("\n\n")
    assert [json.loads(line[6:])["choices"][0]["delta"]["content"] for line in lines[:2]] == [
        "a",
        "b",
    ]
    assert lines[2:] == ["data: [DONE]", ""]


def test_named_stream_has_event_lines_and_no_done(server: Any) -> None:
    _, _, data = fetch(server, "POST", "/v1/responses", body=b"{}")
    assert data == (
        b'event: response.created\ndata: {"type":"response.created","n":1}\n\n'
        b'event: own\nid: 7\ndata: {"n":2}\n\n'
    )


def test_error_before_the_first_item_is_an_http_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client, "fail at once", stream=True)
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.code == "rate_limit_exceeded"


def test_error_in_mid_stream_is_an_error_event(client: openai.OpenAI) -> None:
    stream = iter(ask(client, "a break b", stream=True))
    seen = [next(stream).choices[0].delta.content for _ in range(2)]
    with pytest.raises(openai.APIError, match="The model went away") as caught:
        next(stream)
    assert seen == ["a", "break"]
    assert caught.value.code == "model_not_found"


def test_bug_in_mid_stream_is_logged_and_not_shown(server: Any, client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIError) as caught:
        list(ask(client, "bug", stream=True))
    assert "secret" not in str(caught.value)
    assert "secret detail" in server.log_text


def test_leaving_a_stream_closes_its_iterator(client: openai.OpenAI) -> None:
    STATE["closed"].clear()
    stream = ask(client, "forever", stream=True)
    assert next(iter(stream)).choices[0].delta.content == "one"
    stream.close()
    assert STATE["closed"].wait(30)


def test_leaving_a_long_call_cancels_it(server: Any) -> None:
    STATE["gone"].clear()
    with (
        openai.OpenAI(
            base_url=f"{server.url}/v1", api_key="sk-good", max_retries=0, timeout=0.5
        ) as client,
        pytest.raises(openai.APITimeoutError),
    ):
        ask(client, "hang")
    assert STATE["gone"].wait(30)


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer sk-wrong-wrong-wrong"}, {"authorization": "Basic eDp5"}],
)
def test_missing_or_bad_key_is_refused(server: Any, headers: dict[str, str]) -> None:
    status, got, data = fetch(server, "GET", "/v1/models/a", headers=headers)
    assert status == 401
    error = json.loads(data)["error"]
    assert (error["type"], error["param"], error["code"]) == (
        "invalid_request_error",
        None,
        "invalid_api_key",
    )
    assert "sk-wrong-wrong-wrong" not in error["message"]
    assert got["x-request-id"]


def test_console_session_needs_its_csrf_header_to_write(server: Any) -> None:
    cookie = {"cookie": "volano_session=cookie-good"}
    body = b'{"messages":[{"role":"user","content":"hi"}]}'
    assert fetch(server, "POST", "/v1/chat/completions", body=body, headers=cookie)[0] == 401
    assert fetch(server, "GET", "/v1/models/a", headers=cookie)[0] == 200
    with_header = cookie | {"x-volano-csrf": "csrf-good"}
    assert fetch(server, "POST", "/v1/chat/completions", body=body, headers=with_header)[0] == 200


def test_denied_is_permission_error(server: Any, client: openai.OpenAI) -> None:
    server.authority.denied.add("x:Chat")
    try:
        with pytest.raises(openai.PermissionDeniedError) as caught:
            ask(client, "hi", stream=True)
    finally:
        server.authority.denied.clear()
    assert caught.value.type == "permission_error"
    assert server.journal.audited[-1].status == 403


def test_path_and_query_are_merged_and_typed(server: Any) -> None:
    path = "/v1/models/org%2Fname/with/slash?limit=3&include[]=a&include[]=b"
    status, _, data = fetch(server, "GET", path)
    assert status == 200
    assert json.loads(data) == {"id": "org/name/with/slash", "limit": 3, "include": ["a", "b"]}


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        (b'{"messages":[{"role":1,"content":"x"}]}', "messages[0].role", "invalid_type"),
        (b'{"messages":[{"role":"user"}]}', "messages[0].content", "missing_required_parameter"),
        (b'{"messages":[],"n":"3"}', "n", "invalid_type"),
        (b"{}", "messages", "missing_required_parameter"),
        (b"{", None, "invalid_json"),
        (b"[]", None, "invalid_json"),
        (b'{"a":"\xff"}', None, "invalid_json"),
        (b'{"a":' + b"[" * 200 + b"]" * 200 + b"}", None, "invalid_json"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", None, "invalid_json"),
    ],
)
def test_wrong_input_names_the_parameter(
    server: Any, body: bytes, param: str | None, code: str
) -> None:
    before = len(server.journal.audited)
    status, _, data = fetch(server, "POST", "/v1/chat/completions", body=body)
    error = json.loads(data)["error"]
    assert (status, error["type"], error["param"], error["code"]) == (
        400,
        "invalid_request_error",
        param,
        code,
    )
    assert len(server.journal.audited) == before


def test_wrong_query_names_the_parameter(server: Any) -> None:
    status, _, data = fetch(server, "GET", "/v1/models/a?limit=many")
    assert (status, json.loads(data)["error"]["param"]) == (400, "limit")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/strict", b'{"depth":1,"more":2}'),
        ("POST", "/v1/chat/completions", b'{"messages":[{"role":"u","content":"hi"}],"more":2}'),
        ("GET", "/v1/models/name?more=2", None),
    ],
)
def test_unknown_parameters_are_refused_whatever_the_struct_says(
    server: Any, method: str, path: str, body: bytes | None
) -> None:
    status, _, data = fetch(server, method, path, body=body)
    error = json.loads(data)["error"]
    assert (status, error["param"], error["code"]) == (400, "more", "unknown_parameter")


def test_public_action_needs_no_key(server: Any) -> None:
    status, headers, data = fetch(server, "POST", "/v1/strict", body=b"", headers={})
    assert (status, headers["x-more"]) == (201, "1")
    assert json.loads(data) == {"door": "openai", "who": "anonymous"}


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
def test_sdk_uploads_a_file(client: openai.OpenAI, size: int) -> None:
    made = client.files.create(file=('café "x".jsonl', b"z" * size), purpose="batch")
    assert (made.bytes, made.purpose) == (size, "batch")
    assert made.filename.startswith("caf")


def test_file_may_come_before_the_other_fields(server: Any) -> None:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nab\r\n--B'
        b'\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--B--\r\n'
    )
    headers = {"authorization": "Bearer sk-good", "content-type": "multipart/form-data; boundary=B"}
    status, _, data = fetch(server, "POST", "/v1/files", body=body, headers=headers)
    assert (status, json.loads(data)["bytes"]) == (200, 2)
    status, _, data = fetch(server, "POST", "/v1/files", body=body[:-8], headers=headers)
    assert (status, json.loads(data)["error"]["code"]) == (400, "invalid_form_data")
    status, _, data = fetch(server, "POST", "/v1/files", body=b'{"file":"x","purpose":"y"}')
    assert (status, json.loads(data)["error"]["param"]) == (400, "file")


def test_raw_result_is_bytes(client: openai.OpenAI, server: Any) -> None:
    status, headers, data = fetch(server, "GET", "/v1/files/file-1/content")
    assert (status, data, headers["content-type"]) == (
        200,
        b"\x00\x01binary",
        "application/octet-stream",
    )


def test_streamed_body_reaches_the_handler_unread(server: Any) -> None:
    headers = {"authorization": "Bearer sk-good", "content-type": "video/mp4"}
    status, _, data = fetch(
        server, "PUT", "/v1/upload/clip", body=b"x" * 1_000_000, headers=headers
    )
    assert (status, json.loads(data)) == (
        200,
        {"name": "clip", "size": 1_000_000, "type": "video/mp4"},
    )
    assert ("ann", "x:Up", "arn:aws:x:::clip") in server.authority.asked


def test_handler_errors_become_openai_errors(server: Any, client: openai.OpenAI) -> None:
    status, headers, _ = fetch(server, "POST", "/v1/raise/throttled", body=b"{}")
    assert (status, headers["retry-after"], headers["retry-after-ms"]) == (429, "2", "1500")
    status, _, data = fetch(server, "POST", "/v1/raise/invalid", body=b"{}")
    assert (status, json.loads(data)["error"]["param"], json.loads(data)["error"]["code"]) == (
        400,
        "n",
        "bad_n",
    )
    status, _, data = fetch(server, "POST", "/v1/raise/bug", body=b"{}")
    assert (status, json.loads(data)["error"]["type"]) == (500, "server_error")
    assert b"secret" not in data
    assert b"Traceback" not in data


def test_published_but_unbuilt_operation_is_501(server: Any) -> None:
    status, headers, data = fetch(server, "POST", "/v1/chatkit/sessions", body=b"{}")
    assert (status, json.loads(data)["error"]["code"]) == (501, "not_implemented")
    assert headers["x-should-retry"] == "false"


def test_unknown_path_is_404_and_wrong_method_405(server: Any) -> None:
    status, _, data = fetch(server, "GET", "/v1/nothing/here")
    assert status == 404
    assert json.loads(data)["error"]["message"] == "Unknown request URL: GET /v1/nothing/here"
    status, headers, _ = fetch(server, "DELETE", "/v1/files")
    assert (status, headers["allow"]) == (405, "POST")


def test_head_has_headers_and_no_body(server: Any) -> None:
    status, headers, data = fetch(server, "HEAD", "/v1/models/a")
    assert (status, data) == (200, b"")
    assert int(headers["content-length"]) > 0


def test_too_many_headers_and_too_large_bodies_are_refused(server: Any) -> None:
    many = {"authorization": "Bearer sk-good"} | {f"x-{n}": "1" for n in range(120)}
    assert fetch(server, "GET", "/v1/models/a", headers=many)[0] == 431
    assert fetch(server, "GET", "/v1/models/a?" + "a=1&" * 2000)[0] == 400
    huge = {"authorization": "Bearer sk-good", "content-length": str(33 * 1024 * 1024)}
    request = urllib.request.Request(
        server.url + "/v1/chat/completions", data=b"{}", method="POST", headers=huge
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)
    with caught.value as error:
        assert error.code == 413


async def test_async_sdk_works_too(server: Any) -> None:
    async with openai.AsyncOpenAI(
        base_url=f"{server.url}/v1", api_key="sk-good", max_retries=0
    ) as client:
        stream = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "x y"}], stream=True
        )
        assert [part.choices[0].delta.content async for part in stream] == ["x", "y"]


def test_error_tree_maps_every_class_to_a_type() -> None:
    assert error_object(Internal("x")).type == "server_error"
    assert error_object(NotFound("x")).code == "not_found"
