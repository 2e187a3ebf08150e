"""Slack's Web API with the unmodified slack_sdk, by token, by session, by form and by JSON.

Expectations are those of docs.slack.dev's method pages and of slack_sdk 3.47.
"""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
import uuid

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient


def name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def slack(volano):
    return volano.slack()


@pytest.fixture
def bot(volano):
    return volano.slack(volano.credentials["SLACK_BOT_TOKEN"])


@pytest.fixture
def channel(slack) -> str:
    return slack.conversations_create(name=name("room"))["channel"]["id"]


def error_of(call, **arguments) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return caught.value.response["error"]


def test_auth_test_tells_who_the_token_is(slack, bot):
    person, robot = slack.auth_test(), bot.auth_test()
    assert person["user"] == "admin"
    assert person["team_id"] == robot["team_id"]
    assert "bot_id" not in person.data
    assert robot["bot_id"].startswith("B")
    assert "chat:write" in robot.headers["x-oauth-scopes"]
    info = slack.bots_info(bot=robot["bot_id"])["bot"]
    assert (info["user_id"], info["app_id"]) == (robot["user_id"], robot["app_id"])
    assert slack.team_info()["team"]["id"] == person["team_id"]
    assert slack.api_test(foo="bar")["args"] == {"foo": "bar"}


def test_bad_tokens_are_refused(volano):
    assert error_of(volano.slack("xoxb-nothing").auth_test) == "invalid_auth"
    assert error_of(volano.slack(" ").auth_test) in ("not_authed", "invalid_auth")
    app = volano.slack(volano.credentials["SLACK_APP_TOKEN"])
    assert error_of(app.conversations_list) == "missing_scope"
    assert error_of(volano.slack().apps_connections_open, app_token=volano.slack().token) == (
        "not_allowed_token_type"
    )


def test_users(slack, bot):
    me = slack.auth_test()["user_id"]
    members = [user for page in slack.users_list(limit=1) for user in page["members"]]
    assert {user["name"] for user in members} >= {"admin", "copilot", "volano"}
    assert len({user["id"] for user in members}) == len(members)
    found = slack.users_info(user=me)["user"]
    assert (found["name"], found["is_bot"], found["profile"]["real_name"]) == (
        "admin",
        False,
        "Admin",
    )
    assert slack.users_getPresence(user=me)["presence"] == "active"
    assert error_of(slack.users_info, user="U0NOBODY") == "user_not_found"
    assert error_of(slack.users_lookupByEmail, email="no@one.example") == "users_not_found"
    assert bot.users_info(user=bot.auth_test()["user_id"])["user"]["is_bot"] is True


def test_channels_from_creation_to_archive(slack, bot):
    title = name("life")
    made = slack.conversations_create(name=title)["channel"]
    assert (made["name"], made["is_member"], made["is_private"]) == (title, True, False)
    channel = made["id"]
    assert error_of(slack.conversations_create, name=title) == "name_taken"
    robot = bot.auth_test()["user_id"]
    slack.conversations_invite(channel=channel, users=[robot])
    assert error_of(slack.conversations_invite, channel=channel, users=robot) == (
        "already_in_channel"
    )
    assert sorted(slack.conversations_members(channel=channel)["members"]) == sorted(
        [robot, slack.auth_test()["user_id"]]
    )
    info = slack.conversations_info(channel=channel, include_num_members=True)["channel"]
    assert info["num_members"] == 2
    assert slack.conversations_setTopic(channel=channel, topic="now")["topic"] == "now"
    assert slack.conversations_setPurpose(channel=channel, purpose="why")["purpose"] == "why"
    renamed = slack.conversations_rename(channel=channel, name=title + "-2")["channel"]
    assert renamed["name"] == title + "-2"
    assert channel in [c["id"] for c in bot.users_conversations()["channels"]]
    bot.conversations_leave(channel=channel)
    assert bot.conversations_leave(channel=channel)["not_in_channel"] is True
    assert bot.conversations_join(channel=channel)["channel"]["is_member"] is True
    assert bot.conversations_join(channel=channel)["warning"] == "already_in_channel"
    slack.conversations_kick(channel=channel, user=robot)
    slack.conversations_archive(channel=channel)
    assert error_of(slack.chat_postMessage, channel=channel, text="x") == "is_archived"
    listed = [
        item["id"]
        for page in slack.conversations_list(exclude_archived=True, limit=2)
        for item in page["channels"]
    ]
    assert channel not in listed


def test_lists_page_by_cursor(slack):
    made = {slack.conversations_create(name=name("page"))["channel"]["id"] for _ in range(3)}
    pages = [list(page["channels"]) for page in slack.conversations_list(limit=2)]
    assert all(len(page) <= 2 for page in pages)
    listed = [item["id"] for page in pages for item in page]
    assert made <= set(listed)
    assert len(listed) == len(set(listed))
    assert error_of(slack.conversations_list, cursor="nonsense") == "invalid_cursor"
    assert error_of(slack.conversations_list, types="dreams") == "invalid_types"


def test_messages(slack, channel):
    posted = slack.chat_postMessage(
        channel=channel,
        text="Hello <world> & all",
        blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "*hi*"}}],
        metadata={"event_type": "e", "event_payload": {"a": 1}},
    )
    assert posted["message"]["text"] == "Hello &lt;world&gt; &amp; all"
    assert posted["message"]["blocks"][0]["block_id"]
    assert posted["message"]["metadata"]["event_payload"] == {"a": 1}
    reply = slack.chat_postMessage(channel=channel, text="reply", thread_ts=posted["ts"])
    changed = slack.chat_update(channel=channel, ts=reply["ts"], text="better")
    assert (changed["ts"], changed["text"]) == (reply["ts"], "better")
    thread = slack.conversations_replies(channel=channel, ts=posted["ts"])["messages"]
    assert [message["text"] for message in thread] == ["Hello &lt;world&gt; &amp; all", "better"]
    assert thread[1]["edited"]["user"] == slack.auth_test()["user_id"]
    assert thread[0]["reply_count"] == 1
    slack.reactions_add(channel=channel, timestamp=posted["ts"], name="thumbsup")
    assert (
        error_of(slack.reactions_add, channel=channel, timestamp=posted["ts"], name="thumbsup")
        == "already_reacted"
    )
    got = slack.reactions_get(channel=channel, timestamp=posted["ts"])["message"]
    assert got["reactions"][0]["name"] == "thumbsup"
    assert posted["ts"] in [item["message"]["ts"] for item in slack.reactions_list()["items"]]
    slack.reactions_remove(channel=channel, timestamp=posted["ts"], name="thumbsup")
    link = slack.chat_getPermalink(channel=channel, message_ts=posted["ts"])["permalink"]
    assert link.endswith(f"/archives/{channel}/p{posted['ts'].replace('.', '')}")
    slack.conversations_mark(channel=channel, ts=posted["ts"])
    me = slack.auth_test()["user_id"]
    assert slack.chat_postEphemeral(channel=channel, user=me, text="psst")["message_ts"]
    assert slack.chat_delete(channel=channel, ts=reply["ts"])["ts"] == reply["ts"]
    assert error_of(slack.chat_delete, channel=channel, ts=reply["ts"]) == "message_not_found"
    assert error_of(slack.api_call, api_method="chat.postMessage", json={"channel": channel}) == (
        "no_text"
    )
    assert error_of(slack.chat_postMessage, channel="C0NOWHERE", text="x") == "channel_not_found"
    assert error_of(slack.chat_postMessage, channel=channel, text="x" * 40_001) == "msg_too_long"


def test_history_pages(slack, channel):
    for number in range(5):
        slack.chat_postMessage(channel=channel, text=str(number))
    texts = [
        message["text"]
        for page in slack.conversations_history(channel=channel, limit=2)
        for message in page["messages"]
    ]
    assert texts == ["4", "3", "2", "1", "0"]


def test_direct_conversations(slack, bot):
    robot = bot.auth_test()["user_id"]
    direct = slack.conversations_open(users=robot)["channel"]["id"]
    assert direct.startswith("D")
    assert slack.conversations_open(users=[robot])["already_open"] is True
    shown = slack.conversations_open(channel=direct, return_im=True)["channel"]
    assert (shown["is_im"], shown["user"]) == (True, robot)
    by_user = bot.chat_postMessage(channel=slack.auth_test()["user_id"], text="hi")
    assert by_user["channel"] == direct


def test_private_channels_are_unknown_to_others(slack, bot):
    secret = slack.conversations_create(name=name("secret"), is_private=True)["channel"]["id"]
    for call in (bot.conversations_info, bot.conversations_history, bot.conversations_join):
        assert error_of(call, channel=secret) == "channel_not_found"
    assert error_of(bot.chat_postMessage, channel=secret, text="x") == "channel_not_found"
    listed = bot.conversations_list(types="public_channel,private_channel", limit=1000)
    assert secret not in [item["id"] for item in listed["channels"]]


def test_every_way_to_send_arguments(volano, channel):
    """GET, form and JSON, with the token in the header or as a field (research/chat.md, 2.3)."""
    token = volano.credentials["SLACK_USER_TOKEN"]
    url = f"{volano.url}/api/chat.postMessage"
    blocks = json.dumps([{"type": "divider"}])
    fields = {"channel": channel, "text": "hi", "blocks": blocks}
    form = urllib.parse.urlencode(fields | {"token": token}).encode()
    as_json = json.dumps(fields | {"blocks": json.loads(blocks)}).encode()
    bearer = {"authorization": f"Bearer {token}"}
    requests = [
        urllib.request.Request(url, data=form),
        urllib.request.Request(f"{url}?{form.decode()}"),
        urllib.request.Request(
            url, data=as_json, headers=bearer | {"content-type": "application/json"}
        ),
    ]
    for request in requests:
        with urllib.request.urlopen(request, timeout=60) as reply:
            answer = json.load(reply)
        assert answer["ok"], answer
        assert answer["message"]["blocks"][0]["type"] == "divider"


def test_methods_that_do_not_exist_or_are_not_built(slack):
    assert error_of(slack.api_call, api_method="no.such") == "unknown_method"
    assert error_of(slack.migration_exchange, users="U1") == "method_not_built"


async def test_the_async_client(volano):
    client = AsyncWebClient(
        token=volano.credentials["SLACK_BOT_TOKEN"], base_url=f"{volano.url}/api/"
    )
    me = await client.auth_test()
    assert (await client.bots_info(bot=me["bot_id"]))["bot"]["user_id"] == me["user_id"]
    channel = (await client.conversations_create(name=name("async")))["channel"]["id"]
    posted = await client.chat_postMessage(channel=channel, text="from a coroutine")
    found = await client.conversations_history(channel=channel)
    assert found["messages"][0]["ts"] == posted["ts"]
    assert found["messages"][0]["bot_id"] == me["bot_id"]


def test_a_seat_is_on_the_bill(volano, slack, channel):
    slack.chat_postMessage(channel=channel, text="I am here")
    for _ in range(200):
        status, bill = volano.rest("GET", "/bill")
        lines = {line["meter"]: line for line in bill["lines"]}
        if "chat.seat_days" in lines:
            break
    assert status == 200
    assert lines["chat.seat_days"]["unit"] == "seat-month"


def test_the_console_gets_everything_at_once(volano, slack, channel):
    slack.chat_postMessage(channel=channel, text="latest")
    status, home = volano.rest("GET", "/chat/me")
    assert status == 200
    rooms = {item["channel"]["id"]: item for item in home["channels"]}
    assert rooms[channel]["latest"]["text"] == "latest"
    assert rooms[channel]["unread"] == 0
    assert home["user"]["id"] == slack.auth_test()["user_id"]
    assert volano.rest("POST", "/chat/typing", {"channel": channel})[0] == 204
