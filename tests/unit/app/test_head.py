"""A head that is read at once is read as llhttp reads it, or not at all."""

from __future__ import annotations

import random

import httptools
import pytest

from volano.app.head import Limits, whole_request

PLAIN = (
    b"GET /bucket/a%20key?part=1&x=/ HTTP/1.1\r\nHost: localhost:9000\r\nUser-Agent: a b/1\r\n"
    b"Range: bytes=0-1\r\nX-Amz-Date: 20260102T030405Z\r\n\r\n"
)
SIZED = PLAIN.replace(b"GET", b"PUT").replace(b"Range: ", b"Content-Length: 7\r\nX-Range: ") + (
    b"GET / a"
)
PIECES = (
    b" ", b"\t", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b":", b"/", b"#", b"?", b"%", b"\\",
    b"\x7f", b"\x80", b"\xff", b"a", b"Z", b"0", b"\r\n ", b"\r\nHost: b", b"\r\nExpect: x",
    b"\r\nContent-Length: 0", b"\r\nContent-Length: 5", b"\r\nTransfer-Encoding: chunked",
    b"\r\nConnection: close", b"\r\nConnection: Upgrade", b"\r\nUpgrade: h2c", b"\r\nX: ",
    b"\r\nX:y", b"\r\nX : y", b"HTTP/1.0", b"HEAD", b"POST", b"CONNECT", b"OPTIONS *",
)  # fmt: skip


class Parsed:
    """What llhttp makes of some bytes; `method` is None until a whole request was there."""

    def __init__(self, data):
        self.headers, self.url, self.body = [], b"", b""
        self.method, self.messages, self.failed = None, 0, False
        self.parser = httptools.HttpRequestParser(self)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.failed = True

    def on_url(self, url):
        self.url += url

    def on_header(self, name, value):
        self.headers.append((name.lower(), value))

    def on_body(self, body):
        self.body += body

    def on_message_complete(self):
        self.method = self.parser.get_method()
        self.messages += 1


def check(data):
    """Whether the head was read; it must then be all that llhttp finds."""
    whole = whole_request(data, Limits())
    if whole is None:
        return False
    head, body = whole
    parsed = Parsed(data)
    assert not parsed.failed, data
    assert parsed.messages == 1, data
    assert (parsed.method, parsed.body) == (head.method, body), data
    assert parsed.parser.get_http_version() == "1.1"
    assert parsed.parser.should_keep_alive(), data
    assert parsed.url == head.path + (b"?" + head.query if b"?" in parsed.url else b""), data
    assert parsed.headers == list(head.headers.items()), data
    assert b"host" in head.headers
    return True


def test_plain_requests_are_read():
    assert check(PLAIN)
    assert check(b"HEAD / HTTP/1.1\r\nhost: x\r\nConnection: keep-alive\r\n\r\n")
    assert check(SIZED)
    assert check(b"PUT / HTTP/1.1\r\nhost: x\r\nContent-Length: 0\r\n\r\n")
    assert check(b"GET /a?b HTTP/1.1\r\nhost: x\r\n\r\n")


@pytest.mark.parametrize(
    "data",
    [
        PLAIN + PLAIN,
        PLAIN[:-2],
        PLAIN.replace(b"Host", b"Hosts"),
        PLAIN.replace(b"GET", b"PUT"),
        PLAIN.replace(b"1.1", b"1.0"),
        PLAIN.replace(b"Range: ", b"Content-Length: 0\r\nRange: "),
        PLAIN.replace(b"Range: ", b"Host: other\r\nRange: "),
        PLAIN.replace(b"Range: ", b"Transfer-Encoding: chunked\r\nRange: "),
        PLAIN.replace(b"Range: ", b"Connection: close\r\nRange: "),
        PLAIN.replace(b"Range: ", b"Expect: 100-continue\r\nRange: "),
        PLAIN.replace(b"Range: ", b"Upgrade: websocket\r\nRange: "),
        PLAIN.replace(b"\r\n", b"\n"),
        SIZED[:-1],
        SIZED + b"\r\n",
        SIZED.replace(b"PUT", b"POST"),
        SIZED.replace(b"PUT", b"GET"),
        SIZED.replace(b": 7", b": +7"),
        SIZED.replace(b": 7", b": 7, 7"),
        SIZED.replace(b": 7", b": 7\r\nTransfer-Encoding: chunked"),
        SIZED.replace(b": 7", b": 7\r\nExpect: 100-continue"),
        PLAIN.replace(b"bytes=0-1", b"bytes=0-1 "),
        PLAIN.replace(b"bytes=0-1", b"caf\xe9"),
        PLAIN.replace(b"/bucket", b"http://x/bucket"),
        PLAIN.replace(b"?part=1", b"#part"),
        PLAIN.replace(b"a b/1", b"x" * 70_000),
        PLAIN.replace(b"Range: ", b"".join(b"x%d: y\r\n" % n for n in range(300)) + b"Range: "),
    ],
)
def test_what_needs_a_second_look_is_left_to_the_parser(data):
    assert not check(data)


@pytest.mark.parametrize("plain", [PLAIN, SIZED])
def test_changed_requests_are_read_as_the_parser_reads_them(plain):
    draw = random.Random(20261122)
    read = 0
    for _ in range(25_000):
        data = plain
        for _ in range(draw.randrange(1, 4)):
            at = draw.randrange(len(data))
            data = data[:at] + draw.choice(PIECES) + data[at + draw.randrange(3) :]
        read += check(data)
    assert read > 600
