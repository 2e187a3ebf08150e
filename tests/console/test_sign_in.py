"""Passkeys by Chromium's virtual authenticator, the second factor, issuers, proofs, sessions."""

from __future__ import annotations

import contextlib
import sqlite3
import time
import uuid

import pytest
from playwright.sync_api import expect
from tests.conftest import start_volano
from tests.console.conftest import ACTION_TIMEOUT_MS, DESKTOP, PASSWORD, PHONE, overflow_px

from volano.services.identity.logic.totp import code_at, step_at


class Visitor:
    """A person of their own at `localhost`, where passkeys work, with a password."""

    def __init__(self, volano, browser, **options) -> None:
        self.volano = volano
        self.name = "p" + uuid.uuid4().hex[:10]
        self.url = f"http://localhost:{volano.port}"
        self.context = browser.new_context(base_url=self.url, **({"viewport": DESKTOP} | options))
        self.context.set_default_timeout(ACTION_TIMEOUT_MS)
        self.page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))

    def arrive(self, path: str = "/people/account") -> None:
        """By a first link, then with a password, as an administrator's guest."""
        status, made = self.volano.rest(
            "POST",
            "/people",
            {"name": self.name, "policies": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        )
        assert status == 200, made
        self.page.goto(f"{self.url}/login?token={made['login_url'].partition('token=')[2]}")
        dialog = self.page.get_by_role("dialog", name="Choose a password")
        dialog.get_by_role("textbox", name="New password", exact=True).fill(PASSWORD)
        dialog.get_by_role("textbox", name="New password again").fill(PASSWORD)
        dialog.get_by_role("button", name="Save password").click()
        expect(dialog).to_be_hidden()
        self.page.goto(path)

    def sign_out(self) -> None:
        self.page.get_by_role("button", name="Account", exact=True).click()
        self.page.get_by_role("menuitem", name="Sign out").click()
        expect(self.page.get_by_role("heading", name="Sign in")).to_be_visible()

    def type_password(self) -> None:
        self.page.get_by_label("User").fill(self.name)
        self.page.get_by_role("textbox", name="Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def expect_in(self) -> None:
        expect(self.page.get_by_role("navigation", name="Services")).to_be_visible()

    def plug_in_authenticator(self) -> None:
        """A platform authenticator whose owner is always there (Chromium's WebAuthn domain)."""
        session = self.context.new_cdp_session(self.page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.fixture
def visitor(volano_sqlite, browser):
    made: list[Visitor] = []

    def make(**options) -> Visitor:
        made.append(Visitor(volano_sqlite, browser, **options))
        return made[-1]

    yield make
    problems = [problem for one in made for problem in one.problems]
    for one in made:
        one.context.close()
    assert problems == []


def test_a_passkey_is_added_and_signs_in_without_name_or_password(visitor, shoot):
    ada = visitor()
    ada.plug_in_authenticator()
    ada.arrive()
    page = ada.page
    page.get_by_role("button", name="Add passkey").click()
    dialog = page.get_by_role("dialog", name="Add a passkey")
    dialog.get_by_label("Name").fill("Blue key")
    dialog.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_text("Blue key")).to_be_visible()
    shoot(page, "account-passkey")
    ada.sign_out()
    shoot(page, "login-passkey")
    page.get_by_role("button", name="Sign in with a passkey").click()
    ada.expect_in()
    page.goto("/people/account")
    expect(page.get_by_text("by passkey")).to_be_visible()
    page.get_by_role("button", name="Remove Blue key").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No passkey yet")).to_be_visible()
    ada.sign_out()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("main").get_by_role("alert")).to_contain_text("not known here")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_authenticator_app_is_asked_for_after_the_password(visitor, shoot, scheme):
    viewport = PHONE if scheme == "dark" else DESKTOP
    ada = visitor(color_scheme=scheme, viewport=viewport)
    ada.arrive()
    page = ada.page
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    secret = page.get_by_test_id("totp-secret").inner_text()
    shoot(page, f"authenticator-{scheme}")
    assert overflow_px(page) == 0
    page.get_by_role("textbox", name="Code").fill(code_of(secret))
    page.get_by_role("button", name="Turn on").click()
    shown = page.get_by_test_id("recovery-codes").locator("code")
    expect(shown).to_have_count(10)
    codes = shown.all_inner_texts()
    shoot(page, f"recovery-codes-{scheme}")
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("10 of 10 recovery codes left")).to_be_visible()
    shoot(page, f"account-{scheme}")
    assert overflow_px(page) == 0
    ada.sign_out()
    ada.type_password()
    shoot(page, f"login-code-{scheme}")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main").get_by_role("alert")).to_contain_text("not right")
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Continue").click()
    ada.expect_in()
    page.goto("/people/account")
    expect(page.get_by_text("9 of 10 recovery codes left")).to_be_visible()


def code_of(secret: str) -> str:
    import base64

    seed = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return code_at(seed, step_at(time.time_ns() // 1000))


def test_a_key_wants_a_fresh_proof_once_the_session_is_old(visitor, volano_sqlite, shoot):
    ada = visitor()
    ada.arrive("/people/keys")
    page = ada.page
    expect(page.get_by_role("button", name="Create key").first).to_be_visible()
    with contextlib.closing(sqlite3.connect(volano_sqlite.data_dir / "volano.db")) as database:
        database.execute(
            "UPDATE identity_session SET proved_us = 0 WHERE user_id = "
            "(SELECT id FROM identity_user WHERE name = ?)",
            (ada.name,),
        )
        database.commit()
    page.get_by_role("button", name="Create key").first.click()
    dialog = page.get_by_role("dialog", name="Create")
    dialog.get_by_role("button", name="Create", exact=False).last.click()
    asked = page.get_by_role("dialog", name="Confirm that it is you")
    expect(asked).to_be_visible()
    shoot(page, "confirm")
    asked.get_by_role("textbox", name="Your password").fill("not my words")
    asked.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("does not prove")).to_be_visible()
    asked.get_by_role("textbox", name="Your password").fill(PASSWORD)
    asked.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("button", name="I have kept it")).to_be_visible()


def test_sign_out_everywhere_else_ends_the_other_window(visitor):
    ada = visitor()
    ada.arrive()
    other = visitor()
    other.name = ada.name
    other.page.goto("/")
    other.type_password()
    other.expect_in()
    ada.page.reload()
    ada.page.get_by_role("button", name="Sign out everywhere else").click()
    ada.page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere else").click()
    expect(ada.page.get_by_text("You are signed out everywhere else")).to_be_visible()
    assert other.page.request.get("/volano/v1/session").status == 401
    assert ada.page.request.get("/volano/v1/session").status == 200


def test_the_first_password_is_offered_once_and_later_is_remembered(visitor):
    ada = visitor()
    _, made = ada.volano.rest("POST", "/people", {"name": ada.name})
    page = ada.page
    page.goto(f"/login?token={made['login_url'].partition('token=')[2]}")
    dialog = page.get_by_role("dialog", name="Choose a password")
    expect(dialog).to_be_visible()
    page.reload()
    ada.expect_in()
    expect(dialog).to_be_hidden()
    ada.sign_out()
    _, link = ada.volano.rest("POST", f"/people/{ada.name}/login-link")
    page.goto(f"/login?token={link['login_url'].partition('token=')[2]}")
    dialog.get_by_role("button", name="Later").click()
    ada.sign_out()
    _, link = ada.volano.rest("POST", f"/people/{ada.name}/login-link")
    page.goto(f"/login?token={link['login_url'].partition('token=')[2]}")
    ada.expect_in()
    expect(dialog).to_be_hidden()


def add_provider(page, volano, shoot) -> None:
    """As the administrator of a new cloud would."""
    _, link = volano.rest("POST", "/people/admin/login-link")
    page.goto(f"/login?token={link['login_url'].partition('token=')[2]}")
    page.get_by_role("dialog", name="Choose a password").get_by_role("button", name="Later").click()
    page.goto("/people/sign-in")
    page.get_by_role("button", name="Add provider").click()
    dialog = page.get_by_role("dialog", name="Add a sign-in provider")
    dialog.get_by_role("textbox", name="Name").fill("work")
    dialog.get_by_role("textbox", name="Shown as").fill("Work account")
    dialog.get_by_role("textbox", name="Issuer").fill(f"{volano.aws_url}/moto-api/oidc")
    dialog.get_by_role("textbox", name="Client id").fill("volano-console")
    dialog.get_by_label("Make users").check()
    shoot(page, "provider")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("makes users")).to_be_visible()
    page.get_by_role("button", name="Account", exact=True).click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_an_issuer_signs_in_and_brings_back_to_the_page(browser, tmp_path, shoot):
    volano = start_volano(tmp_path, test_mode="1")
    try:
        context = browser.new_context(base_url=volano.url, viewport=DESKTOP)
        page = context.new_page()
        add_provider(page, volano, shoot)
        page.goto("/bill")
        page.get_by_label("User").fill("grace@example.com")
        shoot(page, "login-provider")
        page.get_by_role("button", name="Continue with Work account").click()
        expect(page.get_by_role("navigation", name="Services")).to_be_visible()
        expect(page).to_have_url(f"{volano.url}/bill")
        session = page.request.get("/volano/v1/session").json()
        assert (session["name"], session["email"]) == ("grace", "grace@example.com")
        page.goto("/login/provider?error=access_denied")
        context.clear_cookies()
        page.goto("/login/provider?error=access_denied")
        expect(page.locator("main").get_by_role("alert")).to_contain_text("access_denied")
        context.close()
    finally:
        volano.stop()
