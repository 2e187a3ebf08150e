"""Step workplace: the report goes to a channel, and the copilot answers a question about it."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from volano.cli.tour.outcome import Note, StepFailed, require
from volano.cli.tour.waiting import poll

if TYPE_CHECKING:
    from volano.cli.tour.day import Day

COPILOT = "copilot"
ANSWER_TIMEOUT_S = 90.0
# A message's permalink, a file's page, or an object of a bucket.
CITATION = re.compile(
    r"https?://[^\s|>\"]+/(?:archives/[A-Z0-9]+/p\d+|files/[^\s|>\"]+)|s3://[^\s|>\"]+"
)
REPORT_FILE = "sales.md"
WHAT_TO_DO = "open the channel in the console's chat and look"


def run(day: Day) -> Note:
    """Create the channel, upload and post the report, wait for the copilot's cited answer."""
    slack = day.clients.slack
    copilot = _find_copilot(day)
    day.say(f"create #{day.channel}")
    channel = slack.conversations_create(name=day.channel)["channel"]["id"]
    day.remember("channel", day.channel, lambda: slack.conversations_archive(channel=channel))
    _invite(day, channel, copilot)
    headline = f"Gross sales of the month were {day.sales.gross} from {day.sales.orders} orders."
    slack.chat_postMessage(channel=channel, text=f"Good morning! {headline}")
    _upload_report(day, channel)
    day.say("post the report and ask the copilot")
    question = f"<@{copilot}> what were the gross sales of the month?"
    posted = slack.chat_postMessage(
        channel=channel, text=f"{headline} {question}", blocks=_blocks(day, headline, question)
    )
    link = slack.chat_getPermalink(channel=channel, message_ts=posted["ts"])["permalink"]
    reply, citation = _wait_for_answer(day, channel, posted["ts"], copilot)
    return Note(
        summary=f"#{day.channel}: the copilot answered in the thread with a citation",
        lines=(
            link,
            f"copilot: {' '.join(reply.get('text', '').split())[:240]}",
            f"cites: {citation}",
        ),
        facts={"channel": channel, "permalink": link, "answer": reply, "citation": citation},
    )


def _find_copilot(day: Day) -> str:
    day.say("look for the copilot")
    names = []
    for page in day.clients.slack.users_list(limit=200):
        for user in page["members"]:
            names.append(user["name"])
            if user["name"].lower() == COPILOT:
                return str(user["id"])
    raise StepFailed(
        expected="a user called copilot in users.list",
        got=", ".join(names),
        todo="start Volano with its copilot",
    )


def _invite(day: Day, channel: str, copilot: str) -> None:
    try:
        day.clients.slack.conversations_invite(channel=channel, users=copilot)
    except SlackApiError as error:
        if error.response["error"] != "already_in_channel":
            raise


def _upload_report(day: Day, channel: str) -> None:
    """Upload the report as a file and read it back."""
    day.say(f"upload {REPORT_FILE}")
    content = _report_text(day)
    answer = day.clients.slack.files_upload_v2(
        channel=channel, filename=REPORT_FILE, title="Sales report", content=content
    )
    file = day.clients.slack.files_info(file=answer["files"][0]["id"])["file"]
    request = urllib.request.Request(file["url_private"])  # noqa: S310 -- the server's own address
    request.add_header("Authorization", f"Bearer {day.clients.slack.token}")
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 -- as above
        got = response.read().decode()
    require(
        got == content,
        expected=f"the {len(content)} characters of {REPORT_FILE} back from url_private",
        got=got[:200],
        todo=WHAT_TO_DO,
    )


def _report_text(day: Day) -> str:
    """The report the instance wrote; computed here when that step did not run."""
    if "instance" in day.steps_done:
        key = f"reports/{REPORT_FILE}"
        page = day.clients.s3.get_object(Bucket=day.office_bucket, Key=key)
        return str(page["Body"].read().decode())
    rows = [f"- {name}: {cents / 100:.2f}" for name, cents in day.sales.by_type.items()]
    return "\n".join(["# Sales report", "", f"Gross sales: {day.sales.gross}", "", *rows, ""])


def _blocks(day: Day, headline: str, question: str) -> list[dict[str, Any]]:
    top = sorted(day.sales.by_type.items(), key=lambda item: -item[1])[:6]
    fields = [{"type": "mrkdwn", "text": f"*{kind}*\n{cents / 100:,.2f}"} for kind, cents in top]
    return [
        {"type": "header", "text": {"type": "plain_text", "text": "Sales report"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": headline}},
        {"type": "section", "fields": fields},
        {"type": "divider"},
        {"type": "section", "text": {"type": "mrkdwn", "text": question}},
    ]


def _wait_for_answer(
    day: Day, channel: str, thread: str, copilot: str
) -> tuple[dict[str, Any], str]:
    """The copilot's reply with the figure and a citation; it may be edited until it has both."""
    day.say("waiting for the copilot")
    amount = day.sales.gross
    last: list[dict[str, Any]] = []

    def look() -> tuple[dict[str, Any], str] | None:
        replies = day.clients.slack.conversations_replies(channel=channel, ts=thread)["messages"]
        last[:] = [reply for reply in replies if reply.get("user") == copilot]
        for reply in last:
            text = json.dumps([reply.get("text"), reply.get("blocks")], ensure_ascii=False)
            cited = CITATION.search(text)
            if amount in text and cited:
                return reply, cited.group()
        return None

    found = poll(look, timeout_s=ANSWER_TIMEOUT_S)
    if found is None:
        raise StepFailed(
            expected=f"the copilot in the thread with {amount!r} and a link to its source",
            got=json.dumps(last, ensure_ascii=False)[:800] if last else "no answer",
            todo=WHAT_TO_DO,
        )
    return found
