"""Real Chromium windows of the console, signed in as a person of the running Volano."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Volano

ACTION_TIMEOUT_MS = 15_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert chromium, "Chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def cookies() -> dict[str, object]:
    """What signed-in windows hold, by user: a login link opens once, a session many times."""
    return {}


def choose_password(page: Page, url: str) -> None:
    """As people do after their first link; the console would go on asking."""
    csrf = page.request.get(f"{url}/volano/v1/session").json()["csrf"]
    headers = {"x-volano-csrf": csrf, "origin": url}
    body = {"new": "many words of mine"}
    page.request.post(f"{url}/volano/v1/session/password", data=body, headers=headers)


@pytest.fixture
def open_page(
    browser: Browser, volano_sqlite: Volano, cookies: dict[str, object]
) -> Iterator[Callable[..., Page]]:
    """Open a path as a user (the administrator when none is named), in a window of its own."""
    contexts = []

    def open_window(path: str = "/", *, user: str = "admin", **options: object) -> Page:
        context = browser.new_context(storage_state=cookies.get(user), **options)
        contexts.append(context)
        context.set_default_timeout(ACTION_TIMEOUT_MS)
        page = context.new_page()
        if user not in cookies:
            _, link = volano_sqlite.rest("POST", f"/people/{user}/login-link")
            token = link["login_url"].partition("token=")[2]
            page.goto(f"{volano_sqlite.url}/login?token={token}")
            page.get_by_role("button", name="Account").wait_for()
            choose_password(page, volano_sqlite.url)
            cookies[user] = context.storage_state()
        page.goto(volano_sqlite.url + path)
        return page

    yield open_window
    for context in contexts:
        context.close()
