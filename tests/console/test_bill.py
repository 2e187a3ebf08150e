"""The bill page says what the bill says, to the last digit."""

from __future__ import annotations

import csv
import time
from decimal import Decimal, localcontext
from pathlib import Path

from playwright.sync_api import expect


def use_something(volano) -> None:
    s3 = volano.client("s3")
    where = {"LocationConstraint": volano.credentials["AWS_DEFAULT_REGION"]}
    if "console-billed" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket="console-billed", CreateBucketConfiguration=where)
    s3.put_object(Bucket="console-billed", Key="a", Body=b"a")
    deadline = time.monotonic() + 120
    while not volano.rest("GET", "/bill")[1]["lines"]:  # usage is handed over every few seconds
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_lines_of_the_page_are_the_lines_of_the_bill(admin, volano_sqlite, shoot):
    use_something(volano_sqlite)
    page = admin("/bill")
    with page.expect_response("**/volano/v1/bill?*") as answered:
        page.reload()
    bill = answered.value.json()
    assert bill["lines"]
    rows = page.get_by_role("table", name="Lines of the bill").locator("tr[data-meter]")
    expect(rows).to_have_count(len(bill["lines"]))
    shown = sorted(
        (row.get_attribute("data-meter"), Decimal(row.get_attribute("data-cost")))
        for row in rows.all()
    )
    assert shown == sorted((line["meter"], Decimal(line["cost"])) for line in bill["lines"])
    with localcontext() as context:
        context.prec = 80  # the bill is exact, Python's usual 28 digits are not
        assert sum(cost for _, cost in shown) == Decimal(bill["total"])
    expect(page.get_by_test_id("total")).to_have_attribute(
        "title", f"{bill['total']} {bill['currency']}"
    )
    shoot(page, "bill")

    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    with Path(download.value.path()).open() as file:
        saved = {row["meter"]: row["cost"] for row in csv.DictReader(file)}
    assert {line["meter"] for line in bill["lines"]} <= set(saved)


def test_a_month_without_use_and_the_price_list(admin, volano_sqlite):
    page = admin("/bill")
    page.get_by_role("button", name="Month before").click()
    expect(page.get_by_text("Nothing used in")).to_be_visible()
    page.get_by_role("tab", name="Price list").click()
    _, prices = volano_sqlite.rest("GET", "/prices")
    table = page.get_by_role("table", name="Price list")
    expect(table.locator("tbody tr")).to_have_count(len(prices["items"]))
    page.get_by_label("Find a price").fill("economy")
    expect(table.locator("tbody tr")).to_have_count(4)
