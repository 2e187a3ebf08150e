"""Every page of the chat: no serious finding of axe-core, no page wider than a phone of 375 px."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from tests.console.conftest import overflow_px, visit
from tests.console.test_chat import Room, open_page, people, room

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["open_page", "people", "room"]  # fixtures of the first page of tests


AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
LISTS = (
    "catch-up",
    "mentions",
    "threads",
    "later",
    "drafts",
    "urgent",
    "directory",
    "apps",
    "search",
)
FINDINGS = """() => axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations
    .filter((item) => ['serious', 'critical'].includes(item.impact))
    .flatMap((item) => item.nodes.map((node) => [item.id, node.target.join(' '),
        node.any[0]?.data?.fgColor ?? '', node.any[0]?.data?.bgColor ?? ''].join(' '))))"""
PHONE = {"width": 375, "height": 720}


def findings(page: Page) -> list[str]:
    """What axe-core finds serious on the page as it is shown."""
    page.evaluate(AXE.read_text())
    return page.evaluate(FINDINGS)


def fill(room: Room) -> None:
    """Something of everything."""
    me = room.admin.auth_test()["user_id"]
    asked = room.mira.chat_postMessage(channel=room.id, text=f"<@{me}> *which* `glaze`? :tada:")[
        "ts"
    ]
    room.admin.chat_postMessage(channel=room.id, text="The blue one", thread_ts=asked)
    room.mira.chat_postMessage(channel=room.id, text="Yes", thread_ts=asked)
    room.admin.reactions_add(channel=room.id, timestamp=asked, name="eyes")
    room.admin.pins_add(channel=room.id, timestamp=asked)
    code = "```python\nprint('a very long line of code that does not fit a telephone at all, not at all')\n```"
    room.mira.chat_postMessage(channel=room.id, text=code)
    long = "https://example.org/" + "a-very-long-address-" * 8
    room.mira.chat_postMessage(channel=room.id, text=f"<{long}>")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    open_page: Callable[..., Page], room: Room, scheme: str, shoot: Callable[[Page, str], None]
) -> None:
    fill(room)
    page = open_page(room.path, scheme=scheme)
    expect(page.get_by_role("log", name="Messages")).to_contain_text("glaze")
    found = {"channel": findings(page)}
    shoot(page, f"chat-{scheme}-channel")
    page.get_by_role("button", name="2 replies").click()
    expect(page.get_by_role("log", name="Thread")).to_contain_text("The blue one")
    found["thread"] = findings(page)
    page.get_by_role("button", name="Chat settings").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_timeout(400)  # the dialog fades in; half-seen text has too little contrast
    found["settings"] = findings(page)
    for name in LISTS:
        visit(page, f"/chat/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
        found[name] = findings(page)
        shoot(page, f"chat-{scheme}-{name}")
    told = [f"{name}: {item}" for name, items in found.items() for item in items]
    assert not told, "\n".join(told)


def test_every_page_fits_a_phone(
    open_page: Callable[..., Page], room: Room, shoot: Callable[[Page, str], None]
) -> None:
    fill(room)
    page = open_page(room.path, phone=True)
    page.set_viewport_size(PHONE)
    expect(page.get_by_role("log", name="Messages")).to_contain_text("glaze")
    assert overflow_px(page) == 0
    shoot(page, "chat-phone-channel")
    page.get_by_role("button", name="2 replies").click()
    expect(page.get_by_role("log", name="Thread")).to_contain_text("The blue one")
    assert overflow_px(page) == 0
    for name in LISTS:
        visit(page, f"/chat/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert overflow_px(page) == 0, name
        shoot(page, f"chat-phone-{name}")
    page.get_by_role("button", name="Channels", exact=True).click()
    drawer = page.get_by_role("dialog", name="Channels and people")
    expect(drawer.get_by_role("link", name="Catch up")).to_be_visible()
    shoot(page, "chat-phone-menu")
