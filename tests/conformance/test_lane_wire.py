"""Signed reads and writes on one connection of the running server: order, framing, pauses, ends.

Requests go through the fast lane where it takes them and the ordinary way where not, mixed on one
connection in random pieces; every answer must be the one that a client would get that waited.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import time
import uuid
import zlib

import h11
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

REGION = "eu-home-1"


class Wire:
    """Makes signed requests for one bucket of a running server."""

    def __init__(self, volano):
        self.volano = volano
        self.host = f"127.0.0.1:{volano.aws_port}"
        self.bucket = f"wire-{uuid.uuid4().hex[:12]}"
        volano.client("s3").create_bucket(Bucket=self.bucket)
        names = volano.credentials
        self.keys = Credentials(names["AWS_ACCESS_KEY_ID"], names["AWS_SECRET_ACCESS_KEY"])

    def request(self, method, key, body=None, headers=None):
        made = AWSRequest(method, f"http://{self.host}/{self.bucket}/{key}", data=body)
        made.headers["host"] = self.host
        for name, value in (headers or {}).items():
            made.headers[name] = value
        S3SigV4Auth(self.keys, "s3", REGION).add_auth(made)
        if body is not None:
            made.headers["content-length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in made.headers.items())
        head = f"{method} /{self.bucket}/{key} HTTP/1.1\r\n{lines}\r\n"
        return head.encode(), body or b""

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.volano.aws_port), timeout=30)


@pytest.fixture(scope="module")
def wire(volano_sqlite):
    return Wire(volano_sqlite)


def crc(body):
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def read_answers(connection, methods):
    """(status, body) for each, read by h11 as one stream of HTTP."""
    found, data = [], b""
    for method in methods:
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
        client.send(h11.EndOfMessage())
        if data:
            client.receive_data(data)
        status, body = 0, b""
        while True:
            event = client.next_event()
            if event is h11.NEED_DATA:
                piece = connection.recv(65536)
                assert piece, f"closed before answer {len(found)}"
                client.receive_data(piece)
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
        data = client.trailing_data[0]
        found.append((status, body))
    assert data == b""
    return found


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(("put", "put", "get", "get", "head", "health", "bad", "range", "big")),
        st.integers(0, 3),
        st.binary(min_size=1, max_size=200),
    ),
    min_size=1,
    max_size=12,
)


def test_pipelined_reads_and_writes_are_answered_in_order(wire):
    @settings(max_examples=60, deadline=None)
    @given(
        operations=OPERATIONS, cuts=st.lists(st.integers(1, 700), max_size=8), ends=st.booleans()
    )
    def run(operations, cuts, ends):
        prefix = uuid.uuid4().hex[:8]
        sent, methods, expected, model = b"", [], [], {}
        for kind, number, content in operations:
            key = f"{prefix}/{number}"
            method, head, body, answer = plan(wire, kind, key, content, model)
            sent += head + body
            methods.append(method)
            expected.append(answer)
        with wire.connect() as connection:
            at = 0
            for cut in cuts:
                connection.sendall(sent[at : at + cut])
                at += cut
                time.sleep(0.001)
            connection.sendall(sent[at:])
            if ends:
                connection.shutdown(socket.SHUT_WR)
            answers = read_answers(connection, methods)
        shown = [
            (status, body if want is not None else None)
            for (status, body), (_, want) in zip(answers, expected, strict=True)
        ]
        assert shown == expected

    run()


def test_requests_one_after_the_other_are_answered_alike(wire):
    """Here most reads are repeats: bytes of the last, with another path, time and signature."""

    @settings(max_examples=40, deadline=None)
    @given(operations=OPERATIONS.map(lambda some: some * 3), late=st.integers(0, 3))
    def run(operations, late):
        prefix, model = uuid.uuid4().hex[:8], {}
        with wire.connect() as connection:
            for at, (kind, number, content) in enumerate(operations):
                method, head, body, (status, want) = plan(
                    wire, kind, f"{prefix}/{number}", content, model
                )
                if late and at % 4 == late:  # a head in two pieces
                    connection.sendall(head[: len(head) // late - 1])
                    time.sleep(0.001)
                    head = head[len(head) // late - 1 :]
                connection.sendall(head + body)
                [(got, answer)] = read_answers(connection, [method])
                assert got == status
                assert want is None or answer == want
            connection.sendall(wire.request("GET", f"{prefix}/nothing")[0])
            connection.shutdown(socket.SHUT_WR)
            assert read_answers(connection, ["GET"])[0][0] == 404

    run()


def plan(wire, kind, key, content, model):
    """Method, head, body and (status, body or None for any) of one operation on the model."""
    if kind == "health":
        return "GET", b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", b"", (200, b'{"status":"ok"}')
    if kind in ("put", "big"):
        content = content * 2000 if kind == "big" else content
        headers = {"x-amz-checksum-crc32": crc(content)} if len(content) % 2 else {}
        head, body = wire.request("PUT", key, content, headers)
        model[key] = content
        return "PUT", head, body, (200, b"")
    if kind == "bad":
        head, body = wire.request(
            "PUT", key, content, {"x-amz-checksum-crc32": crc(content + b"x")}
        )
        return "PUT", head, body, (400, None)
    stored = model.get(key)
    if kind == "head":
        head, body = wire.request("HEAD", key)
        return "HEAD", head, body, (404 if stored is None else 200, b"")
    headers = {"range": "bytes=0-0"} if kind == "range" else {}
    head, body = wire.request("GET", key, headers=headers)
    if stored is None:
        return "GET", head, body, (404, None)
    return "GET", head, body, (206, stored[:1]) if kind == "range" else (200, stored)


def test_a_body_may_come_slowly_and_only_after_100_continue(wire):
    content = b"slowly"
    head, body = wire.request("PUT", "slow", content, {"expect": "100-continue"})
    with wire.connect() as connection:
        connection.sendall(head)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        for number in range(len(body)):
            connection.sendall(body[number : number + 1])
            time.sleep(0.002)
        assert read_answers(connection, ["PUT"]) == [(200, b"")]
        connection.sendall(wire.request("GET", "slow")[0])
        assert read_answers(connection, ["GET"]) == [(200, content)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_a_client_that_wants_the_connection_closed_gets_that(wire, method):
    body = b"closing" if method == "PUT" else None
    with wire.connect() as connection:
        connection.sendall(b"".join(wire.request("PUT", "closing", b"closing")))
        assert read_answers(connection, ["PUT"]) == [(200, b"")]
    for _ in range(3):
        head, sent = wire.request(method, "closing", body, {"connection": "close"})
        with wire.connect() as connection:
            connection.sendall(head + sent + wire.request("GET", "closing")[0])
            data = b""
            while piece := connection.recv(65536):
                data += piece
        assert data.startswith(b"HTTP/1.1 200 ")
        assert data.count(b"HTTP/1.1 ") == 1
        assert data.lower().count(b"\r\nconnection: close\r\n") == 1


def test_header_names_are_spelled_as_s3_spells_them(wire):
    """For scripts that read raw lines: writes and reads of the lane, and a refusal."""
    written = wire.request("PUT", "spelled", b"hello", {"connection": "close"})
    read = wire.request("GET", "spelled", headers={"connection": "close"})
    refused = wire.request("GET", "not-there", headers={"connection": "close"})
    names = []
    for head, body in (written, read, read, refused):
        with wire.connect() as connection:
            connection.sendall(head + body)
            data = b""
            while piece := connection.recv(65536):
                data += piece
        lines = data.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        names.append({line.partition(b":")[0] for line in lines})
    always = {b"Date", b"Connection", b"Content-Length", b"x-amz-request-id", b"x-amz-id-2"}
    assert names[0] >= always | {b"ETag"}
    for found in names[1:3]:
        assert found >= always | {b"ETag", b"Last-Modified", b"Accept-Ranges", b"Content-Type"}
    assert names[3] >= always | {b"Content-Type"}


def test_a_body_that_breaks_off_stores_nothing(wire):
    head, body = wire.request("PUT", "broken", b"x" * 1000)
    for end in ("shutdown", "close"):
        with wire.connect() as connection:
            connection.sendall(head + body[:999])
            if end == "shutdown":
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
    with wire.connect() as connection:
        connection.sendall(wire.request("GET", "broken")[0])
        assert read_answers(connection, ["GET"])[0][0] == 404


def test_a_client_that_leaves_before_the_answer_disturbs_nobody(wire):
    for number in range(20):
        head, body = wire.request("PUT", f"left/{number}", b"x" * 5000)
        with wire.connect() as connection:
            connection.sendall(head + body)
    with wire.connect() as connection:
        head, body = wire.request("PUT", "left/last", b"y")
        connection.sendall(head + body + wire.request("GET", "left/last")[0])
        assert read_answers(connection, ["PUT", "GET"]) == [(200, b""), (200, b"y")]


@pytest.mark.parametrize(
    "line",
    [
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 5\r\ntransfer-encoding: chunked",
        "content-length: +5",
        "content-length: 5\r\nhost: elsewhere",
    ],
)
def test_ambiguous_framing_is_refused_before_the_lane(wire, line):
    head, _ = wire.request("PUT", "smuggled", b"hello")
    head = head.replace(b"content-length: 5", line.encode())
    with wire.connect() as connection:
        connection.sendall(head + b"hello" + wire.request("GET", "smuggled")[0])
        data = b""
        while piece := connection.recv(65536):
            data += piece
    assert data.startswith(b"HTTP/1.1 400 ")
    assert data.count(b"HTTP/1.1 ") == 1


def test_stock_uvicorn_serves_the_same(tmp_path_factory, wire):
    from tests.conftest import start_volano

    stock = start_volano(tmp_path_factory.mktemp("stock"), http="stock")
    try:
        other = Wire(stock)
        for each in (wire, other):
            content = b"the same"
            with each.connect() as connection:
                head, body = each.request("PUT", "same", content, {"x-amz-meta-a": "b"})
                connection.sendall(head + body)
                assert read_answers(connection, ["PUT"]) == [(200, b"")]
            got = each.volano.client("s3").get_object(Bucket=each.bucket, Key="same")
            assert got["Body"].read() == content
            assert got["Metadata"] == {"a": "b"}
            assert got["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
    finally:
        stock.stop()


class StreamingSigner(S3SigV4Auth):
    """Signs that the body comes in frames, which botocore does over TLS only."""

    def payload(self, request):
        return "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def streamed(wire, key, body, *, length=None):
    """A put whose body comes in frames with a checksum behind them, in HTTP's own chunks."""
    made = AWSRequest("PUT", f"http://{wire.host}/{wire.bucket}/{key}")
    made.headers["host"] = wire.host
    made.headers["content-encoding"] = "aws-chunked"
    made.headers["x-amz-decoded-content-length"] = str(len(body) if length is None else length)
    made.headers["x-amz-trailer"] = "x-amz-checksum-crc32"
    StreamingSigner(wire.keys, "s3", REGION).add_auth(made)
    lines = "".join(f"{name}: {value}\r\n" for name, value in made.headers.items())
    head = f"PUT /{wire.bucket}/{key} HTTP/1.1\r\n{lines}transfer-encoding: chunked\r\n\r\n"
    frames = b"%x\r\n%b\r\n0\r\nx-amz-checksum-crc32:%b\r\n\r\n" % (
        len(body),
        body,
        crc(body).encode(),
    )
    pieces = [frames[at : at + 5000] for at in range(0, len(frames), 5000)]
    return head.encode() + b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 4096, 65_000, 300_000])
def test_frames_within_chunks_are_read_by_either_way(wire, size):
    key, body = uuid.uuid4().hex, b"frame " * (size // 6) + b"x" * (size % 6)
    head, _ = wire.request("GET", key)
    with wire.connect() as connection:
        connection.sendall(streamed(wire, key, body) + head)
        assert read_answers(connection, ["PUT", "GET"]) == [(200, b""), (200, body)]


def test_a_body_longer_than_it_said_is_given_to_the_ordinary_way(wire):
    key = uuid.uuid4().hex
    with wire.connect() as connection:
        connection.sendall(streamed(wire, key, b"x" * 200_000, length=5))
        [(status, answer)] = read_answers(connection, ["PUT"])
    assert status == 400
    assert b"IncompleteBody" in answer
    head, _ = wire.request("GET", key)
    with wire.connect() as connection:
        connection.sendall(head)
        assert read_answers(connection, ["GET"])[0][0] == 404
