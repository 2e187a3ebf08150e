"""Fields that programs read without asking, as Slack's own examples have them
(docs.slack.dev, methods; slackapi/java-slack-sdk, json-logs/samples).
"""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid

import pytest

PERSON = [f"image_{size}" for size in (24, 32, 48, 72, 192, 512)]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c626001000000ffff03000006000557bfabd40000000049454e44ae426082"
)


@pytest.fixture
def slack(volano):
    return volano.slack()


@pytest.fixture
def channel(slack) -> str:
    return slack.conversations_create(name=f"s-{uuid.uuid4().hex[:8]}")["channel"]["id"]


def test_everyone_has_a_picture(slack):
    me = slack.auth_test()["user_id"]
    user = slack.users_info(user=me, include_locale=True)["user"]
    assert user["locale"] == "en-US"
    profile = user["profile"]
    assert set(PERSON) <= set(profile)
    assert {"first_name", "last_name", "pronouns", "status_emoji_display_info"} <= set(profile)
    with urllib.request.urlopen(profile["image_72"]) as reply:
        assert reply.headers["content-type"] == "image/png"
        assert reply.read().startswith(b"\x89PNG\r\n\x1a\n")
    listed = slack.users_list(include_locale=True)["members"]
    assert all({"image_48", "image_512"} <= set(member["profile"]) for member in listed)
    assert all(member["locale"] for member in listed)
    assert set(PERSON) <= set(slack.users_identity()["user"])
    assert slack.users_profile_get()["profile"]["fields"] == {}
    assert slack.team_info()["team"]["icon"]["image_88"]


def test_no_other_avatars_are_drawn(volano):
    for name in ("ffffff-72.png", "9f69e7-73.png", "9f69e7-72.svg", "x"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{volano.url}/slack/avatars/{name}")
        assert refused.value.code == 404


def test_bots_have_icons(volano, slack):
    bot = volano.slack(volano.credentials["SLACK_BOT_TOKEN"])
    icons = slack.bots_info(bot=bot.auth_test()["bot_id"])["bot"]["icons"]
    assert set(icons) == {"image_36", "image_48", "image_72"}


def test_items_link_to_their_messages(slack, channel, monkeypatch):
    monkeypatch.setenv("SLACKCLIENT_SKIP_DEPRECATION", "1")
    ts = slack.chat_postMessage(channel=channel, text="here")["ts"]
    link = slack.chat_getPermalink(channel=channel, message_ts=ts)["permalink"]
    slack.pins_add(channel=channel, timestamp=ts)
    assert slack.pins_list(channel=channel)["items"][0]["message"]["permalink"] == link
    slack.reactions_add(channel=channel, timestamp=ts, name="tada")
    assert slack.reactions_get(channel=channel, timestamp=ts)["message"]["permalink"] == link
    listed = slack.reactions_list()["items"]
    assert link in [item["message"]["permalink"] for item in listed]
    slack.stars_add(channel=channel, timestamp=ts)
    assert link in [item["message"]["permalink"] for item in slack.stars_list()["items"]]


def test_a_channel_tells_of_its_canvas(slack, channel):
    assert "properties" not in slack.conversations_info(channel=channel)["channel"]
    content = {"type": "markdown", "markdown": "# Plan"}
    made = slack.conversations_canvases_create(channel_id=channel, document_content=content)
    found = slack.conversations_info(channel=channel, include_locale=True)["channel"]
    assert found["properties"]["canvas"]["file_id"] == made["canvas_id"]
    assert found["locale"] == "en-US"


def test_pictures_have_small_pictures_and_public_links(slack, channel):
    shown = slack.files_upload_v2(channel=channel, content=PNG, filename="dot.png")["file"]
    file = slack.files_info(file=shown["id"])["file"]
    assert file["thumb_64"] == file["thumb_360"] == file["url_private"]
    assert "permalink_public" not in file
    slack.files_sharedPublicURL(file=file["id"])
    file = slack.files_info(file=file["id"])["file"]
    assert file["public_url_shared"]
    with urllib.request.urlopen(file["permalink_public"]) as reply:
        assert reply.read() == PNG
    slack.files_revokePublicURL(file=file["id"])
    assert not slack.files_info(file=file["id"])["file"]["public_url_shared"]
