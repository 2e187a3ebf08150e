"""The copilot as people meet it: a mention in, a cited answer in the thread; also over kill -9."""

from __future__ import annotations

import re
import time
import uuid

import pytest
from tests.conftest import start_volano

FACT = "Gross sales of the month were EUR 30,178.98 from 216 orders."
WAIT_S = 60


def find_copilot(slack) -> str:
    members = slack.users_list()["members"]
    return next(user["id"] for user in members if user["name"] == "copilot")


def answers(slack, channel: str, ts: str, copilot: str) -> list[dict]:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        thread = slack.conversations_replies(channel=channel, ts=ts)["messages"]
        found = [message for message in thread if message["user"] == copilot]
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("the copilot did not answer")


def ask(slack, channel: str, copilot: str) -> str:
    text = f"<@{copilot}> what were the gross sales of the month?"
    return slack.chat_postMessage(channel=channel, text=text)["ts"]


def test_a_mention_is_answered_with_a_citation(volano):
    slack = volano.slack()
    copilot = find_copilot(slack)
    channel = slack.conversations_create(name=f"report-{uuid.uuid4().hex[:8]}")["channel"]["id"]
    said = slack.chat_postMessage(channel=channel, text=FACT)
    (answer,) = answers(slack, channel, ask(slack, channel, copilot), copilot)
    assert FACT in answer["text"]
    cited = re.search(r"/archives/(\w+)/p(\d+)", answer["text"])
    assert cited
    assert (cited[1], cited[2]) == (channel, said["ts"].replace(".", ""))
    assert answer["bot_id"]


def test_a_file_is_a_source(volano):
    slack = volano.slack()
    copilot = find_copilot(slack)
    channel = slack.conversations_create(name=f"files-{uuid.uuid4().hex[:8]}")["channel"]["id"]
    report = "# Report\n\n| figure | amount |\n|---|---|\n| Refunded deposits | EUR 512.40 |\n"
    done = slack.files_upload_v2(channel=channel, content=report, filename="report.md")
    asked = slack.chat_postMessage(
        channel=channel, text=f"<@{copilot}> what are the refunded deposits?"
    )
    (answer,) = answers(slack, channel, asked["ts"], copilot)
    assert "Refunded deposits: EUR 512.40" in answer["text"]
    assert f"/{done['files'][0]['id']}/report.md|" in answer["text"]


def test_the_answer_is_in_the_audit_trail(volano):
    slack = volano.slack()
    copilot = find_copilot(slack)
    channel = slack.conversations_create(name=f"audit-{uuid.uuid4().hex[:8]}")["channel"]["id"]
    answers(slack, channel, ask(slack, channel, copilot), copilot)
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        status, trail = volano.rest("GET", "/audit?limit=200")
        assert status == 200, trail
        mine = [item for item in trail["items"] if channel in item["resource"]]
        if any("service-accounts/copilot" in item["principal_arn"] for item in mine):
            return
        time.sleep(0.1)
    raise AssertionError("no record of the copilot's answer")


@pytest.mark.parametrize("delay_s", [0.0, 0.01, 0.05])
def test_a_question_outlives_kill_9_and_is_answered_once(tmp_path, delay_s):
    server = start_volano(tmp_path)
    try:
        slack = server.slack()
        copilot = find_copilot(slack)
        channel = slack.conversations_create(name="crash")["channel"]["id"]
        slack.chat_postMessage(channel=channel, text=FACT)
        ts = ask(slack, channel, copilot)
        time.sleep(delay_s)
        server.restart(kill=True)
        found = answers(slack, channel, ts, copilot)
        server.restart()
        assert answers(slack, channel, ts, copilot) == found
        assert len(found) == 1
        assert FACT in found[0]["text"]
    finally:
        server.stop()
