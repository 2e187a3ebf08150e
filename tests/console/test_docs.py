"""Documents in the console: two browsers write at once, sharing, versions, comments, finding."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from tests.console.conftest import PHONE, overflow_px

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page
    from tests.conftest import Volano


WAIT_MS = 60_000
WITHOUT_CURSORS = """(box) => {
  const copy = box.cloneNode(true);
  copy.querySelectorAll('.cm-ySelectionCaret').forEach((cursor) => cursor.remove());
  return copy.textContent;
}"""


def make(volano: Volano, title: str, text: str = "") -> str:
    status, made = volano.rest("POST", "/documents", {"title": title, "text": text})
    assert status == 200, made
    return made["id"]


def text_box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Text of the document")


def expect_saved(page: Page) -> None:
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible(timeout=WAIT_MS)


def test_two_browsers_that_write_at_once_end_with_the_same_text(
    volano_sqlite: Volano, open_page: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> None:
    title = f"Recipe {uuid.uuid4().hex[:6]}"
    document = make(volano_sqlite, title)
    first, second = open_page(f"/docs/{document}"), open_page(f"/docs/{document}")
    for page in (first, second):
        expect_saved(page)
        text_box(page).click()
    for number in range(12):
        first.keyboard.type(f"a{number} ")
        second.keyboard.type(f"b{number} ")
    for page in (first, second):
        for word in ("a11", "b11"):
            expect(text_box(page)).to_contain_text(word, timeout=WAIT_MS)
        expect_saved(page)
    texts = [text_box(page).evaluate(WITHOUT_CURSORS) for page in (first, second)]
    assert texts[0] == texts[1]
    written = texts[0].split()
    assert sorted(written) == sorted([f"{who}{n}" for who in "ab" for n in range(12)])
    shoot(first, "docs-two")


def test_what_is_written_while_the_server_is_away_comes_when_it_is_back(
    volano_sqlite: Volano, open_page: Callable[..., Page]
) -> None:
    document = make(volano_sqlite, f"Away {uuid.uuid4().hex[:6]}", "before")
    page = open_page(f"/docs/{document}")
    expect(text_box(page)).to_contain_text("before", timeout=WAIT_MS)
    page.evaluate("sockets = []")
    page.context.set_offline(True)
    text_box(page).click()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.type(" and after")
    page.context.set_offline(False)
    expect_saved(page)
    other = open_page(f"/docs/{document}")
    expect(text_box(other)).to_contain_text("before and after", timeout=WAIT_MS)


def test_a_document_is_made_named_commented_and_found(
    open_page: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> None:
    word = f"w{uuid.uuid4().hex[:10]}"
    page = open_page("/docs")
    page.get_by_role("button", name="New document").click()
    expect_saved(page)
    page.get_by_label("Title").fill(f"Notes {word}")
    page.keyboard.press("Enter")
    text_box(page).click()
    page.keyboard.type(f"# Bread\n\nFlour and {word}.")
    expect_saved(page)
    page.get_by_label("Comment on the document").fill("How much flour?")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_text("How much flour?").first).to_be_visible()
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("button", name="Show 1 resolved")).to_be_visible()
    page.get_by_text("Read", exact=True).click()
    expect(page.get_by_role("heading", name="Bread")).to_be_visible()
    shoot(page, "docs-read")
    page.get_by_role("link", name="All documents").click()
    page.get_by_label("Find documents").fill(word)
    expect(page.get_by_role("link", name=f"Notes {word}")).to_be_visible()
    shoot(page, "docs-list")


def test_an_older_version_comes_back(volano_sqlite: Volano, open_page: Callable[..., Page]) -> None:
    document = make(volano_sqlite, f"Old {uuid.uuid4().hex[:6]}", "the first text")
    page = open_page(f"/docs/{document}")
    expect(text_box(page)).to_contain_text("the first text", timeout=WAIT_MS)
    page.get_by_role("button", name="More of the document").click()
    page.get_by_role("menuitem", name="Versions").click()
    dialog = page.get_by_role("dialog", name="Versions")
    version = dialog.get_by_role("button").filter(has_text="characters").first
    for _ in range(30):
        if version.count():
            break
        page.reload()
        page.get_by_role("button", name="More of the document").click()
        page.get_by_role("menuitem", name="Versions").click()
        dialog.get_by_text("characters").or_(dialog.get_by_text("a moment")).first.wait_for()
    status, _ = volano_sqlite.rest("PUT", f"/documents/{document}/text", {"text": "another"})
    assert status in (200, 204)
    version.click()
    expect(dialog).to_contain_text("the first text")
    dialog.get_by_role("button", name="Go back to this").click()
    expect(text_box(page)).to_contain_text("the first text", timeout=WAIT_MS)


def test_the_page_fits_a_phone(
    volano_sqlite: Volano, open_page: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> None:
    document = make(volano_sqlite, f"Phone {uuid.uuid4().hex[:6]}", "word " * 80)
    page = open_page(f"/docs/{document}", viewport=PHONE)
    expect_saved(page)
    assert overflow_px(page) <= 0
    shoot(page, "docs-phone")
    page.goto(f"{volano_sqlite.url}/docs")
    page.get_by_label("Find documents").wait_for()
    assert overflow_px(page) <= 0
