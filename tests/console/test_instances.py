"""An instance from launch to termination, by hand."""

from __future__ import annotations

import re

from playwright.sync_api import expect

STATE_MS = 40_000


def test_an_instance_is_launched_read_stopped_started_and_terminated(admin, volano_sqlite, shoot):
    page = admin("/instances?launch=1")
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("console-web")
    form.get_by_text("Economy", exact=True).click()
    form.get_by_role("radio", name=re.compile("^u1.nano")).click()
    form.get_by_role("combobox", name="Image").click()
    page.get_by_role("option", name="host").click()
    form.get_by_label("User data").fill("no script")
    form.get_by_role("button", name="Launch").click()
    expect(form.get_by_text("Begin with #!")).to_be_visible()
    form.get_by_role("button", name="Hello").click()
    expect(form.get_by_label("User data")).to_have_value(re.compile("^#!/bin/sh"))
    expect(form.get_by_text("$0.0041 an hour").first).to_be_visible()
    shoot(page, "instances-launch")
    form.get_by_role("button", name="Launch").click()

    expect(page).to_have_url(re.compile("/instances/i-"))
    expect(page.get_by_role("log")).to_contain_text("Hello from", timeout=STATE_MS)
    expect(page.get_by_text("running", exact=True)).to_be_visible(timeout=STATE_MS)
    shoot(page, "instances-one")
    instance_id = page.url.rsplit("/", 1)[1]

    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").last.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("stopped", exact=True)).to_be_visible(timeout=STATE_MS)
    assert state_of(volano_sqlite, instance_id) == "stopped"
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("running", exact=True)).to_be_visible(timeout=STATE_MS)

    page.get_by_role("link", name="Instances").last.click()
    row = page.locator(f"tr[data-instance='{instance_id}']")
    expect(row.get_by_text("u1.nano")).to_be_visible()
    shoot(page, "instances")
    row.get_by_role("button", name="Actions for console-web").click()
    page.get_by_role("menuitem", name="Terminate").click()
    page.get_by_role("dialog").last.get_by_role("button", name="Terminate").click()
    expect(row).to_have_count(0, timeout=STATE_MS)
    assert state_of(volano_sqlite, instance_id) == "terminated"


def test_what_isolates_instances_is_said(admin, volano_sqlite):
    _, catalog = volano_sqlite.rest("GET", "/compute/catalog")
    page = admin("/instances")
    expect(page.get_by_text(f"Isolation: {catalog['runtime']['isolation']}.")).to_be_visible()


def state_of(volano, instance_id: str) -> str:
    _, found = volano.rest("GET", f"/instances/{instance_id}")
    return found["state"]
