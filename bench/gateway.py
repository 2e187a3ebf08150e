"""What Volano adds in front of an upstream: milliseconds an answer, and memory over many answers.

Run: `python bench/gateway.py [--requests N] [--many N] [--parallel N]`. An upstream that answers at
once is asked directly and through Volano (authorized, audited, metered and billed), turn and turn
about, over connections that are kept; the difference of the medians is what Volano adds. `--many`
then asks so many times more and looks at the server's memory ten times on the way.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine import Figure, Volano, cpu_us, free_port, main_of, on_core, rss_mb, volano

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUESTS = 1000
WARM = 50
WARM_MANY = 2000
"""Requests before those that count."""
LOOKS = 10
WORDS = 16
LITELLM_MS = 4.3
"""Measured on such a machine (shared/research/llm.md)."""
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: "


def whole_answer() -> bytes:
    """A chat completion as an upstream sends it."""
    body = json.dumps(
        {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "fixed",
            "choices": [
                {
                    "index": 0, "finish_reason": "stop",
                    "message": {"role": "assistant", "content": "word " * WORDS},
                }
            ],
            "usage": {"prompt_tokens": 9, "completion_tokens": WORDS, "total_tokens": 9 + WORDS},
        }
    ).encode()  # fmt: skip
    return HEAD + b"application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body


def streamed_answer() -> bytes:
    """The same as server-sent events."""
    choices: list[dict[str, Any]] = [{"delta": {"content": "word "}} for _ in range(WORDS)]
    choices.append({"delta": {}, "finish_reason": "stop"})
    events: list[dict[str, Any]] = [{"choices": [{"index": 0, **each}]} for each in choices]
    usage = {"prompt_tokens": 9, "completion_tokens": WORDS, "total_tokens": 9 + WORDS}
    events.append({"choices": [], "usage": usage})
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fixed"}
    lines = [b"data: " + json.dumps(head | event).encode() + b"\n\n" for event in events]
    body = b"".join(lines) + b"data: [DONE]\n\n"
    return HEAD + b"text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(body) + body


class Upstream(asyncio.Protocol):
    """Answers every POST at once with the same words."""

    def __init__(self) -> None:
        self._held = b""
        self._whole, self._streamed = whole_answer(), streamed_answer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while b"\r\n\r\n" in self._held:
            head, _, rest = self._held.partition(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(rest) < size:
                return
            body, self._held = rest[:size], rest[size:]
            streamed = b'"stream": true' in body or b'"stream":true' in body
            self._transport.write(self._streamed if streamed else self._whole)


async def serve_upstream(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


@contextmanager
def upstream() -> Iterator[int]:
    """The upstream in a process of its own; its port."""
    port = free_port()
    process = subprocess.Popen(on_core(-1, [sys.executable, __file__, "--serve", str(port)]))
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", b"{}", timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()


class Client:
    """One kept connection that asks the same thing."""

    def __init__(self, port: int, key: str, *, stream: bool) -> None:
        body = {
            "model": "fixed",
            "messages": [{"role": "user", "content": "Say a few words, and then some more."}],
            "max_tokens": 64,
            "stream": stream,
        }
        data = json.dumps(body).encode()
        self._port = port
        self._request = (
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
            b"authorization: Bearer %s\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n" % (key.encode(), len(data)) + data
        )

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def ask(self) -> float:
        """Seconds from the request's first byte to the answer's last."""
        began_s = time.perf_counter()
        self._writer.write(self._request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        assert b" 200 " in head.split(b"\r\n")[0], head
        if b"transfer-encoding: chunked" in head:
            while size := int(await self._reader.readline(), 16):
                await self._reader.readexactly(size + 2)
            await self._reader.readexactly(2)
        else:
            size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            await self._reader.readexactly(size)
        return time.perf_counter() - began_s

    def close(self) -> None:
        self._writer.close()


def register(server: Volano, port: int) -> str:
    """Let the server know the upstream and its model; the API key to ask with."""
    key = server.admin["OPENAI_API_KEY"]

    def put(path: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.port}/volano/v1{path}",
            data=json.dumps(body).encode(),
            method="PUT",
            headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=60).close()

    base = f"http://127.0.0.1:{port}/v1"
    put("/models/upstreams/fixed", {"kind": "other", "base_url": base, "api_key": "sk-x"})
    price = {"input": "1", "output": "2"}
    put("/models/upstreams/fixed/models/fixed", {"remote": "fixed", "price": price})
    return key


async def medians(ports: tuple[int, int], key: str, requests: int, *, stream: bool) -> list[float]:
    """The median milliseconds of an answer from each port, asked turn and turn about."""
    clients = [Client(port, key, stream=stream) for port in ports]
    taken: list[list[float]] = [[], []]
    for client in clients:
        await client.open()
    for number in range(requests + WARM):
        for client, seconds in zip(clients, taken, strict=True):
            spent_s = await client.ask()
            if number >= WARM:
                seconds.append(spent_s)
    for client in clients:
        client.close()
    return [statistics.median(seconds) * 1000 for seconds in taken]


async def ask_many(server: Volano, key: str, many: int, parallel: int) -> list[float]:
    """The server's own memory in MB at the begin and after each tenth of the requests."""
    clients = [Client(server.port, key, stream=False) for _ in range(parallel)]
    for client in clients:
        await client.open()

    async def some(client: Client, count: int) -> None:
        for _ in range(count):
            await client.ask()

    await asyncio.gather(*(some(client, WARM_MANY // parallel) for client in clients))
    seen = [rss_mb(server.pid, "RssAnon")]
    for _ in range(LOOKS):
        share = many // LOOKS // parallel
        await asyncio.gather(*(some(client, share) for client in clients))
        seen.append(rss_mb(server.pid, "RssAnon"))
        print(f"  {seen[-1]:.1f} MB after {len(seen) - 1} of {LOOKS} parts", flush=True)
    for client in clients:
        client.close()
    return seen


def figures(
    folder: Path, *, requests: int = REQUESTS, many: int = 0, parallel: int = 16
) -> list[Figure]:
    os.environ["VOLANO_EGRESS_ALLOW"] = "127.0.0.0/8"  # the upstream is on this machine
    with upstream() as port, volano(folder / "volano") as server:
        key = register(server, port)
        found = []
        for stream, name in ((False, "whole"), (True, "streamed")):
            before_us = cpu_us(server.pid)
            direct, through = asyncio.run(
                medians((port, server.port), key, requests, stream=stream)
            )
            used_us = (cpu_us(server.pid) - before_us) / (requests + WARM)
            found.append(
                Figure(
                    name=f"added to an upstream's {name} answer, median",
                    value=through - direct,
                    unit="ms",
                    peer="LiteLLM",
                    peer_value=LITELLM_MS,
                    less_is_better=True,
                    note=f"{direct:.2f} ms directly, {through:.2f} through Volano, "
                    f"{used_us / 1000:.2f} ms of CPU",
                )
            )
        if many:
            began_s, before_us = time.monotonic(), cpu_us(server.pid)
            seen = asyncio.run(ask_many(server, key, many, parallel))
            rate = many / (time.monotonic() - began_s)
            each_ms = (cpu_us(server.pid) - before_us) / (many + WARM_MANY) / 1000
            note = (
                f"{seen[0]:.1f} MB before, {max(seen):.1f} at most, {rate:.0f} answers/s, "
                f"{each_ms:.2f} ms of CPU each"
            )
            found.append(
                Figure(name=f"memory after {many} answers", value=seen[-1], unit="MB", note=note)
            )
        return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--many", type=int, default=0)
    parser.add_argument("--parallel", type=int, default=16)
    parser.add_argument("--serve", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        asyncio.run(serve_upstream(asked.serve))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main_of(
                "gateway",
                figures(
                    Path(scratch),
                    requests=asked.requests,
                    many=asked.many,
                    parallel=asked.parallel,
                ),
            )
