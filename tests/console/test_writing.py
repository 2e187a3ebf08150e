"""The copilot's writing in the console: honest without a model, items to tasks, notes, templates."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, expect
from tests.console.test_chat import Room, open_page, people, room, row, windows
from tests.console.test_chat_desk import menu

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Volano

__all__ = ["open_page", "people", "room", "windows"]  # fixtures of the chat's tests


NO_MODEL = re.compile("No model that writes is chosen in this cloud")


def channel_menu(page: Page, item: str) -> None:
    page.get_by_role("button", name="More for this channel").click()
    page.get_by_role("menuitem", name=item).click()


def said(room: Room, text: str, page: Page) -> Locator:
    room.mira.chat_postMessage(channel=room.id, text=text)
    found = row(page, text)
    expect(found).to_be_visible()
    return found


def test_a_channel_is_summed_up_and_its_sources_lead_to_messages(
    open_page: Callable[..., Page], room: Room, shoot: Callable[[Page, str], None]
) -> None:
    page = open_page(f"/chat/{room.id}")
    said(room, "What shall we do about the kiln?", page)
    said(room, "We decided to buy a new kiln by Friday.", page)
    channel_menu(page, "Summarize")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("We decided to buy a new kiln")
    expect(dialog).to_contain_text(NO_MODEL)
    shoot(page, "chat-summary")
    dialog.get_by_label("Sources").get_by_role("button").first.click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_items_become_tasks_when_the_button_is_pressed(
    open_page: Callable[..., Page],
    room: Room,
    volano_sqlite: Volano,
    shoot: Callable[[Page, str], None],
) -> None:
    clay = f"clay {uuid.uuid4().hex[:8]}"
    page = open_page(f"/chat/{room.id}")
    said(room, f"TODO: order {clay}", page)
    channel_menu(page, "Action items")
    dialog = page.get_by_role("dialog")
    title = dialog.get_by_label("What is to be done").last
    expect(title).to_have_value(f"Order {clay}")
    title.fill(f"Order much {clay}")
    shoot(page, "chat-items")
    tasks = [task["title"] for task in volano_sqlite.rest("GET", "/tasks")[1]["items"]]
    assert f"Order much {clay}" not in tasks
    dialog.get_by_role("button", name=re.compile("^Make")).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    tasks = [task["title"] for task in volano_sqlite.rest("GET", "/tasks")[1]["items"]]
    assert f"Order much {clay}" in tasks


def test_translation_and_rewriting_say_what_is_missing(
    open_page: Callable[..., Page], room: Room, shoot: Callable[[Page, str], None]
) -> None:
    page = open_page(f"/chat/{room.id}")
    found = said(room, "Good morning to all potters", page)
    menu(page, "Good morning to all potters", "Translate")
    expect(found.get_by_label("Translation")).to_contain_text(NO_MODEL)
    shoot(page, "chat-translation")
    found.get_by_role("button", name="Hide the translation").click()
    expect(found.get_by_label("Translation")).to_have_count(0)
    page.get_by_role("textbox", name=re.compile("^Message")).fill("we is late")
    page.get_by_role("button", name="Write for me").click()
    page.get_by_role("menuitem", name="Correct mistakes").click()
    expect(page.get_by_text(NO_MODEL).last).to_be_visible()


def test_a_command_of_the_copilot_is_offered_and_answers_its_caller(
    open_page: Callable[..., Page], room: Room
) -> None:
    page = open_page(f"/chat/{room.id}")
    said(room, "We decided to glaze it green.", page)
    box = page.get_by_role("textbox", name=re.compile("^Message"))
    box.fill("/summ")
    expect(page.get_by_role("option", name="/summarize")).to_be_visible()
    box.fill("/summarize")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text(NO_MODEL).last).to_be_visible()
    expect(page.get_by_text("only you see this").last).to_be_visible()


def test_notes_of_a_meeting(
    open_page: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> None:
    page = open_page("/assistants/notes")
    transcript = "Ana: We decided to move in May.\nBo: Who pays?\nAna: I'll ask the bank."
    page.get_by_label("What was said").fill(transcript)
    page.get_by_role("button", name="Take notes").click()
    expect(page.get_by_text("Ana: We decided to move in May.").last).to_be_visible()
    expect(page.get_by_text("Bo: Who pays?").last).to_be_visible()
    expect(page.get_by_label("What is to be done")).to_have_value("Ask the bank")
    shoot(page, "assistants-notes")


def test_an_assistant_begins_with_a_template(
    open_page: Callable[..., Page], volano_sqlite: Volano, shoot: Callable[[Page, str], None]
) -> None:
    name = f"listings-{uuid.uuid4().hex[:8]}"
    page = open_page("/assistants")
    card = page.get_by_role("article", name="Listing writer")
    expect(card).to_contain_text("needs a model")
    shoot(page, "assistants-templates")
    card.get_by_role("button", name="Use this").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Title")).to_have_value("Listing writer")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("row", name=f"@{name}")).to_be_visible()
    made = [i for i in volano_sqlite.rest("GET", "/assistants")[1]["items"] if i["name"] == name]
    assert "Keywords:" in made[0]["instructions"]
