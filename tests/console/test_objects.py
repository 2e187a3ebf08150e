"""Buckets and objects by hand: create, upload, look, share, delete."""

from __future__ import annotations

import urllib.request

from playwright.sync_api import Page, expect

NOTES = "# Returns\n\nWithin **30 days**, with the receipt.\n\n- unused\n- in its box\n"
TABLE = 'name,price\n"Mug, large",12.50\nBell,19.00\n'


def create_bucket(page: Page, name: str) -> None:
    page.get_by_role("button", name="Create bucket").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_text("This bucket is empty")).to_be_visible()


def upload(page: Page, *files: dict) -> None:
    page.locator("input[type=file]").first.set_input_files(list(files))
    for file in files:
        row = page.locator(
            f"[data-upload='{file['name']}'], [data-upload$='/{file['name']}']"
        ).first
        expect(row).to_have_attribute("data-state", "done")


def text_file(name: str, text: str, kind: str = "text/plain") -> dict:
    return {"name": name, "mimeType": kind, "buffer": text.encode()}


def test_a_file_goes_up_is_seen_shared_and_deleted(admin, volano_sqlite, shoot):
    page = admin("/objects?create=1")
    page.get_by_role("dialog").get_by_label("Name").fill("Not Valid")
    page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_text("lower-case letters, digits, dots and hyphens only")).to_be_visible()
    page.get_by_role("dialog").get_by_label("Name").fill("console-shop")
    page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_text("This bucket is empty")).to_be_visible()
    shoot(page, "objects-empty")

    upload(
        page,
        text_file("returns.md", NOTES, "text/markdown"),
        text_file("prices.csv", TABLE, "text/csv"),
    )
    shoot(page, "objects-uploaded")
    stored = volano_sqlite.client("s3").get_object(Bucket="console-shop", Key="returns.md")
    assert stored["Body"].read().decode() == NOTES
    assert stored["ContentType"] == "text/markdown"
    page.get_by_role("button", name="Close uploads").click()

    page.get_by_role("cell", name="returns.md", exact=True).click()
    drawer = page.get_by_role("dialog")
    expect(drawer.locator("strong", has_text="30 days")).to_be_visible()
    expect(drawer.get_by_text("s3://console-shop/returns.md")).to_be_visible()
    shoot(page, "objects-preview")

    drawer.get_by_role("button", name="Share by link").click()
    share = page.get_by_role("dialog").filter(has_text="without signing in")
    share.get_by_text("15 min").click()
    share.get_by_role("button", name="Make the link").click()
    link = share.get_by_test_id("link").inner_text()
    with urllib.request.urlopen(link, timeout=60) as reply:
        assert reply.read().decode() == NOTES
    page.keyboard.press("Escape")

    drawer.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete “returns.md”?").get_by_role(
        "button", name="Delete"
    ).click()
    expect(page.get_by_role("cell", name="returns.md", exact=True)).to_have_count(0)
    expect(page.get_by_role("cell", name="prices.csv", exact=True)).to_be_visible()
    keys = volano_sqlite.client("s3").list_objects_v2(Bucket="console-shop")["Contents"]
    assert [item["Key"] for item in keys] == ["prices.csv"]


def test_progress_of_a_slow_upload_is_shown_and_it_can_be_stopped(admin, volano_sqlite):
    volano_sqlite.client("s3").create_bucket(
        Bucket="console-slow", CreateBucketConfiguration=home(volano_sqlite)
    )
    page = admin("/objects/console-slow")
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 300_000}
    devtools.send("Network.emulateNetworkConditions", slow)
    body = b"\x07" * 3_000_000
    page.locator("input[type=file]").first.set_input_files(
        [{"name": "big.bin", "mimeType": "application/octet-stream", "buffer": body}]
    )
    bar = page.get_by_role("progressbar", name="Upload of big.bin")
    expect(bar).to_be_visible()
    page.wait_for_function(
        "() => { const bar = document.querySelector('[role=progressbar][aria-label^=\"Upload of\"]');"
        " const now = Number(bar?.getAttribute('aria-valuenow')); return now > 0 && now < 100; }"
    )
    page.get_by_role("button", name="Stop: big.bin").click()
    expect(page.locator("[data-upload='big.bin']")).to_have_attribute("data-state", "stopped")
    assert "Contents" not in volano_sqlite.client("s3").list_objects_v2(Bucket="console-slow")


def test_folders_previews_and_selection(admin, volano_sqlite, shoot):
    s3 = volano_sqlite.client("s3")
    s3.create_bucket(Bucket="console-tree", CreateBucketConfiguration=home(volano_sqlite))
    for key, body, kind in [
        ("a/deep/one.txt", b"one", "text/plain"),
        ("a/two.json", b'{"b":[1,2]}', "application/json"),
        ("prices.csv", TABLE.encode(), "text/csv"),
        ("evil.html", b"<script>alert(1)</script>", "text/html"),
    ]:
        s3.put_object(Bucket="console-tree", Key=key, Body=body, ContentType=kind)
    page = admin("/objects/console-tree")
    page.get_by_role("cell", name="prices.csv", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("cell", name="Mug, large")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("cell", name="evil.html", exact=True).click()
    expect(page.get_by_role("dialog").get_by_text("<script>alert(1)</script>")).to_be_visible()
    page.keyboard.press("Escape")

    page.locator("tr[data-key='a/']").get_by_role("cell", name="a", exact=True).click()
    page.get_by_role("cell", name="two.json", exact=True).click()
    expect(page.get_by_role("dialog").locator("pre")).to_contain_text('"b": [')
    page.keyboard.press("Escape")
    page.get_by_role("button", name="console-tree").click()

    page.get_by_label("Find by the beginning of the name").fill("pri")
    expect(page.locator("tr[data-key]")).to_have_count(1)
    page.get_by_label("Find by the beginning of the name").fill("")
    expect(page.locator("tr[data-key]")).to_have_count(3)

    page.get_by_role("checkbox", name="Select a", exact=True).check()
    page.get_by_role("checkbox", name="Select evil.html").check()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").last.get_by_role("button", name="Delete").click()
    expect(page.locator("tr[data-key]")).to_have_count(1)
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="console-tree")["Contents"]] == [
        "prices.csv"
    ]


def test_a_bucket_is_deleted_only_after_its_name_is_typed(admin, volano_sqlite):
    volano_sqlite.client("s3").create_bucket(
        Bucket="console-gone", CreateBucketConfiguration=home(volano_sqlite)
    )
    page = admin("/objects")
    page.get_by_role("button", name="Actions for console-gone").click()
    page.get_by_role("menuitem", name="Delete bucket").click()
    question = page.get_by_role("dialog").last
    expect(question.get_by_role("button", name="Delete bucket")).to_be_disabled()
    question.get_by_label("Type console-gone to confirm").fill("console-gone")
    question.get_by_role("button", name="Delete bucket").click()
    expect(page.get_by_role("link", name="console-gone")).to_have_count(0)


def test_the_browser_of_objects_is_used_by_keyboard(admin, volano_sqlite):
    s3 = volano_sqlite.client("s3")
    s3.create_bucket(Bucket="console-keys", CreateBucketConfiguration=home(volano_sqlite))
    for key in ("docs/a.txt", "docs/b.txt", "z.txt"):
        s3.put_object(Bucket="console-keys", Key=key, Body=key.encode(), ContentType="text/plain")
    page = admin("/objects/console-keys")
    page.locator("tr[data-key='docs/']").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("tr[data-key='z.txt']")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-key='docs/b.txt']")).to_be_visible()
    page.locator("tr[data-key='docs/a.txt']").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").locator("pre")).to_have_text("docs/a.txt")
    page.keyboard.press("Escape")
    page.locator("tr[data-key='docs/a.txt']").focus()
    page.keyboard.press("Backspace")
    expect(page.locator("tr[data-key='z.txt']")).to_be_visible()


def home(volano) -> dict[str, str]:
    return {"LocationConstraint": volano.credentials["AWS_DEFAULT_REGION"]}
