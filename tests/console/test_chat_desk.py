"""Catching up, mentions, threads, later, drafts, readers, history, urgent: in real Chromium."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, expect
from tests.console.test_chat import (
    Room,
    composer,
    open_page,
    people,
    room,
    row,
    say,
    windows,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["open_page", "people", "room", "windows"]  # fixtures of the first page of tests


def view(page: Page, name: str) -> Locator:
    page.get_by_role("navigation", name="Channels and people").get_by_role(
        "link", name=re.compile(f"^{name}")
    ).click()
    found = page.get_by_role("region", name=name)
    expect(found).to_be_visible()
    return found


def menu(page: Page, text: str, item: str) -> None:
    mine = row(page, text)
    mine.hover()
    mine.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name=item).click()


def my_id(client) -> str:
    return client.auth_test()["user_id"]


def test_catch_up_reads_everything_in_one_place(
    open_page: Callable[..., Page], room: Room, shoot: Callable[[Page, str], None]
) -> None:
    page = open_page("/chat/mentions")
    room.mira.chat_postMessage(channel=room.id, text="The kiln is hot")
    room.mira.chat_postMessage(channel=room.id, text="Bring gloves")
    unread = view(page, "Catch up")
    here = unread.get_by_role("region", name=f"#{room.name}")
    expect(here).to_contain_text("The kiln is hot")
    expect(here).to_contain_text("Bring gloves")
    shoot(page, "chat-catch-up")
    here.get_by_role("button", name="Mark as read").click()
    expect(here).to_have_count(0)
    room.mira.chat_postMessage(channel=room.id, text="One more")
    page.reload()
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_text("You have read everything.")).to_be_visible()


def test_mentions_and_keywords_call(
    open_page: Callable[..., Page], room: Room, shoot: Callable[[Page, str], None]
) -> None:
    page = open_page(room.path)
    page.get_by_role("button", name="Chat settings").click()
    page.get_by_role("combobox", name="Keywords").fill("forklift")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_text("forklift", exact=True)).to_be_visible()
    shoot(page, "chat-settings")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    room.mira.chat_postMessage(channel=room.id, text=f"<@{my_id(room.admin)}> are you there?")
    room.mira.chat_postMessage(channel=room.id, text="The Forklift leaks oil")
    mentions = view(page, "Mentions")
    card = mentions.get_by_role("article").filter(has_text="The Forklift leaks oil")
    expect(card).to_contain_text("Your keyword")
    expect(mentions.get_by_role("article").filter(has_text="are you there?")).to_contain_text(
        "Named you"
    )
    shoot(page, "chat-mentions")
    card.get_by_role("link", name=f"#{room.name}").click()
    expect(row(page, "The Forklift leaks oil")).to_be_in_viewport()


def test_a_message_is_saved_for_later_and_ticked_off(
    room: Room, windows: tuple[Page, Page], shoot: Callable[[Page, str], None]
) -> None:
    admin, _ = windows
    room.mira.chat_postMessage(channel=room.id, text="Order more glaze")
    message = row(admin, "Order more glaze")
    message.hover()
    message.get_by_role("button", name="Save for later").click()
    expect(message.get_by_role("button", name="Take from the list for later")).to_have_attribute(
        "aria-pressed", "true"
    )
    later = view(admin, "Later")
    card = later.get_by_role("article").filter(has_text="Order more glaze")
    expect(card).to_be_visible()
    shoot(admin, "chat-later")
    card.get_by_role("button", name="Done", exact=True).click()
    expect(card).to_have_count(0)
    admin.get_by_text("Done", exact=True).click()
    expect(card).to_be_visible()


def test_a_draft_follows_to_another_window(
    open_page: Callable[..., Page], room: Room, shoot: Callable[[Page, str], None]
) -> None:
    first, second = open_page(room.path), open_page(room.path)
    expect(composer(second, room)).to_be_visible()
    with first.expect_response("**/volano/v1/chat/drafts"):
        composer(first, room).fill("half a thought")
    expect(composer(second, room)).to_have_value("half a thought")
    drafts = view(second, "Drafts")
    expect(drafts.get_by_role("article")).to_contain_text("half a thought")
    shoot(second, "chat-drafts")
    composer(first, room).press("Enter")
    expect(drafts.get_by_role("article").filter(has_text="half a thought")).to_have_count(0)


def test_typing_is_seen_and_ends(room: Room, windows: tuple[Page, Page]) -> None:
    admin, mira = windows
    composer(mira, room).press_sequentially("I think")
    expect(admin.get_by_text("Mira Conti is typing …")).to_be_visible()
    composer(mira, room).press("Enter")
    expect(row(admin, "I think")).to_be_visible()
    expect(admin.get_by_text("Mira Conti is typing …")).to_have_count(0)


def test_who_has_read_and_what_it_said_before(
    room: Room, windows: tuple[Page, Page], shoot: Callable[[Page, str], None]
) -> None:
    admin, mira = windows
    say(admin, room, "We open at nin")
    expect(row(mira, "We open at nin")).to_be_visible()
    composer(admin, room).press("ArrowUp")
    admin.get_by_role("textbox", name="Edit the message").fill("We open at nine")
    admin.keyboard.press("Enter")
    expect(row(admin, "We open at nine")).to_contain_text("(edited)")
    menu(admin, "We open at nine", "What it said before")
    dialog = admin.get_by_role("dialog")
    expect(dialog.get_by_text("We open at nin", exact=True)).to_be_visible()
    shoot(admin, "chat-history")
    admin.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    menu(admin, "We open at nine", "Who has read this")
    expect(admin.get_by_text("Read by 1 of 1")).to_be_visible()
    expect(admin.get_by_role("region", name="Have read it")).to_contain_text("Mira Conti")
    shoot(admin, "chat-readers")


def test_unread_again_and_forwarded(room: Room, windows: tuple[Page, Page]) -> None:
    admin, mira = windows
    room.mira.chat_postMessage(channel=room.id, text="Look at this later")
    expect(row(admin, "Look at this later")).to_be_visible()
    menu(admin, "Look at this later", "Mark as unread")
    place = admin.get_by_role("button", name=f"{room.name} 1 unread")
    expect(place).to_be_visible()
    menu(admin, "Look at this later", "Forward")
    dialog = admin.get_by_role("dialog", name="Forward")
    dialog.get_by_role("combobox", name="Where to").fill("general")
    admin.get_by_role("option", name="#general").click()
    dialog.get_by_role("button", name="Forward").click()
    mira.goto(mira.url.replace(room.id, ""))
    expect(admin.get_by_text("Forwarded to #general.")).to_be_visible()


def test_followed_threads_are_listed(
    room: Room, windows: tuple[Page, Page], shoot: Callable[[Page, str], None]
) -> None:
    admin, _ = windows
    root = room.admin.chat_postMessage(channel=room.id, text="Who has the key?")["ts"]
    room.mira.chat_postMessage(channel=room.id, text="I do", thread_ts=root)
    threads = view(admin, "Threads")
    card = threads.get_by_role("article").filter(has_text="Who has the key?")
    expect(card).to_contain_text("New")
    shoot(admin, "chat-threads")
    card.get_by_role("link", name="1 reply").click()
    panel = admin.get_by_role("complementary", name="Thread")
    expect(panel).to_contain_text("I do")
    panel.get_by_role("button", name="Stop following").click()
    expect(panel.get_by_role("button", name="Follow", exact=True)).to_be_visible()


def test_an_urgent_message_waits_for_everyone(
    room: Room, windows: tuple[Page, Page], shoot: Callable[[Page, str], None]
) -> None:
    admin, mira = windows
    say(admin, room, "The kiln door is open")
    menu(admin, "The kiln door is open", "Make it urgent")
    dialog = admin.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Who must know").fill("Mira")
    admin.get_by_role("option", name="Mira Conti").click()
    shoot(admin, "chat-urgent-form")
    dialog.get_by_role("button", name="Call them").click()
    bar = mira.get_by_role("alert").filter(has_text="The kiln door is open")
    expect(bar).to_be_visible()
    shoot(mira, "chat-urgent-bar")
    board = view(admin, "Urgent")
    card = board.get_by_role("article").filter(has_text="The kiln door is open")
    expect(card).to_contain_text("0 of 1 have acknowledged")
    bar.get_by_role("button", name="I have seen it").click()
    expect(bar).to_have_count(0)
    expect(card).to_contain_text("1 of 1 have acknowledged")
    shoot(admin, "chat-urgent")


def test_the_directory_has_departments_and_managers(
    open_page: Callable[..., Page], room: Room, shoot: Callable[[Page, str], None]
) -> None:
    page = open_page("/chat/directory")
    page.get_by_role("button", name="New department").click()
    page.get_by_role("textbox", name="Name").fill("Workshop")
    page.get_by_role("button", name="Save").click()
    tree = page.get_by_role("navigation", name="Departments")
    expect(tree.get_by_role("button", name="Workshop", exact=True)).to_be_visible()
    page.get_by_role("button", name="Edit Mira Conti").click()
    page.get_by_role("textbox", name="Title").fill("Potter")
    page.get_by_role("combobox", name="Department").click()
    page.get_by_role("option", name="Workshop").click()
    page.get_by_role("button", name="Save").click()
    tree.get_by_role("button", name="Workshop", exact=True).click()
    card = page.get_by_role("article", name="Mira Conti")
    expect(card).to_contain_text("Potter · Workshop")
    expect(page.get_by_role("article")).to_have_count(1)
    shoot(page, "chat-directory")


def test_chat_speaks_chinese(
    open_page: Callable[..., Page], room: Room, shoot: Callable[[Page, str], None]
) -> None:
    room.mira.chat_postMessage(channel=room.id, text="你好")
    page = open_page(room.path, user="mira")
    page.get_by_role("button", name="Chat settings").click()
    page.get_by_role("combobox", name="Language").click()
    page.get_by_role("option", name="中文").click()
    expect(page.get_by_role("link", name="待读")).to_be_visible()
    page.reload()
    expect(page.get_by_role("textbox", name=f"发消息到 #{room.name}")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "zh"
    shoot(page, "chat-chinese")
    page.get_by_role("button", name="聊天设置").click()
    page.get_by_role("combobox", name="语言").click()
    page.get_by_role("option", name="English").click()
    expect(page.get_by_role("link", name="Catch up")).to_be_visible()


def test_search_has_operators_and_finds_chinese(
    open_page: Callable[..., Page], room: Room, shoot: Callable[[Page, str], None]
) -> None:
    room.mira.chat_postMessage(channel=room.id, text="The zirconium glaze cracked")
    room.admin.chat_postMessage(channel=room.id, text="zirconium is ordered")
    room.mira.chat_postMessage(channel=room.id, text="明天开会讨论预算")
    page = open_page("/chat/search")
    expect(page.get_by_role("region", name="Operators")).to_be_visible()
    field = page.get_by_role("textbox", name="Search messages and files")
    field.fill(f"zirconium in:#{room.name} from:@mira")
    found = page.get_by_role("region", name="Search").get_by_role("article")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("The zirconium glaze cracked")
    page.wait_for_function("CSS.highlights.get('found')?.size === 1")
    shoot(page, "chat-search")
    field.fill("预算")
    expect(found.first).to_contain_text("明天开会讨论预算")
    found.first.get_by_role("link", name=f"#{room.name}").click()
    expect(row(page, "明天开会讨论预算")).to_be_in_viewport()


def test_notices_are_paused_and_come_again(open_page: Callable[..., Page], room: Room) -> None:
    page = open_page(f"/chat/{room.id}")
    page.get_by_role("button", name="Pause notices").click()
    page.get_by_role("menuitem", name="For 1 hour").click()
    page.get_by_role("button", name="Notices are paused until").click()
    assert room.admin.dnd_info()["snooze_enabled"]
    page.get_by_role("menuitem", name="Turn notices on again").click()
    expect(page.get_by_role("button", name="Pause notices")).to_be_visible()


def test_pins_and_bookmarks_stand_below_the_head(
    room: Room, windows: tuple[Page, Page], shoot: Callable[[Page, str], None]
) -> None:
    admin, mira = windows
    say(admin, room, "The safe word is teapot")
    menu(admin, "The safe word is teapot", "Pin to the channel")
    mira.get_by_role("button", name="1 pinned").click()
    dialog = mira.get_by_role("dialog", name="Pinned messages")
    expect(dialog).to_contain_text("The safe word is teapot")
    admin.get_by_role("button", name="Add a bookmark").click()
    admin.get_by_role("textbox", name="Address").fill("https://example.org/plan")
    admin.get_by_role("textbox", name="Name").fill("The plan")
    admin.get_by_role("button", name="Add", exact=True).click()
    expect(admin.get_by_role("link", name="The plan")).to_have_attribute(
        "href", "https://example.org/plan"
    )
    shoot(admin, "chat-pins")


def test_a_message_is_sent_later(
    room: Room, windows: tuple[Page, Page], shoot: Callable[[Page, str], None]
) -> None:
    admin, _ = windows
    composer(admin, room).fill("Good morning, everyone")
    admin.get_by_role("button", name="Send later").click()
    shoot(admin, "chat-send-later")
    admin.get_by_role("menuitem", name="Tomorrow morning").click()
    expect(composer(admin, room)).to_have_value("")
    waiting = view(admin, "Drafts").get_by_role("region", name="Waiting to be sent")
    expect(waiting).to_contain_text("Good morning, everyone")
    waiting.get_by_role("button", name="Do not send it").click()
    expect(waiting).to_have_count(0)


def test_every_emoji_is_found_by_what_it_means(
    room: Room, windows: tuple[Page, Page], shoot: Callable[[Page, str], None]
) -> None:
    admin, mira = windows
    admin.get_by_role("button", name="Emoji", exact=True).click()
    expect(admin.get_by_role("region", name="Flags")).to_be_attached()
    shoot(admin, "chat-emoji")
    admin.get_by_role("textbox", name="Search emoji").fill("jar")
    admin.get_by_role("button", name="amphora").click()
    expect(composer(admin, room)).to_have_value(":amphora: ")
    composer(admin, room).press("Enter")
    expect(row(mira, "🏺")).to_be_visible()


def test_code_is_coloured(
    room: Room, windows: tuple[Page, Page], shoot: Callable[[Page, str], None]
) -> None:
    admin, _ = windows
    code = "```python\ndef fire(kiln: str) -> int:\n    return 1240  # degrees\n```"
    room.mira.chat_postMessage(channel=room.id, text=code)
    block = row(admin, "def fire").locator("pre")
    expect(block.locator("span", has_text="def").first).to_be_visible()
    expect(block).to_contain_text("return 1240")
    expect(block).not_to_contain_text("python")
    shoot(admin, "chat-code")


def test_ten_thousand_messages_scroll_with_few_drawn(
    open_page: Callable[..., Page], room: Room
) -> None:
    """The answer of history is made here: ten thousand posts would take minutes."""
    page = open_page("/chat/mentions")
    author = my_id(room.mira)
    total, size = 10_000, 999

    def answer(route) -> None:
        cursor = int((route.request.post_data_json or {}).get("cursor") or total)
        numbers = range(cursor, max(0, cursor - size), -1)
        messages = [
            {"ts": f"{1_700_000_000 + number}.000100", "user": author, "text": f"line {number}"}
            for number in numbers
        ]
        following = numbers[-1] - 1
        body = {"ok": True, "messages": messages, "has_more": following > 0}
        body["response_metadata"] = {"next_cursor": str(following) if following else ""}
        route.fulfill(json=body)

    page.route("**/api/conversations.history", answer)
    page.get_by_role("navigation", name="Channels and people").get_by_role(
        "button", name=room.name
    ).click()
    log = page.get_by_role("log", name="Messages")
    expect(log.get_by_text("line 10000", exact=True)).to_be_visible(timeout=15_000)
    for _ in range(60):
        if log.get_by_text("line 1", exact=True).count():
            break
        log.evaluate("(box) => { box.scrollTop = 0; }")
        page.wait_for_timeout(60)  # a scroll is only seen when the page has drawn
    expect(log.get_by_text("line 1", exact=True)).to_have_count(1)
    drawn = log.evaluate("(box) => box.querySelectorAll('article').length")
    assert drawn < 1500
    page.get_by_role("button", name="Newest").click()
    expect(log.get_by_text("line 10000", exact=True)).to_be_in_viewport()
