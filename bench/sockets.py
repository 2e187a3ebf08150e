"""One chat message to 1,000 live sockets, against a bare uvloop that writes to as many.

Run: `python bench/sockets.py`. The sockets are the console's (`/volano/v1/live`), all subscribed to
the poster's topic. Figures: from the call of chat.postMessage until the last socket has its event,
and the server's CPU for each delivery. The limit is a server that does nothing but write the same
bytes to the same number of sockets. Run with a port as the argument, it is that server.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path
from statistics import median
from typing import Any

import uvloop
from machine import Figure, Volano, cpu_us, free_port, main_of, on_core, volano

SOCKETS = 1000
POSTS = 20
PAYLOAD_BYTES = 420


def figures(folder: Path, *, rounds: int = 1) -> list[Figure]:
    folder.mkdir(parents=True, exist_ok=True)
    posts = POSTS * rounds
    bare_ms, bare_us = uvloop.run(_bare(posts))
    with volano(folder / "volano") as server:
        ours_ms, ours_us = uvloop.run(_live(server, posts))
    peer = f"bare uvloop, {SOCKETS} writes"
    return [
        Figure(
            name=f"post to {SOCKETS:,} sockets, last delivered, p50",
            value=ours_ms,
            unit="ms",
            peer=peer,
            peer_value=bare_ms,
            less_is_better=True,
        ),
        Figure(
            name="post to sockets, CPU for a delivery",
            value=ours_us,
            unit="µs",
            peer=peer,
            peer_value=bare_us,
            less_is_better=True,
        ),
    ]


class _Client(asyncio.Protocol):
    """A web socket, by hand: counts the events that come after `ready` was answered."""

    def __init__(self, hello: bytes, tally: _Tally) -> None:
        self.hello, self.tally = hello, tally

    def connection_made(self, transport: Any) -> None:
        transport.write(self.hello)

    def data_received(self, data: bytes) -> None:
        self.tally.add(data)


class _Tally:
    def __init__(self) -> None:
        self.wanted, self.marker, self.seen = 0, b"", 0
        self.done = asyncio.Event()

    def expect(self, count: int, marker: bytes) -> None:
        self.wanted, self.marker, self.seen = count, marker, 0
        self.done.clear()

    def add(self, data: bytes) -> None:
        self.seen += data.count(self.marker)
        if self.seen >= self.wanted:
            self.done.set()


async def _connect(port: int, hello: bytes, tally: _Tally, ready: bytes) -> None:
    loop = asyncio.get_running_loop()
    for start in range(0, SOCKETS, 100):
        tally.expect(100, ready)
        for _ in range(start, start + 100):
            await loop.create_connection(lambda: _Client(hello, tally), "127.0.0.1", port)
        await asyncio.wait_for(tally.done.wait(), 60)


async def _measure(pid: int, tally: _Tally, post: Any, posts: int) -> tuple[float, float]:
    times = []
    before = cpu_us(pid)
    for number in range(posts):
        tally.expect(SOCKETS, b"bench-%06d" % number)
        began = time.perf_counter()
        await post(f"bench-{number:06d}")
        await asyncio.wait_for(tally.done.wait(), 60)
        times.append((time.perf_counter() - began) * 1e3)
    return median(times), (cpu_us(pid) - before) / posts / SOCKETS


async def _live(server: Volano, posts: int) -> tuple[float, float]:
    me = await asyncio.to_thread(_rest, server, "/volano/v1/chat/me")
    frame = json.dumps({"subscribe": me["topic"]}).encode()
    masked = bytes((0x81, 0x80 | len(frame), 0, 0, 0, 0)) + frame
    hello = (
        f"GET /volano/v1/live HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\nconnection: upgrade\r\n"
        "upgrade: websocket\r\nsec-websocket-version: 13\r\n"
        "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"authorization: Bearer {server.admin['OPENAI_API_KEY']}\r\n\r\n"
    ).encode() + masked
    tally = _Tally()
    await _connect(server.port, hello, tally, b'"subscribed"')
    channel = me["channels"][0]["channel"]["id"]

    async def post(text: str) -> None:
        await asyncio.to_thread(_post, server, channel, text)

    return await _measure(server.pid, tally, post, posts)


def _rest(server: Volano, path: str) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}",
        headers={"authorization": f"Bearer {server.admin['OPENAI_API_KEY']}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def _post(server: Volano, channel: str, text: str) -> None:
    data = urllib.parse.urlencode({"channel": channel, "text": text}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/api/chat.postMessage",
        data=data,
        headers={"authorization": f"Bearer {server.admin['SLACK_USER_TOKEN']}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found = json.loads(answer.read())
        assert found["ok"], found


async def _bare(posts: int) -> tuple[float, float]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *on_core(0, [sys.executable, __file__, str(port)])
    )
    try:
        tally = _Tally()
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except OSError:
                await asyncio.sleep(0.05)
        await _connect(port, b"hello", tally, b"ready")

        async def post(text: str) -> None:
            writer.write(text.encode())

        return await _measure(process.pid, tally, post, posts)
    finally:
        process.terminate()
        await process.wait()


class _Bare(asyncio.Protocol):
    """Writes what the first connection says to all the others."""

    everyone: list[Any] = []  # noqa: RUF012 - the one list of this program

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data == b"hello":
            self.everyone.append(self.transport)
            self.transport.write(b"ready")
            return
        frame = data.ljust(PAYLOAD_BYTES, b".")
        for transport in self.everyone:
            transport.write(frame)


async def _serve_bare(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Bare, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        uvloop.run(_serve_bare(int(sys.argv[1])))
    else:
        with tempfile.TemporaryDirectory() as name:
            main_of("sockets", figures(Path(name)))
