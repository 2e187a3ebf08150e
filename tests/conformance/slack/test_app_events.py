"""Events of the workspace that apps subscribe to, with the fields of Slack's examples."""

from __future__ import annotations

import uuid

import pytest
from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from tests.slack_apps import make_app

EVENTS = [
    "message.channels",
    "file_deleted",
    "user_status_changed",
    "user_profile_changed",
    "dnd_updated_user",
    "subteam_members_changed",
    "channel_left",
]


@pytest.fixture
def app(volano, seen):
    made = make_app(volano, event_subscriptions={"bot_events": EVENTS})

    def on_request(client, request):
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        event = request.payload["event"]
        seen.add(event["type"], event)

    client = SocketModeClient(
        app_token=made.app_token,
        web_client=WebClient(token=made.app_token, base_url=made.base_url),
    )
    client.socket_mode_request_listeners.append(on_request)
    client.connect()
    yield made
    client.close()


def test_apps_hear_of_people_groups_and_files(volano, app, seen):
    slack = volano.slack()
    me, bot = slack.auth_test()["user_id"], app.bot().auth_test()["user_id"]
    channel = slack.conversations_create(name=f"a-{uuid.uuid4().hex[:8]}")["channel"]["id"]
    slack.conversations_invite(channel=channel, users=bot)
    first = slack.chat_postMessage(channel=channel, text="first")["ts"]
    slack.chat_postMessage(channel=channel, text="second", thread_ts=first)
    reply = seen.wait("message", lambda event: event.get("text") == "second")
    assert (reply["thread_ts"], reply["parent_user_id"]) == (first, me)

    word = uuid.uuid4().hex
    slack.users_profile_set(profile={"status_text": word})
    told = seen.wait("user_status_changed", lambda e: e["user"]["profile"]["status_text"] == word)
    assert told["user"]["id"] == me
    slack.users_profile_set(profile={"title": word})
    seen.wait("user_profile_changed", lambda e: e["user"]["profile"]["title"] == word)
    slack.dnd_setSnooze(num_minutes=5)
    told = seen.wait("dnd_updated_user", lambda e: e["user"] == me)
    assert told["dnd_status"]["snooze_enabled"]
    slack.dnd_endSnooze()

    group = slack.usergroups_create(name=f"g {word}")["usergroup"]["id"]
    slack.usergroups_users_update(usergroup=group, users=[me])
    told = seen.wait("subteam_members_changed", lambda e: e["subteam_id"] == group)
    assert (told["added_users"], told["removed_users"]) == ([me], [])

    file = slack.files_upload_v2(channel=channel, content="x", filename="x.txt")["file"]["id"]
    slack.files_delete(file=file)
    told = seen.wait("file_deleted", lambda e: e["file_id"] == file)
    assert told["channel_ids"] == [channel]

    slack.conversations_kick(channel=channel, user=bot)
    assert seen.wait("channel_left", lambda e: e["channel"] == channel)["actor_id"]
