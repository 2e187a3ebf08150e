"""Functions of apps ("custom steps") with slack_bolt: run by a person, done by the app."""

from __future__ import annotations

import uuid

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackApiError
from tests.slack_apps import Seen, make_app, until

TEXT = {"type": "string", "title": "Text", "description": "Any text", "is_required": True}
PERSON = {"type": "slack#/types/user_id", "title": "Who", "is_required": True}
FUNCTIONS = {
    "reverse": {
        "title": "Reverse",
        "description": "Turns a text round",
        "input_parameters": {"text": TEXT},
        "output_parameters": {"turned": TEXT},
    },
    "ask": {
        "title": "Ask",
        "input_parameters": {"properties": {"user": PERSON}, "required": ["user"]},
        "output_parameters": {},
    },
}
BUTTON = {"type": "button", "action_id": "ok", "text": {"type": "plain_text", "text": "OK"}}


def write_steps(app: App, seen: Seen) -> None:
    @app.function("reverse")
    def reverse(inputs, complete, fail, event):
        seen.add("executed", event)
        if inputs["text"] == "bad":
            fail(error="It is bad")
        else:
            complete(outputs={"turned": inputs["text"][::-1]})

    @app.function("ask")
    def ask(inputs, client, event):
        seen.add("executed", event)
        blocks = [{"type": "actions", "elements": [BUTTON]}]
        posted = client.chat_postMessage(channel=inputs["user"], text="Is it?", blocks=blocks)
        seen.add("posted", posted.data)

    @app.action("ok")
    def on_ok(ack, body, complete):
        ack()
        seen.add("pressed", body)
        complete()


@pytest.fixture
def running(volano, seen):
    made = make_app(volano, functions=FUNCTIONS)
    app = App(client=made.bot(), token=made.bot_token, signing_secret="none")
    write_steps(app, seen)
    handler = SocketModeHandler(app, made.app_token)
    handler.client.connect()
    yield made
    handler.close()


def run(made, name: str, inputs: dict, **more: object) -> dict:
    return made.do("POST", f"/apps/{made.id}/functions/{name}", {"inputs": inputs, **more})


def ended(made, run_id: str) -> dict:
    path = f"/function-runs/{run_id}"
    return until(lambda: (f := made.do("GET", path))["state"] != "running" and f)


def test_a_step_is_done_or_fails(running, seen):
    begun = run(running, "reverse", {"text": "abc"})
    assert begun["state"] == "running"
    told = seen.wait("executed", lambda event: event["inputs"] == {"text": "abc"})
    assert told["function_execution_id"] == begun["id"]
    assert told["function"]["callback_id"] == "reverse"
    assert told["function"]["input_parameters"][0]["name"] == "text"
    found = ended(running, begun["id"])
    assert (found["state"], found["outputs"]) == ("done", {"turned": "cba"})
    found = ended(running, run(running, "reverse", {"text": "bad"})["id"])
    assert (found["state"], found["error"]) == ("failed", "It is bad")
    listed = running.do("GET", "/functions")["functions"]
    mine = [item["callback_id"] for item in listed if item["app_id"] == running.id]
    assert mine == ["reverse", "ask"]


def test_a_button_of_a_step_ends_it(running, seen):
    begun = run(running, "ask", {})
    posted = seen.wait("posted")
    press = {"channel": posted["channel"], "message_ts": posted["ts"], "action_id": "ok"}
    running.do("POST", "/interactions/press", press)
    body = seen.wait("pressed")
    assert body["function_data"]["execution_id"] == begun["id"]
    assert body["function_data"]["function"] == {"callback_id": "ask"}
    assert ended(running, begun["id"])["state"] == "done"
    token = seen.wait("executed")["bot_access_token"]
    assert token.startswith("xwfp-")
    late = running.volano.slack(token)  # apps put a last word into the message
    late.chat_update(channel=posted["channel"], ts=posted["ts"], text="It is.")


def test_a_step_is_a_command_too(running, seen):
    slack = running.volano.slack()
    channel = slack.conversations_create(name=f"f-{uuid.uuid4().hex[:8]}")["channel"]["id"]
    slack.conversations_invite(channel=channel, users=running.bot().auth_test()["user_id"])
    word = uuid.uuid4().hex
    line = {"channel": channel, "text": f"/step reverse text={word}"}
    running.do("POST", "/interactions/command", line)
    seen.wait("executed", lambda event: event["inputs"] == {"text": word})
    for text in ("/step nothing", "/step", "/step reverse words"):
        wrong = {"channel": channel, "text": text}
        running.do("POST", "/interactions/command", wrong, expect=400)


def refusal(method, **arguments) -> str:
    with pytest.raises(SlackApiError) as refused:
        method(**arguments)
    return refused.value.response["error"]


def test_what_is_refused(volano):
    made, other = make_app(volano, functions=FUNCTIONS), make_app(volano)
    path = f"/apps/{made.id}/functions/reverse"
    for inputs in ({}, {"text": "a", "more": "b"}):
        made.do("POST", path, {"inputs": inputs}, expect=400)
    made.do("POST", f"/apps/{made.id}/functions/none", {"inputs": {}}, expect=400)
    run_id = run(made, "reverse", {"text": "a"})["id"]
    bot, stranger, person = made.bot(), other.bot(), volano.slack()
    done = {"function_execution_id": run_id, "outputs": {"turned": "a"}}
    assert refusal(stranger.functions_completeSuccess, **done) == "access_denied"
    assert refusal(person.functions_completeSuccess, **done) == "not_allowed_token_type"
    unknown = done | {"function_execution_id": "Fx0"}
    assert refusal(bot.functions_completeSuccess, **unknown) == "function_execution_not_found"
    lacking = done | {"outputs": {}}
    assert refusal(bot.functions_completeSuccess, **lacking) == "parameter_validation_failed"
    bot.functions_completeSuccess(**done)
    assert refusal(bot.functions_completeSuccess, **done) == "execution_not_in_running_state"
    failed = {"function_execution_id": run_id, "error": "late"}
    assert refusal(bot.functions_completeError, **failed) == "execution_not_in_running_state"
