"""A program asks to act for somebody: the page of consent, and ending it in the account."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from tests.conftest import Volano

BACK = "http://127.0.0.1:7778/back"
VERIFIER = "a-verifier-that-is-long-enough-for-the-rule-of-rfc-7636"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


def registered(volano: Volano, name: str) -> str:
    body = {"client_name": name, "redirect_uris": [BACK]}
    made = httpx2.post(f"{volano.url}/oauth/register", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["client_id"])


def address(client_id: str, **more: str) -> str:
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": BACK,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "state": "kept",
    }
    return "/oauth/authorize?" + urlencode(asked | more)


def answered(page: Page) -> dict[str, list[str]]:
    """What the browser brings back to the program."""
    page.wait_for_url(BACK + "**")
    return parse_qs(urlsplit(page.url).query)


def receive(page: Page) -> None:
    page.route(BACK + "**", lambda route: route.fulfill(body="You may close this window."))


def test_a_person_allows_a_program_to_read_and_ends_it(
    open_page: Callable[..., Page], volano_sqlite: Volano
) -> None:
    client = registered(volano_sqlite, "Paper Plane")
    page = open_page("/")
    receive(page)
    page.goto(volano_sqlite.url + address(client))
    page.get_by_role("heading", name="Paper Plane wants to act for you").wait_for()
    page.get_by_label("only read").check()
    page.get_by_role("button", name="Allow").click()
    came = answered(page)
    assert came["state"] == ["kept"]
    form = {
        "grant_type": "authorization_code",
        "client_id": client,
        "code": came["code"][0],
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }
    tokens = httpx2.post(f"{volano_sqlite.url}/oauth/token", data=form).json()
    assert tokens["scope"] == "read"
    page.goto(f"{volano_sqlite.url}/people/account")
    row = page.get_by_role("row", name="Paper Plane")
    row.get_by_text("only reads").wait_for()
    row.get_by_role("button", name="End").click()
    row.wait_for(state="detached")
    again = {
        "grant_type": "refresh_token",
        "client_id": client,
        "refresh_token": tokens["refresh_token"],
    }
    assert httpx2.post(f"{volano_sqlite.url}/oauth/token", data=again).status_code == 400


def test_a_person_refuses(open_page: Callable[..., Page], volano_sqlite: Volano) -> None:
    client = registered(volano_sqlite, "Refused")
    page = open_page("/")
    receive(page)
    page.goto(volano_sqlite.url + address(client))
    page.get_by_role("button", name="Refuse").click()
    assert answered(page) == {"error": ["access_denied"], "state": ["kept"]}


def test_an_unregistered_address_is_never_gone_to(
    open_page: Callable[..., Page], volano_sqlite: Volano
) -> None:
    client = registered(volano_sqlite, "Elsewhere")
    page = open_page("/")
    page.goto(volano_sqlite.url + address(client, redirect_uri="https://evil.example/back"))
    page.get_by_role("heading", name="This program cannot be connected").wait_for()
    assert page.get_by_role("button", name="Allow").count() == 0
