"""Signing in to the console by OpenID Connect: the local issuer, and one that misbehaves.

Rules tested are those of OpenID Connect Core 1.0 section 3.1.3.7 (ID token), RFC 6749 section 10.12
(state) and RFC 7636 (PKCE); who may come in is the provider's setting.
"""

from __future__ import annotations

import base64
import json
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from tests.conftest import start_volano

ACCOUNT = "111111111111"
API_KEY = "sk-test-seeded-key"
CLIENT = "volano-console"
SEED = f"""
[[account]]
id = "{ACCOUNT}"
name = "Main"
  [[account.user]]
  name = "tester"
  api_key = "{API_KEY}"
"""


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """An issuer whose ID tokens say what a test wants them to say."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        self.wrong_key = rsa.generate_private_key(65537, 2048)
        self.claims: dict[str, object] = {}
        self.forged = False
        self.seen: dict[str, str] = {}
        issuer = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(issuer.keys() if self.path == "/jwks" else issuer.document())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                issuer.seen = dict(parse_qsl(body.decode()))
                self._send({"id_token": issuer.token(), "token_type": "Bearer"})

            def _send(self, content: object) -> None:
                body = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def document(self) -> dict[str, str]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
        }

    def keys(self) -> dict[str, list[dict[str, str]]]:
        numbers = self.key.public_key().public_numbers()
        modulus = b64(numbers.n.to_bytes(256, "big"))
        return {"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "n": modulus, "e": "AQAB"}]}

    def token(self) -> str:
        parts = [{"alg": "RS256"}, self.claims]
        signed = ".".join(b64(json.dumps(part).encode()) for part in parts)
        key = self.wrong_key if self.forged else self.key
        return f"{signed}.{b64(key.sign(signed.encode(), padding.PKCS1v15(), SHA256()))}"


@pytest.fixture(scope="module")
def issuer():
    made = Issuer()
    yield made
    made.server.shutdown()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def cloud(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("oidc")
    (folder / "seed.toml").write_text(SEED)
    store = "sqlite"
    if request.param == "postgres":
        store = request.getfixturevalue("postgres").create_database()
    server = start_volano(folder, store=store, test_mode="1", test_file=str(folder / "seed.toml"))
    yield server
    server.stop()


def admin(cloud, method: str, path: str, body: object = None):
    return cloud.rest(method, path, body, token=API_KEY)


def post(cloud, path: str, body: object) -> tuple[int, dict, str]:
    """As a browser without a session: (status, answer, cookie)."""
    request = urllib.request.Request(
        f"{cloud.url}/volano/v1{path}",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, json.loads(reply.read()), reply.headers.get("set-cookie", "")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), ""


@pytest.fixture
def provider(cloud, issuer):
    """The provider `work` of the account: e-mail rule, nobody is made."""

    def put(**changes):
        wanted = {"issuer": issuer.url, "client_id": CLIENT, "client_secret": "hush"} | changes
        status, view = admin(cloud, "PUT", "/sign-in-providers/work", wanted)
        assert status == 200, view
        return view

    put()
    issuer.forged = False
    return put


def leave(cloud, issuer, **claims) -> dict[str, str]:
    """Go to the issuer, which will vouch for what `claims` say; what the tab sends when back."""
    status, departure, _ = post(
        cloud, "/session/providers/work", {"account": ACCOUNT, "hint": "ada"}
    )
    assert status == 200, departure
    asked = {k: v[0] for k, v in parse_qs(urlsplit(departure["url"]).query).items()}
    issuer.asked = asked
    now_s = int(time.time())
    issuer.claims = {
        "iss": issuer.url,
        "aud": CLIENT,
        "sub": "subject-1",
        "iat": now_s,
        "exp": now_s + 300,
        "nonce": asked["nonce"],
        "email": "ada@example.com",
        "email_verified": True,
    } | claims
    return {"code": "code-1", "state": asked["state"], "binding": departure["binding"]}


@pytest.fixture
def ada(cloud):
    status, made = admin(cloud, "POST", "/people", {"name": "ada", "email": "Ada@example.com"})
    assert status == 200, made
    yield made
    admin(cloud, "DELETE", "/people/ada")


def test_the_local_issuer_signs_a_person_in(cloud, ada, provider):
    provider(issuer=f"{cloud.aws_url}/moto-api/oidc")
    status, departure, _ = post(
        cloud, "/session/providers/work", {"account": ACCOUNT, "hint": "ada@example.com"}
    )
    assert status == 200, departure

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args):
            return None

    with pytest.raises(urllib.error.HTTPError) as away:
        urllib.request.build_opener(Stay).open(departure["url"], timeout=30)
    back = urlsplit(away.value.headers["location"])
    assert back.path == "/login/provider"
    query = dict(parse_qsl(back.query))
    status, session, cookie = post(
        cloud, "/session/provider", query | {"binding": departure["binding"]}
    )
    assert status == 200, session
    assert (session["name"], session["account"]) == ("ada", ACCOUNT)
    assert "HttpOnly; SameSite=Strict" in cookie


def test_the_browser_is_sent_with_state_nonce_and_pkce(cloud, ada, provider, issuer):
    answer = leave(cloud, issuer)
    assert issuer.asked | {"state": "", "nonce": "", "code_challenge": ""} == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": f"{cloud.url}/login/provider",
        "scope": "openid email profile",
        "code_challenge_method": "S256",
        "login_hint": "ada",
        "state": "",
        "nonce": "",
        "code_challenge": "",
    }
    assert post(cloud, "/session/provider", answer)[0] == 200
    assert issuer.seen["grant_type"] == "authorization_code"
    assert issuer.seen["client_secret"] == "hush"
    assert len(issuer.seen["code_verifier"]) == 43


def test_the_buttons_are_public_and_tell_no_secret(cloud, provider):
    provider(title="Work account")
    with urllib.request.urlopen(
        f"{cloud.url}/volano/v1/session/providers?account={ACCOUNT}", timeout=30
    ) as reply:
        buttons = json.loads(reply.read())["items"]
    assert buttons == [{"name": "work", "title": "Work account"}]
    _, listed = admin(cloud, "GET", "/sign-in-providers")
    assert listed["items"][0]["has_secret"] is True
    assert "hush" not in json.dumps(listed)


def test_an_answer_is_taken_once_and_in_its_own_tab(cloud, ada, provider, issuer):
    answer = leave(cloud, issuer)
    assert post(cloud, "/session/provider", answer | {"binding": "x" * 43})[0] == 401
    assert post(cloud, "/session/provider", answer)[0] == 401
    answer = leave(cloud, issuer)
    assert post(cloud, "/session/provider", answer)[0] == 200
    assert post(cloud, "/session/provider", answer)[0] == 401
    assert post(cloud, "/session/provider", answer | {"state": "y" * 43})[0] == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://127.0.0.1:1"},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another-client"]},
        {"aud": CLIENT, "azp": "another-client"},
        {"exp": 1},
        {"exp": None},
        {"nbf": 99_999_999_999},
        {"nonce": "another-nonce"},
        {"sub": ""},
        {"sub": None},
    ],
)
def test_an_id_token_that_says_something_else_is_refused(cloud, ada, provider, issuer, claims):
    status, problem, cookie = post(cloud, "/session/provider", leave(cloud, issuer, **claims))
    assert (status, problem["code"], cookie) == (400, "invalid_identity_token", "")


def test_a_token_of_another_key_is_refused(cloud, ada, provider, issuer):
    answer = leave(cloud, issuer)
    issuer.forged = True
    assert post(cloud, "/session/provider", answer)[1]["code"] == "invalid_identity_token"


def test_only_a_verified_address_of_an_allowed_domain_finds_somebody(cloud, ada, provider, issuer):
    answer = leave(cloud, issuer, email_verified=False)
    assert post(cloud, "/session/provider", answer)[0] == 401
    provider(email_domains=["example.org"])
    assert post(cloud, "/session/provider", leave(cloud, issuer))[0] == 401
    provider(email_domains=["example.com"])
    assert post(cloud, "/session/provider", leave(cloud, issuer))[0] == 200


def test_from_the_second_time_on_the_subject_decides(cloud, ada, provider, issuer):
    first = leave(cloud, issuer, sub="ada-at-work")
    assert post(cloud, "/session/provider", first)[1]["name"] == "ada"
    status, made = admin(cloud, "POST", "/people", {"name": "eve", "email": "eve@example.com"})
    assert status == 200, made
    moved = leave(cloud, issuer, sub="ada-at-work", email="eve@example.com")
    assert post(cloud, "/session/provider", moved)[1]["name"] == "ada"
    admin(cloud, "DELETE", "/people/eve")


def test_an_address_of_two_people_is_nobodys(cloud, ada, provider, issuer):
    admin(cloud, "POST", "/people", {"name": "ada2", "email": "ada@example.com"})
    assert post(cloud, "/session/provider", leave(cloud, issuer, sub="two"))[0] == 401
    admin(cloud, "DELETE", "/people/ada2")


def test_users_are_made_only_where_the_setting_says_so(cloud, provider, issuer):
    claims = {"sub": "new-1", "email": "grace@example.com", "preferred_username": "grace h"}
    assert post(cloud, "/session/provider", leave(cloud, issuer, **claims))[0] == 401
    admin(cloud, "POST", "/groups", {"name": "staff"})
    provider(create_users=True, groups=["staff"])
    status, session, _ = post(cloud, "/session/provider", leave(cloud, issuer, **claims))
    assert (status, session["name"]) == (200, "grace-h")
    _, person = admin(cloud, "GET", "/people/grace-h")
    assert (person["email"], person["groups"]) == ("grace@example.com", ["staff"])
    admin(cloud, "DELETE", "/people/grace-h")


def test_by_subject_the_name_is_the_issuers(cloud, ada, provider, issuer):
    provider(link_by="subject")
    answer = leave(cloud, issuer, sub="ada", email_verified=False)
    assert post(cloud, "/session/provider", answer)[1]["name"] == "ada"


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "ftp://example.com"},
        {"issuer": "http://example.com"},
        {"issuer": "https://user@example.com"},
        {"client_id": ""},
        {"link_by": "name"},
        {"email_domains": ["@"]},
        {"groups": ["no-such-group"]},
        {"title": "x" * 300},
    ],
)
def test_bad_settings_are_refused(cloud, issuer, changes):
    wanted = {"issuer": issuer.url, "client_id": CLIENT} | changes
    status, problem = admin(cloud, "PUT", "/sign-in-providers/bad", wanted)
    assert status in (400, 404), problem
    _, listed = admin(cloud, "GET", "/sign-in-providers")
    assert "bad" not in [one["name"] for one in listed["items"]]


def test_a_kept_secret_goes_to_no_other_issuer(cloud, issuer, provider):
    provider(client_secret="", title="The same")
    wanted = {"issuer": f"{issuer.url}/elsewhere", "client_id": CLIENT, "client_secret": ""}
    status, problem = admin(cloud, "PUT", "/sign-in-providers/work", wanted)
    assert status == 400, problem
    assert "client_secret" in problem["detail"]


def test_metadata_of_another_issuer_is_refused(cloud, issuer, provider):
    provider(issuer=f"{issuer.url}/elsewhere")
    status, problem, _ = post(cloud, "/session/providers/work", {"account": ACCOUNT})
    assert status == 400, problem
    assert "names another issuer" in problem["detail"]


def test_an_unknown_provider_is_not_found(cloud):
    assert post(cloud, "/session/providers/nothing", {"account": ACCOUNT})[0] == 404
    assert admin(cloud, "DELETE", "/sign-in-providers/nothing")[0] == 404
