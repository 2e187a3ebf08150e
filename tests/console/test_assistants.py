"""Assistants in the console: making one, deciding a card in chat, the switch, outside tools."""

from __future__ import annotations

import json
import urllib.request
import uuid
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from tests.conftest import Volano


SLOW_MS = 60_000
"""The copilot's first answer waits for events on a busy machine."""


def bucket_names(volano: Volano) -> list[str]:
    return [bucket["Name"] for bucket in volano.client("s3").list_buckets()["Buckets"]]


def test_an_assistant_is_made_changed_and_deleted(open_page: Callable[..., Page]) -> None:
    name = f"baker-{uuid.uuid4().hex[:8]}"
    page = open_page("/assistants")
    page.get_by_role("button", name="Make an assistant").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Title").fill("The Baker")
    dialog.get_by_label("Instructions").fill("Answer in one sentence.")
    dialog.get_by_role("button", name="Make it").click()
    row = page.get_by_role("row", name=f"@{name}")
    expect(row).to_contain_text("what the asker may read")
    row.get_by_role("button", name="Actions of The Baker").click()
    page.get_by_role("menuitem", name="Edit").click()
    page.get_by_role("dialog").get_by_label("Title").fill("The Head Baker")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(row).to_contain_text("The Head Baker")
    row.get_by_role("button", name="Actions of The Head Baker").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def test_a_card_in_chat_runs_what_it_shows_when_its_button_is_pressed(
    open_page: Callable[..., Page], volano_sqlite: Volano
) -> None:
    bucket = f"by-card-{uuid.uuid4().hex[:10]}"
    _, home = volano_sqlite.rest("GET", "/chat/me")
    slack = volano_sqlite.credentials["SLACK_USER_TOKEN"]
    opened = slack_call(volano_sqlite, slack, "conversations.open", users=home["copilot"]["id"])
    channel = opened["channel"]["id"]
    text = f"create a bucket called {bucket}"
    slack_call(volano_sqlite, slack, "chat.postMessage", channel=channel, text=text)
    page = open_page(f"/chat/{channel}")
    run = page.get_by_role("button", name="Run", exact=True).last
    run.wait_for(timeout=SLOW_MS)
    assert bucket not in bucket_names(volano_sqlite)
    run.click()
    page.get_by_text("was done by admin").last.wait_for(timeout=SLOW_MS)
    assert bucket in bucket_names(volano_sqlite)
    page.goto(f"{volano_sqlite.url}/assistants/proposals")
    expect(page.get_by_text(bucket).first).to_be_visible()
    expect(page.get_by_text("done").first).to_be_visible()


def slack_call(volano: Volano, token: str, method: str, **arguments: str) -> dict:
    request = urllib.request.Request(
        f"{volano.url}/api/{method}",
        data=json.dumps(arguments).encode(),
        headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        body = json.loads(reply.read())
    assert body["ok"], body
    return dict(body)


def test_the_switch_of_all_actions_is_kept(
    open_page: Callable[..., Page], volano_sqlite: Volano
) -> None:
    page = open_page("/assistants/settings")
    switch = page.get_by_role("switch", name="Assistants may use the cloud’s actions")
    expect(switch).to_be_checked()
    switch.click(force=True)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The settings are saved")).to_be_visible()
    _, settings = volano_sqlite.rest("GET", "/assistants/settings")
    assert settings["may_act"] is False
    on = settings | {"may_act": True}
    assert volano_sqlite.rest("PUT", "/assistants/settings", on)[0] == 200


def test_a_server_that_cannot_be_reached_is_told(open_page: Callable[..., Page]) -> None:
    page = open_page("/assistants/servers")
    page.get_by_role("button", name="Connect a server").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("met")
    dialog.get_by_label("Address").fill("http://127.0.0.1:9/mcp")
    dialog.get_by_role("button", name="Look at its tools").click()
    expect(page.get_by_text("127.0.0.1").last).to_be_visible()
