"""The Slack door with slack_sdk and with raw HTTP, over methods that tests register."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from volano.kernel.errors import Invalid, NotFound, Throttled
from volano.wire.action import PUBLIC, SIGNED_IN, action
from volano.wire.form import UploadedFile
from volano.wire.http import Response
from volano.wire.slack.arguments import MAX_SLACK_BODY_BYTES
from volano.wire.slack.raw import _ROUTES, raw_route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from volano.kernel.call import Call, Env
    from volano.wire.http import Request


class Post(msgspec.Struct):
    channel: str
    text: str = ""
    thread_ts: str | None = None
    mrkdwn: bool = True
    blocks: list[dict[str, Any]] | None = None
    metadata: dict[str, Any] | None = None


class ListChannels(msgspec.Struct):
    types: list[str] = []
    limit: int = 100
    exclude_archived: bool = False
    cursor: str = ""


class Nothing(msgspec.Struct):
    pass


class Access(msgspec.Struct):
    client_id: str
    client_secret: str
    code: str = ""


class OldUpload(msgspec.Struct):
    channels: list[str]
    file: UploadedFile | None = None
    title: str = ""


class Kind(msgspec.Struct):
    kind: str


@pytest.fixture(scope="module", autouse=True)
def actions(registry: None) -> Iterator[None]:
    @action(
        "slack:chat.postMessage",
        permission="slack:PostMessage",
        resource="arn:volano:chat:{region}:{account}:{channel}",
        scopes=("chat:write",),
    )
    async def post(env: Env, call: Call, request: Post) -> Any:
        if request.channel == "C404":
            raise NotFound("There is no such channel.", code="channel_not_found")
        return {"channel": request.channel, "ts": "1.2", "message": msgspec.to_builtins(request)}

    @action(
        "slack:conversations.list", permission="slack:List", resource="*", scopes=("channels:read",)
    )
    async def list_(env: Env, call: Call, request: ListChannels) -> Any:
        return msgspec.to_builtins(request) | {"response_metadata": {"next_cursor": ""}}

    @action("slack:auth.test", permission=SIGNED_IN, resource="*")
    async def auth(env: Env, call: Call, request: Nothing) -> Any:
        return {"user": call.principal.name, "team_id": "T1"}

    @action("slack:api.test", permission=PUBLIC, resource="*")
    async def api(env: Env, call: Call, request: dict[str, Any]) -> Any:
        return {"args": request}

    @action("slack:oauth.v2.access", permission=PUBLIC, resource="*")
    async def access(env: Env, call: Call, request: Access) -> Any:
        return {"access_token": request.client_id + request.client_secret + request.code}

    @action("slack:files.upload", permission="slack:Upload", resource="*")
    async def upload(env: Env, call: Call, request: OldUpload) -> Any:
        size = request.file.size_bytes if request.file else -1
        return {"channels": request.channels, "size": size, "title": request.title}

    @action("slack:x.raise", permission="slack:Raise", resource="*")
    async def raise_(env: Env, call: Call, request: Kind) -> None:
        if request.kind == "throttled":
            raise Throttled("Too fast.", retry_after_s=2.1)
        if request.kind == "invalid":
            raise Invalid("The text is too long.")
        if request.kind == "bug":
            raise ZeroDivisionError("secret detail")

    @raw_route("POST", "/slack/xupload/{ticket}")
    async def raw(env: Env, request: Request, params: dict[str, str]) -> Response:
        if params["ticket"] == "used":
            raise NotFound("The ticket was used.", code="file_upload_not_found")
        size = len(await request.body.read())
        return Response(headers=[("content-type", "text/plain")], body=f"OK - {size}".encode())

    yield
    del _ROUTES["POST /slack/xupload/{ticket}"]


@pytest.fixture
def client(server: Any) -> WebClient:
    return WebClient(token="xoxb-good", base_url=f"{server.url}/api/")


@pytest.fixture
def owner(server: Any) -> WebClient:
    return WebClient(token="xoxp-all", base_url=f"{server.url}/api/")


def fetch(
    server: Any, method: str, path: str, *, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(server.url + path, data=body, method=method, headers=named)
    if body is not None and "content-type" not in named:
        request.add_unredirected_header("Content-Type", "")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()


def envelope(server: Any, method: str, path: str, **more: Any) -> dict[str, Any]:
    status, _, data = fetch(server, method, path, **more)
    assert status == 200
    found: dict[str, Any] = json.loads(data)
    return found


def test_sdk_posts_text_and_blocks(server: Any, client: WebClient) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*hi*"}}]
    answer = client.chat_postMessage(
        channel="C1", text="hi", blocks=blocks, mrkdwn=False, metadata={"event_type": "x"}
    )
    assert answer["ok"] is True
    assert answer["message"]["blocks"] == blocks
    assert answer["message"]["mrkdwn"] is False
    assert answer["message"]["metadata"] == {"event_type": "x"}
    assert (
        "bot",
        "slack:PostMessage",
        "arn:volano:chat:eu-home-1:111122223333:C1",
    ) in server.authority.asked


async def test_async_sdk_lists_by_get(server: Any) -> None:
    client = AsyncWebClient(token="xoxp-all", base_url=f"{server.url}/api/")
    answer = await client.conversations_list(
        types=["public_channel", "im"], limit=5, exclude_archived=True
    )
    assert answer["types"] == ["public_channel", "im"]
    assert (answer["limit"], answer["exclude_archived"]) == (5, True)


def test_auth_test_tells_the_scopes(client: WebClient, owner: WebClient) -> None:
    answer = client.auth_test()
    assert answer["user"] == "bot"
    assert answer.headers["x-oauth-scopes"] == "chat:write"
    assert answer.headers["x-slack-req-id"]
    assert owner.auth_test().headers["x-oauth-scopes"] == "channels:read,chat:write"


def test_missing_scope_names_needed_and_provided(client: WebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.conversations_list()
    answer = caught.value.response
    assert (answer["error"], answer["needed"], answer["provided"]) == (
        "missing_scope",
        "channels:read",
        "chat:write",
    )
    assert answer.headers["x-accepted-oauth-scopes"] == "channels:read"


@pytest.mark.parametrize(
    ("query", "body", "headers"),
    [
        ("?token=xoxp-all&channel=C1&text=hi+there&mrkdwn=0", None, {}),
        (
            "",
            b"token=xoxp-all&channel=C1&text=hi%20there&mrkdwn=false",
            {"content_type": "application/x-www-form-urlencoded"},
        ),
        (
            "",
            b'{"channel":"C1","text":"hi there","mrkdwn":false}',
            {"content_type": "application/json; charset=utf-8", "authorization": "Bearer xoxp-all"},
        ),
        (
            "",
            b'--b\r\ncontent-disposition: form-data; name="token"\r\n\r\nxoxp-all\r\n--b\r\ncontent-disposition: form-data; name="channel"\r\n\r\nC1\r\n--b\r\ncontent-disposition: form-data; name="text"\r\n\r\nhi there\r\n--b\r\ncontent-disposition: form-data; name="mrkdwn"\r\n\r\nFalse\r\n--b--\r\n',
            {"content_type": "multipart/form-data; boundary=b"},
        ),
    ],
)
def test_every_encoding_says_the_same(
    server: Any, query: str, body: bytes | None, headers: dict[str, str]
) -> None:
    method = "GET" if body is None else "POST"
    answer = envelope(server, method, f"/api/chat.postMessage{query}", body=body, **headers)
    assert answer["ok"], answer
    assert answer["message"]["text"] == "hi there"
    assert answer["message"]["mrkdwn"] is False


def test_structures_come_as_json_text_in_forms(server: Any) -> None:
    form = b"token=xoxp-all&channel=C1&blocks=%5B%7B%22type%22%3A%22divider%22%7D%5D&thread_ts="
    answer = envelope(
        server,
        "POST",
        "/api/chat.postMessage",
        body=form,
        content_type="application/x-www-form-urlencoded",
    )
    assert answer["message"]["blocks"] == [{"type": "divider"}]
    assert answer["message"]["thread_ts"] == ""
    wrong = form.replace(b"%5D", b"")
    answer = envelope(
        server,
        "POST",
        "/api/chat.postMessage",
        body=wrong,
        content_type="application/x-www-form-urlencoded",
    )
    assert answer["error"] == "invalid_arguments"
    assert "blocks" in answer["response_metadata"]["messages"][0]


def test_unescaped_utf8_in_a_form_is_read(server: Any) -> None:
    body = "token=xoxp-all&channel=C1&text=飞轮".encode()
    answer = envelope(
        server,
        "POST",
        "/api/chat.postMessage",
        body=body,
        content_type="application/x-www-form-urlencoded",
    )
    assert answer["message"]["text"] == "飞轮"


@pytest.mark.parametrize(("token", "word"), [("", "not_authed"), ("xoxb-wrong", "invalid_auth")])
def test_missing_or_bad_token_is_refused(server: Any, token: str, word: str) -> None:
    before = len(server.journal.audited)
    answer = envelope(server, "GET", f"/api/chat.postMessage?channel=C1&token={token}")
    assert answer == {"ok": False, "error": word}
    refused = server.journal.audited[before:]
    expected = [("slack:chat.postMessage", "", True)] if token else []
    assert [(r.action, r.account, r.unproven) for r in refused] == expected


def test_console_session_needs_csrf_also_on_get(server: Any) -> None:
    cookie = {"cookie": "volano_session=cookie-good"}
    assert envelope(server, "GET", "/api/auth.test", **cookie)["error"] == "invalid_auth"
    assert (
        envelope(server, "GET", "/api/auth.test", **cookie, x_volano_csrf="csrf-good")["user"]
        == "dan"
    )


@pytest.mark.parametrize(
    ("body", "content_type", "word"),
    [
        (b"{", "application/json", "invalid_json"),
        (b"[]", "application/json", "json_not_object"),
        (b"x", "text/plain", "invalid_post_type"),
        (b"x", None, "missing_post_type"),
        (b"a=\xff", "application/x-www-form-urlencoded", "invalid_charset"),
        (b"--b--", "multipart/form-data; boundary=c", "invalid_form_data"),
        (b"", "application/json", "invalid_arguments"),
        (b'{"channel":{"a":1}}', "application/json", None),
        (b'{"channel":"C1","metadata":3}', "application/json", "invalid_arguments"),
    ],
)
def test_wrong_bodies_have_slacks_words(
    server: Any, body: bytes, content_type: str | None, word: str | None
) -> None:
    headers = {"authorization": "Bearer xoxp-all"} | (
        {"content_type": content_type} if content_type else {}
    )
    answer = envelope(server, "POST", "/api/chat.postMessage", body=body, **headers)
    assert answer.get("error") == word


def test_errors_have_slacks_shape(server: Any, client: WebClient, owner: WebClient) -> None:
    with pytest.raises(SlackApiError, match="channel_not_found"):
        client.chat_postMessage(channel="C404", text="x")
    status, headers, data = fetch(server, "GET", "/api/x.raise?kind=throttled&token=xoxp-all")
    assert (status, headers["retry-after"], json.loads(data)) == (
        429,
        "3",
        {"ok": False, "error": "ratelimited"},
    )
    answer = envelope(server, "GET", "/api/x.raise?kind=invalid&token=xoxp-all")
    assert answer["response_metadata"]["messages"] == ["[ERROR] The text is too long."]
    answer = envelope(server, "GET", "/api/x.raise?kind=bug&token=xoxp-all")
    assert answer["error"] == "internal_error"
    assert "secret" not in str(answer)
    assert envelope(server, "GET", "/api/x.raise?kind=none&token=xoxp-all") == {"ok": True}


def test_denied_is_no_permission(server: Any, client: WebClient) -> None:
    server.authority.denied.add("slack:PostMessage")
    try:
        with pytest.raises(SlackApiError, match="no_permission"):
            client.chat_postMessage(channel="C1", text="x")
    finally:
        server.authority.denied.clear()


def test_unknown_and_unbuilt_methods_differ(server: Any) -> None:
    assert envelope(server, "POST", "/api/no.such", body=b"")["error"] == "unknown_method"
    assert (
        envelope(server, "POST", "/api/admin.apps.approve", body=b"")["error"] == "method_not_built"
    )


def test_public_methods_need_no_token(server: Any) -> None:
    assert envelope(server, "GET", "/api/api.test?foo=bar")["args"] == {"foo": "bar"}
    answer = WebClient(base_url=f"{server.url}/api/").oauth_v2_access(
        client_id="a", client_secret="b", code="c"
    )
    assert answer["access_token"] == "abc"


def test_file_in_a_form_reaches_the_method(server: Any) -> None:
    form = (
        b'--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
        + b"z" * 2_000_000
        + b'\r\n--b\r\ncontent-disposition: form-data; name="channels"\r\n\r\nC1,C2\r\n--b--\r\n'
    )
    answer = envelope(
        server,
        "POST",
        "/api/files.upload",
        body=form,
        content_type="multipart/form-data; boundary=b",
        authorization="Bearer xoxp-all",
    )
    assert (answer["channels"], answer["size"]) == (["C1", "C2"], 2_000_000)


def test_a_file_of_whom_nobody_knows_yet_must_be_small(server: Any) -> None:
    head = b'--b\r\ncontent-disposition: form-data; name="token"\r\n\r\nxoxp-all\r\n'
    head += b'--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
    tail = b'\r\n--b\r\ncontent-disposition: form-data; name="channels"\r\n\r\nC1\r\n--b--\r\n'
    for size, ok in ((1000, True), (MAX_SLACK_BODY_BYTES + 1, False)):
        answer = envelope(
            server,
            "POST",
            "/api/files.upload",
            body=head + b"z" * size + tail,
            content_type="multipart/form-data; boundary=b",
        )
        assert answer["ok"] is ok, answer


def test_raw_route_gets_the_ticket_and_the_body(server: Any) -> None:
    assert fetch(server, "POST", "/slack/xupload/T%31", body=b"abc")[2] == b"OK - 3"
    status, _, data = fetch(server, "POST", "/slack/xupload/used", body=b"abc")
    assert (status, data) == (404, b"file_upload_not_found: The ticket was used.\n")
    assert fetch(server, "GET", "/slack/xupload/T1")[0] == 405
    assert fetch(server, "GET", "/slack/nothing")[0] == 404
