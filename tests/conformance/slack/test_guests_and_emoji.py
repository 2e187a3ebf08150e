"""slack_sdk invites guests, adds emoji and sets a person's picture."""

from __future__ import annotations

import base64
import json
import time
import urllib.request
import uuid
from typing import TYPE_CHECKING

import pytest
from slack_sdk.errors import SlackApiError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Volano

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


def sign_in(server: Volano, login_url: str) -> str:
    """A Slack token of whoever a login link is for."""
    head = {"content-type": "application/json"}
    body = {"token": login_url.partition("token=")[2]}
    with server._post("/session/link", body, head) as reply:
        head["x-volano-csrf"] = json.loads(reply.read())["csrf"]
        head["cookie"] = reply.headers["set-cookie"].partition(";")[0]
    with server._post("/keys", {"kind": "slack-user"}, head) as reply:
        return str(json.loads(reply.read())["secret"])


def test_a_guest_of_slacks_admin_api(volano: Volano) -> None:
    admin = volano.slack()
    mark = uuid.uuid4().hex[:8]
    room = admin.conversations_create(name=f"guests-{mark}")["channel"]["id"]
    other = admin.conversations_create(name=f"staff-{mark}")["channel"]["id"]
    email = f"gus-{mark}@outside.example"
    ends = int(time.time()) + 86_400
    admin.admin_users_invite(
        team_id="T0",
        email=email,
        channel_ids=[room],
        is_restricted=True,
        real_name="Gus Outside",
        guest_expiration_ts=f"{ends}.000000",
    )
    user = admin.users_lookupByEmail(email=email)["user"]
    assert (user["is_restricted"], user["is_ultra_restricted"]) == (True, False)
    joined = admin.users_conversations(user=user["id"])["channels"]
    assert [item["id"] for item in joined] == [room]
    pages = admin.admin_users_list(team_id="T0", limit=100)
    [shown] = [item for page in pages for item in page["users"] if item["id"] == user["id"]]
    assert shown["expiration_ts"] == ends
    admin.admin_users_setExpiration(team_id="T0", user_id=user["id"], expiration_ts=0)
    admin.admin_users_setRegular(team_id="T0", user_id=user["id"])
    assert admin.users_info(user=user["id"])["user"]["is_restricted"] is False
    status, invited = volano.rest(
        "POST",
        "/chat/guests",
        {"email": f"sue-{mark}@outside.example", "channels": [room], "guest": "single"},
    )
    assert (status, invited["mailed"]) == (200, False)
    guest = volano.slack(sign_in(volano, invited["login_url"]))
    channels = guest.conversations_list(types="public_channel,private_channel")["channels"]
    assert [item["id"] for item in channels] == [room]
    with pytest.raises(SlackApiError, match="channel_not_found"):
        guest.conversations_history(channel=other)
    with pytest.raises(SlackApiError, match="no_permission"):
        guest.conversations_create(name=f"mine-{mark}")
    assert guest.chat_postMessage(channel=room, text="Hello from outside")["ok"]
    people = {item["id"] for item in guest.users_list()["members"]}
    assert invited["user"] in people
    assert volano.credentials["SLACK_BOT_TOKEN"]
    assert volano.slack(volano.credentials["SLACK_BOT_TOKEN"]).auth_test()["user_id"] not in people


def test_emoji_and_pictures(volano: Volano, tmp_path: Path) -> None:
    client = volano.slack()
    name = f"cat-{uuid.uuid4().hex[:8]}"

    image = base64.b64encode(PNG).decode()
    status, made = volano.rest("POST", "/chat/emoji", {"name": name, "image": image})
    assert status == 200, made
    client.admin_emoji_addAlias(name=f"{name}-2", alias_for=name)
    known = client.emoji_list()["emoji"]
    assert known[f"{name}-2"] == f"alias:{name}"
    with urllib.request.urlopen(known[name], timeout=60) as reply:
        assert reply.headers["content-type"] == "image/png"
        assert reply.read() == PNG
    client.admin_emoji_rename(name=name, new_name=f"{name}-3")
    assert f"{name}-3" in client.admin_emoji_list()["emoji"]
    client.admin_emoji_remove(name=f"{name}-3")
    assert not [item for item in client.emoji_list()["emoji"] if item.startswith(name)]
    with pytest.raises(SlackApiError, match="error_bad_upload"):
        client.admin_emoji_add(name=name, url="http://127.0.0.1:9/cat.png")
    picture = tmp_path / "me.png"
    picture.write_bytes(PNG)
    client.users_setPhoto(image=str(picture))
    me = client.auth_test()["user_id"]
    assert client.users_info(user=me)["user"]["profile"]["is_custom_image"] is True
    client.users_deletePhoto()
    assert "is_custom_image" not in client.users_info(user=me)["user"]["profile"]
