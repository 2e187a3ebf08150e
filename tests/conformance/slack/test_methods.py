"""Slack's methods beside messages, with slack_sdk's clients, on both databases."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
import uuid

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from tests.slack_apps import make_app, until


@pytest.fixture(autouse=True)
def without_warnings(monkeypatch):
    """The client warns of Slack's old methods, which are meant here."""
    monkeypatch.setenv("SLACKCLIENT_SKIP_DEPRECATION", "1")


@pytest.fixture
def slack(volano):
    return volano.slack()


@pytest.fixture
def bot(volano):
    return volano.slack(volano.credentials["SLACK_BOT_TOKEN"])


@pytest.fixture
def channel(slack, bot) -> str:
    made = slack.conversations_create(name=f"m-{uuid.uuid4().hex[:8]}")["channel"]["id"]
    slack.conversations_invite(channel=made, users=bot.auth_test()["user_id"])
    return made


def refusal(method, **arguments) -> str:
    with pytest.raises(SlackApiError) as refused:
        method(**arguments)
    return refused.value.response["error"]


def test_pins_and_bookmarks(slack, channel):
    ts = slack.chat_postMessage(channel=channel, text="keep")["ts"]
    slack.pins_add(channel=channel, timestamp=ts)
    assert refusal(slack.pins_add, channel=channel, timestamp=ts) == "already_pinned"
    items = slack.pins_list(channel=channel)["items"]
    assert [item["message"]["ts"] for item in items] == [ts]
    slack.pins_remove(channel=channel, timestamp=ts)
    assert refusal(slack.pins_remove, channel=channel, timestamp=ts) == "no_pin"
    made = slack.bookmarks_add(
        channel_id=channel, title="Home", type="link", link="https://example.com"
    )["bookmark"]
    slack.bookmarks_edit(channel_id=channel, bookmark_id=made["id"], title="House")
    found = slack.bookmarks_list(channel_id=channel)["bookmarks"]
    assert [(item["title"], item["link"]) for item in found] == [("House", "https://example.com")]
    slack.bookmarks_remove(channel_id=channel, bookmark_id=made["id"])
    assert slack.bookmarks_list(channel_id=channel)["bookmarks"] == []
    bad = {"channel_id": channel, "title": "x", "type": "link", "link": "javascript:alert(1)"}
    assert refusal(slack.bookmarks_add, **bad) == "invalid_link"


def test_user_groups(slack, bot):
    name = f"team {uuid.uuid4().hex[:6]}"
    group = slack.usergroups_create(name=name)["usergroup"]
    assert refusal(slack.usergroups_create, name=name) == "name_already_exists"
    users = [slack.auth_test()["user_id"], bot.auth_test()["user_id"]]
    slack.usergroups_users_update(usergroup=group["id"], users=users)
    assert slack.usergroups_users_list(usergroup=group["id"])["users"] == users
    slack.usergroups_update(usergroup=group["id"], description="All")
    listed = slack.usergroups_list(include_users=True, include_count=True)["usergroups"]
    found = next(item for item in listed if item["id"] == group["id"])
    assert (found["description"], found["user_count"], found["users"]) == ("All", 2, users)
    slack.usergroups_disable(usergroup=group["id"])
    assert group["id"] not in [item["id"] for item in slack.usergroups_list()["usergroups"]]
    assert slack.usergroups_enable(usergroup=group["id"])["usergroup"]["date_delete"] == 0


def test_scheduled_messages_are_posted_at_their_time(slack, channel):
    later = int(time.time()) + 3600
    kept = slack.chat_scheduleMessage(channel=channel, text="later", post_at=later)
    soon = slack.chat_scheduleMessage(channel=channel, text="soon", post_at=int(time.time()) + 2)
    listed = slack.chat_scheduledMessages_list(channel=channel)["scheduled_messages"]
    assert [item["id"] for item in listed] == [
        soon["scheduled_message_id"],
        kept["scheduled_message_id"],
    ]
    until(lambda: slack.conversations_history(channel=channel)["messages"][0]["text"] == "soon")
    slack.chat_deleteScheduledMessage(
        channel=channel, scheduled_message_id=kept["scheduled_message_id"]
    )
    assert slack.chat_scheduledMessages_list(channel=channel)["scheduled_messages"] == []
    past = {"channel": channel, "text": "x", "post_at": 1}
    assert refusal(slack.chat_scheduleMessage, **past) == "time_in_past"


def test_reminders_come_from_the_copilot(slack):
    made = slack.reminders_add(text="stand up", time="in 5 minutes")["reminder"]
    assert made["text"] == "stand up"
    slack.reminders_complete(reminder=made["id"])
    assert slack.reminders_info(reminder=made["id"])["reminder"]["complete_ts"]
    slack.reminders_delete(reminder=made["id"])
    assert made["id"] not in [item["id"] for item in slack.reminders_list()["reminders"]]
    assert refusal(slack.reminders_add, text="x", time="whenever") == "cannot_parse"
    word = uuid.uuid4().hex[:8]
    slack.reminders_add(text=word, time="1")
    until(lambda: told(slack, f"Reminder: {word}"))


def told(slack, text: str) -> bool:
    direct = slack.im_list()["ims"]
    return any(
        message["text"] == text
        for item in direct
        for message in slack.conversations_history(channel=item["id"], limit=5)["messages"]
    )


def test_profiles_presence_and_quiet(slack):
    me = slack.auth_test()["user_id"]
    slack.users_profile_set(profile={"status_text": "away", "status_emoji": ":palm_tree:"})
    assert slack.users_profile_get(user=me)["profile"]["status_text"] == "away"
    assert slack.users_info(user=me)["user"]["profile"]["status_emoji"] == ":palm_tree:"
    slack.users_profile_set(name="title", value="Engineer")
    assert slack.users_profile_get()["profile"]["title"] == "Engineer"
    slack.users_setPresence(presence="away")
    assert slack.users_getPresence(user=me)["presence"] == "away"
    slack.users_setPresence(presence="auto")
    assert slack.users_getPresence(user=me)["presence"] == "active"
    assert slack.dnd_setSnooze(num_minutes=5)["snooze_enabled"]
    assert slack.dnd_info(user=me)["snooze_enabled"]
    assert slack.dnd_teamInfo(users=me)["users"][me]["dnd_enabled"]
    assert not slack.dnd_endSnooze()["snooze_enabled"]


def test_stars_are_the_saved_messages(slack, channel):
    ts = slack.chat_postMessage(channel=channel, text="a star")["ts"]
    slack.stars_add(channel=channel, timestamp=ts)
    assert refusal(slack.stars_add, channel=channel, timestamp=ts) == "already_starred"
    items = [item for item in slack.stars_list()["items"] if item["channel"] == channel]
    assert [(item["type"], item["message"]["text"]) for item in items] == [("message", "a star")]
    slack.stars_remove(channel=channel, timestamp=ts)
    assert refusal(slack.stars_remove, channel=channel, timestamp=ts) == "not_starred"
    assert refusal(slack.stars_add) == "no_item_specified"


def test_calls_have_people_and_end(slack, bot, channel):
    me = slack.auth_test()["user_id"]
    name = uuid.uuid4().hex
    made = bot.calls_add(
        external_unique_id=name,
        join_url="https://example.com/1",
        title="Stand-up",
        users=[{"slack_id": me}, {"external_id": "anon-1", "display_name": "Somebody"}],
    )["call"]
    assert made["external_unique_id"] == name
    block = {"type": "call", "call_id": made["id"]}
    posted = bot.chat_postMessage(channel=channel, text="Stand-up", blocks=[block])
    assert posted["message"]["blocks"][0]["call_id"] == made["id"]
    more = [{"external_id": "anon-2", "display_name": "Another"}]
    bot.calls_participants_add(id=made["id"], users=more)
    bot.calls_participants_remove(id=made["id"], users=[{"slack_id": me}])
    bot.calls_update(id=made["id"], join_url="https://example.com/2")
    found = bot.calls_info(id=made["id"])["call"]
    assert found["join_url"] == "https://example.com/2"
    assert [user["external_id"] for user in found["users"]] == ["anon-1", "anon-2"]
    bot.calls_end(id=made["id"], duration=60)
    assert bot.calls_info(id=made["id"])["call"]["date_end"] > 0
    assert refusal(slack.calls_info, id=made["id"]) == "not_allowed_token_type"
    assert refusal(bot.calls_info, id="R0000000000") == "call_not_found"


def test_search_finds_words_in_every_language(slack, channel):
    mark = uuid.uuid4().hex[:8]
    slack.chat_postMessage(channel=channel, text=f"{mark} the blue ship sails at noon")
    root = slack.chat_postMessage(channel=channel, text=f"{mark} 明天下午部署新版本")["ts"]
    slack.chat_postMessage(channel=channel, text=f"{mark} answer", thread_ts=root)

    def texts(query: str) -> list[str]:
        matches = slack.search_messages(query=f"{mark} {query}")["messages"]["matches"]
        return [item["text"].removeprefix(f"{mark} ") for item in matches]

    until(lambda: len(texts("")) == 3)
    assert texts("部署") == ["明天下午部署新版本"]
    assert texts("部署 晚上") == []
    assert texts('"blue ship"') == ["the blue ship sails at noon"]
    assert texts('"ship blue"') == []
    assert texts("-ship is:thread") == ["answer", "明天下午部署新版本"]
    assert texts("sail*") == ["the blue ship sails at noon"]
    me = slack.auth_test()
    assert len(texts(f"from:@{me['user']}")) == 3
    assert len(texts("from:me")) == 3
    assert texts("before:2020-01-01") == []
    assert len(texts("after:2020-01-01 on:today")) == 3
    name = slack.conversations_info(channel=channel)["channel"]["name"]
    assert len(texts(f"in:#{name}")) == 3
    assert texts("in:#general") == []
    slack.reactions_add(channel=channel, timestamp=root, name="eyes")
    assert texts("has::eyes:") == ["明天下午部署新版本"]
    page = slack.search_messages(query=mark, count=2, page=2)["messages"]
    assert (page["total"], len(page["matches"]), page["paging"]["pages"]) == (3, 1, 2)
    assert refusal(slack.search_messages, query="") == "no_query"
    assert slack.search_all(query=mark)["messages"]["total"] == 3


def test_a_stream_grows_and_ends(slack, bot, channel):
    root = slack.chat_postMessage(channel=channel, text="tell me")["ts"]
    stream = bot.chat_stream(
        channel=channel,
        thread_ts=root,
        recipient_user_id=slack.auth_test()["user_id"],
        recipient_team_id=slack.auth_test()["team_id"],
        buffer_size=1,
    )
    stream.append(markdown_text="**Hello** ")
    stream.append(markdown_text="there")
    done = stream.stop(blocks=[{"type": "divider"}])
    shown = slack.conversations_replies(channel=channel, ts=root)["messages"][1]
    assert shown["text"] == "*Hello* there"
    assert [block["type"] for block in shown["blocks"]] == ["markdown", "divider"]
    again = {"channel": channel, "ts": done["ts"], "markdown_text": "x"}
    assert refusal(bot.chat_appendStream, **again) == "message_not_in_streaming_state"


def test_lists_of_before_there_were_conversations(slack, channel):
    assert channel in [item["id"] for item in slack.channels_list()["channels"]]
    direct = slack.conversations_open(users=slack.auth_test()["user_id"])["channel"]["id"]
    assert direct in [item["id"] for item in slack.im_list()["ims"]]
    assert "groups" in slack.groups_list().data
    assert "groups" in slack.mpim_list().data


async def test_the_asynchronous_client_gets_the_same(volano, channel):
    client = AsyncWebClient(
        token=volano.credentials["SLACK_USER_TOKEN"], base_url=f"{volano.url}/api/"
    )
    ts = (await client.chat_postMessage(channel=channel, text="async"))["ts"]
    await client.pins_add(channel=channel, timestamp=ts)
    assert (await client.pins_list(channel=channel))["items"][0]["message"]["text"] == "async"
    assert (await client.dnd_info())["ok"]


def test_a_limited_token_may_do_what_it_was_given(volano):
    app = make_app(volano, socket_mode_enabled=True)
    bot = app.bot()
    answer = bot.auth_test()
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")
    with pytest.raises(SlackApiError) as refused:
        bot.dnd_setSnooze(num_minutes=5)
    found = refused.value.response
    assert (found["error"], found["needed"]) == ("missing_scope", "dnd:write")
    assert "chat:write" in found["provided"]
    assert bot.auth_revoke()["revoked"]
    assert refusal(bot.auth_test) == "invalid_auth"
    assert refusal(volano.slack().apps_manifest_create, manifest="{}") == "invalid_manifest"


def test_canvases_and_remote_files(volano, channel):
    app = make_app(volano)
    bot = app.bot()
    bot.conversations_join(channel=channel)
    content = {"type": "markdown", "markdown": "# Plan\n\nfirst step"}
    canvas = bot.conversations_canvases_create(channel_id=channel, document_content=content)
    place = {"canvas_id": canvas["canvas_id"]}
    sections = bot.canvases_sections_lookup(**place, criteria={"section_types": ["any_header"]})
    change = {
        "operation": "insert_after",
        "section_id": sections["sections"][0]["id"],
        "document_content": {"type": "markdown", "markdown": "between"},
    }
    bot.canvases_edit(**place, changes=[change])
    found = bot.canvases_sections_lookup(**place, criteria={"contains_text": "between"})
    assert len(found["sections"]) == 1
    stranger = volano.slack(volano.add_account()["SLACK_USER_TOKEN"])
    assert refusal(stranger.canvases_delete, **place) == "canvas_not_found"
    bot.canvases_delete(**place)
    remote = bot.files_remote_add(
        external_id="x1", external_url="https://example.com/doc", title="Doc"
    )["file"]
    bot.files_remote_share(external_id="x1", channels=channel)
    shown = bot.conversations_history(channel=channel)["messages"][0]["files"][0]
    assert (shown["id"], shown["is_external"]) == (remote["id"], True)
    bot.files_remote_update(external_id="x1", title="Paper")
    assert bot.files_remote_info(file=remote["id"])["file"]["title"] == "Paper"
    bot.files_remote_remove(external_id="x1")
    assert refusal(bot.files_remote_info, external_id="x1") == "file_not_found"


def test_the_old_upload_and_public_links(slack, channel):
    made = slack.api_call(
        "files.upload", data={"channels": channel, "content": b"\x89PNG old", "filename": "a.png"}
    )["file"]
    assert made["size"] == 8
    text = {"channels": channel, "content": "日本語の文書です。", "filename": "日本語.txt"}
    assert slack.api_call("files.upload", data=text)["file"]["preview"] == text["content"]
    link = slack.files_sharedPublicURL(file=made["id"])["file"]["permalink_public"]
    with urllib.request.urlopen(link) as reply:
        assert reply.read() == b"\x89PNG old"
    assert refusal(slack.files_sharedPublicURL, file=made["id"]) == "already_public"
    slack.files_revokePublicURL(file=made["id"])
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(link)


def test_blocks_are_checked_in_slacks_words(slack, channel):
    bad = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}},
        {"type": "unknown"},
        {"type": "actions", "elements": [{"type": "button", "action_id": "a"}]},
        {"type": "image", "image_url": "https://example.com/a.png"},
    ]
    with pytest.raises(SlackApiError) as refused:
        slack.chat_postMessage(channel=channel, text="x", blocks=bad)
    answer = refused.value.response
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        "[ERROR] unsupported type: unknown [json-pointer:/blocks/1/type]",
        "[ERROR] missing required field: text [json-pointer:/blocks/2/elements/0]",
        "[ERROR] missing required field: alt_text [json-pointer:/blocks/3]",
    ]
