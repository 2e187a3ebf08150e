"""One posted message to 1,000 live sockets: CPU for each delivery, and how long until they have it.

Run: `python bench/chat_fanout.py [FOLDER]`. The sockets are `/volano/v1/live` of one person with
1,000 pages open, which costs the server what 1,000 members cost but for one dictionary look-up
each. The peer is a bare asyncio protocol that writes one prepared frame to as many sockets; the
same client, on the other core, reads both. Times are from before the post to a frame's arrival.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop
from machine import Figure, cpu_us, free_port, main_of, on_core, volano

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

LISTENERS = 1000
POSTS = 20
WAIT_S = 60.0

PEER = """
import asyncio, sys
CLIENTS = []
PAYLOAD = b'{"topic":"x","event":{"type":"message","text":"' + b"x" * 300 + b'"}}'
FRAME = bytes((0x81, 126)) + len(PAYLOAD).to_bytes(2, "big") + PAYLOAD
class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        if data.startswith(b"POST"):
            for client in CLIENTS:
                client.write(FRAME)
        elif data.startswith(b"GET"):
            CLIENTS.append(self.transport)
            self.transport.write(b"HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n")
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "127.0.0.1", int(sys.argv[1]), backlog=2048)
    await server.serve_forever()
asyncio.run(main())
"""


class Listener(asyncio.Protocol):
    """A web socket client that only counts: text frames go to `on_frame` with their time."""

    def __init__(self, request: bytes, hello: bytes, on_frame: Callable[[bytes], None]) -> None:
        self._request, self._hello, self._on_frame = request, hello, on_frame
        self._waiting = b""
        self._is_open = False
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._is_open and not self._waiting and _is_one_text(data):
            self._on_frame(data[4:])  # quickly: this client is not what is measured
            return
        self._waiting += data
        if not self._is_open:
            head, end, rest = self._waiting.partition(b"\r\n\r\n")
            if not end:
                return
            assert b" 101 " in head, head
            self._is_open, self._waiting = True, rest
            if self._hello:
                self._transport.write(masked(0x81, self._hello))
            else:
                self._on_frame(b'{"subscribed":true}')
        while (frame := self._next()) is not None:
            opcode, payload = frame
            if opcode == 9:
                self._transport.write(masked(0x8A, payload))
            elif opcode == 1:
                self._on_frame(payload)

    def _next(self) -> tuple[int, bytes] | None:
        data = self._waiting
        if len(data) < 2:
            return None
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        if len(data) < start + size or (data[1] == 126 and len(data) < 4):
            return None
        self._waiting = data[start + size :]
        return data[0] & 15, data[start : start + size]


def _is_one_text(data: bytes) -> bool:
    """Whether these bytes are one text frame of 126 to 65,535 bytes."""
    return data[:2] == b"\x81\x7e" and len(data) == 4 + (data[2] << 8 | data[3])


def masked(first: int, payload: bytes) -> bytes:
    """A client's frame; a mask of zeros leaves the payload as it is."""
    assert len(payload) < 126
    return bytes((first, 0x80 | len(payload), 0, 0, 0, 0)) + payload


async def measure(
    port: int,
    request: bytes,
    hello: bytes,
    post: Callable[[], Awaitable[None]],
    pid: int,
) -> tuple[float, list[float]]:
    """CPU microseconds for each delivery, and each delivery's seconds."""
    loop = asyncio.get_running_loop()
    arrivals: list[float] = []
    subscribed = 0
    target = 0
    reached = asyncio.Event()

    def on_frame(payload: bytes) -> None:
        nonlocal subscribed
        if b'"subscribed":true' in payload:
            subscribed += 1
        elif b'"message"' in payload:
            arrivals.append(time.perf_counter())
        if max(subscribed, len(arrivals)) >= target and target:
            reached.set()

    for _ in range(LISTENERS):
        await loop.create_connection(lambda: Listener(request, hello, on_frame), "127.0.0.1", port)
    deadline = time.monotonic() + WAIT_S
    while subscribed < LISTENERS:
        assert time.monotonic() < deadline, f"{subscribed} of {LISTENERS} listen"
        await asyncio.sleep(0.05)
    taken: list[float] = []
    before = cpu_us(pid)
    for _ in range(POSTS):
        arrivals.clear()
        reached.clear()
        subscribed, target = 0, LISTENERS
        began = time.perf_counter()
        await post()
        async with asyncio.timeout(WAIT_S):
            await reached.wait()
        taken += [at - began for at in arrivals]
    return (cpu_us(pid) - before) / (LISTENERS * POSTS), sorted(taken)


async def ours(server: Any) -> tuple[float, list[float]]:
    token = server.admin["OPENAI_API_KEY"]
    home = _rest(server.port, "/volano/v1/chat/me", token)
    channel = home["team"]["general"]
    key = base64.b64encode(os.urandom(16)).decode()
    request = (
        f"GET /volano/v1/live HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Authorization: Bearer {token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()
    hello = json.dumps({"subscribe": home["topic"]}).encode()
    form = urllib.parse.urlencode(
        {"channel": channel, "text": "x" * 100, "token": server.admin["SLACK_USER_TOKEN"]}
    ).encode()

    async def post() -> None:
        url = f"http://127.0.0.1:{server.port}/api/chat.postMessage"
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        head = (
            f"POST {urllib.parse.urlsplit(url).path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(form)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + form)
        answer = await reader.read()
        assert b'"ok":true' in answer, answer[-200:]
        writer.close()

    return await measure(server.port, request, hello, post, server.pid)


def _rest(port: int, path: str, token: str) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)


@contextmanager
def bare() -> Iterator[tuple[int, int]]:
    """The peer: its port and process id."""
    port = free_port()
    process = subprocess.Popen(on_core(0, [sys.executable, "-c", PEER, str(port)]))
    try:
        time.sleep(1.0)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)


async def theirs(port: int, pid: int) -> tuple[float, list[float]]:
    _, writer = await asyncio.open_connection("127.0.0.1", port)

    async def post() -> None:
        writer.write(b"POST")
        await writer.drain()

    return await measure(port, b"GET / HTTP/1.1\r\n\r\n", b"", post, pid)


def figures(folder: Path) -> list[Figure]:
    cores = sorted(os.sched_getaffinity(0))
    with bare() as (port, pid), volano(folder / "volano") as server:
        if len(cores) > 1:
            os.sched_setaffinity(0, {cores[1]})
        peer_cpu, peer_taken = uvloop.run(theirs(port, pid))
        our_cpu, our_taken = uvloop.run(ours(server))
        os.sched_setaffinity(0, set(cores))
    return [
        Figure(
            name=f"post to {LISTENERS} sockets, CPU for each",
            value=our_cpu,
            unit="µs",
            peer="bare asyncio protocol",
            peer_value=peer_cpu,
            less_is_better=True,
        ),
        *(
            Figure(
                name=f"post to {LISTENERS} sockets, {word}",
                value=our_taken[int(len(our_taken) * part)] * 1000,
                unit="ms",
                peer="bare asyncio protocol",
                peer_value=peer_taken[int(len(peer_taken) * part)] * 1000,
                less_is_better=True,
            )
            for word, part in (("p50", 0.5), ("p99", 0.99))
        ),
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        main_of("chat_fanout", figures(Path(name)))
