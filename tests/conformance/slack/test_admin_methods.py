"""Slack's admin.conversations.* and admin.users.* with slack_sdk's own client."""

from __future__ import annotations

import uuid

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.scim import SCIMClient
from slack_sdk.scim.v1.user import User


@pytest.fixture
def slack(volano):
    return volano.slack()


@pytest.fixture
def bot(volano):
    return volano.slack(volano.credentials["SLACK_BOT_TOKEN"])


def refusal_of(method, **arguments) -> str:
    with pytest.raises(SlackApiError) as refused:
        method(**arguments)
    return refused.value.response["error"]


@pytest.fixture
def hidden(bot) -> str:
    """A private channel that the administrator is not in."""
    made = bot.conversations_create(name=f"hidden-{uuid.uuid4().hex[:8]}", is_private=True)
    bot.chat_postMessage(channel=made["channel"]["id"], text="nobody else reads this")
    return made["channel"]["id"]


def test_administrators_change_channels_that_they_are_not_in(slack, bot, hidden):
    me = slack.auth_test()["user_id"]
    assert refusal_of(slack.conversations_info, channel=hidden) == "channel_not_found"
    slack.admin_conversations_archive(channel_id=hidden)
    assert refusal_of(slack.admin_conversations_archive, channel_id=hidden) == "already_archived"
    slack.admin_conversations_unarchive(channel_id=hidden)
    name = f"renamed-{uuid.uuid4().hex[:8]}"
    slack.admin_conversations_rename(channel_id=hidden, name=name)
    assert bot.conversations_info(channel=hidden)["channel"]["name"] == name
    assert refusal_of(slack.conversations_history, channel=hidden) == "channel_not_found"
    slack.admin_conversations_convertToPublic(channel_id=hidden)
    assert slack.conversations_info(channel=hidden)["channel"]["is_private"] is False
    slack.admin_conversations_convertToPrivate(channel_id=hidden)
    assert refusal_of(slack.conversations_info, channel=hidden) == "channel_not_found"
    slack.admin_conversations_invite(channel_id=hidden, user_ids=[me])
    slack.admin_conversations_invite(channel_id=hidden, user_ids=[me])
    texts = [item["text"] for item in slack.conversations_history(channel=hidden)["messages"]]
    assert "nobody else reads this" in texts
    team = slack.auth_test()["team_id"]
    assert slack.admin_conversations_getTeams(channel_id=hidden)["team_ids"] == [team]
    refused = refusal_of(bot.admin_conversations_rename, channel_id=hidden, name=f"{name}2")
    assert refused == "no_permission"


def test_administrators_say_how_long_messages_stay(slack, hidden):
    slack.admin_conversations_setCustomRetention(channel_id=hidden, duration_days=30)
    kept = slack.admin_conversations_getCustomRetention(channel_id=hidden)
    assert (kept["is_policy_enabled"], kept["duration_days"]) == (True, 30)
    slack.admin_conversations_removeCustomRetention(channel_id=hidden)
    kept = slack.admin_conversations_getCustomRetention(channel_id=hidden)
    assert (kept["is_policy_enabled"], kept["duration_days"]) == (False, 0)


def test_administrators_delete_channels(slack, bot, hidden):
    team = slack.auth_test()["team_id"]
    name = bot.conversations_info(channel=hidden)["channel"]["name"]
    general = next(
        item["id"] for item in slack.conversations_list()["channels"] if item["is_general"]
    )
    answer = slack.admin_conversations_bulkDelete(channel_ids=[hidden, general])
    assert answer["not_added"] == [{"channel_id": general, "errors": ["cant_delete_general"]}]
    assert refusal_of(bot.conversations_history, channel=hidden) == "channel_not_found"
    assert refusal_of(slack.admin_conversations_delete, channel_id=hidden) == "channel_not_found"
    made = slack.admin_conversations_create(name=name, is_private=False, team_id=team)
    assert made["channel_id"] != hidden
    slack.admin_conversations_delete(channel_id=made["channel_id"])


def test_people_become_administrators_and_go(volano, slack):
    scim = SCIMClient(
        token=volano.credentials["SLACK_USER_TOKEN"], base_url=f"{volano.url}/scim/v1/"
    )
    name = f"ann{uuid.uuid4().hex[:8]}"
    user = scim.create_user(User(user_name=name)).user.id
    slack.admin_users_setAdmin(team_id="T0", user_id=user)
    assert slack.users_info(user=user)["user"]["is_admin"] is True
    assert refusal_of(slack.admin_users_remove, team_id="T0", user_id=user) == "restricted_action"
    slack.admin_users_setRegular(team_id="T0", user_id=user)
    assert slack.users_info(user=user)["user"]["is_admin"] is False
    slack.admin_users_session_reset(user_id=user)
    slack.admin_users_session_resetBulk(user_ids=[user])
    assert slack.admin_users_session_list(team_id="T0", user_id=user)["active_sessions"] == []
    slack.admin_users_remove(team_id="T0", user_id=user)
    assert slack.users_info(user=user)["user"]["deleted"] is True
    slack.admin_users_assign(team_id="T0", user_id=user)
    assert slack.users_info(user=user)["user"]["deleted"] is False
    me = slack.auth_test()["user_id"]
    refused = refusal_of(slack.admin_users_setRegular, team_id="T0", user_id=me)
    assert refused == "cant_demote_self"
