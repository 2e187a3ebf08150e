"""Bringing a workplace in and out, inviting guests, emoji of one's own: in real Chromium."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect
from tests import slack_exports as export
from tests.console.test_chat import Room, open_page, people, picture, room, row, say, windows
from tests.console.test_chat_desk import view

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["open_page", "people", "room", "windows"]  # fixtures of the first page of tests


def test_an_administrator_imports_exports_and_invites(
    open_page: Callable[..., Page],
    room: Room,
    shoot: Callable[[Page, str], None],
    tmp_path: Path,
) -> None:
    page = open_page(room.path)
    administration = view(page, "Import and export")
    mark = uuid.uuid4().hex[:8].upper()
    person = export.person(f"U0{mark}", f"old-{mark.lower()}")
    members = {
        "users.json": [person],
        "channels.json": [
            export.channel(f"C0{mark}", f"old-{mark.lower()}", f"U0{mark}", creator=f"U0{mark}")
        ],
        "canvases.json": [],
        f"old-{mark.lower()}/2023-11-14.json": [export.said(f"U0{mark}", "Long ago", 1)],
    }
    archive = tmp_path / f"export {mark}.zip"
    archive.write_bytes(export.zipped(members))
    coming = administration.get_by_role("region", name="Import", exact=True)
    coming.locator("input[type=file]").set_input_files(archive)
    coming.get_by_role("button", name="Import", exact=True).click()
    expect(coming).to_contain_text(re.compile(r"1 people, .*1 messages"))
    expect(coming).to_contain_text("canvases.json is not imported.")
    going = administration.get_by_role("region", name="Export", exact=True)
    everything = going.get_by_role("button", name="Export everything")
    expect(everything).to_be_disabled()
    going.get_by_role("switch", name="Compliance export").click(force=True)
    expect(everything).to_be_enabled()
    everything.click()
    with page.expect_download() as download:
        going.get_by_role("link", name="Download").first.click()
    assert download.value.suggested_filename.endswith(".zip")
    guests = administration.get_by_role("region", name="Invite a guest")
    email = f"gia-{uuid.uuid4().hex[:8]}@outside.example"
    guests.get_by_label("E-mail address").fill(email)
    guests.get_by_role("combobox", name="Channels").fill(room.name)
    page.get_by_role("option", name=f"#{room.name}").click()
    page.keyboard.press("Escape")
    guests.get_by_role("button", name="Invite").click()
    expect(guests.get_by_role("status")).to_contain_text(f"{email} is invited")
    expect(guests.get_by_role("status")).to_contain_text("/login?token=")
    shoot(page, "chat-administration")


def test_an_emoji_of_ones_own_is_added_and_reacted_with(
    open_page: Callable[..., Page],
    room: Room,
    shoot: Callable[[Page, str], None],
    tmp_path: Path,
) -> None:
    page = open_page(room.path)
    name = f"cat-{uuid.uuid4().hex[:8]}"
    cat = tmp_path / "cat.png"
    cat.write_bytes(picture())
    say(page, room, "Look at my cat")
    mine = row(page, "Look at my cat")
    mine.hover()
    mine.get_by_role("button", name="Add a reaction").click()
    page.get_by_role("button", name="Add an emoji").click()
    page.locator("input[type=file][accept*='image/gif']").set_input_files(cat)
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("button", name="Add an emoji").click()
    expect(page.get_by_text(f":{name}: is there.")).to_be_visible()
    page.get_by_role("button", name=name, exact=True).click()
    reaction = mine.get_by_role("button", name=f"{name}, 1")
    expect(reaction.get_by_role("img", name=name)).to_be_visible()
    shoot(page, "chat-own-emoji")
