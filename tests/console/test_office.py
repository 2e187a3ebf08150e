"""Approvals and tasks in the console: asking, deciding, doing."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, expect
from tests.console.conftest import choose

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from tests.conftest import Volano


ADAS_PASSWORD = "a key under the mat"


@pytest.fixture(scope="module")
def asker(volano_sqlite: Volano, browser: Browser) -> str:
    """A person who asks for leave; the administrator decides, for want of a manager."""
    name = f"ada-{uuid.uuid4().hex[:8]}"
    policies = ["arn:aws:iam::aws:policy/VolanoChatMember"]
    person = {"name": name, "display_name": "Ada Leaves", "policies": policies}
    status, made = volano_sqlite.rest("POST", "/people", person)
    assert status in (200, 201), made
    window = browser.new_context(base_url=volano_sqlite.url)
    token = {"token": made["login_url"].partition("token=")[2]}
    csrf = window.request.post("/volano/v1/session/link", data=token).json()["csrf"]
    chosen = window.request.post(
        "/volano/v1/session/password",
        data={"new": ADAS_PASSWORD},
        headers={"x-volano-csrf": csrf},
    )
    assert chosen.ok, chosen.text()
    window.close()
    return name


def test_leave_is_asked_for_and_approved(
    open_page: Callable[..., Page], open_console: Callable[..., Page], asker: str
) -> None:
    page = open_console("/office/forms", user=asker, password=ADAS_PASSWORD)
    page.get_by_role("button", name="Fill in").nth(1).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Kind of leave").or_(
        dialog.get_by_label("Kind of leave")
    ).first.click()
    page.get_by_role("option", name="Holiday").click()
    dialog.get_by_label("First day").fill("2026-12-21")
    dialog.get_by_label("Last day").fill("2026-12-24")
    dialog.get_by_label("Working days").fill("4")
    expect(dialog.get_by_text("Will be decided by")).to_be_visible()
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_have_count(0)
    page.goto(page.url.replace("/forms", "/sent"))
    expect(page.get_by_role("row", name="Leave")).to_contain_text("on its way")
    boss = open_page("/office")
    row = boss.get_by_role("row", name="Ada Leaves").first
    row.get_by_role("button", name="Decide").click()
    decision = boss.get_by_role("dialog")
    expect(decision).to_contain_text("2026-12-21")
    decision.get_by_label("Remark").fill("Enjoy the days.")
    decision.get_by_role("button", name="Approve").click()
    expect(decision).to_contain_text("Enjoy the days.")
    page.reload()
    expect(page.get_by_role("row", name="Leave")).to_contain_text("approved")


def test_a_receipt_goes_with_an_expense_to_who_decides(
    open_page: Callable[..., Page],
    open_console: Callable[..., Page],
    asker: str,
    shoot: Callable[[Page, str], None],
) -> None:
    purpose = f"Train {uuid.uuid4().hex[:6]}"
    receipt = f"receipt-{uuid.uuid4().hex[:6]}.txt"
    page = open_console("/office/forms", user=asker, password=ADAS_PASSWORD)
    expense = page.locator("section").filter(has_text="Money spent for the company")
    expense.get_by_role("button", name="Fill in", exact=True).click()
    dialog = page.get_by_role("dialog", name="Expense", exact=True)
    dialog.get_by_label("What it was for").fill(purpose)
    dialog.get_by_label("Amount").fill("20")
    dialog.get_by_label("Day").fill("2026-11-20")
    choose(dialog.get_by_role("combobox", name="Category"), "Travel")
    paper = {"name": receipt, "mimeType": "text/plain", "buffer": b"20 euros"}
    dialog.locator("input[type=file]").set_input_files(paper)
    expect(dialog.get_by_role("link", name=receipt, exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(dialog).to_have_count(0)
    boss = open_page("/office")
    boss.get_by_role("row", name=purpose).get_by_role("button", name="Decide", exact=True).click()
    decision = boss.get_by_role("dialog", name="Expense", exact=True)
    expect(decision.get_by_role("link", name=receipt, exact=True)).to_be_visible()
    shoot(boss, "office-receipt")
    decision.get_by_role("button", name="Approve", exact=True).click()
    expect(decision).to_contain_text("approved")


def test_a_task_is_written_down_and_done(open_page: Callable[..., Page]) -> None:
    title = f"Order flour {uuid.uuid4().hex[:6]}"
    page = open_page("/office/tasks")
    page.get_by_label("What is to be done").fill(title)
    page.get_by_role("button", name="Add").click()
    page.get_by_label(f"{title} is done").click()
    expect(page.get_by_text(title)).to_have_count(0)
    page.get_by_text("Done", exact=True).click()
    expect(page.get_by_text(title)).to_be_visible()


def test_a_message_becomes_a_task_that_links_back(
    volano_sqlite: Volano, open_page: Callable[..., Page]
) -> None:
    slack = volano_sqlite.slack()
    channel = slack.conversations_create(name=f"tasks-{uuid.uuid4().hex[:8]}")["channel"]["id"]
    words = f"Please order salt {uuid.uuid4().hex[:6]}"
    slack.chat_postMessage(channel=channel, text=words)
    page = open_page(f"/archives/{channel}")
    message = page.get_by_role("article").filter(has_text=words).or_(page.get_by_text(words)).first
    message.hover()
    page.get_by_role("button", name="More actions").first.click()
    page.get_by_role("menuitem", name="Make a task").click()
    dialog = page.get_by_role("dialog", name="Make a task")
    expect(dialog.get_by_label("What is to be done")).to_have_value(words)
    dialog.get_by_label("Until").fill("2030-01-15T09:00")
    dialog.get_by_role("button", name="Make a task").click()
    expect(dialog).to_have_count(0)
    page.goto(f"{volano_sqlite.url}/office/tasks")
    row = page.get_by_role("row", name=words)
    expect(row).to_contain_text("2030")
    row.get_by_role("link", name="message").click()
    expect(page.get_by_text(words).first).to_be_visible()


def test_an_administrator_makes_a_form_and_names_a_deputy(
    open_page: Callable[..., Page], asker: str
) -> None:
    title = f"Oven {uuid.uuid4().hex[:6]}"
    page = open_page("/office/forms")
    page.get_by_role("button", name="New form").click()
    dialog = page.get_by_role("dialog", name="New form")
    dialog.get_by_label("Title").fill(title)
    dialog.get_by_role("textbox", name="Question 1").fill("Which oven?")
    dialog.get_by_role("button", name="Add a question").click()
    dialog.get_by_role("textbox", name="Question 2").fill("Why?")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text(title)).to_be_visible()
    page.reload()
    expect(page.get_by_text(title)).to_be_visible()
    page.goto(page.url.replace("/forms", "/away"))
    away = page.get_by_role("combobox", name="Decides in my place").or_(
        page.get_by_label("Decides in my place")
    )
    away.first.click()
    page.get_by_role("option", name="Ada Leaves").first.click()
    page.get_by_label("First day").fill("2030-01-01")
    page.get_by_label("Last day").fill("2030-01-07")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your deputy is kept")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Last day")).to_have_value("2030-01-07")
