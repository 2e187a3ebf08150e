"""Incoming webhooks with bodies as programs for other chats were seen to send them
(dingtalkchatbot 1.5.7, pymsteams 0.2.5, discord-webhook 1.4.1; run on 2026-11-23).
"""

from __future__ import annotations

import json
import urllib.request
import uuid
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from tests.slack_apps import make_app

APP_LINK = "dingtalk://dingtalkclient/page/link?url=" + quote("https://example.com/a?b=1", safe="")
SEEN = [
    (
        {"msgtype": "link", "link": {"title": "T", "text": "tx", "messageUrl": APP_LINK}},
        "<https://example.com/a?b=1|T>\ntx",
    ),
    (
        {"msgtype": "image", "image": {"picURL": "https://example.com/p.png"}},
        "<https://example.com/p.png|https://example.com/p.png>",
    ),
    (
        {"msgtype": "news", "news": {"articles": [{"title": "N", "url": "https://example.com"}]}},
        "<https://example.com|N>",
    ),
    (
        {
            "title": "Build",
            "text": "done",
            "sections": [{"facts": [{"name": "k", "value": "v"}]}],
            "potentialAction": [
                {"@type": "ViewAction", "name": "go", "target": ["https://example.com"]}
            ],
        },
        "*Build*\ndone\n*k* v\n<https://example.com|go>",
    ),
]
FORM = (
    b"--b\r\n"
    b'Content-Disposition: form-data; name="payload_json"\r\n\r\n{"content": "look", "embeds": []}'
    b"\r\n--b\r\n"
    b'Content-Disposition: form-data; name="files[0]"; filename="a.txt"\r\n\r\nabc\r\n--b--\r\n'
)


@dataclass
class Hook:
    url: str
    newest: object

    def send(self, body: bytes, media: str = "application/json", query: str = ""):
        request = urllib.request.Request(
            self.url + query, data=body, headers={"content-type": media}
        )
        return urllib.request.urlopen(request)


@pytest.fixture
def hook(volano) -> Hook:
    app, slack = make_app(volano), volano.slack()
    channel = slack.conversations_create(name=f"w-{uuid.uuid4().hex[:8]}")["channel"]["id"]
    url = app.do("POST", f"/apps/{app.id}/hooks", {"channel": channel})["url"]
    return Hook(url, lambda: slack.conversations_history(channel=channel)["messages"][0])


def test_what_programs_send_is_shown_whole(hook):
    for body, text in SEEN:
        with hook.send(json.dumps(body).encode()) as reply:
            assert reply.status == 200
        assert hook.newest()["text"] == text


def test_discord_programs_may_wait_for_the_message(hook):
    with hook.send(b'{"content": "hi", "embeds": []}', query="?wait=True") as reply:
        told = json.loads(reply.read())
    assert (told["content"], told["id"]) == ("hi", hook.newest()["ts"])
    with hook.send(FORM, "multipart/form-data; boundary=b") as reply:
        assert reply.status == 204
    assert hook.newest()["text"] == "look\n_a.txt_ was sent with this, and is not kept."
