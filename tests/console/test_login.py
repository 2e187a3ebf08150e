"""Signing in and out, and what a session is guarded by."""

from __future__ import annotations

import re
import subprocess
import sys

from playwright.sync_api import expect


def test_a_one_time_link_signs_in_once(open_console, volano_sqlite):
    made = subprocess.run(
        [sys.executable, "-m", "volano", "login", "--data", str(volano_sqlite.data_dir)],
        env=volano_sqlite.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    token = re.search(r"token=([\w-]+)", made.stdout)[1]
    page = open_console(f"/login?token={token}")
    expect(page.get_by_role("navigation", name="Services")).to_be_visible()
    assert "token" not in page.url
    again = open_console(f"/login?token={token}")
    expect(again.get_by_role("alert")).to_contain_text("A link opens once")


def test_a_password_signs_in_and_sign_out_ends_the_session(open_console, password, shoot):
    page = open_console("/instances")
    shoot(page, "login")
    page.get_by_label("User").fill("admin")
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("navigation", name="Services")).to_be_visible()
    page.get_by_role("button", name="Account", exact=True).click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.context.request.get("/volano/v1/buckets").status == 401


def test_a_wrong_password_is_refused_and_said(open_console, password):
    page = open_console("/")
    page.get_by_label("User").fill("admin")
    page.get_by_role("textbox", name="Password").fill("not this one")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_change_without_the_csrf_header_is_refused(admin):
    page = admin("/")
    expect(page.get_by_role("navigation", name="Services")).to_be_visible()
    refused = page.context.request.post("/volano/v1/buckets", data={"name": "without-header"})
    assert refused.status in (401, 403), refused.text()
    names = [
        bucket["name"] for bucket in page.context.request.get("/volano/v1/buckets").json()["items"]
    ]
    assert "without-header" not in names


def test_the_session_cookie_is_out_of_reach_of_scripts(admin):
    page = admin("/")
    assert "volano_session" not in page.evaluate("document.cookie")
    cookie = next(c for c in page.context.cookies() if c["name"] == "volano_session")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
