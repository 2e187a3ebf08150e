"""`volano slack run`: programs that know only slack.com, in Python and in JavaScript."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import uuid

import pytest
from tests.slack_apps import make_app, until

CALLS = textwrap.dedent(
    """
    import os, ssl, urllib.request
    from slack_sdk import WebClient
    from slack_sdk.webhook import WebhookClient
    client = WebClient(token=os.environ["SLACK_BOT_TOKEN"])
    assert client.base_url == "https://slack.com/api/"
    print(client.auth_test()["user_id"])
    hook = os.environ["HOOK"]
    assert WebhookClient(hook).send(text="through the hook").body == "ok"
    """
)
BOLT = textwrap.dedent(
    """
    import os, threading
    from slack_bolt import App
    from slack_bolt.adapter.socket_mode import SocketModeHandler
    app = App(token=os.environ["SLACK_BOT_TOKEN"])

    @app.message("ping")
    def answer(message, say):
        say(text="pong", thread_ts=message["ts"])

    SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).connect()
    print("connected", flush=True)
    threading.Event().wait()
    """
)


@pytest.fixture
def app(volano_sqlite):
    return make_app(volano_sqlite)


@pytest.fixture
def channel(app) -> str:
    slack = app.volano.slack()
    made = slack.conversations_create(name=f"r-{uuid.uuid4().hex[:8]}")["channel"]["id"]
    slack.conversations_invite(channel=made, users=app.bot().auth_test()["user_id"])
    return made


def start(app, program: str, **variables: str) -> subprocess.Popen:
    environment = app.volano.environment | variables
    environment |= {"SLACK_BOT_TOKEN": app.bot_token, "SLACK_APP_TOKEN": app.app_token}
    environment = {k: v for k, v in environment.items() if "proxy" not in k.lower()}
    command = [sys.executable, "-m", "volano", "slack", "run", "--url", app.volano.url]
    return subprocess.Popen(
        [*command, "--", sys.executable, "-c", program],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_calls_and_webhooks_to_slack_com_come_here(app, channel):
    path = app.do("POST", f"/apps/{app.id}/hooks", {"channel": channel})["url"]
    hook = path.replace(app.volano.url, "https://hooks.slack.com")
    child = start(app, CALLS, HOOK=hook)
    out, err = child.communicate(timeout=90)
    assert child.returncode == 0, err
    assert out.strip() == app.bot().auth_test()["user_id"]
    history = app.volano.slack().conversations_history(channel=channel)["messages"]
    assert history[0]["text"] == "through the hook"


def test_a_bolt_app_with_no_settings_answers(app, channel):
    child = start(app, BOLT)
    try:
        assert child.stdout.readline().strip() == "connected", child.stderr.read()
        slack = app.volano.slack()
        ts = slack.chat_postMessage(channel=channel, text="ping")["ts"]
        found = until(lambda: slack.conversations_replies(channel=channel, ts=ts)["messages"][1:])
        assert found[0]["text"] == "pong"
    finally:
        child.terminate()  # Bolt may wait long for its threads after SIGINT
        child.wait(30)
