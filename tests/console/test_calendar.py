"""The calendar in the console: making, inviting, answering, views, a phone's width."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, expect
from tests.console.conftest import PHONE, overflow_px

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from tests.conftest import Volano


PASSWORD_OF_GUESTS = "a calendar on the wall"


@pytest.fixture(scope="module")
def guest(volano_sqlite: Volano, browser: Browser) -> tuple[str, str]:
    """Somebody to invite: their user name, and how people call them."""
    name = f"gil-{uuid.uuid4().hex[:8]}"
    title = f"Gil {name[4:]}"
    policies = ["arn:aws:iam::aws:policy/VolanoChatMember"]
    person = {"name": name, "display_name": title, "policies": policies}
    status, made = volano_sqlite.rest("POST", "/people", person)
    assert status in (200, 201), made
    window = browser.new_context(base_url=volano_sqlite.url)
    token = {"token": made["login_url"].partition("token=")[2]}
    csrf = window.request.post("/volano/v1/session/link", data=token).json()["csrf"]
    window.request.post(
        "/volano/v1/session/password",
        data={"new": PASSWORD_OF_GUESTS},
        headers={"x-volano-csrf": csrf},
    )
    window.request.get("/volano/v1/chat/me")  # they are in the workplace from now on
    window.close()
    return name, title


def fill(page: Page, title: str, *, hour: int = 9) -> None:
    """The form of a new event, today."""
    page.get_by_role("button", name="New event", exact=True).click()
    dialog = page.get_by_role("dialog", name="New event")
    dialog.get_by_label("Title").fill(title)
    dialog.get_by_label("First day").fill(date.today().isoformat())  # noqa: DTZ011 - as the page
    times = dialog.locator("input[type=time]")
    times.nth(0).fill(f"{hour:02}:00")
    times.nth(1).fill(f"{hour + 1:02}:30")


def test_a_guest_is_invited_answers_and_the_owner_sees_it(
    open_page: Callable[..., Page],
    open_console: Callable[..., Page],
    guest: tuple[str, str],
    shoot: Callable[[Page, str], None],
) -> None:
    title = f"Tasting {uuid.uuid4().hex[:6]}"
    page = open_page("/calendar")
    fill(page, title)
    dialog = page.get_by_role("dialog", name="New event")
    dialog.get_by_role("combobox", name="Guests").or_(dialog.get_by_label("Guests")).first.click()
    dialog.get_by_label("Guests").first.fill(guest[1])
    page.get_by_role("option", name=guest[1]).click()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Find a time").click()
    expect(
        dialog.get_by_role("button", name="10:").or_(dialog.get_by_role("button", name=":00")).first
    ).to_be_visible()
    shoot(page, "calendar-form")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog).to_have_count(0)
    event = page.get_by_role("button", name=title)
    expect(event).to_be_visible()
    shoot(page, "calendar-week")
    theirs = open_console("/calendar", user=guest[0], password=PASSWORD_OF_GUESTS)
    theirs.get_by_role("button", name=title).click()
    theirs.get_by_role("button", name="Yes", exact=True).click()
    expect(theirs.get_by_role("dialog")).to_have_count(0)
    event.click()
    seen = page.get_by_role("dialog", name=title)
    expect(seen).to_contain_text(guest[1])
    expect(seen).to_contain_text("yes")
    shoot(page, "calendar-event")


def test_somebody_outside_answers_by_a_link(
    open_page: Callable[..., Page], browser: Browser, volano_sqlite: Volano
) -> None:
    title, address = f"Milling {uuid.uuid4().hex[:6]}", "eve@elsewhere.example"
    page = open_page("/calendar")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    fill(page, title, hour=14)
    mails = page.get_by_role("combobox", name="Invite by mail")
    mails.fill(f"{address}, finn@elsewhere.example")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name=title).click()
    seen = page.get_by_role("dialog", name=title)
    expect(seen.get_by_role("button", name="Copy the link to answer by")).to_have_count(2)
    seen.get_by_role("button", name="Copy the link to answer by").first.click()
    path = page.evaluate("navigator.clipboard.readText()").partition("/volano/")[2]
    window = browser.new_context(base_url=volano_sqlite.url)
    theirs = window.new_page()
    theirs.goto(f"/volano/{path}")
    expect(theirs.get_by_role("heading", name=title)).to_be_visible()
    theirs.get_by_role("button", name="Maybe").click()
    expect(theirs.get_by_role("status")).to_contain_text("may come")
    window.close()
    page.reload()
    page.get_by_role("button", name=title).click()
    expect(seen).to_contain_text(f"{address}maybe")


def test_an_event_is_changed_and_called_off(open_page: Callable[..., Page]) -> None:
    title = f"Baking {uuid.uuid4().hex[:6]}"
    page = open_page("/calendar")
    fill(page, title, hour=11)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    page.get_by_role("button", name=title).click()
    page.get_by_role("button", name="Change", exact=True).click()
    page.get_by_label("Title").fill(f"{title} anew")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name=f"{title} anew").click()
    page.get_by_role("button", name="Call off", exact=True).click()
    expect(page.get_by_role("button", name=title)).to_have_count(0)


def test_the_month_and_a_phone_show_the_same_and_need_no_mouse(
    open_page: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> None:
    title = f"Fair {uuid.uuid4().hex[:6]}"
    page = open_page("/calendar")
    page.get_by_text("Month", exact=True).click()
    page.get_by_role("button", name="New event on").nth(10).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="New event")
    expect(dialog.get_by_label("Title")).to_be_focused()
    page.keyboard.type(title)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=title)).to_be_visible()
    shoot(page, "calendar-month")
    page.get_by_text("Week", exact=True).click()
    expect(page.get_by_role("group", name="Hours of the week")).to_be_visible()
    page.get_by_text("Month", exact=True).click()
    page.set_viewport_size(PHONE)
    expect(page.get_by_role("button", name=title)).to_be_visible()
    assert overflow_px(page) <= 0
    shoot(page, "calendar-phone")


def test_files_go_out_and_in_and_programs_are_explained(open_page: Callable[..., Page]) -> None:
    uid = uuid.uuid4().hex
    day = date.today().strftime("%Y%m%d")  # noqa: DTZ011 - as the page
    ics = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\nBEGIN:VEVENT\r\n"
        f"UID:{uid}\r\nDTSTAMP:{day}T000000Z\r\nDTSTART;VALUE=DATE:{day}\r\n"
        f"SUMMARY:Import {uid[:6]}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    page = open_page("/calendar")
    page.locator("input[type=file]").set_input_files(
        {"name": "fair.ics", "mimeType": "text/calendar", "buffer": ics.encode()}
    )
    expect(page.get_by_role("button", name=f"Import {uid[:6]}").first).to_be_visible()
    page.get_by_role("button", name="More of the calendar").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Export as a file").click()
    assert uid in download.value.path().read_text()
    page.get_by_role("button", name="More of the calendar").click()
    page.get_by_role("menuitem", name="Use a calendar program").click()
    expect(page.get_by_role("dialog")).to_contain_text("/dav/")
