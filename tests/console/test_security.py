"""The security overview names what is weak; policies are written beside their simulation."""

from __future__ import annotations

import json
import subprocess
import sys

from playwright.sync_api import expect

BUCKET = "console-open-to-all"


def test_an_open_bucket_is_found_and_gone_when_mended(admin, volano_sqlite, shoot):
    s3 = volano_sqlite.client("s3")
    where = {"LocationConstraint": volano_sqlite.credentials["AWS_DEFAULT_REGION"]}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    s3.delete_public_access_block(Bucket=BUCKET)
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    page = admin("/security")
    found = page.get_by_role("listitem").filter(has_text=f"The policy of {BUCKET} lets everyone in")
    expect(found).to_be_visible()
    expect(found.get_by_text("high")).to_be_visible()
    shoot(page, "security")

    arguments = ["security", "--data", str(volano_sqlite.data_dir)]
    said = subprocess.run(
        [sys.executable, "-m", "volano", *arguments],
        capture_output=True,
        text=True,
        env=volano_sqlite.environment,
        check=False,
    )
    assert said.returncode == 1, said.stderr
    assert f"The policy of {BUCKET} lets everyone in" in said.stdout

    s3.delete_bucket_policy(Bucket=BUCKET)
    page.reload()
    expect(page.get_by_role("heading", name="To mend")).to_be_visible()
    expect(found).to_have_count(0)


def test_an_administrator_is_one_by_any_policy(volano_sqlite):
    """What a user may do counts, not which policy says so."""
    iam = volano_sqlite.client("iam")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.create_group(GroupName="all-of-it")
    iam.put_group_policy(GroupName="all-of-it", PolicyName="all", PolicyDocument=document)
    for user in ("strong-by-group", "weak-by-password"):
        iam.create_user(UserName=user)
        iam.create_login_profile(UserName=user, Password="a long sentence of seven words")
    iam.add_user_to_group(GroupName="all-of-it", UserName="strong-by-group")
    _, overview = volano_sqlite.rest("GET", "/security-overview")
    severities = {
        found["resource"].rpartition("/")[2]: found["severity"]
        for found in overview["findings"]
        if found["check"] == "users"
    }
    assert severities["strong-by-group"] == "high"
    assert severities["weak-by-password"] == "medium"


def test_a_policy_is_written_and_gets_a_second_version(admin, volano_sqlite, shoot):
    page = admin("/people/policies")
    page.get_by_role("button", name="Write policy").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("ReadsTheReports")
    expect(dialog.get_by_role("status")).to_have_attribute("data-decision", "allowed")
    dialog.get_by_label("Resource").fill("arn:aws:s3:::letters/1")
    expect(dialog.get_by_role("status")).to_have_attribute("data-decision", "implicitDeny")
    shoot(page, "policy-new")
    text = dialog.get_by_label("Policy", exact=True)
    written = text.input_value()
    text.fill(written.replace('"Action"', '"Actions"'))
    expect(dialog.get_by_text("Actions is no element of a statement")).to_be_visible()
    shoot(page, "policy-mistake")
    text.fill(written)
    expect(dialog.get_by_role("status")).to_have_attribute("data-decision", "implicitDeny")
    dialog.get_by_role("button", name="Create policy").click()
    page.get_by_role("button", name="ReadsTheReports").click()
    drawer = page.get_by_role("dialog")
    text = drawer.get_by_label("Policy", exact=True)
    expect(text).not_to_be_empty()
    text.fill(text.input_value().replace("reports", "letters"))
    drawer.get_by_role("button", name="Save as a new version").click()
    expect(drawer.get_by_text("v2, in force")).to_be_visible()
    shoot(page, "policy-versions")
    iam = volano_sqlite.client("iam")
    made = next(
        p
        for p in iam.list_policies(Scope="Local")["Policies"]
        if p["PolicyName"] == "ReadsTheReports"
    )
    version = iam.get_policy_version(PolicyArn=made["Arn"], VersionId="v2")["PolicyVersion"]
    assert "letters" in json.dumps(version["Document"])


def test_who_can_names_the_statement(admin, volano_sqlite, shoot):
    iam = volano_sqlite.client("iam")
    iam.create_user(UserName="reader-of-letters")
    statement = {
        "Sid": "Letters",
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::letters/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="reader-of-letters", PolicyName="own", PolicyDocument=document)
    page = admin("/security")
    page.get_by_label("Resource").fill("arn:aws:s3:::letters/1")
    page.get_by_role("button", name="Who can?").click()
    row = page.locator("[data-principal='reader-of-letters']")
    expect(row).to_have_attribute("data-outcome", "allowed")
    row.get_by_role("button").click()
    expect(row.locator("pre")).to_contain_text("arn:aws:s3:::letters/*")
    shoot(page, "who-can")
    page.get_by_label("Resource").fill("arn:aws:s3:::secrets/1")
    page.get_by_role("button", name="Who can?").click()
    page.get_by_text("May not").click()
    expect(row).to_have_attribute("data-outcome", "denied")
