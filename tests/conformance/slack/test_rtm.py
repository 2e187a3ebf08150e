"""Real Time Messaging with slack_sdk's own clients, unmodified."""

from __future__ import annotations

import json
import threading
import uuid

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.rtm_v2 import RTMClient
from tests.slack_apps import make_app
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

WAIT_S = 60


class Heard:
    """What a client was told, by kind; `wait` for one that fits."""

    def __init__(self, client: RTMClient) -> None:
        self.events: list[dict] = []
        self.changed = threading.Condition()
        client.message_listeners.append(self.add)

    def add(self, client: RTMClient, event: dict) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def wait(self, fits) -> dict:
        with self.changed:
            found = self.changed.wait_for(
                lambda: next((event for event in self.events if fits(event)), None), WAIT_S
            )
        assert found, self.events
        return found


@pytest.fixture
def channel(volano) -> str:
    made = volano.slack().conversations_create(name=f"rtm-{uuid.uuid4().hex[:8]}")
    return made["channel"]["id"]


@pytest.fixture
def client(volano):
    token = volano.credentials["SLACK_BOT_TOKEN"]
    found = RTMClient(token=token, base_url=f"{volano.url}/api/")
    yield found
    found.auto_reconnect_enabled = found.default_auto_reconnect_enabled = False
    found.close()


def test_a_bot_hears_its_channels_and_speaks(volano, channel, client):
    slack = volano.slack()
    heard = Heard(client)
    client.connect()
    heard.wait(lambda event: event.get("type") == "hello")
    me = slack.auth_test()["user_id"]
    bot = client.web_client.auth_test()["user_id"]
    slack.conversations_invite(channel=channel, users=bot)
    joined = heard.wait(lambda event: event.get("type") == "member_joined_channel")
    assert (joined["user"], joined["channel"], joined["inviter"]) == (bot, channel, me)
    posted = slack.chat_postMessage(channel=channel, text="hello")
    told = heard.wait(lambda event: event.get("text") == "hello")
    assert (told["type"], told["user"], told["ts"]) == ("message", me, posted["ts"])
    assert "seq" not in told
    client.send({"id": 7, "type": "message", "channel": channel, "text": "and you?"})
    answer = heard.wait(lambda event: event.get("reply_to") == 7)
    assert (answer["ok"], answer["text"]) == (True, "and you?")
    assert slack.conversations_history(channel=channel)["messages"][0]["ts"] == answer["ts"]
    slack.reactions_add(channel=channel, timestamp=answer["ts"], name="wave")
    reaction = heard.wait(lambda event: event.get("type") == "reaction_added")
    assert reaction["item"] == {"type": "message", "channel": channel, "ts": answer["ts"]}
    own = [event for event in heard.events if event.get("ts") == answer["ts"]]
    assert [event.get("reply_to") for event in own] == [7]
    client.send({"id": 8, "type": "message", "channel": channel, "text": ""})
    refused = heard.wait(lambda event: event.get("reply_to") == 8)
    assert (refused["ok"], refused["error"]["msg"]) == (False, "no_text")
    client.send({"id": 9, "type": "ping", "time": 5})
    pong = heard.wait(lambda event: event.get("reply_to") == 9)
    assert pong == {"type": "pong", "reply_to": 9, "time": 5}


def test_a_ticket_is_good_once_and_needs_a_scope(volano):
    bot = volano.slack(volano.credentials["SLACK_BOT_TOKEN"])
    opened = bot.rtm_connect()
    who = bot.auth_test()
    assert opened["self"] == {"id": who["user_id"], "name": who["user"]}
    assert opened["team"]["id"] == who["team_id"]
    with connect(opened["url"]) as socket:
        assert json.loads(socket.recv(WAIT_S))["type"] == "hello"
    with pytest.raises(InvalidStatus), connect(opened["url"]):
        pass
    with pytest.raises(SlackApiError) as refused:
        make_app(volano).bot().rtm_start()
    assert refused.value.response["error"] == "missing_scope"
