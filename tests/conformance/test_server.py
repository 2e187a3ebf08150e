"""The server as a program: ports, limits, health, drain, bad input, restart."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.conftest import ROOT, free_port, start_volano


def raw(port: int, data: bytes, *, wait_s: float = 5.0) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=wait_s) as connection:
        connection.sendall(data)
        chunks = []
        try:
            while chunk := connection.recv(65536):
                chunks.append(chunk)
        except TimeoutError:
            pass
        return b"".join(chunks)


def test_health_readiness_and_metrics_answer(volano_sqlite):
    connection = http.client.HTTPConnection("127.0.0.1", volano_sqlite.port, timeout=10)
    for path, words in (("/healthz", b"ok"), ("/readyz", b'"ready":true'), ("/metrics", b"# TYPE")):
        connection.request("GET", path)
        reply = connection.getresponse()
        body = reply.read()
        assert (reply.status, words in body) == (200, True), (path, body[:200])
        assert reply.getheader("x-request-id")


@pytest.mark.parametrize(
    "path",
    [
        "/", "/readyz", "/v1/models", "/api/auth.test", "/volano/v1/session", "/slack/files/a/b",
        "/mcp", "/dav/", "/.well-known/oauth-authorization-server", "/oauth/v2/authorize",
    ],
)  # fmt: skip
def test_no_answer_of_the_consoles_port_is_guessed_at_or_framed(volano_sqlite, path):
    connection = http.client.HTTPConnection("127.0.0.1", volano_sqlite.port, timeout=60)
    connection.request("GET", path)
    reply = connection.getresponse()
    reply.read()
    connection.close()
    assert reply.getheader("x-content-type-options") == "nosniff"
    framed = reply.getheader("content-security-policy", "") + reply.getheader("x-frame-options", "")
    assert "frame-ancestors 'none'" in framed or "DENY" in framed


@pytest.mark.parametrize("aws", [False, True])
@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 300 + b"\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nhost: x\r\nbig: " + b"x" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", b"414"),
        (b"nonsense\r\n\r\n", b"400"),
        (
            b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
            b"400",
        ),
        (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b"400"),
    ],
)
def test_bad_framing_and_oversize_heads_are_refused(volano_sqlite, aws, data, status):
    port = volano_sqlite.aws_port if aws else volano_sqlite.port
    answer = raw(port, data)
    assert answer.startswith(b"HTTP/1.1 " + status), answer[:200]
    assert b"Traceback" not in answer
    assert raw(port, b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").startswith(
        b"HTTP/1.1 200"
    )


def test_expect_100_continue_is_answered_before_the_body_is_sent(volano_sqlite):
    client = volano_sqlite.client("s3")
    client.create_bucket(Bucket="expect-continue")
    url = client.generate_presigned_url(
        "put_object", Params={"Bucket": "expect-continue", "Key": "k"}
    )
    path = url.partition(str(volano_sqlite.aws_port))[2]
    with socket.create_connection(("127.0.0.1", volano_sqlite.aws_port), timeout=10) as connection:
        head = f"PUT {path} HTTP/1.1\r\nhost: 127.0.0.1:{volano_sqlite.aws_port}\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"hello")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert client.get_object(Bucket="expect-continue", Key="k")["Body"].read() == b"hello"


def test_a_port_in_use_is_said_before_anything_is_made(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = _up(tmp_path, "--port", str(taken.getsockname()[1]), "--aws-port", str(free_port()))
    assert done.returncode == 1
    assert "cannot be opened" in done.stderr
    assert "--port" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_data_folder_in_use_is_refused(volano_sqlite, tmp_path):
    done = _up(
        tmp_path,
        "--data",
        str(volano_sqlite.data_dir),
        "--port",
        str(free_port()),
        "--aws-port",
        str(free_port()),
    )
    assert done.returncode == 1
    assert str(volano_sqlite.process.pid) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_setting_ends_with_2_and_names_it(tmp_path):
    done = _up(tmp_path, "--zones", "9")
    assert (done.returncode, "1 to 6" in done.stderr) == (2, True)


def _up(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "src"),
        "VOLANO_DATA_DIR": str(tmp_path / "data"),
    }
    return subprocess.run(
        [sys.executable, "-m", "volano", "up", *options],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_ctrl_c_stops_cleanly_and_what_was_acknowledged_is_there(tmp_path):
    server = start_volano(tmp_path)
    client = server.client("s3")
    client.create_bucket(Bucket="kept")
    client.put_object(Bucket="kept", Key="k", Body=b"v")
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(60) == 0
    server.restart()
    assert server.client("s3").get_object(Bucket="kept", Key="k")["Body"].read() == b"v"
    server.stop()
    assert "Traceback" not in (tmp_path / "volano.log").read_text()


def test_a_running_request_is_finished_while_draining(tmp_path):
    server = start_volano(tmp_path)
    client = server.client("s3")
    client.create_bucket(Bucket="drain")
    url = client.generate_presigned_url("put_object", Params={"Bucket": "drain", "Key": "k"})
    path = url.partition(str(server.aws_port))[2]
    with socket.create_connection(("127.0.0.1", server.aws_port), timeout=30) as connection:
        head = f"PUT {path} HTTP/1.1\r\nhost: 127.0.0.1:{server.aws_port}\r\ncontent-length: 10\r\n\r\nhello"
        connection.sendall(head.encode())
        _wait_until(lambda: _running(server) >= 1)
        server.process.send_signal(signal.SIGTERM)
        _wait_until(lambda: not _accepts(server.aws_port))
        connection.sendall(b"world")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert server.process.wait(60) == 0
    server.restart()
    assert server.client("s3").get_object(Bucket="drain", Key="k")["Body"].read() == b"helloworld"
    server.stop()


def _running(server) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/readyz")
    return json.loads(connection.getresponse().read())["requests"] - 1


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _wait_until(condition, *, limit_s: float = 20.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def test_the_stock_protocol_serves_the_same(tmp_path):
    server = start_volano(tmp_path, http="stock")
    client = server.client("s3")
    client.create_bucket(Bucket="stock")
    client.put_object(Bucket="stock", Key="k", Body=b"v" * 100_000)
    assert len(client.get_object(Bucket="stock", Key="k")["Body"].read()) == 100_000
    server.stop()


def test_the_second_start_is_ready_in_two_seconds_on_a_quiet_machine(tmp_path):
    """No timing is asserted (machines are noisy): the second start must do no first-start work."""
    server = start_volano(tmp_path)
    first = (tmp_path / "volano.log").read_text()
    server.restart()
    second = (tmp_path / "volano.log").read_text()[len(first) :]
    assert "AWS_SECRET_ACCESS_KEY" in first
    assert "AWS_SECRET_ACCESS_KEY" not in second
    assert "Volano is ready" in second
    server.stop()
