"""The SDK turns whatever a server does into a result or a VolanoError that a person can read."""

import json
import socket
import threading

import pytest

from volano.kernel.errors import Unavailable, VolanoError
from volano.sdk.client import Client


@pytest.fixture
def answering():
    """A server that gives each connection the next raw answer and keeps what it was asked."""
    servers = []

    def start(*answers):
        listener = socket.create_server(("127.0.0.1", 0))
        servers.append(listener)
        asked = []

        def serve():
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    data = b""
                    while b"\r\n\r\n" not in data:
                        data += connection.recv(65536)
                    head, _, body = data.partition(b"\r\n\r\n")
                    for line in head.split(b"\r\n"):
                        if line.lower().startswith(b"content-length:"):
                            while len(body) < int(line.split(b":")[1]):
                                body += connection.recv(65536)
                    asked.append((head.decode(), body.decode()))
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return Client(f"http://127.0.0.1:{listener.getsockname()[1]}", "sk-test"), asked

    yield start
    for listener in servers:
        listener.close()


def reply(status, body):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n" % (status, len(content)) + content


def test_json_goes_out_and_comes_back_under_the_key(answering):
    client, asked = answering(reply(200, {"a": [1]}), reply(200, {}), reply(204, b""))
    assert client.get("/things", limit=5, cursor="") == {"a": [1]}
    assert client.post("/things", {"name": "ä"}) == {}
    assert client.delete("/things/x%2Fy") is None
    heads = [head.split("\r\n")[0] for head, _ in asked]
    assert heads == [
        "GET /volano/v1/things?limit=5 HTTP/1.1",
        "POST /volano/v1/things HTTP/1.1",
        "DELETE /volano/v1/things/x%2Fy HTTP/1.1",
    ]
    assert "authorization: Bearer sk-test" in asked[0][0]
    assert json.loads(asked[1][1]) == {"name": "ä"}


def test_the_servers_own_words_are_the_errors_message(answering):
    client, _ = answering(reply(404, {"detail": "There is no bucket b."}))
    with pytest.raises(VolanoError, match="There is no bucket b") as caught:
        client.get("/b")
    assert caught.value.wire_status == 404
    assert "sk-test" not in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{",
    ],
)
def test_a_broken_server_is_unavailable(answering, raw):
    client, _ = answering(raw)
    with pytest.raises(Unavailable, match="volano up"):
        client.get("/x")


@pytest.mark.parametrize("answer", [reply(502, b"<html>"), reply(200, b"<html>"), reply(500, [])])
def test_an_answer_that_is_no_json_or_no_problem_is_said_with_its_status(answering, answer):
    client, _ = answering(answer)
    with pytest.raises(VolanoError, match="answered"):
        client.get("/x")


def test_nobody_there_is_unavailable():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable, match="Is `volano up` running"):
        Client(f"http://127.0.0.1:{port}", "k").get("/x")
