"""Socket Mode with slack_sdk's client and with a slack_bolt app, both unmodified."""

from __future__ import annotations

import threading
import uuid

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

WAIT_S = 30


@pytest.fixture
def slack(volano):
    return volano.slack()


@pytest.fixture
def bot(volano):
    return volano.slack(volano.credentials["SLACK_BOT_TOKEN"])


@pytest.fixture
def channel(slack, bot) -> str:
    made = slack.conversations_create(name=f"apps-{uuid.uuid4().hex[:8]}")["channel"]["id"]
    slack.conversations_invite(channel=made, users=bot.auth_test()["user_id"])
    return made


class Heard:
    """Events of one channel, as they come."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.events: list[dict] = []
        self.changed = threading.Condition()

    def add(self, event: dict) -> None:
        item = event.get("item") or {}
        place = event.get("channel") or event.get("channel_id") or item.get("channel")
        if place == self.channel:
            with self.changed:
                self.events.append(event)
                self.changed.notify_all()

    def wait(self, wanted) -> dict:
        with self.changed:
            found = self.changed.wait_for(
                lambda: next((e for e in self.events if wanted(e)), None), WAIT_S
            )
        assert found, self.events
        return found


def connect(volano, on_request) -> SocketModeClient:
    token = volano.credentials["SLACK_APP_TOKEN"]
    client = SocketModeClient(
        app_token=token, web_client=WebClient(token=token, base_url=f"{volano.url}/api/")
    )
    client.socket_mode_request_listeners.append(on_request)
    client.connect()
    return client


def test_a_client_hears_what_happens_where_its_bot_is(volano, slack, channel):
    heard, ids = Heard(channel), []

    def on_request(client, request):
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        ids.append(request.payload["event_id"])
        heard.add(request.payload["event"])

    client = connect(volano, on_request)
    try:
        posted = slack.chat_postMessage(channel=channel, text="hello")
        event = heard.wait(lambda e: e["type"] == "message" and e.get("text") == "hello")
        assert (event["ts"], event["channel_type"]) == (posted["ts"], "channel")
        slack.reactions_add(channel=channel, timestamp=posted["ts"], name="wave")
        assert heard.wait(lambda e: e["type"] == "reaction_added")["reaction"] == "wave"
        slack.chat_update(channel=channel, ts=posted["ts"], text="changed")
        event = heard.wait(lambda e: e.get("subtype") == "message_changed")
        assert event["message"]["text"] == "changed"
        assert event["previous_message"]["text"] == "hello"
        slack.files_upload_v2(channel=channel, content="x", filename="x.txt")
        assert heard.wait(lambda e: e["type"] == "file_shared")["file_id"].startswith("F")
        slack.chat_delete(channel=channel, ts=posted["ts"])
        event = heard.wait(lambda e: e.get("subtype") == "message_deleted")
        assert event["deleted_ts"] == posted["ts"]
        secret = slack.conversations_create(name=f"closed-{uuid.uuid4().hex[:8]}", is_private=True)[
            "channel"
        ]["id"]
        slack.chat_postMessage(channel=secret, text="not for bots")
        slack.chat_postMessage(channel=channel, text="end")
        heard.wait(lambda e: e.get("text") == "end")
        assert all("not for bots" not in str(e) for e in heard.events)
        assert len(ids) == len(set(ids))
    finally:
        client.close()


def test_an_event_without_acknowledgement_comes_again(volano, slack, channel):
    heard = Heard(channel)
    attempts: list[int] = []

    def forget(client, request):
        if request.payload["event"].get("text") == "remember me":
            attempts.append(request.retry_attempt)
            if request.retry_attempt == 0:
                return
            heard.add(request.payload["event"])
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    client = connect(volano, forget)
    try:
        slack.chat_postMessage(channel=channel, text="remember me")
        heard.wait(lambda e: e.get("text") == "remember me")
        assert attempts[:2] == [0, 1]
    finally:
        client.close()


def test_an_event_that_nobody_took_waits_for_the_next_connection(volano, slack, channel):
    connect(volano, lambda *_: None).close()
    slack.chat_postMessage(channel=channel, text="while you were away")
    heard = Heard(channel)

    def on_request(client, request):
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        heard.add(request.payload["event"])

    client = connect(volano, on_request)
    try:
        heard.wait(lambda e: e.get("text") == "while you were away")
    finally:
        client.close()


def test_a_bolt_app_answers_a_mention(volano, slack, bot, channel):
    app = App(client=bot)
    done = threading.Event()

    @app.event("app_mention")
    def on_mention(event, say):
        if event["channel"] == channel:
            say(text=f"Hi <@{event['user']}>", thread_ts=event["ts"])
            done.set()

    @app.event("message")
    def on_message():
        pass

    token = volano.credentials["SLACK_APP_TOKEN"]
    web = WebClient(token=token, base_url=f"{volano.url}/api/")
    handler = SocketModeHandler(app, token, web_client=web)
    handler.connect()
    try:
        me = bot.auth_test()["user_id"]
        asked = slack.chat_postMessage(channel=channel, text=f"hello <@{me}>")
        assert done.wait(WAIT_S)
        thread = slack.conversations_replies(channel=channel, ts=asked["ts"])["messages"]
        assert thread[-1]["text"] == f"Hi <@{slack.auth_test()['user_id']}>"
        assert thread[-1]["user"] == me
    finally:
        handler.close()


def test_tickets_are_good_once(volano):
    import websockets.sync.client as sockets
    from websockets.exceptions import InvalidStatus

    app = volano.slack(volano.credentials["SLACK_APP_TOKEN"])
    url = app.apps_connections_open(app_token=app.token)["url"]
    with sockets.connect(url) as socket:
        assert '"hello"' in socket.recv(timeout=WAIT_S)
    for bad in (url, url.replace("ticket=", "ticket=x")):
        with pytest.raises(InvalidStatus):
            sockets.connect(bad)
