"""Requests to URLs of tenants, against real servers on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.saml import key_pair

from volano.backends.egress.http import HttpEgress
from volano.kernel.egress import EgressFailed, EgressRefused, EgressRequest, parse_networks

LOOPBACK = parse_networks(["127.0.0.0/8"])


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        self.server.seen.append((self.command, self.path, dict(self.headers.items()), body))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("location", self.path[4:])
            self.send_header("content-length", "0")
            self.end_headers()
            return
        reply = b"x" * 2000 if self.path == "/long" else b"hello"
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as found:
        found.seen = []
        found.url = f"http://127.0.0.1:{found.server_address[1]}"
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield found
        found.shutdown()


async def test_a_server_without_a_certificate_to_trust_gets_nothing(server, tmp_path):
    """Signed by itself, and for another name: OWASP ASVS 12.3.2."""
    key, certificate = key_pair("elsewhere.example.com")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "pem").write_bytes(pem + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = server.url.replace("http://", "https://")
    with pytest.raises(EgressFailed):
        await HttpEgress(LOOPBACK).fetch(EgressRequest(method="POST", url=url, body=b"secret"))
    assert server.seen == []


async def test_a_post_arrives_and_its_answer_comes_back(server):
    egress = HttpEgress(LOOPBACK)
    reply = await egress.fetch(
        EgressRequest(method="POST", url=f"{server.url}/hook?a=b", headers={"X-A": "1"}, body=b"hi")
    )
    assert (reply.status, reply.body) == (200, b"hello")
    command, path, headers, body = server.seen[0]
    assert (command, path, body) == ("POST", "/hook?a=b", b"hi")
    assert headers["x-a"] == "1"
    assert (
        await egress.fetch(EgressRequest(method="GET", url=f"{server.url}/missing"))
    ).status == 404


async def test_a_body_in_chunks_is_streamed(server):
    async def chunks():
        for _ in range(3):
            yield b"ab"

    await HttpEgress(LOOPBACK).fetch(
        EgressRequest(method="PUT", url=f"{server.url}/o", body=chunks(), length=6)
    )
    assert server.seen[0][3] == b"ababab"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "2130706433",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "public.example@127.0.0.1",
        "0",
        "\uff11\uff12\uff17.0.0.1",
    ],
)
async def test_nothing_is_asked_of_this_machine(server, host):
    port = server.server_address[1]
    with pytest.raises((EgressRefused, EgressFailed)):
        await HttpEgress().fetch(EgressRequest(method="GET", url=f"http://{host}:{port}/"))
    assert server.seen == []


async def test_a_redirect_is_checked_like_any_url(server):
    egress = HttpEgress(parse_networks(["127.0.0.1"]))
    inside = f"{server.url}/to/http://127.0.0.2:{server.server_address[1]}/secret"
    with pytest.raises(EgressRefused):
        await egress.fetch(EgressRequest(method="GET", url=inside, max_redirects=3))
    assert [seen[1] for seen in server.seen] == [inside.removeprefix(server.url)]
    home = f"{server.url}/to/{server.url}/there"
    assert (await egress.fetch(EgressRequest(method="GET", url=home))).status == 302
    followed = await egress.fetch(EgressRequest(method="GET", url=home, max_redirects=1))
    assert followed.body == b"hello"


async def test_what_is_meant_for_one_place_does_not_go_along_to_another(server):
    secrets = dict.fromkeys(("Authorization", "Cookie", "X-Api-Key"), "secret")
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    for path in (f"/to/{server.url}/same", f"/to/{elsewhere}/other"):
        url = server.url + path
        await HttpEgress(LOOPBACK).fetch(
            EgressRequest(
                method="GET", url=url, headers={**secrets, "Accept": "a/b"}, max_redirects=1
            )
        )
    same, other = (seen[2] for seen in server.seen if not seen[1].startswith("/to/"))
    assert list(same.values()).count("secret") == 3
    assert "secret" not in other.values()
    assert other["accept"] == "a/b"


async def test_a_name_is_resolved_once_and_that_address_is_asked(server, monkeypatch):
    """DNS rebinding: the second look-up would give another address; there is none."""
    loop, asked = asyncio.get_running_loop(), []

    async def getaddrinfo(host, port, **_):
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(2, 1, 6, "", (address, port))]

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    url = f"http://rebind.example:{server.server_address[1]}/"
    reply = await HttpEgress(LOOPBACK).fetch(EgressRequest(method="GET", url=url))
    assert reply.status == 200
    assert [host for host in asked if host == "rebind.example"] == ["rebind.example"]
    with pytest.raises(EgressRefused):
        await HttpEgress(LOOPBACK).fetch(EgressRequest(method="GET", url=url))


async def test_answers_have_a_size_and_a_time(server):
    egress = HttpEgress(LOOPBACK)
    with pytest.raises(EgressFailed, match="longer"):
        await egress.fetch(EgressRequest(method="GET", url=f"{server.url}/long", max_bytes=1000))
    closing = asyncio.Event()

    async def silent(reader, writer):
        await closing.wait()
        writer.close()

    quiet = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = quiet.sockets[0].getsockname()[1]
    with pytest.raises(EgressFailed, match="No answer"):
        await egress.fetch(
            EgressRequest(method="GET", url=f"http://127.0.0.1:{port}/", timeout_s=0.2)
        )
    closing.set()
    quiet.close()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(quiet.wait_closed(), 1)


async def test_nobody_there_is_a_failure_and_headers_hold_no_lines(server):
    egress = HttpEgress(LOOPBACK)
    with pytest.raises(EgressFailed):
        await egress.fetch(EgressRequest(method="GET", url="http://127.0.0.1:1/"))
    with pytest.raises(EgressRefused):
        await egress.fetch(EgressRequest(method="GET", url=server.url, headers={"a": "b\r\nc: d"}))
