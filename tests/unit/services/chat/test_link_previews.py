"""Previews of links: a page on a real server, through the egress guard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

import pytest

from volano.backends.egress.http import HttpEgress
from volano.services.chat.logic.history import Span, read_history
from volano.services.chat.logic.link_previews import outside_links, preview_links, read_page

PAGE = """<html><head><title> Kilns &amp;
 glazes </title><meta property="og:description" content="All <b>about</b> fire">
<meta property="og:site_name" content="Clay Weekly"></head><body><title>not this</title></body>"""


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind = "text/html; charset=utf-8" if self.path == "/page" else "application/pdf"
        body = PAGE.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def pages() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


async def attachments(company, channel: str) -> list[dict]:
    page = await read_history(company.env, company.calls["admin"], channel, Span(limit=1))
    return page.messages[0].get("attachments", [])


async def test_a_link_shows_what_its_page_says(company, pages):
    channel = await company.channel("links", "admin")
    message = await company.say("admin", channel, f"read <{pages}/page|this>")
    open_env = replace(company.env, egress=HttpEgress([ip_network("127.0.0.0/8")]))
    for _ in range(2):  # a repeat changes nothing
        await preview_links(open_env, company.account, channel, message.ts_us)
    [shown] = await attachments(company, channel)
    assert shown["title"] == "Kilns &amp; glazes"
    assert shown["text"] == "All &lt;b&gt;about&lt;/b&gt; fire"
    assert shown["service_name"] == "Clay Weekly"
    assert shown["from_url"] == f"{pages}/page"


async def test_what_is_no_page_or_lies_inside_has_no_preview(company, pages):
    channel = await company.channel("links", "admin")
    pdf = await company.say("admin", channel, f"<{pages}/file.pdf>")
    open_env = replace(company.env, egress=HttpEgress([ip_network("127.0.0.0/8")]))
    await preview_links(open_env, company.account, channel, pdf.ts_us)
    assert await attachments(company, channel) == []
    inside = await company.say("admin", channel, f"<{pages}/page>")
    await preview_links(company.env, company.account, channel, inside.ts_us)
    assert await attachments(company, channel) == []


def test_links_into_volano_itself_are_left_alone():
    text = "<http://cloud:8080/archives/C1/p1> <https://a.example/?x=1&amp;y=2|a> <@U1>"
    assert outside_links(text, "http://cloud:8080") == ["https://a.example/?x=1&y=2"]


def test_a_page_without_words_has_no_title():
    assert read_page("<html><body>only this").title == ""
    assert read_page("<![x><title>Odd</title>").title == "Odd"
    assert read_page(f"<title>{'x' * 300}").title == "x" * 199 + "…"
