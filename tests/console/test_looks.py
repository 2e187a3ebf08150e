"""Every page in light and dark, on a phone, by keyboard, and without breaking its own rules."""

from __future__ import annotations

import contextlib

import pytest
from playwright.sync_api import expect
from tests.console.conftest import overflow_px, visit

PAGES = {
    "/": "home",
    "/objects": "objects",
    "/instances": "instances",
    "/instances?launch=1": "launch",
    "/bill": "bill",
    "/people": "people",
    "/people/keys": "keys",
    "/people/audit": "audit",
    "/people/account": "account",
    "/people/sign-in": "sign-in",
    "/people/policies": "policies",
    "/security": "security",
    "/models": "models",
    "/chat": "chat",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_phone(admin, shoot, scheme):
    page = admin("/", phone=True, scheme=scheme)
    for path, name in PAGES.items():
        visit(page, path)
        page.wait_for_load_state("load")
        expect(page.get_by_role("heading").first).to_be_visible()
        assert overflow_px(page) == 0, path
        shoot(page, f"phone-{scheme}-{name}")


def test_a_page_whose_file_did_not_come_is_asked_for_again(admin):
    page = admin("/")
    failures = iter([True, True])

    def answer(route):
        if next(failures, False):
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/assets/Bill-*.js", answer)
    page.get_by_role("link", name="Bill", exact=True).click()
    expect(page.get_by_role("heading", name="Bill", exact=True)).to_be_visible()


def test_the_menu_of_a_phone_opens_and_closes(admin):
    page = admin("/", phone=True)
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Bill", exact=True).click()
    expect(page.get_by_role("heading", name="Bill", exact=True)).to_be_visible()
    assert page.url.endswith("/bill")


def test_dark_follows_the_system_and_the_button_and_everything_has_a_name(admin, shoot):
    page = admin("/", scheme="dark")
    root = page.locator("html")
    expect(root).to_have_attribute("data-mantine-color-scheme", "dark")
    dark = background(page)
    for path, name in PAGES.items():
        visit(page, path)
        expect(page.get_by_role("heading").first).to_be_visible()
        assert page.evaluate(NAMELESS) == [], path
        shoot(page, f"dark-{name}")
    visit(page, "/")
    page.get_by_role("button", name="Use light colours").click()
    expect(root).to_have_attribute("data-mantine-color-scheme", "light")
    assert background(page) != dark
    page.reload()
    expect(root).to_have_attribute("data-mantine-color-scheme", "light")


def test_places_are_reached_by_keyboard(admin):
    page = admin("/")
    expect(page.get_by_role("heading", name="Zones")).to_be_visible()
    for key, heading in [
        ("o", "Objects"),
        ("i", "Instances"),
        ("b", "Bill"),
        ("p", "People and keys"),
    ]:
        place = page.get_by_role("heading", name=heading, exact=True)
        for _ in range(3):  # the second key counts for a second or so: a busy machine may be late
            page.keyboard.type(f"g{key}")
            with contextlib.suppress(AssertionError):
                expect(place).to_be_visible()
                break
        expect(place).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog").get_by_text("Go to Objects")).to_be_visible()


def test_the_first_tab_stop_skips_to_the_content(admin):
    page = admin("/bill")
    expect(page.get_by_role("heading", name="Bill", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()


def test_scripts_that_are_not_the_consoles_do_not_run(admin, volano_sqlite):
    page = admin("/")
    policy = page.context.request.get("/").headers["content-security-policy"]
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); }"
    )
    assert page.evaluate("window.ran") is None
    page.problems.clear()


NAMELESS = """() => [...document.querySelectorAll('button, input:not([type=hidden]):not([hidden]), textarea, select, a[href]')]
  .filter((el) => el.offsetParent !== null && !el.closest('[aria-hidden=true]'))
  .filter((el) => !(el.getAttribute('aria-label') || el.getAttribute('aria-labelledby') || el.textContent.trim()
    || el.labels?.length || el.title || el.placeholder))
  .map((el) => el.outerHTML.slice(0, 120))"""


def background(page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")
