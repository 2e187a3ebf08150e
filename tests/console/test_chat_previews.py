"""What stands below a message in real Chromium: drawn pages, tables, sound, and documents that one may read."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect
from tests.console.test_chat import Room, open_page, people, room, row, windows
from tests.console.test_chat_looks import findings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Volano

__all__ = ["open_page", "people", "room", "windows"]  # fixtures of the first page of tests


DARK_POINTS = """(canvas) => {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let dark = 0;
  for (let at = 0; at < data.length; at += 4) dark += data[at] < 60 && data[at + 3] > 0 ? 1 : 0;
  return dark;
}"""


def pdf_of(*pages: str) -> bytes:
    """A PDF with a line of text and a black square on each page."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    parts = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        drawn = f"BT /F1 30 Tf 60 700 Td ({text}) Tj ET 60 300 200 200 re f"
        needs = f"/Contents {5 + 2 * number} 0 R /Resources << /Font << /F1 3 0 R >> >>"
        parts.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {needs} >>")
        parts.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    text, places = "%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(f"{len(text):010d} 00000 n \n")
        text += f"{number} 0 obj\n{part}\nendobj\n"
    table = f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n{''.join(places)}"
    trailer = f"trailer << /Size {len(parts) + 1} /Root 1 0 R >>\nstartxref\n{len(text)}\n%%EOF"
    return (text + table + trailer).encode()


def test_a_pdf_is_drawn_and_read_without_leaving_the_page(
    room: Room, windows: tuple[Page, Page], shoot: Callable[[Page, str], None]
) -> None:
    admin, _ = windows
    content = pdf_of("Glaze one", "Glaze two")
    room.mira.files_upload_v2(channel=room.id, content=content, filename="glazes.pdf")
    button = admin.get_by_role("button", name="Read glazes.pdf")
    first = button.locator("canvas[data-drawn=true]")
    first.wait_for()
    assert first.evaluate(DARK_POINTS) > 0
    expect(row(admin, "glazes.pdf")).to_contain_text("2 pages")
    button.click()
    dialog = admin.get_by_role("dialog", name="glazes.pdf")
    expect(dialog).to_contain_text("Glaze one")
    dialog.get_by_role("button", name="Next page", exact=True).click()
    expect(dialog).to_contain_text("Glaze two")
    expect(dialog.get_by_role("status")).to_have_text("Page 2 of 2")
    assert findings(admin) == []
    shoot(admin, "chat-pdf")


def test_what_is_no_pdf_says_so(room: Room, windows: tuple[Page, Page]) -> None:
    admin, _ = windows
    room.mira.files_upload_v2(channel=room.id, content="no pages at all", filename="broken.pdf")
    expect(row(admin, "broken.pdf")).to_contain_text("This PDF cannot be shown here")


def test_a_table_and_a_sound_are_shown(room: Room, windows: tuple[Page, Page]) -> None:
    admin, _ = windows
    lines = [f"kiln {number},{1200 + number}" for number in range(9)]
    table = "\n".join(["place,temperature", *lines])
    room.mira.files_upload_v2(channel=room.id, content=table, filename="firings.csv")
    message = row(admin, "firings.csv")
    expect(message.get_by_role("columnheader", name="temperature")).to_be_visible()
    expect(message.get_by_role("cell", name="1208", exact=True)).to_have_count(0)
    message.get_by_role("button", name="Show all 9 rows").click()
    expect(message.get_by_role("cell", name="1208", exact=True)).to_be_visible()
    room.mira.files_upload_v2(channel=room.id, content=b"RIFF", filename="kiln.wav")
    expect(row(admin, "kiln.wav").locator("audio")).to_have_attribute("controls", "")


def test_a_linked_document_shows_its_title_to_those_who_may_read_it(
    volano_sqlite: Volano,
    room: Room,
    windows: tuple[Page, Page],
    shoot: Callable[[Page, str], None],
) -> None:
    admin, mira = windows
    title = f"Recipe {uuid.uuid4().hex[:6]}"
    status, made = volano_sqlite.rest("POST", "/documents", {"title": title, "text": "Blue"})
    assert status == 200, made
    link = f"{volano_sqlite.url}/docs/{made['id']}"
    room.admin.chat_postMessage(channel=room.id, text=f"Read {link} please")
    expect(row(admin, "please").get_by_role("group", name=f"Document {title}")).to_be_visible()
    with mira.expect_response(lambda reply: reply.url.endswith(made["id"])) as asked:
        mira.reload()
    assert asked.value.status in (403, 404)
    expect(row(mira, "please")).to_be_visible()
    assert title not in row(mira, "please").inner_text()
    shared = {"shares": [{"target": room.id, "role": "view"}]}
    status, _ = volano_sqlite.rest("PUT", f"/documents/{made['id']}/shares", shared)
    assert status == 200
    mira.reload()
    card = row(mira, "please").get_by_role("group", name=f"Document {title}")
    expect(card).to_contain_text(f"#{room.name}")
    shoot(mira, "chat-document")
    card.get_by_role("link", name=title).click()
    expect(mira.get_by_role("textbox", name="Text of the document")).to_contain_text("Blue")
