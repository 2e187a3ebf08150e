"""People, keys, sessions, quotas, audit and zones over Volano's own API, as a browser would."""

from __future__ import annotations

import http.cookies
import json
import urllib.error
import urllib.request
import uuid

import boto3
import pytest


def name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


class Browser:
    """Keeps the session cookie and the CSRF token."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.cookie = ""
        self.csrf = ""
        self.set_cookie = ""

    def call(self, method: str, path: str, body: object = None):
        headers = {"content-type": "application/json"}
        if self.cookie:
            headers["cookie"] = f"volano_session={self.cookie}"
        if self.csrf:
            headers["x-volano-csrf"] = self.csrf
        request = urllib.request.Request(
            f"{self.base}/volano/v1{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers=headers,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                self._keep(reply.headers.get("set-cookie"))
                return reply.status, json.loads(reply.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def _keep(self, header: str | None) -> None:
        if header:
            self.set_cookie = header
            self.cookie = http.cookies.SimpleCookie(header)["volano_session"].value

    def enter(self, path: str, body: object) -> dict:
        status, session = self.call("POST", path, body)
        assert status == 200, session
        self.csrf = session["csrf"]
        return session


@pytest.fixture
def browser(volano) -> Browser:
    return Browser(volano.url)


@pytest.fixture
def person(volano) -> dict:
    """A new user with a one-time link and no permission."""
    status, made = volano.rest("POST", "/people", {"name": name("ada"), "email": "a@example.com"})
    assert status == 200, made
    return made


def link_token(made: dict) -> str:
    return made["login_url"].partition("token=")[2]


def test_invited_person_signs_in_sets_a_password_and_signs_in_with_it(volano, browser, person):
    session = browser.enter("/session/link", {"token": link_token(person)})
    assert session["name"] == person["name"]
    assert session["has_password"] is False
    for flag in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert flag in browser.set_cookie
    assert browser.call("GET", "/session")[1]["csrf"] == browser.csrf
    status, _ = browser.call("POST", "/session/password", {"new": "a long enough one"})
    assert status == 204
    again = Browser(volano.url)
    account = session["account"]
    sign_in = {"account": account, "user": person["name"], "password": "a long enough one"}
    assert again.enter("/session", sign_in)["has_password"] is True
    assert again.call("POST", "/session/password", {"old": "x", "new": "yet another one"})[0] == 403
    status, _ = again.call(
        "POST", "/session/password", {"old": "a long enough one", "new": "yet another one"}
    )
    assert status == 204
    assert browser.call("GET", "/session")[0] == 401  # other sessions ended
    assert again.call("GET", "/session")[0] == 200


def test_one_time_link_works_once(volano, browser, person):
    browser.enter("/session/link", {"token": link_token(person)})
    other = Browser(volano.url)
    status, problem = other.call("POST", "/session/link", {"token": link_token(person)})
    assert status == 401
    assert problem["code"] == "unauthenticated"


def test_changes_need_the_csrf_token(browser, person):
    browser.enter("/session/link", {"token": link_token(person)})
    csrf, browser.csrf = browser.csrf, ""
    assert browser.call("POST", "/keys", {"kind": "api", "name": "x"})[0] == 401
    browser.csrf = csrf
    assert browser.call("POST", "/keys", {"kind": "api", "name": "x"})[0] == 200


def test_a_page_learns_what_its_reader_may_use_at_all(volano, browser, person):
    asked = {"permissions": ["s3:ListAllMyBuckets", "chat:ListChannels", "iam:ListUsers"]}
    browser.enter("/session/link", {"token": link_token(person)})
    assert browser.call("POST", "/session/usable", asked)[1] == {"permissions": []}
    member = {"policy": "arn:aws:iam::aws:policy/VolanoChatMember"}
    assert volano.rest("POST", f"/people/{person['name']}/policies", member)[0] == 200
    found = browser.call("POST", "/session/usable", asked)[1]
    assert found == {"permissions": ["chat:ListChannels"]}
    assert volano.rest("POST", "/session/usable", asked)[1] == asked
    too_many = {"permissions": ["s3:GetObject"] * 51}
    assert browser.call("POST", "/session/usable", too_many)[0] == 400


def test_sign_out_ends_the_session(browser, person):
    browser.enter("/session/link", {"token": link_token(person)})
    cookie = browser.cookie
    assert browser.call("DELETE", "/session")[0] == 200
    assert "Max-Age=0" in browser.set_cookie
    browser.cookie = cookie
    assert browser.call("GET", "/session")[0] == 401


def test_wrong_passwords_are_told_apart_from_nothing_and_then_throttled(volano, browser):
    status, made = volano.rest(
        "POST", "/people", {"name": name("pat"), "password": "correct horse"}
    )
    assert status == 200
    wrong = {"user": made["name"], "password": "wrong horse"}
    unknown = {"user": name("nobody"), "password": "wrong horse"}
    known_answer = browser.call("POST", "/session", wrong)
    unknown_answer = browser.call("POST", "/session", unknown)
    assert known_answer[0] == unknown_answer[0] == 401
    assert known_answer[1]["detail"] == unknown_answer[1]["detail"]
    for _ in range(9):
        assert browser.call("POST", "/session", wrong)[0] == 401
    assert browser.call("POST", "/session", wrong)[0] == 429
    right = {"user": made["name"], "password": "correct horse"}
    assert browser.call("POST", "/session", right)[0] == 429


def test_own_keys_are_made_once_shown_and_revoked(volano, browser, person):
    browser.enter("/session/link", {"token": link_token(person)})
    status, key = browser.call("POST", "/keys", {"kind": "api", "name": "laptop"})
    assert status == 200
    assert key["secret"].startswith("sk-vol-")
    assert key["secret"].endswith(key["hint"])
    assert volano.rest("GET", "/session", token=key["secret"])[1]["name"] == person["name"]
    status, listed = browser.call("GET", "/keys")
    assert [item["name"] for item in listed["items"]] == ["laptop"]
    assert "secret" not in listed["items"][0]
    assert listed["items"][0]["last_used_us"] is not None
    assert browser.call("DELETE", f"/keys/{key['id']}")[0] == 204
    assert volano.rest("GET", "/session", token=key["secret"])[0] == 401
    assert browser.call("DELETE", f"/keys/{key['id']}")[0] == 404


def test_own_aws_key_is_the_same_principal(volano, browser, person):
    browser.enter("/session/link", {"token": link_token(person)})
    _, key = browser.call("POST", "/keys", {"kind": "access-key"})
    sts = boto3.client(
        "sts",
        endpoint_url=volano.aws_url,
        region_name="eu-home-1",
        aws_access_key_id=key["id"],
        aws_secret_access_key=key["secret"],
    )
    assert sts.get_caller_identity()["Arn"] == person["arn"]


def test_restricted_key_does_less_and_cannot_make_another(volano):
    status, key = volano.rest(
        "POST", "/keys", {"kind": "api", "name": "reader", "scopes": ["iam:List*"]}
    )
    assert status == 200
    assert volano.rest("GET", "/people", token=key["secret"])[0] == 200
    status, problem = volano.rest("POST", "/people", {"name": name("no")}, token=key["secret"])
    assert status == 403
    assert "restrictions" in problem["detail"]
    assert volano.rest("POST", "/keys", {"kind": "api"}, token=key["secret"])[0] == 403
    assert volano.rest("GET", "/keys", token=key["secret"])[0] == 403


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "nothing"},
        {"kind": "slack-bot"},
        {"kind": "api", "name": ""},
        {"kind": "api", "scopes": ["not a scope!"]},
        {"kind": "api", "expires_days": 0},
        {"kind": "access-key", "scopes": ["s3:*"]},
        {},
    ],
)
def test_bad_keys_are_refused(volano, body):
    assert volano.rest("POST", "/keys", body)[0] == 400


def test_person_without_permission_sees_and_changes_nobody(volano, browser, person):
    browser.enter("/session/link", {"token": link_token(person)})
    for method, path, body in (
        ("GET", "/people", None),
        ("POST", "/people", {"name": "x"}),
        ("DELETE", "/people/admin", None),
        ("PATCH", "/people/admin", {"disabled": True}),
        ("POST", "/people/admin/keys", {"kind": "api", "name": "x"}),
        ("POST", "/people/admin/login-link", None),
        ("PUT", "/people/admin/password", {"password": "my own password"}),
        (
            "POST",
            f"/people/{person['name']}/policies",
            {"policy": "arn:aws:iam::aws:policy/AdministratorAccess"},
        ),
        ("GET", "/audit", None),
        ("POST", "/zones/b/fail", {}),
        ("GET", "/accounts", None),
    ):
        status, problem = browser.call(method, path, body)
        assert status == 403, (method, path, problem)
        assert "is not authorized to perform" in problem["detail"]


def test_disabled_person_is_out_at_once(volano, browser, person):
    browser.enter("/session/link", {"token": link_token(person)})
    _, key = browser.call("POST", "/keys", {"kind": "api", "name": "x"})
    assert volano.rest("PATCH", f"/people/{person['name']}", {"disabled": True})[0] == 200
    assert browser.call("GET", "/session")[0] == 401
    assert volano.rest("GET", "/session", token=key["secret"])[0] == 401
    assert volano.rest("PATCH", f"/people/{person['name']}", {"disabled": False})[0] == 200
    assert browser.call("GET", "/session")[0] == 200


def test_policies_and_groups_of_a_person(volano, person):
    group, user = name("staff"), person["name"]
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    assert volano.rest("POST", "/groups", {"name": group})[0] == 200
    assert volano.rest("PUT", f"/people/{user}/groups/{group}")[0] == 204
    assert volano.rest("POST", f"/people/{user}/policies", {"policy": arn})[0] == 200
    shown = volano.rest("GET", f"/people/{user}")[1]
    assert shown["groups"] == [group]
    assert shown["policies"] == [arn]
    assert volano.rest("DELETE", f"/people/{user}")[0] == 204
    assert volano.rest("GET", f"/people/{user}")[0] == 404


def test_service_account_has_a_key_and_no_login(volano):
    status, made = volano.rest(
        "POST",
        "/people",
        {
            "name": name("bot"),
            "kind": "service-account",
            "policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        },
    )
    assert status == 200
    assert made["login_url"] is None
    assert made["kind"] == "service-account"
    path = f"/people/{made['name']}"
    _, key = volano.rest("POST", f"{path}/keys", {"kind": "api", "name": "k"})
    assert volano.rest("GET", "/people", token=key["secret"])[0] == 200
    assert volano.rest("POST", f"{path}/login-link")[0] == 404


def test_audit_shows_who_did_what(volano, browser, person):
    browser.enter("/session/link", {"token": link_token(person)})
    assert browser.call("GET", "/people")[0] == 403
    query = f"/audit?principal={person['id']}&limit=50"
    status, page = volano.rest("GET", query)
    assert status == 200
    seen = {(item["action"], item["status"]) for item in page["items"]}
    assert ("volano:listPeople", 403) in seen
    assert ("volano:ConsoleLogin", 200) in seen
    refused = volano.rest("GET", query + "&errors=true")[1]["items"]
    assert {item["action"] for item in refused} == {"volano:listPeople"}
    first = volano.rest("GET", "/audit?limit=1")[1]
    second = volano.rest("GET", f"/audit?limit=1&cursor={first['next_cursor']}")[1]
    assert first["items"][0]["time_us"] >= second["items"][0]["time_us"]
    assert first["items"] != second["items"]
    assert volano.rest("GET", "/audit?cursor=nonsense")[0] == 400


def test_second_account_sees_nothing_of_the_first(volano, person):
    status, made = volano.rest("POST", "/accounts", {"name": "Other", "alias": name("other")})
    assert status == 200, made
    other = Browser(volano.url)
    session = other.enter("/session/link", {"token": link_token(made)})
    assert session["is_operator"] is False
    people = other.call("GET", "/people")[1]["items"]
    assert [one["name"] for one in people] == ["admin"]
    assert other.call("GET", f"/people/{person['name']}")[0] == 404
    assert other.call("DELETE", f"/people/{person['name']}")[0] == 404
    assert other.call("POST", "/zones/b/fail", {})[0] == 403
    assert other.call("POST", "/accounts", {"name": "X", "alias": name("x")})[0] == 403
    audit = other.call("GET", "/audit")[1]["items"]
    assert {item["account"] for item in audit} == {made["id"]}


def test_quotas_are_the_operators(volano):
    account = volano.rest("GET", "/session")[1]["account"]
    listed = {item["name"]: item for item in volano.rest("GET", "/quotas")[1]["items"]}
    assert listed["iam.users"]["value"] == 5000
    assert volano.rest("PUT", f"/accounts/{account}/quotas/nothing", {"value": 1})[0] == 400
    assert volano.rest("PUT", f"/accounts/{account}/quotas/iam.groups", {"value": 0})[0] == 204
    status, problem = volano.rest("POST", "/groups", {"name": name("one")})
    assert (status, problem["code"]) == (409, "limit_exceeded")
    assert volano.rest("PUT", f"/accounts/{account}/quotas/iam.groups", {"value": None})[0] == 204
    assert volano.rest("POST", "/groups", {"name": name("one")})[0] == 200


def test_zone_drill(volano):
    zones = volano.rest("GET", "/zones")[1]
    assert [zone["name"] for zone in zones["zones"]] == [
        zones["region"] + letter for letter in "abc"
    ]
    status, failed = volano.rest("POST", "/zones/b/fail", {"reason": "fire drill"})
    assert (status, failed["state"], failed["reason"]) == (200, "impaired", "fire drill")
    assert volano.rest("POST", "/zones/b/restore", {})[1]["state"] == "available"
    assert volano.rest("POST", "/zones/q/fail", {})[0] == 404
