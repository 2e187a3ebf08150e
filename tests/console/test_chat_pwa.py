"""The console as an installed app: its manifest, its frame without a network, notices, offline sending."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.console.test_chat import Room, composer, open_page, people, room, row, say, windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Volano

__all__ = ["open_page", "people", "room", "windows"]  # fixtures of the first page of tests


@pytest.fixture
def installed(browser: Browser, volano_sqlite: Volano, password: str) -> Iterator[BrowserContext]:
    """The administrator's browser with its service worker."""
    context = browser.new_context(base_url=volano_sqlite.url, permissions=["notifications"])
    context.request.post("/volano/v1/session", data={"user": "admin", "password": password})
    yield context
    context.close()


def test_the_console_can_be_installed(installed: BrowserContext) -> None:
    page = installed.new_page()
    page.goto("/chat")
    href = page.locator("link[rel=manifest]").get_attribute("href")
    answer = page.request.get(str(href))
    assert answer.headers["content-type"].startswith("application/manifest+json")
    manifest = answer.json()
    assert manifest["start_url"] == "/chat"
    for icon in manifest["icons"]:
        assert page.request.get(icon["src"]).headers["content-type"] == "image/png"


def test_the_frame_opens_without_a_network(installed: BrowserContext, room: Room) -> None:
    page = installed.new_page()
    page.goto(room.path)
    expect(composer(page, room)).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    expect(composer(page, room)).to_be_visible()
    installed.set_offline(True)
    page.reload()
    expect(page).to_have_title("Volano")
    expect(page.locator("#root")).not_to_be_empty()
    installed.set_offline(False)


def test_what_is_sent_offline_goes_out_when_the_network_is_back(
    room: Room, windows: tuple[Page, Page]
) -> None:
    admin, mira = windows
    admin.context.set_offline(True)
    say(admin, room, "Written in the tunnel")
    expect(admin.get_by_role("article", name="On its way")).to_contain_text("Written in the tunnel")
    expect(admin.get_by_text("You are offline.")).to_be_visible()
    admin.context.set_offline(False)
    expect(row(mira, "Written in the tunnel")).to_be_visible()
    expect(admin.get_by_role("article", name="On its way")).to_have_count(0)
    expect(row(admin, "Written in the tunnel")).to_have_count(1)


def test_what_waits_survives_a_reload(room: Room, windows: tuple[Page, Page]) -> None:
    admin, mira = windows
    admin.route("**/api/chat.postMessage", lambda route: route.abort())
    say(admin, room, "Kept over a reload")
    expect(admin.get_by_role("article", name="On its way")).to_be_visible()
    admin.unroute("**/api/chat.postMessage")
    admin.reload()
    expect(row(mira, "Kept over a reload")).to_be_visible()
    expect(row(admin, "Kept over a reload")).to_have_count(1)


def test_a_notice_of_the_browser_tells_of_a_mention(installed: BrowserContext, room: Room) -> None:
    page = installed.new_page()
    page.add_init_script(
        "window.shown = []; window.Notification = class { static permission = 'granted';"
        " static requestPermission() { return Promise.resolve('granted'); }"
        " constructor(title, more) { window.shown.push([title, more.body]); } close() {} };"
        " document.hasFocus = () => false;"
    )
    page.goto(room.path)
    page.get_by_role("button", name="Chat settings").click()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("button", name="Switch off")).to_be_visible()
    me = room.admin.auth_test()["user_id"]
    room.mira.chat_postMessage(channel=room.id, text="just talking")
    room.mira.chat_postMessage(channel=room.id, text=f"<@{me}> look here")
    page.wait_for_function("window.shown.length > 0")
    [[title, body]] = page.evaluate("window.shown")
    assert title == f"Mira Conti · #{room.name}"
    assert "look here" in body
