"""The home page tells the truth: zones, what runs, first steps."""

from __future__ import annotations

import uuid

from playwright.sync_api import expect


def test_a_failed_zone_is_shown_and_restored(admin, volano_sqlite, shoot):
    page = admin("/")
    card = page.locator("[data-zone]").nth(1)
    zone = card.get_attribute("data-zone")
    expect(card).to_have_attribute("data-state", "available")
    shoot(page, "home")
    page.get_by_role("button", name=f"Fail zone {zone}").click()
    page.get_by_role("dialog").last.get_by_role("button", name="Fail the zone").click()
    try:
        expect(card.get_by_text("failed")).to_be_visible()
        expect(page.get_by_role("img", name="2 of 3 zones available")).to_be_visible()
        shoot(page, "home-failed-zone")
        _, zones = volano_sqlite.rest("GET", "/zones")
        assert next(z for z in zones["zones"] if z["name"] == zone)["state"] == "impaired"
        page.get_by_role("button", name=f"Restore zone {zone}").click()
        expect(card).to_have_attribute("data-state", "available")
    finally:
        volano_sqlite.rest("POST", f"/zones/{zone}/restore", {})


def test_tiles_count_what_is_there_and_lead_there(admin, volano_sqlite):
    _, buckets = volano_sqlite.rest("GET", "/buckets?limit=1000")
    page = admin("/")
    tile = page.locator("a.surface-link").filter(has_text="Buckets")
    expect(tile).to_contain_text(str(len(buckets["items"])))
    tile.click()
    expect(page.get_by_role("heading", name="Objects")).to_be_visible()


def test_first_steps_are_ticked_by_what_is_there_and_can_be_put_away(admin, volano_sqlite):
    page = admin("/")
    steps = page.locator("section").filter(has_text="First steps").last
    done = steps.locator("li").filter(has_text="Set your password")
    expect(done.get_by_label("done")).to_be_visible()
    steps.get_by_role("button", name="Put the first steps away").click()
    expect(steps).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", name="Zones")).to_be_visible()
    expect(steps).to_have_count(0)


def test_who_takes_part_in_the_workplace_only_sees_their_day(open_page, volano_sqlite, shoot):
    name = f"ida-{uuid.uuid4().hex[:8]}"
    policies = ["arn:aws:iam::aws:policy/VolanoChatMember"]
    person = {"name": name, "display_name": "Ida Ito", "policies": policies}
    volano_sqlite.rest("POST", "/people", person)
    page = open_page("/", user=name)
    expect(page.get_by_role("heading", name="Hello, Ida Ito")).to_be_visible()
    expect(page.get_by_role("link", name="Open tasks")).to_contain_text("0")
    services = page.get_by_role("navigation", name="Services")
    expect(services.get_by_role("link", name="Chat")).to_be_visible()
    expect(services.get_by_role("link", name="Instances")).to_have_count(0)
    shoot(page, "home-member")
