"""A bucket's settings and versions by hand; what the page says is what boto3 reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

BUCKET = "console-settings"


@pytest.fixture
def s3(volano_sqlite):
    client = volano_sqlite.client("s3")
    where = {"LocationConstraint": volano_sqlite.credentials["AWS_DEFAULT_REGION"]}
    if BUCKET not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    return client


def setting(page: Page, title: str):
    return page.locator(f"[data-setting='{title}']")


def test_settings_are_shown_and_changed(admin, s3, shoot):
    page = admin(f"/objects/{BUCKET}")
    page.get_by_role("link", name="Settings").click()
    versioning = setting(page, "Versioning")
    expect(versioning.locator("[data-state]")).to_have_text("Off")
    versioning.get_by_role("button", name="Turn on").click()
    expect(versioning.locator("[data-state]")).to_have_text("Enabled")
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"

    lifecycle = setting(page, "Lifecycle")
    lifecycle.get_by_role("button", name="Add rule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("old-reports")
    dialog.get_by_label("Names that begin with").fill("reports/")
    dialog.get_by_label("Delete after days", exact=True).fill("30")
    dialog.get_by_role("button", name="Add").click()
    expect(lifecycle.get_by_text("deleted after 30 days")).to_be_visible()
    rules = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert [(rule["ID"], rule["Expiration"]["Days"]) for rule in rules] == [("old-reports", 30)]

    cors = setting(page, "Web pages of other sites (CORS)")
    cors.get_by_role("button", name="Add rule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Sites").fill("https://shop.example")
    dialog.get_by_label("Sites").press("Enter")
    dialog.get_by_role("button", name="Add").click()
    expect(cors.get_by_text("https://shop.example")).to_be_visible()
    assert s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"][0]["AllowedOrigins"] == [
        "https://shop.example"
    ]
    shoot(page, "bucket-settings")

    lifecycle.get_by_role("button", name="Delete rule old-reports").click()
    expect(lifecycle.locator("[data-state]")).to_have_text("No rule")


def test_a_policy_is_tried_before_it_is_saved(admin, s3, shoot):
    page = admin(f"/objects/{BUCKET}/settings")
    part = setting(page, "Policy")
    part.get_by_role("button", name="Begin from").click()
    page.get_by_role("menuitem", name="One person may read a folder").click()
    text = part.get_by_label("Bucket policy")
    expect(text).not_to_be_empty()
    policy_text = text.input_value().replace("user/NAME", "user/admin")
    text.fill(policy_text)
    trial = part.locator("[data-simulation]")
    trial.get_by_label("Who").fill(re.findall(r"arn:aws:iam::\d+:user/admin", policy_text)[0])
    trial.get_by_label("Resource").fill(f"arn:aws:s3:::{BUCKET}/reports/1")
    expect(trial.get_by_role("status")).to_have_attribute("data-decision", "allowed")
    shoot(page, "bucket-policy")
    trial.get_by_label("Resource").fill(f"arn:aws:s3:::{BUCKET}/secret/1")
    expect(trial.get_by_role("status")).to_have_attribute("data-decision", "implicitDeny")
    text.fill('{"Version": "2012-10-17",')
    expect(part.get_by_role("button", name="Save policy")).to_be_disabled()
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:DeleteObject",
                "Resource": f"arn:aws:s3:::{BUCKET}/kept/*",
            }
        ],
    }
    text.fill(json.dumps(policy))
    part.get_by_role("button", name="Save policy").click()
    expect(part.locator("[data-state]")).to_have_text("Set")
    assert json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"]) == policy


def test_an_old_version_is_brought_back(admin, s3, shoot):
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=BUCKET, Key="letter.txt", Body=b"first")["VersionId"]
    s3.put_object(Bucket=BUCKET, Key="letter.txt", Body=b"second, and longer")
    s3.put_object(Bucket=BUCKET, Key="gone.txt", Body=b"gone")
    s3.delete_object(Bucket=BUCKET, Key="gone.txt")
    page = admin(f"/objects/{BUCKET}?versions=1")
    expect(page.get_by_text("deleted", exact=True)).to_be_visible()
    shoot(page, "versions")
    page.get_by_role("button", name=f"Actions for version {first}").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download").click()
    assert Path(download.value.path()).read_bytes() == b"first"
    page.get_by_role("button", name=f"Actions for version {first}").click()
    page.get_by_role("menuitem", name="Bring back").click()
    expect(page.get_by_text("letter.txt is as it was")).to_be_visible()
    assert s3.get_object(Bucket=BUCKET, Key="letter.txt")["Body"].read() == b"first"

    marker = page.locator("tr[data-key='gone.txt']", has_text="deleted")
    marker.get_by_role("button").click()
    page.get_by_role("menuitem", name="Remove marker").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The marker is removed")).to_be_visible()
    assert s3.get_object(Bucket=BUCKET, Key="gone.txt")["Body"].read() == b"gone"
