"""Buttons, forms, shortcuts, commands and Home tabs with slack_bolt, over sockets and over HTTP."""

from __future__ import annotations

import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient
from tests.slack_apps import Seen, make_app, until

MODAL = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "A form"},
    "submit": {"type": "plain_text", "text": "Send"},
    "private_metadata": "kept",
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "words",
            "label": {"type": "plain_text", "text": "Words"},
            "element": {"type": "plain_text_input", "action_id": "typed"},
        }
    ],
}
BUTTONS = [
    {
        "type": "actions",
        "block_id": "row",
        "elements": [
            {
                "type": "button",
                "action_id": "yes",
                "value": "1",
                "text": {"type": "plain_text", "text": "Yes"},
            },
            {
                "type": "external_select",
                "action_id": "menu",
                "placeholder": {"type": "plain_text", "text": "Pick"},
            },
        ],
    }
]


def write_app(app: App, name: str, seen: Seen) -> None:
    """Listeners of every kind, as Bolt's starter template has them."""

    @app.command(f"/{name}")
    def on_command(ack, body, client):
        ack(text=f"got {body['text']}")
        seen.add("command", body)
        if body["text"] == "form":
            seen.add("opened", client.views_open(trigger_id=body["trigger_id"], view=MODAL)["view"])

    @app.action("yes")
    def on_button(ack, body, respond):
        ack()
        seen.add("action", body)
        respond(text="pressed", replace_original=True)

    @app.options("menu")
    def on_menu(ack, payload):
        ack(options=[{"text": {"type": "plain_text", "text": payload["value"]}, "value": "v"}])

    @app.view("form")
    def on_submit(ack, view, body):
        seen.add("submitted", body)
        typed = view["state"]["values"]["words"]["typed"]["value"]
        if typed == "bad":
            ack(response_action="errors", errors={"words": "not this"})
        elif typed == "more":
            ack(response_action="push", view=MODAL)
        else:
            ack()

    @app.view_closed("form")
    def on_close(ack, body):
        ack()
        seen.add("closed", body)

    @app.shortcut("make")
    def on_global(ack, body, client):
        ack()
        seen.add("opened", client.views_open(trigger_id=body["trigger_id"], view=MODAL)["view"])

    @app.shortcut("keep")
    def on_message(ack, body):
        ack()
        seen.add("kept", body)

    @app.event("app_home_opened")
    def on_home(event, client):
        home = {"type": "home", "blocks": [{"type": "divider"}]}
        seen.add("home", client.views_publish(user_id=event["user"], view=home)["view"])

    @app.event("app_mention")
    def on_mention(event, say):
        say("hello you", thread_ts=event["ts"])
        seen.add("mention", event)

    @app.event("message")
    def on_any(event):
        seen.add("message", event)


@pytest.fixture(params=["socket", "http"])
def running(request, open_volano, seen):
    """An app with those listeners, connected."""
    if request.param == "socket":
        made = make_app(open_volano)
        app = bolt_of(made)
        write_app(app, made.name, seen)
        handler = SocketModeHandler(app, made.app_token)
        handler.connect()
        yield made
        handler.close()
        return
    with_server = BoltServer()
    made = make_app(open_volano, url=with_server.url)
    with_server.app = bolt_of(made)
    write_app(with_server.app, made.name, seen)
    yield made
    with_server.stop()


def bolt_of(made) -> App:
    client = made.bot()
    return App(
        client=client, token=made.bot_token, signing_secret=made.credentials["signing_secret"]
    )


class BoltServer:
    """A Bolt app behind a plain HTTP server."""

    def __init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                headers = {key: [value] for key, value in self.headers.items()}
                answer = outer.app.dispatch(BoltRequest(body=body, headers=headers))
                self.send_response(answer.status)
                for key, value in answer.first_headers().items():
                    self.send_header(key, value)
                data = answer.body.encode()
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args) -> None:
                pass

        self.app: App | None = None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/slack/events"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def channel(running) -> str:
    slack = running.volano.slack()
    made = slack.conversations_create(name=f"i-{uuid.uuid4().hex[:8]}")["channel"]["id"]
    slack.conversations_invite(channel=made, users=running.bot().auth_test()["user_id"])
    return made


def type_words(words: str) -> dict:
    return {"words": {"typed": {"type": "plain_text_input", "value": words}}}


def test_a_command_opens_a_form_that_is_submitted(running, seen, channel):
    running.do(
        "POST",
        "/interactions/command",
        {"channel": channel, "text": f"/{running.name} form"},
    )
    body = seen.wait("command")
    assert (body["channel_id"], body["command"], body["text"]) == (
        channel,
        f"/{running.name}",
        "form",
    )
    view = seen.wait("opened")
    assert (view["callback_id"], view["private_metadata"]) == ("form", "kept")
    path = f"/views/{view['id']}/submit"
    assert running.do("POST", path, {"state": {}})["action"] == "errors", "words are needed"
    answer = running.do("POST", path, {"state": type_words("bad")})
    assert answer["errors"] == {"words": "not this"}
    pushed = running.do("POST", path, {"state": type_words("more")})
    assert pushed["action"] == "push"
    assert pushed["view"]["previous_view_id"] == view["id"]
    top = f"/views/{pushed['view']['id']}/close"
    below = running.do("POST", top, {})
    assert below["view"]["id"] == view["id"]
    assert seen.wait("closed")["view"]["id"] == pushed["view"]["id"]
    done = running.do("POST", path, {"state": type_words("good")})
    assert done["action"] == "close"
    sent = seen.wait(
        "submitted",
        lambda b: b["view"]["state"]["values"]["words"]["typed"]["value"] == "good",
    )
    assert sent["user"]["id"]
    running.do("POST", path, {"state": type_words("again")}, expect=400)


def test_a_button_answers_in_place(running, seen, channel):
    posted = running.bot().chat_postMessage(channel=channel, text="choose", blocks=BUTTONS)
    press = {"channel": channel, "message_ts": posted["ts"], "action_id": "yes"}
    running.do("POST", "/interactions/press", press)
    body = seen.wait("action")
    assert body["actions"][0] | {"action_ts": ""} == {
        "type": "button",
        "action_id": "yes",
        "block_id": "row",
        "value": "1",
        "text": {"type": "plain_text", "text": "Yes"},
        "action_ts": "",
    }
    assert body["container"]["message_ts"] == posted["ts"]
    slack = running.volano.slack()
    until(lambda: slack.conversations_history(channel=channel)["messages"][0]["text"] == "pressed")
    running.do("POST", "/interactions/press", press | {"action_id": "none"}, expect=400)


def test_a_menu_is_filled_by_the_app(running, channel):
    posted = running.bot().chat_postMessage(channel=channel, text="choose", blocks=BUTTONS)
    asked = {
        "channel": channel,
        "message_ts": posted["ts"],
        "action_id": "menu",
        "value": "abc",
    }
    options = running.do("POST", "/interactions/options", asked)["options"]
    assert options[0]["text"]["text"] == "abc"


def test_shortcuts_and_home(running, seen, channel):
    shortcut = {"app_id": running.id, "callback_id": "make"}
    running.do("POST", "/interactions/shortcut", shortcut)
    assert seen.wait("opened")["type"] == "modal"
    said = running.volano.slack().chat_postMessage(channel=channel, text="keep this")
    chosen = {
        "app_id": running.id,
        "callback_id": "keep",
        "channel": channel,
        "message_ts": said["ts"],
    }
    running.do("POST", "/interactions/shortcut", chosen)
    body = seen.wait("kept")
    assert body["message"]["text"] == "keep this"
    hook = WebhookClient(body["response_url"])
    assert hook.send(text="public", response_type="in_channel").body == "ok"
    for _ in range(4):
        assert hook.send(text="quiet").status_code == 200
    assert hook.send(text="sixth").body == "used_url"
    assert running.do("POST", f"/apps/{running.id}/home", {})["view"] is None
    assert seen.wait("home")["type"] == "home"
    assert running.do("POST", f"/apps/{running.id}/home", {})["view"]["blocks"]


def test_a_mention_is_answered_and_triggers_are_good_once(running, seen, channel):
    slack = running.volano.slack()
    me = running.bot().auth_test()["user_id"]
    asked = slack.chat_postMessage(channel=channel, text=f"<@{me}> hello")
    assert seen.wait("mention")["ts"] == asked["ts"]
    until(lambda: len(slack.conversations_replies(channel=channel, ts=asked["ts"])["messages"]) > 1)
    running.do("POST", "/interactions/shortcut", {"app_id": running.id, "callback_id": "make"})
    with pytest.raises(SlackApiError) as refused:
        running.bot().views_open(trigger_id="1.2.3", view=MODAL)
    assert refused.value.response["error"] == "invalid_trigger_id"


def test_views_are_checked(running):
    bad = {**MODAL, "title": {"type": "plain_text", "text": "t" * 25}, "blocks": [{"type": "no"}]}
    with pytest.raises(SlackApiError) as refused:
        running.bot().views_open(trigger_id="1.2.3", view=bad)
    answer = refused.value.response
    assert answer["error"] == "invalid_arguments"
    assert "/view/title/text" in answer["response_metadata"]["messages"][0]
