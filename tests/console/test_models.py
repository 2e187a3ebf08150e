"""The console's Models pages in a real Chromium, against a running Volano and its real engine."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from playwright.sync_api import Page, Route, expect

if TYPE_CHECKING:
    from collections.abc import Callable


ENGINE_START_MS = 60_000
END_TOKEN = "2"
"""The tiny model's end mark; forbidden, it talks until its memory is full."""


def test_models_say_what_they_are(admin: Callable[..., Page]) -> None:
    page = admin("/models")
    tiny = page.get_by_role("article", name="volano-tiny-qwen3")
    expect(tiny).to_contain_text("Test model")
    expect(tiny).to_contain_text("its text is not useful")
    expect(page.get_by_role("article", name="all-minilm-l6-v2")).to_contain_text("Apache-2.0")


def test_a_pull_that_fails_says_why_and_can_be_tried_again(admin: Callable[..., Page]) -> None:
    page = admin("/models")
    page.get_by_role("button", name="Pull a model").click()
    dialog = page.get_by_role("dialog", name="Pull a model")
    dialog.get_by_role("textbox", name="Name").fill("Nobody/No-Such-Model")
    dialog.get_by_role("textbox", name="Source").fill("/no/such/folder")
    dialog.get_by_role("button", name="Pull", exact=True).click()
    failed = page.get_by_role("alert").filter(has_text="Nobody/No-Such-Model could not be pulled")
    expect(failed).to_contain_text("/no/such/folder", timeout=20_000)
    failed.get_by_role("button", name="Try again").click()
    expect(dialog.get_by_role("textbox", name="Name")).to_have_value("Nobody/No-Such-Model")
    page.keyboard.press("Escape")
    failed.get_by_role("button", name="Dismiss").click()
    expect(failed).to_have_count(0)


def test_playground_streams_an_answer_with_its_probabilities(
    admin: Callable[..., Page],
) -> None:
    page = admin("/models/playground")
    page.get_by_role("switch", name="Colour tokens").check()
    page.get_by_label("System prompt").fill("Answer in one word.")
    page.get_by_role("textbox", name="Max tokens").fill("16")
    page.get_by_label("Message", exact=True).fill("Hello there")
    page.keyboard.press("Enter")
    talk = page.get_by_role("log", name="Conversation")
    expect(talk).to_contain_text("tokens/s", timeout=ENGINE_START_MS)
    expect(talk).to_contain_text(re.compile(r"\d+ \+ \d+ tokens"))
    expect(talk.locator("[data-probability]").first).to_be_visible()

    page.get_by_role("button", name="Show as code").click()
    code = page.get_by_role("dialog")
    expect(code).to_contain_text(f'base_url="{page.url.split("/models")[0]}/v1"')
    expect(code).to_contain_text("Answer in one word.")


def test_playground_stops_when_asked(admin: Callable[..., Page]) -> None:
    def talk_on(route: Route) -> None:
        body = json.loads(route.request.post_data or "{}")
        route.continue_(post_data=json.dumps(body | {"logit_bias": {END_TOKEN: -100}}))

    page = admin("/models/playground")
    page.route("**/v1/chat/completions", talk_on)
    page.get_by_role("textbox", name="Max tokens").fill("2000")
    page.get_by_label("Message", exact=True).fill("Talk for a long time")
    page.keyboard.press("Enter")
    talk = page.get_by_role("log", name="Conversation")
    answer = talk.locator("[aria-busy=true]")
    expect(answer).to_contain_text(re.compile(r"\w{2}"), timeout=ENGINE_START_MS)
    expect(talk.get_by_role("status")).to_have_count(0, timeout=ENGINE_START_MS)
    page.get_by_role("button", name="Stop").click()
    expect(talk).to_contain_text("Stopped")
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    shown = talk.inner_text()
    page.get_by_label("Message", exact=True).fill("next")
    assert talk.inner_text() == shown


def test_playground_shows_the_servers_refusal(admin: Callable[..., Page]) -> None:
    def spoil(route: Route) -> None:
        body = json.loads(route.request.post_data or "{}")
        route.continue_(post_data=json.dumps(body | {"model": "no-such-model"}))

    page = admin("/models/playground")
    page.route("**/v1/chat/completions", spoil)
    page.get_by_label("Message", exact=True).fill("Hello")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").last).to_contain_text("'no-such-model' does not exist")


def test_embeddings_put_the_two_texts_of_one_meaning_together(
    admin: Callable[..., Page],
) -> None:
    page = admin("/models/embeddings")
    page.get_by_label("Text 1", exact=True).fill("The parcel is late.")
    page.get_by_label("Text 2", exact=True).fill("Bake the bread for an hour.")
    page.get_by_label("Text 3", exact=True).fill("My package has not arrived yet.")
    page.get_by_role("button", name="Compare").click()
    table = page.get_by_role("table", name="Cosine of every pair")
    expect(table).to_be_visible(timeout=ENGINE_START_MS)
    expect(table.get_by_role("cell", name="1.00")).to_have_count(3)
    expect(page.get_by_text("Closest: 1 “The parcel is late.” and 3")).to_be_visible()


def test_playground_fits_a_phone_and_the_dark(admin: Callable[..., Page]) -> None:
    page = admin("/models/playground", phone=True, scheme="dark")
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_role("dialog", name="Settings").get_by_label("Seed")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Send")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.documentElement.dataset.mantineColorScheme") == "dark"
