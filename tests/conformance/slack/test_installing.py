"""OAuth v2, manifests, webhooks, events over HTTP and previews: what surrounds an app."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth import AuthorizeUrlGenerator
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook import WebhookClient
from tests.conftest import start_volano
from tests.slack_apps import make_app, manifest_of, until


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **more):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def sign_in(volano) -> str:
    """A console session's cookie, by a one-time link."""
    name = volano.slack().auth_test()["user"]
    status, made = volano.rest("POST", f"/people/{name}/login-link", {})
    assert status == 200, made
    token = made["login_url"].partition("token=")[2]
    request = urllib.request.Request(
        f"{volano.url}/volano/v1/session/link",
        data=json.dumps({"token": token}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as reply:
        return reply.headers["set-cookie"].partition(";")[0]


def visit(url: str, cookie: str = "", form: dict | None = None):
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(url, data=data, headers={"cookie": cookie} if cookie else {})
    try:
        with OPENER.open(request) as reply:
            return reply.status, reply.read().decode(), reply.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def agree(volano, made: dict, cookie: str, *, answer: str = "allow", **more: str) -> dict:
    """Go through the page as a browser does; the parameters of the redirect."""
    generator = AuthorizeUrlGenerator(
        client_id=made["credentials"]["client_id"],
        scopes=more.get("scopes", "chat:write,channels:read").split(","),
        user_scopes=["search:read"],
        redirect_uri="https://example.com/callback/app",
        authorization_url=f"{volano.url}/oauth/v2/authorize",
    )
    status, page, _ = visit(generator.generate("my-state"), cookie)
    assert status == 200, page
    assert "chat:write" in page
    consent = page.split('name="consent" value="')[1].split('"')[0]
    form = {"consent": consent, "answer": answer}
    status, _, headers = visit(f"{volano.url}/oauth/v2/authorize", cookie, form)
    assert status == 302
    assert headers["location"].startswith("https://example.com/callback/app?")
    assert visit(f"{volano.url}/oauth/v2/authorize", cookie, form)[0] == 400, "good once"
    return dict(urllib.parse.parse_qsl(headers["location"].partition("?")[2]))


@pytest.mark.parametrize("rotation", [False, True])
def test_an_app_is_installed_by_oauth(open_volano, rotation):
    slack = open_volano.slack()
    manifest = manifest_of(f"oauth{uuid.uuid4().hex[:6]}", token_rotation_enabled=rotation)
    made = slack.apps_manifest_create(manifest=json.dumps(manifest)).data
    cookie = sign_in(open_volano)
    denied = agree(open_volano, made, cookie, answer="deny")
    assert denied == {"error": "access_denied", "state": "my-state"}
    back = agree(open_volano, made, cookie)
    assert back["state"] == "my-state"
    keys = {name: made["credentials"][name] for name in ("client_id", "client_secret")}
    given = keys | {"code": back["code"], "redirect_uri": "https://example.com/callback/app"}
    assert refusal(slack.oauth_v2_access, **given | {"client_secret": "x"}) == "bad_client_secret"
    answer = slack.oauth_v2_access(**given)
    assert answer["scope"] == "chat:write,channels:read"
    assert answer["authed_user"]["scope"] == "search:read"
    bot = open_volano.slack(answer["access_token"])
    assert bot.auth_test()["user_id"] == answer["bot_user_id"]
    assert refusal(bot.users_list) == "missing_scope"
    assert refusal(slack.oauth_v2_access, **given) == "code_already_used"
    if rotation:
        asked = keys | {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
        again = slack.oauth_v2_access(**asked)
        assert again["access_token"].startswith("xoxe.xoxb-")
        assert open_volano.slack(again["access_token"]).auth_test()["ok"]
        assert refusal(slack.oauth_v2_access, **asked) == "invalid_refresh_token"


def refusal(method, **arguments) -> str:
    with pytest.raises(SlackApiError) as refused:
        method(**arguments)
    return refused.value.response["error"]


def test_somebody_signs_in_with_openid(open_volano):
    slack = open_volano.slack()
    name = f"signin{uuid.uuid4().hex[:6]}"
    made = slack.apps_manifest_create(manifest=json.dumps(manifest_of(name))).data
    keys = {key: made["credentials"][key] for key in ("client_id", "client_secret")}
    query = urllib.parse.urlencode(
        {"client_id": keys["client_id"], "scope": "openid email", "response_type": "code"}
    )
    cookie = sign_in(open_volano)
    _, page, _ = visit(f"{open_volano.url}/openid/connect/authorize?{query}", cookie)
    form = {"consent": page.split('name="consent" value="')[1].split('"')[0], "answer": "allow"}
    _, _, headers = visit(f"{open_volano.url}/oauth/v2/authorize", cookie, form)
    back = dict(urllib.parse.parse_qsl(headers["location"].partition("?")[2]))
    answer = slack.openid_connect_token(**keys, code=back["code"])
    claims = answer["id_token"].split(".")[1]
    told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert (told["sub"], told["aud"]) == (slack.auth_test()["user_id"], keys["client_id"])
    person = open_volano.slack(answer["access_token"]).openid_connect_userInfo()
    assert person["sub"] == told["sub"]


def test_the_page_refuses_what_the_manifest_does_not_say(open_volano):
    slack = open_volano.slack()
    name = f"strict{uuid.uuid4().hex[:6]}"
    made = slack.apps_manifest_create(manifest=json.dumps(manifest_of(name))).data
    base = f"{open_volano.url}/oauth/v2/authorize?client_id={made['credentials']['client_id']}"
    assert visit(f"{base}&scope=chat:write")[0] == 401
    cookie = sign_in(open_volano)
    assert visit(f"{base}&scope=admin", cookie)[0] == 400
    evil = urllib.parse.quote("https://example.com.evil.net/callback")
    assert visit(f"{base}&scope=chat:write&redirect_uri={evil}", cookie)[0] == 400


def test_a_manifest_is_changed_exported_and_deleted(open_volano):
    slack = open_volano.slack()
    manifest = manifest_of(f"life{uuid.uuid4().hex[:6]}")
    app_id = slack.apps_manifest_create(manifest=json.dumps(manifest))["app_id"]
    assert slack.apps_manifest_export(app_id=app_id)["manifest"] == manifest
    manifest["oauth_config"]["scopes"]["bot"] = ["chat:write"]
    changed = slack.apps_manifest_update(app_id=app_id, manifest=json.dumps(manifest))
    assert changed["permissions_updated"]
    del manifest["display_information"]
    with pytest.raises(SlackApiError) as refused:
        slack.apps_manifest_validate(manifest=json.dumps(manifest))
    assert "display_information" in refused.value.response["errors"][0]["message"]
    slack.apps_manifest_delete(app_id=app_id)
    assert refusal(slack.apps_manifest_export, app_id=app_id) == "invalid_app_id"
    status, pair = open_volano.rest(
        "POST",
        "/chat/apps/config-token",
        {},
        token=open_volano.credentials["SLACK_USER_TOKEN"],
    )
    assert status == 200
    rotated = slack.tooling_tokens_rotate(refresh_token=pair["refresh_token"])
    assert open_volano.slack(rotated["token"]).apps_manifest_validate(
        manifest=json.dumps(manifest_of("fine"))
    )["ok"]


DIALECTS = [
    ({"text": "slack"}, "slack", 200),
    ({"msgtype": "text", "text": {"content": "ding"}}, "ding", 200),
    (
        {"msgtype": "markdown", "markdown": {"title": "t", "text": "# Hi\n**you**"}},
        "*Hi*\n*you*",
        200,
    ),
    ({"msg_type": "text", "content": {"text": "lark"}}, "lark", 200),
    (
        {
            "msg_type": "post",
            "content": {
                "post": {
                    "zh_cn": {
                        "title": "标题",
                        "content": [
                            [
                                {"tag": "text", "text": "see "},
                                {"tag": "a", "text": "this", "href": "https://example.com"},
                            ]
                        ],
                    }
                }
            },
        },
        "*标题*\nsee <https://example.com|this>",
        200,
    ),
    (
        {"@type": "MessageCard", "title": "Build", "text": "**ok**", "sections": []},
        "*Build*\n*ok*",
        200,
    ),
    (
        {
            "type": "message",
            "attachments": [{"content": {"body": [{"type": "TextBlock", "text": "adaptive"}]}}],
        },
        "adaptive",
        202,
    ),
    (
        {"content": "dis", "username": "cord", "embeds": [{"title": "T", "description": "d"}]},
        "dis\n*T*\nd",
        204,
    ),
]


def test_webhooks_speak_the_dialects_of_others(open_volano):
    app = make_app(open_volano)
    slack = open_volano.slack()
    channel = slack.conversations_create(name=f"h-{uuid.uuid4().hex[:8]}")["channel"]["id"]
    url = app.do("POST", f"/apps/{app.id}/hooks", {"channel": channel})["url"]
    for body, text, status in DIALECTS:
        request = urllib.request.Request(url, data=json.dumps(body).encode())
        with urllib.request.urlopen(request) as reply:
            assert reply.status == status
        newest = slack.conversations_history(channel=channel)["messages"][0]
        assert (newest["text"], newest["subtype"]) == (text, "bot_message")
    hook = WebhookClient(url)
    assert hook.send(text="").body == "no_text"
    assert hook.send(text="x", blocks=[{"type": "nope"}]).body == "invalid_blocks"
    slack.conversations_archive(channel=channel)
    gone = hook.send(text="x")
    assert (gone.status_code, gone.body) == (410, "channel_is_archived")
    found = app.do("GET", "/hooks")["hooks"]
    mine = next(item for item in found if item["app_id"] == app.id)
    app.do("DELETE", f"/hooks/{mine['id']}")
    assert hook.send(text="x").body == "no_service"


class Listener:
    """An app's URL that fails as often as it is told."""

    def __init__(self, failures: int = 0, **headers: str) -> None:
        self.calls: list[tuple[dict, dict, str]] = []
        self.changed = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["content-length"])).decode()
                body = json.loads(text)
                failed = False
                if body["type"] != "url_verification":
                    with outer.changed:
                        outer.calls.append((body, dict(self.headers.items()), text))
                        failed = len(outer.calls) <= failures
                        outer.changed.notify_all()
                answer = body.get("challenge", "ok").encode()
                self.send_response(500 if failed else 200)
                for key, value in headers.items():
                    self.send_header(key.replace("_", "-"), value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/events"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.calls) >= count, 90), self.calls

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def listener():
    made: list[Listener] = []

    def make(*args, **more) -> Listener:
        made.append(Listener(*args, **more))
        return made[-1]

    yield make
    for item in made:
        item.stop()


def joined_channel(app) -> str:
    slack = app.volano.slack()
    channel = slack.conversations_create(name=f"e-{uuid.uuid4().hex[:8]}")["channel"]["id"]
    slack.conversations_invite(channel=channel, users=app.bot().auth_test()["user_id"])
    return channel


def test_events_over_http_are_signed_and_tried_again(open_volano, listener):
    ear = listener(failures=1)
    app = make_app(open_volano, url=ear.url)
    manifest = manifest_of(app.name, url=ear.url)
    manifest["settings"]["event_subscriptions"]["bot_events"] = ["message.channels"]
    slack = open_volano.slack()
    slack.apps_manifest_update(app_id=app.id, manifest=json.dumps(manifest))
    channel = joined_channel(app)
    ear.wait(2)  # the notice that the bot joined
    first, again = ear.calls[0], ear.calls[1]
    assert again[0]["event_id"] == first[0]["event_id"]
    assert again[1]["x-slack-retry-num"] == "1"
    assert again[1]["x-slack-retry-reason"] == "http_error"
    posted = slack.chat_postMessage(channel=channel, text="over HTTP")
    ear.wait(3)
    body, headers, text = ear.calls[2]
    assert (body["event"]["ts"], body["api_app_id"]) == (posted["ts"], app.id)
    assert body["token"] == app.credentials["verification_token"]
    verifier = SignatureVerifier(app.credentials["signing_secret"])
    assert verifier.is_valid_request(text, headers)
    stamp = headers["x-slack-request-timestamp"]
    secret = app.credentials["signing_secret"].encode()
    digest = hmac.new(secret, f"v0:{stamp}:{text}".encode(), hashlib.sha256).hexdigest()
    assert headers["x-slack-signature"] == f"v0={digest}"


def test_an_app_may_refuse_to_be_asked_again(open_volano, listener):
    ear = listener(failures=1, x_slack_no_retry="1")
    app = make_app(open_volano, url=ear.url)
    channel = joined_channel(app)
    open_volano.slack().chat_postMessage(channel=channel, text="once")
    until(lambda: any(call[0]["event"].get("text") == "once" for call in ear.calls))
    ids = [call[0]["event_id"] for call in ear.calls]
    assert len(ids) == len(set(ids))


def test_links_are_shared_and_unfurled(open_volano, listener):
    ear = listener()
    app = make_app(open_volano, url=ear.url)
    channel = joined_channel(app)
    slack = open_volano.slack()
    url = "https://docs.example.com/page?a=1&b=2"
    ts = slack.chat_postMessage(channel=channel, text=f"see {url} now")["ts"]

    def shared():
        return [c[0]["event"] for c in ear.calls if c[0]["event"]["type"] == "link_shared"]

    until(shared)
    assert shared()[0]["links"] == [{"url": url, "domain": "example.com"}]
    app.bot().chat_unfurl(channel=channel, ts=ts, unfurls={url: {"text": "A page"}})
    shown = slack.conversations_history(channel=channel)["messages"][0]
    assert shown["attachments"][0]["text"] == "A page"
    other = {"https://example.com/other": {"text": "x"}}
    refused = refusal(app.bot().chat_unfurl, channel=channel, ts=ts, unfurls=other)
    assert refused == "cannot_unfurl_url"


def test_an_app_hears_that_it_was_uninstalled(open_volano, listener):
    ear = listener()
    app = make_app(open_volano, url=ear.url)
    keys = {name: app.credentials[name] for name in ("client_id", "client_secret")}
    open_volano.slack().apps_uninstall(**keys)
    until(
        lambda: {"tokens_revoked", "app_uninstalled"} <= {c[0]["event"]["type"] for c in ear.calls}
    )
    assert refusal(app.bot().auth_test) == "invalid_auth"


def test_an_assistant_is_opened_and_says_what_it_does(open_volano, listener):
    ear = listener()
    app = make_app(open_volano, url=ear.url)
    started = app.do("POST", f"/apps/{app.id}/assistant", {})
    place = {"channel_id": started["channel"], "thread_ts": started["thread_ts"]}
    until(lambda: [c for c in ear.calls if c[0]["event"]["type"] == "assistant_thread_started"])
    bot = app.bot()
    bot.assistant_threads_setStatus(**place, status="is thinking")
    bot.assistant_threads_setTitle(**place, title="About ships")
    prompts = [{"title": "Ask", "message": "What sails?"}]
    bot.assistant_threads_setSuggestedPrompts(**place, prompts=prompts)
    root = bot.conversations_replies(channel=started["channel"], ts=started["thread_ts"])
    kept = root["messages"][0]["assistant_app_thread"]
    assert (kept["title"], kept["suggested_prompts"]) == ("About ships", prompts)
    wrong = place | {"thread_ts": "1.1"}
    assert refusal(bot.assistant_threads_setStatus, **wrong, status="x") == "invalid_thread_ts"


def call_often(method) -> None:
    for _ in range(30):
        method()


def test_strict_rates_are_slacks(tmp_path):
    server = start_volano(tmp_path / "strict", slack_rates="strict")
    try:
        slack = server.slack()
        with pytest.raises(SlackApiError) as refused:
            call_often(slack.users_list)
        answer = refused.value.response
        assert (answer.status_code, answer["error"]) == (429, "ratelimited")
        assert 1 <= int(answer.headers["Retry-After"]) <= 3
        assert slack.auth_test()["ok"], "another method has a bucket of its own"
    finally:
        server.stop()
