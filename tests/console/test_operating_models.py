"""The console's pages for operating models, against a running Volano, its engine and an upstream."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from tests.conftest import Volano, start_volano
from tests.console.conftest import choose
from tests.upstream import upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext
    from tests.upstream import Upstream


KEY = "sk-of-the-upstream"
TINY = "volano-tiny-qwen3"
ENGINE_START_MS = 240_000
WAIT_MS = 60_000


@pytest.fixture(scope="module")
def other() -> Iterator[Upstream]:
    with upstream(KEY) as started:
        yield started


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volano]:
    """One that may call services on this machine."""
    server = start_volano(tmp_path_factory.mktemp("operating"), egress_allow="127.0.0.0/8")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, cloud: Volano) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(WAIT_MS)
    _, link = cloud.rest("POST", "/people/admin/login-link")
    page = context.new_page()
    page.goto(f"{cloud.url}/login?token={link['login_url'].partition('token=')[2]}")
    page.get_by_role("button", name="Account", exact=True).wait_for()
    yield context
    context.close()


@pytest.fixture
def page(signed_in: BrowserContext, cloud: Volano) -> Iterator[Page]:
    opened = signed_in.new_page()
    opened.goto(cloud.url + "/models")
    dialog = opened.get_by_role("dialog")
    tab = opened.get_by_role("tab", name="All models")
    expect(tab.or_(dialog).first).to_be_visible()
    if dialog.count():
        opened.keyboard.press("Escape")
    yield opened
    opened.close()


def test_an_upstream_is_added_served_routed_tried_and_paid(
    page: Page, cloud: Volano, other: Upstream, shoot: Callable[[Page, str], None]
) -> None:
    page.get_by_role("tab", name="Upstreams").click()
    page.get_by_role("button", name="Add an upstream").first.click()
    dialog = page.get_by_role("dialog", name="Add an upstream")
    dialog.get_by_label("Name").fill("near")
    dialog.get_by_label("Address").fill(other.url)
    dialog.get_by_label("API key").fill(KEY)
    dialog.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Serve echo").click()
    dialog = page.get_by_role("dialog", name="Serve echo")
    dialog.get_by_label("Its name here").fill("near/echo")
    dialog.get_by_label("Price of input").fill("2")
    dialog.get_by_label("Price of output").fill("8")
    dialog.get_by_role("button", name="Serve", exact=True).click()
    expect(page.get_by_text("here as near/echo")).to_be_visible()
    shoot(page, "models-upstreams")

    page.get_by_role("tab", name="Routes").click()
    page.get_by_role("button", name="Add a route").first.click()
    dialog = page.get_by_role("dialog", name="Add a route")
    dialog.get_by_label("Name").fill("shop")
    choose(dialog.get_by_role("combobox", name="Models"), "near/echo")
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="shop")).to_be_visible()

    client = cloud.openai()
    for _ in range(3):
        said = client.chat.completions.create(
            model="shop", messages=[{"role": "user", "content": "one two three"}]
        )
        assert "one two three" in said.choices[0].message.content
    expect(page.get_by_role("row", name=re.compile("near.echo 3 0"))).to_be_visible()

    page.get_by_role("button", name="Try a version").click()
    dialog = page.get_by_role("dialog", name="Try a version for shop")
    choose(dialog.get_by_role("combobox", name="Model"), TINY)
    dialog.get_by_label("Percent of the requests").fill("25")
    dialog.get_by_role("button", name="Begin the trial").click()
    expect(page.get_by_text(f"{TINY} (on trial) 25 %")).to_be_visible()
    shoot(page, "models-routes")
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("(on trial)")).to_have_count(0)

    page.get_by_role("tab", name="Costs and limits").click()
    row = page.get_by_role("row", name=re.compile("near.echo for shop"))
    expect(row.first).to_be_visible()
    page.get_by_role("button", name="Set a limit").click()
    dialog = page.get_by_role("dialog", name="Set a limit")
    dialog.get_by_label("Requests a minute").fill("600")
    dialog.get_by_label("Money a month").fill("12.50")
    dialog.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_role("cell", name="600 requests")).to_be_visible()
    shoot(page, "models-costs")
    page.get_by_role("button", name=re.compile("Lift the limit of")).click()
    expect(page.get_by_text("Nobody is limited.")).to_be_visible()


def test_a_model_is_loaded_pinned_seen_live_and_let_go(
    page: Page, shoot: Callable[[Page, str], None]
) -> None:
    card = page.get_by_role("article", name=TINY)
    expect(card).to_contain_text("fits this machine")
    shoot(page, "models-catalogue")
    card.get_by_role("button", name=f"More for {TINY}").click()
    page.get_by_role("menuitem", name="Load", exact=True).click()
    expect(card.get_by_text("In memory")).to_be_visible(timeout=ENGINE_START_MS)

    page.get_by_role("tab", name="In memory").click()
    row = page.get_by_role("row", name=TINY)
    expect(row).to_contain_text("in memory")
    row.get_by_role("button", name=f"Actions for {TINY}").click()
    page.get_by_role("menuitem", name="Keep in memory").click()
    expect(row.get_by_text("pinned")).to_be_visible()
    row.get_by_role("button", name=f"Actions for {TINY}").click()
    page.get_by_role("menuitem", name="Replicas").click()
    dialog = page.get_by_role("dialog", name=f"Replicas of {TINY}")
    dialog.get_by_label("At most").fill("2")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    shoot(page, "models-memory")
    row.get_by_role("button", name=f"Actions for {TINY}").click()
    page.get_by_role("menuitem", name="Let it leave").click()
    expect(row.get_by_text("pinned")).to_have_count(0)
    row.get_by_role("button", name=f"Actions for {TINY}").click()
    page.get_by_role("menuitem", name="Unload").click()
    expect(row).to_have_count(0)


@pytest.fixture(scope="module")
def beside(cloud: Volano, other: Upstream) -> str:
    """A model of the upstream, served by a name of its own."""
    place = "/models/upstreams/beside"
    body = {"kind": "vllm", "base_url": other.url, "api_key": KEY}
    assert cloud.rest("PUT", place, body)[0] == 200
    served = {"remote": "echo", "task": "generate", "price": {"input": "2", "output": "8"}}
    assert cloud.rest("PUT", f"{place}/models/beside%2Fecho", served)[0] == 200
    return "beside/echo"


def test_two_models_answer_side_by_side(
    beside: str, page: Page, shoot: Callable[[Page, str], None]
) -> None:
    page.get_by_role("tab", name="Playground").click()
    choose(page.get_by_role("combobox", name="Model").first, TINY)
    choose(page.get_by_role("combobox", name="Beside it"), beside)
    page.get_by_role("textbox", name="Max tokens").fill("8")
    page.get_by_label("Message", exact=True).fill("say this again")
    page.keyboard.press("Enter")
    echo = page.get_by_role("log", name=f"Conversation with {beside}")
    expect(echo).to_contain_text("say this again")
    expect(echo).to_contain_text("$")
    tiny = page.get_by_role("log", name=f"Conversation with {TINY}")
    expect(tiny).to_contain_text("tokens/s", timeout=ENGINE_START_MS)
    shoot(page, "models-side-by-side")
