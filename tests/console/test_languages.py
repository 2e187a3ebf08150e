"""The console in Chinese: chosen once, spoken on every page, kept for the next window."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.console.conftest import overflow_px, visit
from tests.console.test_chat_looks import findings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Volano


PASSWORD_OF_READERS = "a lantern by the river"
PAGES = {
    "/calendar": ("日历", "新建日程"),
    "/docs": ("文档", "新建文档"),
    "/office": ("审批与任务", "发起审批"),
    "/office/tasks": ("审批与任务", "添加"),
    "/assistants": ("智能助手", "新建助手"),
    "/objects": ("对象存储", "创建 Bucket"),
    "/bill": ("账单", "价格表"),
    "/people/account": ("成员与密钥", "我的账号"),
}
"""The heading of a page, and a button or tab on it."""


@pytest.fixture
def reader(volano_sqlite: Volano, browser: Browser) -> str:
    """Somebody of their own, so that nobody else's window changes its language."""
    name = f"wen-{uuid.uuid4().hex[:8]}"
    policies = ["arn:aws:iam::aws:policy/VolanoChatMember"]
    person = {"name": name, "display_name": f"Wen {name[4:]}", "policies": policies}
    status, made = volano_sqlite.rest("POST", "/people", person)
    assert status in (200, 201), made
    window = browser.new_context(base_url=volano_sqlite.url)
    token = {"token": made["login_url"].partition("token=")[2]}
    csrf = window.request.post("/volano/v1/session/link", data=token).json()["csrf"]
    body = {"new": PASSWORD_OF_READERS}
    chosen = window.request.post(
        "/volano/v1/session/password", data=body, headers={"x-volano-csrf": csrf}
    )
    assert chosen.ok, chosen.text()
    window.close()
    return name


def test_every_page_follows_the_language_that_was_chosen(
    open_console: Callable[..., Page], reader: str, shoot: Callable[[Page, str], None]
) -> None:
    page = open_console("/calendar", user=reader, password=PASSWORD_OF_READERS)
    page.get_by_role("button", name="Account", exact=True).click()
    with page.expect_response(
        lambda reply: reply.request.method == "PUT" and reply.url.endswith("/chat/preferences")
    ) as kept:
        page.get_by_role("menuitem", name="中文", exact=True).click()
    assert kept.value.ok
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    for path, (heading, control) in PAGES.items():
        visit(page, path)
        expect(page.get_by_role("heading", name=heading, exact=True, level=1)).to_be_visible()
        named = page.get_by_role("button", name=control, exact=True)
        expect(named.or_(page.get_by_role("tab", name=control, exact=True)).first).to_be_visible()
        assert overflow_px(page) == 0, path
        assert findings(page) == [], path
        shoot(page, f"chinese{path.replace('/', '-')}")
    expect(page.get_by_role("link", name="成员与密钥", exact=True)).to_be_visible()


def test_the_language_is_there_in_another_window(
    open_console: Callable[..., Page], reader: str
) -> None:
    page = open_console("/office/forms", user=reader, password=PASSWORD_OF_READERS)
    page.get_by_role("button", name="Account", exact=True).click()
    with page.expect_response(lambda reply: reply.url.endswith("/chat/preferences")) as kept:
        page.get_by_role("menuitem", name="中文", exact=True).click()
    assert kept.value.ok
    other = open_console("/office/forms", user=reader, password=PASSWORD_OF_READERS)
    expect(other.get_by_role("heading", name="请假", exact=True)).to_be_visible()
    other.get_by_role("button", name="填写", exact=True).nth(1).click()
    dialog = other.get_by_role("dialog", name="请假", exact=True)
    expect(dialog.get_by_text("请假类型")).to_be_visible()
