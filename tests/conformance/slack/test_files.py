"""Files: upload v2 with slack_sdk, by hand, and what is served to whom."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
import uuid

import boto3
import pytest
from slack_sdk.errors import SlackApiError


def fetch(url: str, token: str = "", data: bytes | None = None, **headers: str):
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


@pytest.fixture
def slack(volano):
    return volano.slack()


@pytest.fixture
def channel(slack) -> str:
    made = slack.conversations_create(name=f"files-{uuid.uuid4().hex[:8]}", is_private=True)
    return made["channel"]["id"]


def test_upload_share_read_and_delete(volano, slack, channel):
    content = os.urandom(300_000)
    done = slack.files_upload_v2(
        channel=channel,
        content=content,
        filename="data.bin",
        title="Data",
        initial_comment="here it is",
    )
    file = slack.files_info(file=done["files"][0]["id"])["file"]
    assert (file["name"], file["title"], file["size"]) == ("data.bin", "Data", 300_000)
    assert file["groups"] == [channel]
    status, headers, body = fetch(file["url_private"], slack.token)
    assert (status, body) == (200, content)
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["X-Content-Type-Options"] == "nosniff"
    message = slack.conversations_history(channel=channel)["messages"][0]
    assert message["subtype"] == "file_share"
    assert message["text"] == "here it is"
    assert message["files"][0]["id"] == file["id"]
    assert file["id"] in [item["id"] for item in slack.files_list(channel=channel)["files"]]
    slack.files_delete(file=file["id"])
    assert fetch(file["url_private"], slack.token)[0] == 404
    message = slack.conversations_history(channel=channel)["messages"][0]
    assert message["files"] == [{"id": file["id"], "mode": "tombstone"}]
    with pytest.raises(SlackApiError) as caught:
        slack.files_info(file=file["id"])
    assert caught.value.response["error"] == "file_not_found"


def test_a_file_is_for_those_who_may_read_its_channels(volano, slack, channel):
    bot = volano.slack(volano.credentials["SLACK_BOT_TOKEN"])
    done = slack.files_upload_v2(channel=channel, content="secret words", filename="s.txt")
    file = slack.files_info(file=done["files"][0]["id"])["file"]
    assert fetch(file["url_private"])[0] == 401
    assert fetch(file["url_private"], bot.token)[0] == 404
    with pytest.raises(SlackApiError):
        bot.files_info(file=file["id"])
    assert file["id"] not in [item["id"] for item in bot.files_list()["files"]]
    slack.conversations_invite(channel=channel, users=bot.auth_test()["user_id"])
    status, headers, body = fetch(file["url_private"], bot.token)
    assert (status, body) == (200, b"secret words")
    assert headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_player_goes_on_from_where_it_wants(slack, channel):
    done = slack.files_upload_v2(channel=channel, content=b"0123456789", filename="song.mp3")
    url = slack.files_info(file=done["files"][0]["id"])["file"]["url_private"]

    def ask(wanted: str) -> tuple[int, str | None, bytes]:
        status, headers, body = fetch(url, slack.token, range=wanted)
        return status, headers["content-range"], body

    assert ask("bytes=0-") == (206, "bytes 0-9/10", b"0123456789")
    assert ask("bytes=7-") == (206, "bytes 7-9/10", b"789")
    for other in ("bytes=10-", "bytes=2-3", "bytes=-4", "lines=1-"):
        assert ask(other) == (200, None, b"0123456789")


def test_bytes_of_files_are_closed_to_s3(volano, slack, channel):
    """An administrator of buckets does not read the files of channels through S3."""
    slack.files_upload_v2(channel=channel, content="secret words", filename="s.txt")
    s3 = volano.client("s3")
    (bucket,) = [item["Name"] for item in s3.list_buckets()["Buckets"] if "-chat-" in item["Name"]]
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    with pytest.raises(boto3.exceptions.botocore.exceptions.ClientError) as caught:
        s3.get_object(Bucket=bucket, Key=keys[0])
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


def test_html_is_never_run(slack, channel):
    done = slack.files_upload_v2(
        channel=channel, content="<script>alert(1)</script>", filename="x.html"
    )
    file = slack.files_info(file=done["files"][0]["id"])["file"]
    _, headers, _ = fetch(file["url_private"], slack.token)
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "sandbox" in headers["Content-Security-Policy"]


def test_an_upload_by_hand_and_its_mistakes(volano, slack, channel):
    ticket = slack.files_getUploadURLExternal(filename="a.txt", length=5)
    assert fetch(ticket["upload_url"], data=b"too long")[0] == 400
    assert fetch(ticket["upload_url"], data=b"abc")[0] == 400
    boundary = "xyz"
    form = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        f"hello\r\n--{boundary}--\r\n"
    ).encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    assert fetch(ticket["upload_url"], data=form, **kind)[0] == 200
    assert fetch(ticket["upload_url"], data=b"again")[0] == 404
    assert fetch(f"{volano.url}/slack/upload/guess", data=b"x")[0] == 404
    with pytest.raises(SlackApiError) as caught:
        slack.files_completeUploadExternal(
            files=[{"id": ticket["file_id"]}], channel_id="C0NOWHERE"
        )
    assert caught.value.response["error"] == "channel_not_found"
    bot = volano.slack(volano.credentials["SLACK_BOT_TOKEN"])
    with pytest.raises(SlackApiError) as caught:
        bot.files_completeUploadExternal(files=[{"id": ticket["file_id"]}])
    assert caught.value.response["error"] == "file_not_found"
    done = slack.files_completeUploadExternal(
        files=[{"id": ticket["file_id"], "title": "A"}], channel_id=channel
    )
    assert done["files"][0]["title"] == "A"
    for arguments in ({"filename": "", "length": 5}, {"filename": "a", "length": 0}):
        with pytest.raises(SlackApiError) as caught:
            slack.files_getUploadURLExternal(**arguments)
        assert caught.value.response["error"] == "invalid_arguments"
