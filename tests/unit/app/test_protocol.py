"""The HTTP connection: framing, limits, files, half-close and slow clients, by raw sockets.

A real uvicorn on uvloop runs in a thread with the protocol of `volano up`, and with uvicorn's own
(`stock`), which must serve the same but knows no limits.
"""

import asyncio
import os
import re
import socket
import ssl
import subprocess
import threading
import time
from contextlib import suppress

import pytest
import uvicorn
import uvloop

from volano.app.head import Limits, Refused, check_head, path_and_query
from volano.app.protocol import LimitedProtocol
from volano.kernel.bytes import FileSlice
from volano.wire.http import ClientGone, Response, request_of, send_response

FILE_BYTES = 12 * 1024 * 1024


class Hurried(LimitedProtocol):
    limits = Limits(
        head_s=0.3,
        body_idle_s=0.3,
        body_bytes_s=10_000,
        stall_s=0.6,
        linger_s=0.4,
        tick_s=0.05,
    )


class App:
    """Paths do what their names say; `seen` and `left` tell what happened."""

    def __init__(self, file):
        self.file = file
        self.seen = []
        self.left = threading.Event()

    async def __call__(self, scope, receive, send):
        request = request_of(scope, receive)
        self.seen.append(f"{request.method} {request.raw_path}")
        try:
            response = await self.answer(request)
        except ClientGone:
            self.left.set()
            return
        await send_response(response, receive, send, head=request.method == "HEAD", scope=scope)

    async def answer(self, request):
        if request.raw_path == "/file":
            offset, _, length = request.raw_query.partition("+")
            part = FileSlice(path=str(self.file), offset=int(offset), length=int(length))
            return Response(body=part)
        if request.raw_path == "/stream":
            return Response(body=self.stream())
        if request.raw_path == "/early":
            return Response(status=403, body=b"no")
        if request.raw_path == "/broken":
            raise ValueError("a bug")
        if request.raw_path == "/split":
            return Response(headers=[("x", "a\r\nb: c")])
        return Response(body=b"<" + await request.body.read() + b">")

    async def stream(self):
        try:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0.001)
        finally:
            self.left.set()


class Served:
    def __init__(self, http, file, **options):
        self.app = App(file)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        config = uvicorn.Config(
            self.app,
            http=http,
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            **options,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(
            target=lambda: uvloop.run(self.server.serve(sockets=[self.listener]))
        )
        self.thread.start()

    def stop(self):
        self.server.should_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive()

    def connect(self, timeout=10):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def say(self, data, *, timeout=10):
        """What comes until the server closes."""
        with self.connect(timeout) as connection:
            connection.sendall(data)
            return read_all(connection)


def read_all(connection):
    chunks = []
    try:
        while chunk := connection.recv(1 << 20):
            chunks.append(chunk)
    except ConnectionResetError:
        chunks.append(b"<reset>")
    return b"".join(chunks)


def read_answer(connection):
    """One answer with a content-length: its head and its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
    while len(body) < length:
        body += connection.recv(1 << 20)
    assert len(body) == length
    return head, body


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "file"
    path.write_bytes(os.urandom(FILE_BYTES))
    return path


@pytest.fixture(scope="module", params=["own", "stock"])
def either(request, file):
    served = Served("httptools" if request.param == "stock" else LimitedProtocol, file)
    yield served
    served.stop()


@pytest.fixture(scope="module")
def own(file):
    served = Served(LimitedProtocol, file)
    yield served
    served.stop()


@pytest.fixture
def hurried(file):
    served = Served(Hurried, file)
    yield served
    served.stop()


def get(path, *headers, method=b"GET"):
    lines = b"".join(header + b"\r\n" for header in headers)
    return method + b" " + path + b" HTTP/1.1\r\nhost: x\r\n" + lines + b"\r\n"


def post(path, body, *headers):
    return get(path, b"content-length: %d" % len(body), *headers, method=b"POST") + body


CLOSE = b"connection: close"


def test_answers_come_in_the_order_of_pipelined_requests(either):
    asked = [post(b"/echo", b"%d" % number) for number in range(20)]
    with either.connect() as connection:
        connection.sendall(b"".join(asked) + post(b"/echo", b"last", CLOSE))
        answers = read_all(connection)
    bodies = re.findall(rb"<(\w+)>", answers)
    assert bodies == [b"%d" % number for number in range(20)] + [b"last"]


@pytest.mark.parametrize("part", [(0, FILE_BYTES), (5, 3), (1_000_000, 9_000_000), (0, 0)])
def test_files_and_ranges_of_them_arrive_whole(either, file, part):
    offset, length = part
    with either.connect() as connection:
        for _ in range(2):  # the connection is used again
            connection.sendall(get(b"/file?%d+%d" % part))
            assert read_answer(connection)[1] == file.read_bytes()[offset : offset + length]


def test_head_of_a_file_has_its_length_and_no_body(either):
    answer = either.say(get(b"/file?0+1000", CLOSE, method=b"HEAD"))
    assert b"content-length: 1000\r\n" in answer.lower()
    assert answer.endswith(b"\r\n\r\n")


def test_a_file_goes_to_a_slow_reader_while_others_are_served(either, file):
    with either.connect() as slow, either.connect() as quick:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * 1024)
        slow.sendall(get(b"/file?0+%d" % FILE_BYTES) + post(b"/echo", b"after", CLOSE))
        quick.sendall(post(b"/echo", b"quick", CLOSE))
        assert b"<quick>" in read_all(quick)
        everything = read_all(slow)
    body = everything.partition(b"\r\n\r\n")[2]
    assert body[:FILE_BYTES] == file.read_bytes()
    assert b"<after>" in body[FILE_BYTES:]


def test_a_client_that_leaves_in_a_file_leaves_nothing_behind(own):
    state = own.server.server_state
    open_files = []
    for times in (5, 30):  # the first round opens what stays open
        for _ in range(times):
            with own.connect() as connection:
                connection.sendall(get(b"/file?0+%d" % FILE_BYTES))
                assert connection.recv(1000)
        assert b"<ok>" in own.say(post(b"/echo", b"ok", CLOSE))
        wait_until(lambda: not state.tasks and not state.connections)
        open_files.append(len(os.listdir("/proc/self/fd")))
    assert open_files[1] < open_files[0] + 10


def test_a_file_that_is_too_short_cuts_the_connection(own):
    answer = own.say(get(b"/file?%d+100" % (FILE_BYTES - 10)))
    body = answer.partition(b"\r\n\r\n")[2].removesuffix(b"<reset>")
    assert len(body) < 100


def test_a_stream_stops_when_the_client_leaves(either):
    either.app.left.clear()
    with either.connect() as connection:
        connection.sendall(get(b"/stream"))
        assert b"transfer-encoding: chunked" in connection.recv(300).lower()
    assert either.app.left.wait(10)


def test_an_upload_that_breaks_off_ends_its_handler(either):
    either.app.left.clear()
    with either.connect() as connection:
        connection.sendall(get(b"/echo", b"content-length: 100", method=b"PUT") + b"half")
    assert either.app.left.wait(10)


def test_half_close_after_a_whole_request_still_gets_the_answer(own):
    with own.connect() as connection:
        connection.sendall(post(b"/echo", b"bye"))
        connection.shutdown(socket.SHUT_WR)
        assert b"<bye>" in read_all(connection)


def test_half_close_ends_a_stream(own):
    own.app.left.clear()
    with own.connect() as connection:
        connection.sendall(get(b"/stream"))
        connection.shutdown(socket.SHUT_WR)
        read_all(connection)
    assert own.app.left.wait(10)


def test_http_1_0_gets_its_answer_and_the_end(either):
    answer = either.say(b"POST /echo HTTP/1.0\r\ncontent-length: 2\r\n\r\nhi")
    assert answer.endswith(b"<hi>")
    assert b"connection: close" in answer.lower()


def test_an_http_1_0_stream_ends_with_the_connection(own):
    with own.connect() as connection:
        connection.sendall(b"GET /stream HTTP/1.0\r\n\r\n")
        head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
        body += connection.recv(65536)
    assert b"chunked" not in head
    assert set(body) <= set(b"x")


def test_a_request_may_be_sent_byte_by_byte(either):
    with either.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in post(b"/echo", b"slowly", CLOSE):
            connection.sendall(bytes((byte,)))
        assert b"<slowly>" in read_all(connection)


def test_chunks_with_extensions_and_trailers_are_read(either):
    body = b"5;a=b\r\nhello\r\n1;x\r\n!\r\n0\r\nx-late: authorization\r\n\r\n"
    answer = either.say(get(b"/echo", b"transfer-encoding: chunked", CLOSE, method=b"PUT") + body)
    assert b"<hello!>" in answer


def test_continue_is_said_when_the_body_is_wanted_and_not_before(either):
    with either.connect() as connection:
        connection.sendall(
            get(b"/echo", b"content-length: 2", b"expect: 100-continue", method=b"PUT")
        )
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ok")
        assert read_answer(connection)[1] == b"<ok>"
    with either.connect() as connection:
        connection.sendall(
            get(b"/early", b"content-length: 2", b"expect: 100-continue", method=b"PUT")
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 403 ")


def test_an_early_answer_reaches_a_client_that_still_sends(own):
    with own.connect() as connection:
        connection.sendall(
            get(b"/early", b"content-length: 50000000", method=b"PUT") + b"x" * 100_000
        )
        head, body = read_answer(connection)
    assert (head[:12], body) == (b"HTTP/1.1 403", b"no")
    assert b"connection: close" in head.lower()


def test_a_bug_is_a_500_and_ends_only_its_request(either):
    assert either.say(get(b"/broken", CLOSE)).startswith(b"HTTP/1.1 500 ")
    assert b"b: c" not in either.say(get(b"/split", CLOSE))
    assert b"<ok>" in either.say(post(b"/echo", b"ok", CLOSE))


REFUSED = {
    "two lengths": (post(b"/echo", b"hello", b"content-length: 6"), b"400"),
    "the same length twice": (post(b"/echo", b"hello", b"content-length: 5"), b"400"),
    "a list of lengths": (get(b"/echo", b"content-length: 5, 5", method=b"POST") + b"hello", b"400"),
    "a signed length": (get(b"/echo", b"content-length: +5", method=b"POST") + b"hello", b"400"),
    "a negative length": (get(b"/echo", b"content-length: -5", method=b"POST") + b"hello", b"400"),
    "length and chunks": (post(b"/echo", b"0\r\n\r\n", b"transfer-encoding: chunked"), b"400"),
    "another coding": (get(b"/echo", b"transfer-encoding: gzip", method=b"POST"), b"400"),
    "chunked not last": (get(b"/echo", b"transfer-encoding: chunked, identity", method=b"POST"), b"400"),
    "two codings": (get(b"/echo", b"transfer-encoding: identity", b"transfer-encoding: chunked", method=b"POST") + b"0\r\n\r\n", b"400"),
    "chunks in 1.0": (b"POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", b"400"),
    "two hosts": (get(b"/", b"host: y"), b"400"),
    "a folded header": (get(b"/", b"a: b\r\n c"), b"400"),
    "a bare CR": (get(b"/", b"a: b\rc: d"), b"400"),
    "bare LF": (b"GET / HTTP/1.1\nhost: x\n\n", b"400"),
    "NUL in a header": (get(b"/", b"a: b\0c"), b"400"),
    "a space before the colon": (get(b"/", b"a : b"), b"400"),
    "a chunk size that is none": (get(b"/echo", b"transfer-encoding: chunked", method=b"POST") + b"5x\r\nhello", b"400"),
    "a chunk size over 64 bits": (get(b"/echo", b"transfer-encoding: chunked", method=b"POST") + b"f" * 17 + b"\r\n", b"400"),
    "a chunk without its end": (get(b"/echo", b"transfer-encoding: chunked", method=b"POST") + b"1\r\nab\r\n", b"400"),
    "LF in a chunk extension": (get(b"/echo", b"transfer-encoding: chunked", method=b"POST") + b"1;a\nb\r\nx\r\n", b"400"),
    "UTF-8 in the target": ("GET /é HTTP/1.1\r\nhost: x\r\n\r\n".encode(), b"400"),
    "HTTP/0.9": (b"GET /\r\n\r\n", b"505"),
    "HTTP/2 without upgrade": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
    "CONNECT": (b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n", b"405"),
    "TLS on the plain port": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
    "too many headers": (get(b"/", *[b"a: b"] * 250), b"431"),
    "long headers": (get(b"/", b"a: " + b"x" * 70_000), b"431"),
    "a long target": (get(b"/" + b"x" * 70_000), b"414"),
    "endless trailers": (get(b"/echo", b"transfer-encoding: chunked", method=b"POST") + b"0\r\nx: " + b"y" * 300_000, b"431"),
    "an endless chunk extension": (get(b"/echo", b"transfer-encoding: chunked", method=b"POST") + b"1;" + b"y" * 300_000, b"431"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_ambiguous_or_too_long_is_refused_with_a_short_answer(own, name):
    data, status = REFUSED[name]
    seen = len(own.app.seen)
    answer = own.say(data)
    assert answer.startswith(b"HTTP/1.1 " + status), answer[:300]
    assert b"connection: close" in answer.lower()
    assert answer.count(b"HTTP/1.1") == 1
    assert b"<ok>" in own.say(post(b"/echo", b"ok", CLOSE))
    assert len(own.app.seen) - seen <= 2


def test_what_follows_a_refused_request_is_not_run(own):
    smuggled = get(b"/smuggled")
    for data, _ in REFUSED.values():
        own.say(data + smuggled)
    own.say(get(b"/echo", CLOSE) + smuggled)
    assert "GET /smuggled" not in own.app.seen


def test_a_bad_request_behind_a_good_one_does_not_break_into_its_answer(own, file):
    with own.connect() as connection:
        connection.sendall(get(b"/file?0+%d" % FILE_BYTES) + b"nonsense\r\n\r\n")
        everything = read_all(connection)
    assert everything.partition(b"\r\n\r\n")[2] == file.read_bytes()


def test_pipelined_requests_over_the_limit_end_the_connection(own):
    answers = own.say(post(b"/echo", b"x") * 1000)
    assert 1 <= answers.count(b"<x>") <= Limits().pipelined + 2
    assert answers.count(b"Connection: close") == 1


def test_an_offered_upgrade_is_ignored_and_its_body_read(own):
    offer = (b"connection: Upgrade, HTTP2-Settings", b"upgrade: h2c", b"http2-settings: AAMAAABk")
    with own.connect() as connection:
        connection.sendall(post(b"/echo", b"java", *offer))
        assert read_answer(connection)[1] == b"<java>"
        connection.sendall(post(b"/echo", b"again"))
        assert read_answer(connection)[1] == b"<again>"


def test_other_forms_of_the_target_name_the_same_path(own):
    assert path_and_query(b"http://h:1/a%20b?c=d") == (b"/a%20b", b"c=d")
    assert path_and_query(b"http://h") == (b"/", b"")
    assert path_and_query(b"*") == (b"*", b"")
    assert path_and_query(b"//a?b?c") == (b"//a", b"b?c")
    assert path_and_query(b"/a#b?c") == (b"/a", b"")
    with pytest.raises(Refused):
        path_and_query(b"a b")


def test_a_wait_for_100_is_only_for_1_1():
    headers = [(b"host", b"x"), (b"expect", b"100-Continue")]
    assert check_head(b"/", headers, "1.1", Limits())
    assert not check_head(b"/", headers, "1.0", Limits())


@pytest.mark.parametrize("start", [
    b"GET / HTTP/1.1\r\nhost: x\r\n",
    b"GET /" + b"x" * 100,
    post(b"/echo", b"x") + b"GET / HT",
    get(b"/echo", b"content-length: 10", method=b"PUT") + b"hal",
    get(b"/echo", b"transfer-encoding: chunked", method=b"PUT") + b"5\r\nhe",
], ids=["head", "target", "second head", "body", "chunk"])  # fmt: skip
def test_a_client_that_stops_sending_gets_408(hurried, start):
    answer = hurried.say(start)
    assert b"HTTP/1.1 408 " in answer, answer


def test_an_idle_connection_is_closed_without_a_word(hurried):
    assert hurried.say(b"") == b""


@pytest.mark.parametrize(("start", "drop"), [
    (b"GET / HTTP/1.1\r\nhost: x\r\n", b"a: b\r\n"),
    (get(b"/echo", b"content-length: 1000000", method=b"PUT"), b"x"),
    (get(b"/echo", b"transfer-encoding: chunked", method=b"PUT"), b"1\r\nx\r\n"),
], ids=["head", "body", "chunks"])  # fmt: skip
def test_what_drips_does_not_hold_a_connection(hurried, start, drop):
    with hurried.connect() as connection:
        connection.sendall(start)
        limit_s = time.monotonic() + 60
        while not select_readable(connection):
            assert time.monotonic() < limit_s, "it is still listened to"
            with suppress(OSError):
                connection.sendall(drop)
            time.sleep(0.02)
        answer = read_all(connection)
    # What drips behind the refusal may reset the connection before it is read.
    assert b"HTTP/1.1 408 " in answer or answer == b"<reset>"


def test_a_client_that_takes_nothing_is_cut_off(hurried):
    with hurried.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(get(b"/file?0+%d" % FILE_BYTES))
        wait_until(lambda: len(hurried.app.seen) == 1)
        wait_until(lambda: not hurried.server.server_state.connections)
        wait_until(lambda: not hurried.server.server_state.tasks)
    with hurried.connect() as connection:
        hurried.app.left.clear()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(get(b"/stream"))
        assert hurried.app.left.wait(60)


def test_files_go_through_tls_as_well(file, tmp_path):
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            key,
            "-out",
            certificate,
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ],
        check=True,
        capture_output=True,
    )
    served = Served(LimitedProtocol, file, ssl_certfile=str(certificate), ssl_keyfile=str(key))
    try:
        context = ssl.create_default_context(cafile=str(certificate))
        with (
            served.connect() as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            connection.sendall(get(b"/file?7+5000000"))
            assert read_answer(connection)[1] == file.read_bytes()[7:5_000_007]
            connection.sendall(get(b"/early", b"content-length: 5", method=b"PUT"))
            assert read_answer(connection)[1] == b"no"
    finally:
        served.stop()


def select_readable(connection):
    import select

    return bool(select.select([connection], [], [], 0)[0])


def wait_until(condition, *, limit_s=20.0):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)
