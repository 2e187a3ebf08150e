"""Apps in the chat, with a Bolt app that runs: buttons, forms, commands, Home tab; all block types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from tests.console.test_chat import Room, composer, open_page, people, room, row, windows
from tests.slack_apps import MadeApp, make_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Volano

__all__ = ["open_page", "people", "room", "windows"]  # fixtures of the first page of tests


def plain(text: str) -> dict:
    return {"type": "plain_text", "text": text}


def option(text: str) -> dict:
    return {"text": plain(text), "value": text.lower()}


FORM = {
    "type": "modal",
    "callback_id": "order",
    "title": plain("Order clay"),
    "submit": plain("Send"),
    "blocks": [
        {
            "type": "input",
            "block_id": "what",
            "label": plain("What"),
            "element": {"type": "plain_text_input", "action_id": "text"},
        },
        {
            "type": "input",
            "block_id": "kind",
            "label": plain("Kind"),
            "element": {
                "type": "static_select",
                "action_id": "kind",
                "options": [option("White"), option("Red")],
            },
        },
        {
            "type": "input",
            "block_id": "day",
            "label": plain("Day"),
            "element": {"type": "datepicker", "action_id": "day", "initial_date": "2026-12-01"},
        },
        {
            "type": "input",
            "block_id": "more",
            "optional": True,
            "label": plain("More"),
            "element": {
                "type": "checkboxes",
                "action_id": "more",
                "options": [option("Fast"), option("Wrapped")],
            },
        },
    ],
}


def write_app(app: App, name: str) -> None:
    @app.command(f"/{name}")
    def on_command(ack, body, client):
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.view("order")
    def on_order(ack, view, client, body):
        values = view["state"]["values"]
        what = values["what"]["text"]["value"]
        if what == "mud":
            ack(response_action="errors", errors={"what": "We sell no mud."})
            return
        ack()
        kind = values["kind"]["kind"]["selected_option"]["value"]
        more = [item["value"] for item in values["more"]["more"]["selected_options"]]
        text = f"{what} {kind} {values['day']['day']['selected_date']} {'+'.join(more)}"
        client.chat_postMessage(channel=body["user"]["id"], text=text)

    @app.action("approve")
    def on_approve(ack, body, respond):
        ack()
        state = body["state"]["values"]["row"]["size"]["selected_option"]["value"]
        respond(text=f"approved {state} by <@{body['user']['id']}>", replace_original=True)

    @app.event("app_home_opened")
    def on_home(event, client):
        blocks = [
            {"type": "header", "text": plain("Your pottery")},
            {
                "type": "actions",
                "elements": [{"type": "button", "action_id": "count", "text": plain("Count")}],
            },
        ]
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @app.action("count")
    def on_count(ack, body, client):
        ack()
        blocks = [{"type": "section", "text": plain("Counted: one")}]
        client.views_publish(user_id=body["user"]["id"], view={"type": "home", "blocks": blocks})


@pytest.fixture(scope="module")
def pottery(volano_sqlite: Volano) -> Iterator[MadeApp]:
    """An app that is connected over Socket Mode."""
    made = make_app(volano_sqlite)
    app = App(
        client=made.bot(),
        token=made.bot_token,
        signing_secret=made.credentials["signing_secret"],
    )
    write_app(app, made.name)
    handler = SocketModeHandler(app, made.app_token)
    handler.connect()
    yield made
    handler.close()


def test_a_command_opens_a_form_that_is_checked_and_sent(
    open_page: Callable[..., Page],
    room: Room,
    pottery: MadeApp,
    shoot: Callable[[Page, str], None],
) -> None:
    page = open_page(room.path)
    composer(page, room).press_sequentially(f"/{pottery.name[:6]}")
    expect(page.get_by_role("option", name=f"/{pottery.name}")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    form = page.get_by_role("dialog", name="Order clay")
    form.get_by_role("textbox", name="What").fill("mud")
    form.get_by_role("combobox", name="Kind").click()
    page.get_by_role("option", name="Red").click()
    form.get_by_label("Fast").check()
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("alert")).to_have_text("We sell no mud.")
    shoot(page, "chat-modal")
    form.get_by_role("textbox", name="What").fill("clay")
    form.get_by_role("button", name="Send").click()
    expect(form).to_have_count(0)
    page.get_by_role("navigation", name="Channels and people").get_by_role(
        "button", name=pottery.name
    ).click()
    expect(row(page, "clay red 2026-12-01 fast")).to_be_visible()


def test_buttons_ask_first_and_reach_the_app(
    open_page: Callable[..., Page],
    room: Room,
    pottery: MadeApp,
    shoot: Callable[[Page, str], None],
) -> None:
    confirm = {
        "title": plain("Approve?"),
        "text": plain("It is fired tonight."),
        "confirm": plain("Fire it"),
        "deny": plain("Wait"),
    }
    elements = [
        {
            "type": "static_select",
            "action_id": "size",
            "placeholder": plain("Size"),
            "options": [option("Small"), option("Large")],
        },
        {
            "type": "button",
            "action_id": "approve",
            "style": "primary",
            "text": plain("Approve"),
            "confirm": confirm,
        },
    ]
    blocks = [{"type": "actions", "block_id": "row", "elements": elements}]
    pottery.bot().conversations_join(channel=room.id)
    pottery.bot().chat_postMessage(channel=room.id, text="A request", blocks=blocks)
    page = open_page(room.path)
    page.get_by_role("combobox", name="Size").click()
    page.get_by_role("option", name="Large").click()
    page.get_by_role("button", name="Approve", exact=True).click()
    dialog = page.get_by_role("dialog", name="Approve?")
    expect(dialog).to_contain_text("It is fired tonight.")
    shoot(page, "chat-confirm")
    dialog.get_by_role("button", name="Fire it").click()
    expect(row(page, "approved large by")).to_be_visible()


def test_an_apps_home_tab_is_made_and_pressed(
    open_page: Callable[..., Page], pottery: MadeApp, shoot: Callable[[Page, str], None]
) -> None:
    page = open_page("/chat/apps")
    card = page.get_by_role("article", name=pottery.name)
    expect(card).to_contain_text(f"/{pottery.name}")
    shoot(page, "chat-apps")
    card.get_by_role("link", name="Open").click()
    expect(page.get_by_role("heading", name="Your pottery")).to_be_visible()
    page.get_by_role("button", name="Count", exact=True).click()
    expect(page.get_by_text("Counted: one")).to_be_visible()


RICH = {
    "type": "rich_text",
    "elements": [
        {"type": "rich_text_section", "elements": [{"type": "text", "text": "rich words"}]}
    ],
}
KIT = [
    {"type": "header", "text": plain("Header")},
    {"type": "section", "fields": [plain("Field one"), plain("Field two")]},
    {"type": "divider"},
    {"type": "context", "elements": [plain("Context")]},
    {"type": "markdown", "text": "## Marked down\n\n- item"},
    RICH,
    {"type": "table", "rows": [[{"type": "raw_text", "text": "Cell"}]] * 2},
    {"type": "alert", "level": "warning", "text": plain("Mind the kiln")},
    {"type": "card", "title": plain("A card"), "body": plain("Its body")},
    {"type": "carousel", "elements": [{"type": "card", "title": plain("In the carousel")}]},
    {"type": "plan", "title": "A plan", "tasks": [
        {"type": "task_card", "task_id": "1", "title": "First task", "status": "complete"}]},
    {"type": "task_card", "task_id": "2", "title": "Second task", "status": "in_progress"},
    {"type": "video", "title": plain("A film"), "alt_text": "film", "video_url": "https://example.com/v",
     "thumbnail_url": "https://example.com/t.png"},
    {"type": "image", "image_url": "https://example.com/far.png", "alt_text": "Far picture"},
    {"type": "actions", "elements": [
        {"type": "datepicker", "action_id": "d", "initial_date": "2026-11-22"},
        {"type": "timepicker", "action_id": "t", "initial_time": "09:30"},
        {"type": "radio_buttons", "action_id": "r", "options": [option("Radio")]},
        {"type": "users_select", "action_id": "u", "placeholder": plain("A person")},
        {"type": "overflow", "action_id": "o", "options": [option("More"), option("Less")]}]},
    {"type": "context_actions", "elements": [{"type": "feedback_buttons", "action_id": "f",
        "positive_button": {"text": plain("Helpful"), "value": "1"},
        "negative_button": {"text": plain("Not helpful"), "value": "0"}}]},
]  # fmt: skip
SHOWN = [
    "Header", "Field two", "Context", "Marked down", "rich words", "Cell", "Mind the kiln", "Its body",
    "In the carousel", "First task", "Second task", "A film", "Far picture",
]  # fmt: skip


def test_an_answer_that_an_app_writes_bit_by_bit_grows_in_the_page(
    open_page: Callable[..., Page], pottery: MadeApp, room: Room
) -> None:
    asked = room.admin.chat_postMessage(channel=room.id, text="How is the kiln?")["ts"]
    page = open_page(f"{room.path}?thread={asked}")
    expect(row(page, "How is the kiln?", within="Thread")).to_be_visible()
    bot = pottery.volano.slack(pottery.bot_token)
    bot.conversations_join(channel=room.id)
    who = room.admin.auth_test()
    stream = bot.chat_stream(
        channel=room.id,
        thread_ts=asked,
        recipient_user_id=who["user_id"],
        recipient_team_id=who["team_id"],
        buffer_size=1,
    )
    stream.append(markdown_text="The kiln is **hot**")
    expect(row(page, "The kiln is hot", within="Thread").locator("strong")).to_have_text("hot")
    stream.append(markdown_text=" and full")
    expect(row(page, "The kiln is hot and full", within="Thread")).to_be_visible()
    stream.stop(markdown_text=" until noon.")
    whole = row(page, "The kiln is hot and full until noon.", within="Thread")
    expect(whole).to_have_count(1)


def test_every_kind_of_block_is_drawn(
    open_page: Callable[..., Page],
    room: Room,
    pottery: MadeApp,
    shoot: Callable[[Page, str], None],
) -> None:
    pottery.bot().conversations_join(channel=room.id)
    pottery.bot().chat_postMessage(channel=room.id, text="kit", blocks=KIT)
    page = open_page(room.path)
    message = row(page, "Header")
    for text in SHOWN:
        expect(message).to_contain_text(text)
    expect(message.locator("input[type=date]")).to_have_value("2026-11-22")
    expect(message.get_by_role("button", name="Helpful", exact=True)).to_be_enabled()
    shoot(page, "chat-blocks")
