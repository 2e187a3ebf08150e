"""SCIM and audit logs with slack_sdk's own clients."""

from __future__ import annotations

import json
import urllib.request
import uuid

import pytest
from slack_sdk.audit_logs import AuditLogsClient
from slack_sdk.errors import SlackApiError
from slack_sdk.scim import SCIMClient
from slack_sdk.scim.v1.group import Group, GroupMember
from slack_sdk.scim.v1.user import User, UserEmail, UserName


@pytest.fixture(params=["v1", "v2"])
def scim(request, volano) -> SCIMClient:
    token = volano.credentials["SLACK_USER_TOKEN"]
    return SCIMClient(token=token, base_url=f"{volano.url}/scim/{request.param}/")


def test_people_are_made_changed_and_switched_off(volano, scim):
    name = f"ann{uuid.uuid4().hex[:8]}"
    made = scim.create_user(
        User(
            user_name=name,
            name=UserName(given_name="Ann", family_name="Lee"),
            emails=[UserEmail(value=f"{name}@example.com")],
        )
    )
    assert made.status_code == 201, made.body
    user_id = made.user.id
    assert volano.slack().users_info(user=user_id)["user"]["real_name"] == "Ann Lee"
    found = scim.search_users(filter=f'userName eq "{name}"', count=10, start_index=1)
    assert [user.id for user in found.users] == [user_id]
    scim.patch_user(user_id, partial_user=User(display_name="Anna Lee"))
    assert scim.read_user(user_id).user.display_name == "Anna Lee"
    scim.patch_user(user_id, partial_user=User(user_name=f"{name}2"))
    assert scim.read_user(user_id).user.user_name == f"{name}2"
    scim.delete_user(user_id)
    assert volano.slack().users_info(user=user_id)["user"]["deleted"]
    nobody = scim.read_user("U0000000000")
    assert (nobody.status_code, nobody.errors.code) == (404, 404)
    assert "no user" in nobody.errors.description
    stranger = SCIMClient(
        token=volano.credentials["SLACK_BOT_TOKEN"], base_url=scim.base_url
    ).create_user(User(user_name="mallory"))
    assert stranger.status_code == 403


def test_a_directory_makes_guests(volano):
    name = f"gil{uuid.uuid4().hex[:8]}"
    schema = "urn:ietf:params:scim:schemas:extension:slack:guest:2.0:User"
    headers = {
        "authorization": f"Bearer {volano.credentials['SLACK_USER_TOKEN']}",
        "content-type": "application/json",
    }
    body = json.dumps({"userName": name, schema: {"type": "multi"}}).encode()
    request = urllib.request.Request(f"{volano.url}/scim/v2/Users", data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as reply:
        made = json.loads(reply.read())
    assert made[schema] == {"type": "multi"}
    shown = volano.slack().users_info(user=made["id"])["user"]
    assert shown["is_restricted"] is True
    assert volano.slack().users_conversations(user=made["id"])["channels"] == []


def test_groups_follow_the_directory(volano, scim):
    me = volano.slack().auth_test()["user_id"]
    name = f"Group {uuid.uuid4().hex[:6]}"
    made = scim.create_group(Group(display_name=name, members=[GroupMember(value=me)]))
    group_id = made.group.id
    listed = volano.slack().usergroups_users_list(usergroup=group_id)["users"]
    assert listed == [me]
    scim.patch_group(group_id, partial_group=Group(display_name=f"{name} 2"))
    read = scim.read_group(group_id).group
    assert (read.display_name, [member.value for member in read.members]) == (f"{name} 2", [me])
    wanted = f'displayName eq "{name} 2"'
    found = scim.search_groups(filter=wanted, count=10, start_index=1).groups
    assert [group.id for group in found] == [group_id]
    scim.delete_group(group_id)


def test_audit_logs_name_every_call(volano):
    token = volano.credentials["SLACK_USER_TOKEN"]
    client = AuditLogsClient(token=token, base_url=f"{volano.url}/audit/v1/")
    volano.slack().conversations_list()
    entries = client.logs(action="slack:conversations.list", limit=1).typed_body.entries
    assert entries[0].action == "slack:conversations.list"
    assert client.schemas().body["schemas"]
    actions = client.actions().body["actions"]
    assert "user_login" in actions["user"]
    assert "public_channel_created" in actions["channel"]


def test_audit_logs_have_slacks_names(volano):
    slack = volano.slack()
    client = AuditLogsClient(
        token=volano.credentials["SLACK_USER_TOKEN"], base_url=f"{volano.url}/audit/v1/"
    )
    name = f"audited-{uuid.uuid4().hex[:8]}"
    open_one = slack.conversations_create(name=name)["channel"]["id"]
    closed = slack.conversations_create(name=f"{name}p", is_private=True)["channel"]["id"]
    slack.conversations_archive(channel=open_one)
    me = slack.auth_test()["user_id"]
    found = client.logs(action="public_channel_archive", entity=open_one).body["entries"]
    assert [entry["entity"]["channel"]["name"] for entry in found] == [name]
    assert found[0]["actor"]["user"]["id"] == me
    assert found[0]["context"]["location"]["id"] == slack.auth_test()["team_id"]
    made = client.logs(entity=closed).body["entries"]
    assert [entry["action"] for entry in made] == ["private_channel_created"]
    assert made[0]["entity"]["channel"]["privacy"] == "private"
    mine = client.logs(actor=me, limit=50).body["entries"]
    assert {"public_channel_archive", "public_channel_created"} <= {e["action"] for e in mine}
    assert not [entry for entry in mine if entry["action"].startswith("slack:")]
    with pytest.raises(SlackApiError):
        slack.conversations_rename(channel="C000", name="nothing")
    assert not client.logs(action="channel_renamed", entity="C000").body["entries"]


def test_administrators_see_everybody_and_every_channel(volano):
    slack = volano.slack()
    name = f"hidden-{uuid.uuid4().hex[:8]}"
    made = slack.conversations_create(name=name, is_private=True)["channel"]["id"]
    found = slack.admin_conversations_search(query=name)["conversations"]
    assert [(item["id"], item["is_private"]) for item in found] == [(made, True)]
    me = slack.auth_test()["user_id"]
    assert me in [user["id"] for user in slack.admin_users_list(team_id="T0")["users"]]
    bot = volano.slack(volano.credentials["SLACK_BOT_TOKEN"])
    with pytest.raises(SlackApiError) as refused:
        bot.admin_conversations_search(query=name)
    assert refused.value.response["error"] == "no_permission"
