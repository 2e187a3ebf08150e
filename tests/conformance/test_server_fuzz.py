"""Broken HTTP against the running server: proper answers or a closed connection, never a 5xx.

Requests are cut, doubled, spliced and bent at random, sent to both ports by a client that then
ends its side; what comes back must parse as HTTP/1.1 responses (h11), and none may be a 5xx but
501, 503 and 505. The server must be as well afterwards as before.
"""

import socket

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

WHOLE = (
    b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
    b"POST /api/auth.test HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"PUT /bucket/key HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 24\r\n\r\nAction=DescribeInstances",
    b"GET /?list-type=2&prefix=%ff%00 HTTP/1.1\r\nhost: bucket.localhost\r\n\r\n",
    b"HEAD /volano/v1/health HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
    b"GET /volano/v1/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
)
PIECES = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"\t", b"\xff", b"%", b"?", b"#", b"content-length: 3\r\n",
    b"transfer-encoding: chunked\r\n", b"transfer-encoding: chunked, identity\r\n", b"host: y\r\n", b"connection: close\r\n",
    b"authorization: AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request\r\n", b"x-amz-date: 1\r\n", b"upgrade: h2c\r\n",
    b"0\r\n\r\n", b"ffffffffffffffffff\r\n", b"-1\r\n", b"content-length: 99999999999999999999\r\n", b"expect: 100-continue\r\n",
)  # fmt: skip
FINE_5XX = (501, 503, 505)


@st.composite
def broken(draw):
    data = b"".join(draw(st.lists(st.sampled_from(WHOLE), min_size=1, max_size=3)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        what = draw(st.sampled_from(("insert", "cut", "end", "byte")))
        if what == "insert":
            data = data[:at] + draw(st.sampled_from(PIECES)) + data[at:]
        elif what == "cut":
            data = data[:at] + data[at + draw(st.integers(1, 30)) :]
        elif what == "end":
            data = data[:at]
        else:
            data = data[:at] + bytes((draw(st.integers(0, 255)),)) + data[at + 1 :]
    return data


def answers(port, data, methods):
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        chunks = []
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                chunks.append(chunk)
        except (ConnectionResetError, BrokenPipeError):
            pass
    return parse(b"".join(chunks), methods)


def parse(data, methods):
    """The final statuses in `data`; raises what h11 raises for what is not HTTP."""
    statuses = []
    while data:
        client = h11.Connection(h11.CLIENT)
        method = methods[len(statuses)] if len(statuses) < len(methods) else "GET"
        client.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
        client.send(h11.EndOfMessage())
        client.receive_data(data)
        while True:
            event = client.next_event()
            if isinstance(event, h11.Response):
                statuses.append(event.status_code)
            if event is h11.NEED_DATA:  # cut off: allowed when a request broke off
                return statuses
            if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                break
            if event is h11.PAUSED or (
                isinstance(event, h11.InformationalResponse) and event.status_code == 101
            ):
                return statuses
        data = client.trailing_data[0]
    return statuses


@pytest.mark.parametrize("aws", [False, True])
def test_broken_requests_get_answers_of_http_or_none(volano_sqlite, aws):
    port = volano_sqlite.aws_port if aws else volano_sqlite.port

    @settings(max_examples=120, deadline=None)
    @given(data=broken())
    def run(data):
        head = b"HEAD" in data  # whose answers have no body: h11 must know which
        statuses = [] if head else answers(port, data, ["GET"] * 9)
        if head:
            answers_raw(port, data)
        assert all(status < 500 or status in FINE_5XX for status in statuses), statuses

    run()
    assert answers(port, WHOLE[0], ["GET"]) == [200]


def answers_raw(port, data):
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            got = b""
            while chunk := connection.recv(65536):
                got += chunk
        except (ConnectionResetError, BrokenPipeError):
            return
    assert b"HTTP/1.1 500" not in got
    assert b"Traceback" not in got
