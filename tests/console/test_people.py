"""People, keys and policies by hand; what a policy denies is denied here too."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect


def test_an_invited_person_signs_in_and_sees_only_what_the_policy_allows(
    admin, open_console, volano_sqlite, shoot
):
    page = admin("/people?new=1")
    form = page.get_by_role("dialog")
    form.get_by_label("User name").fill("ada")
    form.get_by_label("Shown as").fill("Ada")
    form.get_by_role("combobox", name="Policies").fill("AmazonS3Read")
    page.get_by_role("option", name="AmazonS3ReadOnlyAccess").click()
    page.keyboard.press("Escape") if page.get_by_role("listbox").is_visible() else None
    form.get_by_role("button", name="Add", exact=True).click()
    link = page.get_by_test_id("secret-Invite link").inner_text()
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_test_id("secret-Invite link")).to_have_count(0)
    expect(page.locator("tr[data-person='ada']")).to_be_visible()
    shoot(page, "people")

    ada = open_console("/login?" + link.split("?", 1)[1])
    prompt = ada.get_by_role("dialog").filter(has_text="Choose a password")
    prompt.get_by_role("textbox", name="New password", exact=True).fill("salt and pepper")
    prompt.get_by_role("textbox", name="New password again").fill("salt and pepper")
    prompt.get_by_role("button", name="Save password").click()
    expect(prompt).to_have_count(0)
    ada.get_by_role("link", name="Objects").click()
    ada.get_by_role("button", name="Create bucket").first.click()
    ada.get_by_role("dialog").get_by_label("Name").fill("ada-may-not")
    ada.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
    expect(ada.get_by_text("That did not work").first).to_be_visible()
    ada.keyboard.press("Escape")
    expect(ada.get_by_role("link", name="Instances")).to_have_count(0)
    ada.goto("/instances")
    expect(ada.get_by_role("alert").filter(has_text="ec2:DescribeInstances")).to_be_visible()
    ada.get_by_role("link", name="People and keys").click()
    expect(ada.get_by_role("alert").filter(has_text="iam:ListUsers")).to_be_visible()
    assert ada.context.request.get("/volano/v1/instances").status == 403
    buckets = [bucket["Name"] for bucket in volano_sqlite.client("s3").list_buckets()["Buckets"]]
    assert "ada-may-not" not in buckets

    page.get_by_role("button", name="Ada", exact=True).click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("button", name="Disable").click()
    page.get_by_role("dialog", name="Disable Ada?").get_by_role("button", name="Disable").click()
    expect(drawer.get_by_role("button", name="Enable")).to_be_visible()
    assert ada.context.request.get("/volano/v1/buckets").status == 401


def test_a_secret_is_shown_once_and_a_revoked_key_is_refused(admin, volano_sqlite, shoot):
    page = admin("/people/keys")
    page.get_by_role("button", name="Create key").click()
    form = page.get_by_role("dialog")
    form.get_by_role("radio", name="API key").click()
    form.get_by_label("Name").fill("console test key")
    form.get_by_role("button", name="Create", exact=True).click()
    secret = page.get_by_test_id("secret-Secret").inner_text()
    shoot(page, "keys-secret")
    assert volano_sqlite.rest("GET", "/session", token=secret)[0] == 200
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_text("console test key")).to_be_visible()
    page.reload()
    expect(page.get_by_text("console test key")).to_be_visible()
    assert secret not in page.content()
    page.get_by_role("button", name="Revoke console test key").click()
    page.get_by_role("dialog").last.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("button", name="Revoke console test key")).to_have_count(0)
    assert volano_sqlite.rest("GET", "/session", token=secret)[0] == 401


def test_an_access_key_made_here_works_with_boto3(admin, volano_sqlite):
    page = admin("/people/keys")
    page.get_by_role("button", name="Create key").click()
    page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
    key = page.get_by_test_id("secret-Access key id").inner_text()
    secret = page.get_by_test_id("secret-Secret access key").inner_text()
    sts = volano_sqlite.client("sts", aws_access_key_id=key, aws_secret_access_key=secret)
    assert sts.get_caller_identity()["Arn"].endswith(":user/admin")


def test_a_group_gives_its_policies(admin, volano_sqlite):
    page = admin("/people/groups")
    page.get_by_role("button", name="Create group").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill("readers")
    page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
    card = page.locator("[data-group='readers']")
    card.get_by_role("combobox", name="Attach a policy").fill("ReadOnlyAccess")
    page.get_by_role("option", name="ReadOnlyAccess", exact=True).click()
    expect(card.get_by_role("button", name="Take away ReadOnlyAccess")).to_be_visible()
    _, groups = volano_sqlite.rest("GET", "/groups")
    readers = next(group for group in groups["items"] if group["name"] == "readers")
    assert readers["policies"] == ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    card.get_by_role("button", name="Take away ReadOnlyAccess").click()
    expect(card.get_by_role("button", name="Take away ReadOnlyAccess")).to_have_count(0)
    card.get_by_role("button", name="Delete group readers").click()
    page.get_by_role("dialog").last.get_by_role("button", name="Delete").click()
    expect(card).to_have_count(0)


def test_inline_policies_are_shown_where_attached_ones_are(admin, volano_sqlite):
    iam = volano_sqlite.client("iam")
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
        }
    )
    iam.create_user(UserName="written-on")
    iam.put_user_policy(UserName="written-on", PolicyName="on-user", PolicyDocument=document)
    iam.create_group(GroupName="written-on-group")
    iam.put_group_policy(
        GroupName="written-on-group", PolicyName="on-group", PolicyDocument=document
    )
    page = admin("/people")
    row = page.locator("tr[data-person='written-on']")
    expect(row.get_by_text("on-user (inline)")).to_be_visible()
    row.get_by_role("button", name="written-on").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("on-user (inline)")).to_be_visible()
    expect(drawer.get_by_text("No policy of their own")).to_have_count(0)
    page = admin("/people/groups")
    card = page.locator("[data-group='written-on-group']")
    expect(card.get_by_text("on-group (inline)")).to_be_visible()


def test_the_audit_trail_is_filtered(admin, volano_sqlite):
    volano_sqlite.client("s3").list_buckets()
    page = admin("/people/audit")
    page.get_by_label("Changes only").uncheck()
    page.get_by_label("Action").fill("s3:ListBuckets")
    rows = page.get_by_role("table", name="Audit trail").locator("tbody tr")
    expect(rows.first.get_by_text(re.compile("ListBuckets"))).to_be_visible()
    page.get_by_label("Action").fill("nothing:LikeThis")
    expect(page.get_by_text("No call like that")).to_be_visible()


def test_the_operator_changes_a_quota_and_puts_it_back(admin, volano_sqlite):
    page = admin("/people/quotas")
    page.get_by_role("button", name=re.compile("^Change ")).first.click()
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_role("heading").inner_text()
    dialog.get_by_label("Limit").fill("7")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    _, quotas = volano_sqlite.rest("GET", "/quotas")
    assert next(quota for quota in quotas["items"] if quota["name"] == name)["value"] == 7
    page.get_by_role("button", name=f"Change {name}").click()
    dialog.get_by_role("button", name=re.compile("^Back to")).click()
    expect(dialog).to_have_count(0)
    _, quotas = volano_sqlite.rest("GET", "/quotas")
    found = next(quota for quota in quotas["items"] if quota["name"] == name)
    assert found["value"] == found["default"]
