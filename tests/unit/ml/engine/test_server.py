"""The engine's process over its socket: frames good and bad, cancelling, and dying with its parent."""

from __future__ import annotations

import asyncio
import shutil
import struct
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TINY = {"name": "tiny", "source": "builtin:volano-tiny-qwen3", "task": "generate"}
MINILM = {"name": "minilm", "source": "builtin:all-minilm-l6-v2", "task": "embed"}
ENDLESS = {"logit_bias": {0: -1000.0, 2: -1000.0}, "max_tokens": 1900}


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, **request: Any) -> None:
        body = msgspec.msgpack.encode(request)
        self.writer.write(len(body).to_bytes(4, "big") + body)

    async def receive(self) -> dict[str, Any]:
        size = int.from_bytes(await self.reader.readexactly(4), "big")
        return msgspec.msgpack.decode(await self.reader.readexactly(size))

    async def ask(self, **request: Any) -> dict[str, Any]:
        self.send(**request)
        while True:
            reply = await self.receive()
            if reply["id"] == request["id"]:
                return reply


class Running:
    def __init__(self, process: asyncio.subprocess.Process, socket: Path) -> None:
        self.process, self.socket = process, socket

    async def connect(self) -> Client:
        return Client(*await asyncio.open_unix_connection(self.socket))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    folder = Path(tempfile.mkdtemp(prefix="volano-"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "volano.ml.engine.server", "--exit-with-stdin",
        "--socket", str(folder / "s"), "--cache", str(tmp_path), "--kv-mib", "64",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    assert await process.stdout.readline() == b'{"ready": true}\n'
    yield Running(process, folder / "s")
    process.stdin.close()
    assert await process.wait() == 0
    shutil.rmtree(folder)


async def blocks(client: Client) -> tuple[int, int]:
    status = await client.ask(op="status", id="blocks")
    (model,) = status["loaded"]
    return model["blocks_free"], model["blocks_total"]


async def settled(client: Client) -> bool:
    """Wait until no sequence holds a block; the test's own timeout is the limit."""
    while True:
        free, total = await blocks(client)
        if free == total:
            return True


async def test_generate_streams_deltas_and_ends_with_counts(server: Running):
    client = await server.connect()
    client.send(op="generate", id="1", model=TINY, prompt="A bucket", seed=3, max_tokens=5,
                logit_bias={0: -1000.0, 2: -1000.0}, top_logprobs=2)  # fmt: skip
    deltas = [await client.receive()]
    while not deltas[-1].get("last"):
        deltas.append(await client.receive())
    assert deltas[-1]["finish_reason"] == "length"
    assert deltas[-1]["completion_tokens"] == 5
    assert {delta["seed"] for delta in deltas} == {3}
    logprobs = [entry for delta in deltas for entry in delta["logprobs"]]
    assert len(logprobs) == 5
    assert all(len(entry["top"]) == 2 for entry in logprobs)
    whole = b"".join(bytes(entry["bytes"]) for entry in logprobs)
    assert "".join(delta["text"] for delta in deltas) == whole.decode(errors="replace")


async def test_many_requests_share_a_connection(server: Running):
    client = await server.connect()
    for number in range(8):
        client.send(op="generate", id=f"g{number}", model=TINY, prompt="A", max_tokens=6, seed=1)
    client.send(op="embed", id="e", model=MINILM, inputs=["hello", "world"])
    texts: dict[str, str] = {}
    left = {f"g{number}" for number in range(8)} | {"e"}
    while left:
        reply = await client.receive()
        if reply["event"] == "embeddings":
            assert len(reply["vectors"]) == 2 * reply["width"] * 4
            assert reply["prompt_tokens"] == 6
            left.remove("e")
            continue
        texts[reply["id"]] = texts.get(reply["id"], "") + reply["text"]
        if reply.get("last"):
            left.remove(reply["id"])
    assert len(set(texts.values())) == 1


async def test_two_connections_may_use_the_same_id(server: Running):
    clients = [await server.connect() for _ in range(2)]
    for number, client in enumerate(clients):
        client.send(op="generate", id="1", model=TINY, prompt="A", max_tokens=20 + number,
                    logit_bias={0: -1000.0, 2: -1000.0})  # fmt: skip
    for number, client in enumerate(clients):
        reply = await client.receive()
        while not reply.get("last"):
            reply = await client.receive()
        assert reply["completion_tokens"] == 20 + number


async def test_cancel_stops_a_request_and_frees_its_blocks(server: Running):
    client = await server.connect()
    client.send(op="generate", id="1", model=TINY, prompt="A", **ENDLESS)
    await client.receive()
    assert (await client.ask(op="cancel", id="2", target="1"))["found"] is True
    assert await settled(client)
    assert (await client.ask(op="cancel", id="3", target="1"))["found"] is False


async def test_a_client_that_leaves_cancels_its_requests(server: Running):
    leaving, staying = await server.connect(), await server.connect()
    leaving.send(op="generate", id="1", model=TINY, prompt="A", **ENDLESS)
    await leaving.receive()
    leaving.writer.close()
    assert await settled(staying)


async def test_unload_frees_and_the_next_request_loads_again(server: Running):
    client = await server.connect()
    assert (await client.ask(op="load", id="1", model=TINY))["event"] == "loaded"
    assert (await client.ask(op="unload", id="2", name="tiny"))["found"] is True
    assert (await client.ask(op="status", id="3"))["loaded"] == []
    assert (await client.ask(op="count_tokens", id="4", model=TINY, text="A bucket"))["tokens"] == 2


async def test_a_prompt_is_counted_as_it_is_read(server: Running):
    client = await server.connect()
    said = {"model": TINY, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
    counted = await client.ask(op="count_prompt", id="1", **said)
    assert counted["tokens"] == (await client.ask(op="generate", id="2", **said))["prompt_tokens"]
    long = await client.ask(op="count_prompt", id="3", model=TINY, prompt="go " * 9000)
    assert long["tokens"] > 9000


async def test_bad_requests_are_answered_and_change_nothing(server: Running):
    client = await server.connect()
    refused = [
        {"op": "nonsense"},
        {"op": "generate", "model": TINY},
        {"op": "generate", "model": TINY, "prompt": "x", "max_tokens": 0},
        {"op": "generate", "model": TINY, "prompt": "x", "top_p": 0.0},
        {"op": "generate", "model": TINY, "prompt": "x", "stop": ["s"] * 17},
        {"op": "generate", "model": TINY, "prompt": "x", "temperature": float("nan")},
        {"op": "generate", "model": TINY, "messages": [{"role": "user"}], "prompt": "x"},
        {"op": "generate", "model": TINY, "messages": [{"no": "role"}]},
        {"op": "generate", "model": {**TINY, "task": "paint"}, "prompt": "x"},
        {"op": "embed", "model": TINY, "inputs": ["x"]},
        {"op": "embed", "model": MINILM, "inputs": ["x"] * 5000},
    ]
    for number, request in enumerate(refused):
        reply = await client.ask(id=str(number), **request)
        assert (reply["event"], reply["kind"]) == ("error", "invalid"), request
        assert reply["message"]
    gone = {"name": "gone", "source": "/nowhere", "task": "generate"}
    reply = await client.ask(op="load", id="gone", model=gone)
    assert reply["kind"] == "bad_model"
    assert (await client.ask(op="ping", id="p"))["event"] == "pong"


async def test_embedding_nothing_gives_nothing(server: Running):
    client = await server.connect()
    reply = await client.ask(op="embed", id="1", model=MINILM, inputs=[])
    assert (reply["vectors"], reply["prompt_tokens"]) == (b"", 0)


@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", struct.pack(">I", 3) + b"ab"])
async def test_a_broken_frame_ends_that_connection_only(server: Running, garbage: bytes):
    bad, good = await server.connect(), await server.connect()
    bad.writer.write(garbage)
    bad.writer.write_eof()
    assert await bad.reader.read() == b""
    assert (await good.ask(op="ping", id="p"))["event"] == "pong"


async def test_a_frame_that_is_no_messagepack_is_answered(server: Running):
    client = await server.connect()
    client.writer.write(struct.pack(">I", 2) + b"\xc1\xc1")
    reply = await client.receive()
    assert (reply["event"], reply["id"]) == ("error", "")


async def test_it_ends_when_its_parent_is_killed(tmp_path: Path):
    folder = Path(tempfile.mkdtemp(prefix="volano-"))
    program = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-m', 'volano.ml.engine.server', '--exit-with-stdin',"
        f" '--socket', {str(folder / 's')!r}, '--cache', {str(tmp_path)!r}],"
        " stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "p.stdout.readline(); print('up', flush=True); time.sleep(600)\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    assert await parent.stdout.readline() == b"up\n"
    client = Client(*await asyncio.open_unix_connection(folder / "s"))
    assert (await client.ask(op="ping", id="1"))["event"] == "pong"
    parent.kill()
    await parent.wait()
    assert await client.reader.read() == b""
    shutil.rmtree(folder)


async def test_sigterm_ends_it_cleanly(server: Running):
    client = await server.connect()
    client.send(op="generate", id="1", model=TINY, prompt="A", **ENDLESS)
    await client.receive()
    server.process.terminate()
    assert await server.process.wait() == 0


async def test_ten_thousand_requests_are_all_answered_or_refused(server: Running):
    """Bounded queues on both ends: nothing is stuck, nothing leaks, and it serves on."""
    clients = [await server.connect() for _ in range(10)]

    async def flood(client: Client) -> tuple[int, int]:
        for number in range(1000):
            client.send(op="generate", id=str(number), model=TINY, prompt="A", max_tokens=1)
        await client.writer.drain()
        ended, refused = set(), set()
        while len(ended) + len(refused) < 1000:
            reply = await client.receive()
            if reply["event"] == "error":
                assert reply["kind"] == "busy"
                assert "Try again later" in reply["message"]
                refused.add(reply["id"])
            elif reply.get("last"):
                ended.add(reply["id"])
        assert not ended & refused
        return len(ended), len(refused)

    counts = await asyncio.gather(*map(flood, clients))
    assert sum(map(sum, counts)) == 10_000
    assert sum(ended for ended, _ in counts) >= 1024
    status = await clients[0].ask(op="status", id="s")
    (model,) = status["loaded"]
    assert (model["running"], model["waiting"]) == (0, 0)
    assert model["blocks_free"] == model["blocks_total"]
    reply = await clients[1].ask(op="generate", id="again", model=TINY, prompt="A", max_tokens=1)
    assert reply["event"] == "delta"
