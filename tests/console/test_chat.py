"""The console's chat in real Chromium: two people, two windows, one running Volano."""

from __future__ import annotations

import re
import struct
import uuid
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, WebSocketRoute, expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slack_sdk import WebClient
    from tests.conftest import Volano


MIRAS_PASSWORD = "a lamp above the door"
LONG_MS = 60_000
COPILOT_MS = 60_000
"""The copilot starts the engine for its first answer."""


@dataclass(frozen=True)
class Room:
    """A public channel that the administrator and Mira are in, and a client of each."""

    id: str
    name: str
    admin: WebClient
    mira: WebClient

    @property
    def path(self) -> str:
        return f"/chat/{self.id}"


def choose_miras_password(browser: Browser, volano: Volano, login_url: str) -> None:
    window = browser.new_context(base_url=volano.url)
    token = login_url.partition("token=")[2]
    opened = window.request.post("/volano/v1/session/link", data={"token": token})
    headers = {"x-volano-csrf": opened.json()["csrf"]}
    body = {"new": MIRAS_PASSWORD}
    assert window.request.post("/volano/v1/session/password", data=body, headers=headers).ok
    window.close()


@pytest.fixture(scope="module")
def people(volano_sqlite: Volano, browser: Browser) -> dict[str, WebClient]:
    """Clients of the administrator and of a second person, `mira`."""
    clients: dict[str, WebClient] = {}
    policies = ["arn:aws:iam::aws:policy/VolanoChatMember"]
    person = {"name": "mira", "display_name": "Mira Conti", "policies": policies}
    status, made = volano_sqlite.rest("POST", "/people", person)
    if status != 409:  # another module's tests made her before
        assert status in (200, 201), made
        choose_miras_password(browser, volano_sqlite, made["login_url"])
    for name in ("admin", "mira"):
        body = {"kind": "slack-user", "name": "console test"}
        status, key = volano_sqlite.rest("POST", f"/people/{name}/keys", body)
        assert status in (200, 201), key
        clients[name] = volano_sqlite.slack(key["secret"])
    return clients


@pytest.fixture
def open_page(
    open_console: Callable[..., Page], password: str, people: dict[str, WebClient]
) -> Callable[..., Page]:
    """A page of the administrator, or of Mira."""
    words = {"admin": password, "mira": MIRAS_PASSWORD}

    def open_window(path: str, *, user: str = "admin", **options: object) -> Page:
        return open_console(path, user=user, password=words[user], **options)

    return open_window


@pytest.fixture
def room(people: dict[str, WebClient]) -> Room:
    name = f"room-{uuid.uuid4().hex[:8]}"
    channel = people["admin"].conversations_create(name=name)["channel"]["id"]
    people["mira"].conversations_join(channel=channel)
    return Room(id=channel, name=name, admin=people["admin"], mira=people["mira"])


@pytest.fixture
def windows(open_page: Callable[..., Page], room: Room) -> Iterator[tuple[Page, Page]]:
    """The channel in the administrator's and in Mira's window."""
    pages = open_page(room.path), open_page(room.path, user="mira")
    for page in pages:
        expect(composer(page, room)).to_be_visible()
    return pages


def composer(page: Page, room: Room) -> Locator:
    return page.get_by_role("textbox", name=f"Message #{room.name}")


def say(page: Page, room: Room, text: str) -> None:
    composer(page, room).fill(text)
    page.keyboard.press("Enter")


def row(page: Page, text: str, *, within: str = "Messages") -> Locator:
    log = page.get_by_role("log", name=within)
    return log.get_by_role("article").filter(has_text=text)


def picture() -> bytes:
    """A red PNG of 40 x 30."""
    rows = b"".join(b"\0" + b"\xcc\x22\x22" * 40 for _ in range(30))

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    head = struct.pack(">IIBBBBB", 40, 30, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_two_people_write_to_each_other_live(room: Room, windows: tuple[Page, Page]) -> None:
    admin, mira = windows
    say(admin, room, "Good *morning* <https://example.org|you> :tada:")
    expect(row(mira, "Good morning you 🎉")).to_be_visible()
    expect(row(mira, "Good").locator("strong")).to_have_text("morning")
    say(mira, room, "Hello back")
    expect(row(admin, "Hello back")).to_be_visible()
    expect(row(admin, "Good morning")).to_have_count(1)


def test_a_script_in_a_message_stays_text(room: Room, windows: tuple[Page, Page]) -> None:
    admin, mira = windows
    admin.on("dialog", lambda _: pytest.fail("a script ran"))
    say(mira, room, "<img src=x onerror=alert(1)> <javascript:alert(1)|here> & done")
    expect(row(admin, "<img src=x onerror=alert(1)>")).to_be_visible()
    assert row(admin, "& done").locator("a, img").count() == 0


def test_edit_and_delete_reach_the_other_window(room: Room, windows: tuple[Page, Page]) -> None:
    admin, mira = windows
    say(admin, room, "The van leavs at nine")
    expect(row(mira, "leavs")).to_be_visible()
    composer(admin, room).press("ArrowUp")
    admin.get_by_role("textbox", name="Edit the message").fill("The van leaves at nine")
    admin.keyboard.press("Enter")
    expect(row(mira, "The van leaves at nine")).to_contain_text("(edited)")
    expect(composer(admin, room)).to_be_focused()

    mine = row(admin, "The van leaves")
    mine.hover()
    mine.get_by_role("button", name="More actions").click()
    admin.get_by_role("menuitem", name="Delete").click()
    admin.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row(mira, "The van leaves")).to_have_count(0)
    expect(row(admin, "The van leaves")).to_have_count(0)


def test_a_deleted_question_leaves_its_thread(room: Room, windows: tuple[Page, Page]) -> None:
    _, mira = windows
    asked = room.admin.chat_postMessage(channel=room.id, text="Which colour?")["ts"]
    room.mira.chat_postMessage(channel=room.id, text="Green", thread_ts=asked)
    expect(row(mira, "Which colour?").get_by_role("button", name="1 reply")).to_be_visible()
    room.admin.chat_delete(channel=room.id, ts=asked)
    grave = row(mira, "This message was deleted.")
    grave.get_by_role("button", name="1 reply").click()
    expect(row(mira, "Green", within="Thread")).to_be_visible()
    expect(row(mira, "Which colour?")).to_have_count(0)


def test_others_messages_offer_no_edit(room: Room, windows: tuple[Page, Page]) -> None:
    _, mira = windows
    room.admin.chat_postMessage(channel=room.id, text="Not hers")
    row(mira, "Not hers").hover()
    row(mira, "Not hers").get_by_role("button", name="More actions").click()
    expect(mira.get_by_role("menuitem", name="Copy link")).to_be_visible()
    expect(mira.get_by_role("menuitem", name="Edit")).to_have_count(0)
    expect(mira.get_by_role("menuitem", name="Delete")).to_have_count(0)


def test_reactions_are_added_and_taken_back(room: Room, windows: tuple[Page, Page]) -> None:
    admin, mira = windows
    say(admin, room, "Shipped")
    theirs = row(mira, "Shipped")
    theirs.hover()
    theirs.get_by_role("button", name="Add a reaction").click()
    mira.get_by_role("textbox", name="Search emoji").fill("rocket")
    mira.keyboard.press("Enter")
    badge = row(admin, "Shipped").get_by_role("button", name="rocket, 1")
    badge.click()
    expect(row(mira, "Shipped").get_by_role("button", name="rocket, 2")).to_be_visible()
    row(mira, "Shipped").get_by_role("button", name="rocket, 2").click()
    expect(badge).to_have_attribute("aria-pressed", "true")


def test_a_thread_grows_in_both_windows_and_closes_by_escape(
    room: Room, windows: tuple[Page, Page]
) -> None:
    admin, mira = windows
    say(admin, room, "Who is at the depot?")
    asked = row(mira, "Who is at the depot?")
    asked.hover()
    asked.get_by_role("button", name="Reply in thread").click()
    thread = mira.get_by_role("complementary", name="Thread")
    thread.get_by_role("textbox", name="Reply").fill("I am")
    mira.keyboard.press("Enter")
    expect(row(mira, "I am", within="Thread")).to_be_visible()
    expect(row(mira, "I am")).to_have_count(0)

    row(admin, "Who is at").get_by_role("button", name=re.compile("1 reply")).click()
    expect(row(admin, "I am", within="Thread")).to_be_visible()
    room.mira.chat_postMessage(channel=room.id, text="Until noon", thread_ts=ts_of(asked))
    expect(row(admin, "Until noon", within="Thread")).to_be_visible()
    expect(row(admin, "Who is at").get_by_role("button", name="2 replies")).to_be_visible()

    thread.get_by_role("textbox", name="Reply").press("Escape")
    expect(thread).to_have_count(0)


def ts_of(message: Locator) -> str:
    found = message.get_attribute("data-ts")
    assert found
    return found


def test_a_picture_is_shared_with_preview(room: Room, windows: tuple[Page, Page]) -> None:
    admin, mira = windows
    file = {"name": "van.png", "mimeType": "image/png", "buffer": picture()}
    admin.get_by_label("Files to share").first.set_input_files([file])
    say(admin, room, "The new van")
    shown = row(mira, "The new van").get_by_role("img", name="van.png")
    expect(shown).to_be_visible()
    mira.wait_for_function("image => image.naturalWidth === 40", arg=shown.element_handle())
    with mira.expect_download() as download:
        row(mira, "The new van").get_by_role("link", name="Download van.png").click()
    assert download.value.path().read_bytes() == picture()


def test_a_private_channel_is_not_shown_to_others(
    open_page: Callable[..., Page], people: dict[str, WebClient]
) -> None:
    page = open_page("/chat")
    page.get_by_role("button", name="Find or make a channel").click()
    page.get_by_role("tab", name="Make a new one").click()
    name = f"secret-{uuid.uuid4().hex[:8]}"
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("switch", name="Private").check()
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name=name, exact=True).first).to_be_visible()
    channel = page.url.split("/")[-1]

    mira = open_page("/chat", user="mira")
    mira.get_by_role("button", name="Find or make a channel").click()
    expect(mira.get_by_role("dialog").get_by_text("general")).to_be_visible()
    expect(mira.get_by_text(name)).to_have_count(0)
    mira.goto(mira.url.split("/chat")[0] + f"/chat/{channel}")
    expect(mira.get_by_role("alert")).to_contain_text("channel not found")


def test_unread_is_counted_and_cleared_by_reading(
    open_page: Callable[..., Page], room: Room
) -> None:
    general = room.admin.conversations_list()["channels"]
    elsewhere = next(item["id"] for item in general if item["name"] == "general")
    page = open_page(f"/chat/{elsewhere}")
    expect(page.get_by_role("button", name=re.compile(room.name))).to_be_visible()
    for text in ("one", "two"):
        room.mira.chat_postMessage(channel=room.id, text=text)
    place = page.get_by_role("button", name=re.compile(f"{room.name} .* unread"))
    expect(place.get_by_test_id("unread")).to_have_text(re.compile(r"[2-9]"))
    place.click()
    expect(row(page, "two")).to_be_visible()
    expect(page.get_by_role("separator", name="New messages")).to_be_visible()
    # (Other rooms of this server may hold what other tests left unread.)
    here = page.get_by_role("button", name=re.compile(room.name))
    expect(here).to_be_visible()
    expect(here.get_by_test_id("unread")).to_have_count(0)
    page.reload()
    expect(row(page, "two")).to_be_visible()
    expect(page.get_by_role("separator", name="New messages")).to_have_count(0)


def test_a_page_that_was_cut_off_is_told_what_it_missed(
    open_page: Callable[..., Page], room: Room
) -> None:
    page = open_page(room.path)
    sockets: list[WebSocketRoute] = []
    is_cut = False
    told: list[str] = []

    def relay(socket: WebSocketRoute) -> None:
        if is_cut:
            socket.close()
            return
        sockets.append(socket)
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            told.append(str(message))
            socket.send(message)

        server.on_message(pass_on)

    running: set[Request] = set()

    def began(request: Request) -> None:
        running.add(request)

    def ended(request: Request) -> None:
        running.discard(request)

    page.on("request", began)
    page.on("requestfinished", ended)
    page.on("requestfailed", ended)
    page.route_web_socket(re.compile("/volano/v1/live$"), relay)
    page.reload()
    poll(page, lambda: any('"subscribed":true' in frame for frame in told))
    first = room.mira.chat_postMessage(channel=room.id, text="before the break")["ts"]
    expect(row(page, "before the break")).to_be_visible()
    poll(page, lambda: not running)  # what it reads when it begins to listen

    is_cut = True
    for socket in sockets:
        socket.close()
    room.mira.chat_update(channel=room.id, ts=first, text="changed in the break")
    room.mira.chat_postMessage(channel=room.id, text="written in the break")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    is_cut = False
    expect(row(page, "written in the break")).to_be_visible(timeout=LONG_MS)
    expect(row(page, "changed in the break")).to_be_visible()
    expect(row(page, "before the break")).to_have_count(0)
    again = ("/chat/me", "conversations.history")
    assert [url for url in asked if url.endswith(again)] == []


def poll(page: Page, reached: Callable[[], bool]) -> None:
    """Let the page live until that is so."""
    for _ in range(LONG_MS // 100):
        if reached():
            return
        page.wait_for_timeout(100)
    pytest.fail("it did not happen")


def test_older_messages_come_when_scrolling_up_and_links_lead_to_them(
    open_page: Callable[..., Page], room: Room
) -> None:
    first = room.mira.chat_postMessage(channel=room.id, text="the very first")["ts"]
    for number in range(80):
        room.mira.chat_postMessage(channel=room.id, text=f"line {number:02d}")
    page = open_page(room.path)
    expect(row(page, "line 79")).to_be_in_viewport()
    assert row(page, "the very first").count() == 0
    page.get_by_role("log", name="Messages").evaluate("box => box.scrollTo(0, 0)")
    expect(row(page, "the very first")).to_have_count(1)
    expect(row(page, "line 79")).not_to_be_in_viewport()
    page.get_by_role("button", name="Newest").click()
    expect(row(page, "line 79")).to_be_in_viewport()

    link = room.mira.chat_getPermalink(channel=room.id, message_ts=first)["permalink"]
    room.mira.chat_postMessage(channel=room.id, text=f"See <{link}|up there>")
    page.get_by_role("link", name="up there").click()
    expect(row(page, "the very first")).to_be_in_viewport()


def test_copilot_answers_a_mention_in_the_thread_with_its_source(
    room: Room, windows: tuple[Page, Page]
) -> None:
    admin, _ = windows
    source = "The warehouse gate opens at half past six in the morning."
    said = room.mira.chat_postMessage(channel=room.id, text=source)["ts"]
    expect(row(admin, source)).to_be_visible()
    composer(admin, room).press_sequentially("@copi")
    expect(admin.get_by_role("option", name=re.compile("Copilot"))).to_be_visible()
    admin.keyboard.press("Tab")
    admin.keyboard.type("when does the warehouse gate open?")
    admin.keyboard.press("Enter")
    asked = row(admin, "when does the warehouse gate open?")
    asked.get_by_role("button", name=re.compile("1 reply")).click(timeout=COPILOT_MS)
    answer = row(admin, "half past six", within="Thread")
    expect(answer).to_be_visible()
    citation = answer.get_by_role("link").first
    expect(citation).to_have_attribute(
        "href", re.compile(rf"/archives/{room.id}/p{said.replace('.', '')}")
    )
    citation.click()
    expect(admin).to_have_url(re.compile(rf"/chat/{room.id}\?at={re.escape(said)}"))
    expect(row(admin, source)).to_be_in_viewport()


def test_the_copilot_is_a_person_to_write_to(open_page: Callable[..., Page]) -> None:
    page = open_page("/chat", user="mira")
    page.get_by_role("button", name="Ask the copilot").click()
    expect(page.get_by_role("heading", name="Ask the copilot")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message Copilot")).to_be_visible()


def test_keyboard_goes_everywhere(open_page: Callable[..., Page], room: Room) -> None:
    page = open_page("/chat")
    expect(page.get_by_role("log", name="Messages")).to_be_visible()
    page.keyboard.press("Control+k")
    page.get_by_role("textbox", name="Go to a channel or person").fill(room.name)
    page.keyboard.press("Enter")
    expect(composer(page, room)).to_be_visible()
    composer(page, room).fill("one\ntwo")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("three")
    page.keyboard.press("Enter")
    expect(row(page, "one")).to_contain_text("two")
    page.keyboard.press("Control+k")
    page.get_by_role("textbox", name="Go to a channel or person").fill("Mira")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Message Mira Conti")).to_be_visible()
    page.keyboard.press("Control+k")
    page.get_by_role("textbox", name="Go to a channel or person").fill("> directory")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("searchbox").or_(page.get_by_placeholder("Search people"))
    ).to_be_visible()


def test_blocks_of_programs_are_drawn(open_page: Callable[..., Page], room: Room) -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Nightly report"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*97* orders"}},
        {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "bullet", "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "stools"}]}]}]},
        {"type": "actions", "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": "Approve"}}]},
    ]  # fmt: skip
    room.mira.chat_postMessage(channel=room.id, text="fallback", blocks=blocks)
    page = open_page(room.path)
    report = row(page, "Nightly report")
    expect(report.get_by_role("heading", name="Nightly report")).to_be_visible()
    expect(report.get_by_role("listitem")).to_have_text("stools")
    expect(report.get_by_role("button", name="Approve")).to_be_disabled()


def test_a_failed_message_is_kept_and_sent_again(room: Room, windows: tuple[Page, Page]) -> None:
    admin, mira = windows
    admin.route("**/api/chat.postMessage", lambda route: route.abort())
    say(admin, room, "Into the tunnel")
    failed = admin.get_by_role("article", name="On its way")
    expect(failed).to_contain_text("Not sent")
    admin.unroute("**/api/chat.postMessage")
    failed.get_by_role("button", name="Try again").click()
    expect(row(mira, "Into the tunnel")).to_be_visible()
    expect(failed).to_have_count(0)
    expect(row(admin, "Into the tunnel")).to_have_count(1)


def test_chat_fits_a_phone_and_the_dark(open_page: Callable[..., Page], room: Room) -> None:
    asked = room.mira.chat_postMessage(channel=room.id, text="Are you on the road?")["ts"]
    room.mira.chat_postMessage(channel=room.id, text="Drive safely", thread_ts=asked)
    page = open_page(room.path, phone=True, scheme="dark")
    expect(row(page, "Are you on the road?")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="1 reply").click()
    thread = page.get_by_role("complementary", name="Thread")
    expect(row(page, "Drive safely", within="Thread")).to_be_visible()
    assert thread.bounding_box()["width"] == 390
    page.get_by_role("button", name="Close the thread").click()
    page.get_by_role("button", name="Channels", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="general").click()
    expect(page.get_by_role("textbox", name="Message #general")).to_be_in_viewport()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("document.documentElement.dataset.mantineColorScheme") == "dark"
