"""Real Chromium windows of the console, signed in as a person of the running Volano.

`visit` and the routing of changes guard against one thing of the machine, not of the console: a
Chromium drops its connections (ERR_NETWORK_CHANGED) whenever an interface comes or goes, and other
tests start instances meanwhile. Changes are therefore sent by Playwright itself; reading and
uploads are tried again by the console. With VOLANO_SHOTS=DIR tests leave pictures there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Route,
    expect,
    sync_playwright,
)
from playwright.sync_api import TimeoutError as TooLate

if TYPE_CHECKING:
    from tests.conftest import Volano

DIST = Path(__file__).parents[2] / "src" / "volano" / "console" / "dist" / "index.html"
PASSWORD = "many words of mine"
ACTION_TIMEOUT_MS = 60_000
DRAWN_MS = 6_000
expect.set_options(timeout=ACTION_TIMEOUT_MS)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert DIST.is_file(), "The console is not built: run `make web`."
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert chromium, "Chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def cookies() -> dict[str, object]:
    """What signed-in windows hold, by user: a login link opens once, a session many times."""
    return {}


def choose(box: Locator, option: str, *, attempts: int = 6) -> None:
    """Open a list and take one of it; a list that closed before it could be read is opened again."""
    wanted = box.page.get_by_role("option", name=option)
    for _ in range(attempts - 1):
        box.click()
        try:
            wanted.first.click(timeout=DRAWN_MS)
        except TooLate:
            continue
        return
    box.click()
    wanted.first.click()


def choose_password(page: Page, url: str) -> None:
    """As people do after their first link; the console would go on asking."""
    csrf = page.request.get(f"{url}/volano/v1/session").json()["csrf"]
    headers = {"x-volano-csrf": csrf, "origin": url}
    body = {"new": PASSWORD}
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
            page.get_by_role("button", name="Account", exact=True).wait_for()
            choose_password(page, volano_sqlite.url)
            cookies[user] = context.storage_state()
        page.goto(volano_sqlite.url + path)
        return page

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def password(volano_sqlite: Volano, browser: Browser) -> str:
    """The administrator's password, chosen as at a first sign-in; other windows use it too."""
    context = browser.new_context(base_url=volano_sqlite.url)
    credentials = {"user": "admin", "password": PASSWORD}
    if not context.request.post("/volano/v1/session", data=credentials).ok:
        _, link = volano_sqlite.rest("POST", "/people/admin/login-link")
        token = {"token": link["login_url"].partition("token=")[2]}
        csrf = context.request.post("/volano/v1/session/link", data=token).json()["csrf"]
        chosen = context.request.post(
            "/volano/v1/session/password", data={"new": PASSWORD}, headers={"x-volano-csrf": csrf}
        )
        assert chosen.ok, chosen.text()
    context.close()
    return PASSWORD


@pytest.fixture
def open_console(browser: Browser, volano_sqlite: Volano) -> Iterator[Open]:
    """`open_console(path, scheme=…, phone=…, user=…, password=…)`: a page, signed in when a user is given."""
    contexts: list[BrowserContext] = []

    def open_page(
        path: str = "/",
        *,
        user: str = "",
        password: str = "",
        scheme: str = "light",
        phone: bool = False,
    ) -> Page:
        context = browser.new_context(
            base_url=volano_sqlite.url,
            viewport=PHONE if phone else DESKTOP,
            color_scheme=scheme,
            accept_downloads=True,
            permissions=["clipboard-read", "clipboard-write"],
            service_workers="block",  # its requests would pass by the routes of a page
        )
        contexts.append(context)
        context.set_default_timeout(ACTION_TIMEOUT_MS)
        if user:
            answer = context.request.post(
                "/volano/v1/session", data={"user": user, "password": password}
            )
            assert answer.ok, answer.text()
        context.route("**/volano/v1/**", _send_changes)
        page = context.new_page()
        page.problems = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda message: _note(page, message))
        visit(page, path)
        return page

    yield open_page
    problems = [
        problem for context in contexts for page in context.pages for problem in page.problems
    ]
    for context in contexts:
        # What a page still sends while it goes is nobody's concern any more.
        context.unroute_all(behavior="ignoreErrors")
        context.close()
    assert problems == []


def _note(page: Page, message: ConsoleMessage) -> None:
    if message.type == "error" and "Failed to load resource" not in message.text:
        page.problems.append(message.text)


def _send_changes(route: Route) -> None:
    request = route.request
    if request.method in ("GET", "HEAD") or "/objects/" in request.url:
        route.continue_()
        return
    try:
        route.fulfill(response=route.fetch())
    except Error:
        if request.frame.page.is_closed():
            return
        raise


def visit(page: Page, path: str) -> None:
    """Open `path` and wait until the console is drawn."""
    for turn in range(3):
        try:
            page.goto(path)
            page.locator("main").first.wait_for(timeout=DRAWN_MS if turn < 2 else ACTION_TIMEOUT_MS)
            return
        except Error:
            if turn == 2:
                raise


@pytest.fixture
def admin(open_console: Open, password: str) -> Open:
    """As `open_console`, signed in as the administrator."""

    def open_page(path: str = "/", **options: object) -> Page:
        return open_console(path, user="admin", password=password, **options)

    return open_page


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keeps a picture of the page in VOLANO_SHOTS, when that is set."""
    folder = os.environ.get("VOLANO_SHOTS")

    def take(page: Page, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(folder) / f"{name}.png"))

    return take


def overflow_px(page: Page) -> int:
    """How far the page is wider than its window."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
