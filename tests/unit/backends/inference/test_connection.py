"""The connection against a peer that answers whatever a test wants, over a real socket."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from volano.backends.inference import connection as module
from volano.backends.inference.connection import Connection, ConnectionLost, connect
from volano.kernel.errors import (
    Conflict,
    DeadlineExceeded,
    Internal,
    Invalid,
    Throttled,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Peer:
    """Answers every request with `reply` (with its id), or with raw `garbage`, or not at all."""

    def __init__(self) -> None:
        self.reply: dict[str, object] | None = None
        self.garbage: bytes | None = None
        self.seen: list[dict[str, object]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(4), "big")
                request = msgspec.msgpack.decode(await reader.readexactly(size))
                self.seen.append(request)
                if self.garbage is not None:
                    writer.write(self.garbage)
                elif self.reply is not None:
                    body = msgspec.msgpack.encode({"id": request["id"], **self.reply})
                    writer.write(len(body).to_bytes(4, "big") + body)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Peer, Connection]]:
    folder = Path(tempfile.mkdtemp(prefix="volano-"))
    peer = Peer()
    server = await asyncio.start_unix_server(peer.serve, path=folder / "s")
    connection = await connect(folder / "s")
    yield peer, connection
    await connection.close()
    server.close()
    await server.wait_closed()
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        ("invalid", Invalid, "given"),
        ("bad_model", Conflict, "given"),
        ("busy", Throttled, "given"),
        ("out_of_memory", Unavailable, "given"),
        ("internal", Internal, "given"),
        ("something new", Internal, "given"),
    ],
)
async def test_every_kind_of_error_has_its_place_in_the_tree(pair, kind, error, code):
    peer, connection = pair
    peer.reply = {"event": "error", "kind": kind, "code": code, "message": "why"}
    with pytest.raises(error, match="why") as caught:
        await connection.ask({"op": "ping"})
    assert caught.value.wire_code == code
    assert connection.open_requests == 0


async def test_a_peer_that_answers_garbage_is_lost(pair):
    peer, connection = pair
    peer.garbage = (4).to_bytes(4, "big") + b"\xc1\xc1\xc1\xc1"
    with pytest.raises(ConnectionLost):
        await connection.ask({"op": "ping"})
    assert connection.lost.is_set()
    with pytest.raises(ConnectionLost):
        await connection.ask({"op": "ping"})


async def test_silence_ends_with_a_deadline_and_a_cancel(pair, monkeypatch):
    peer, connection = pair
    monkeypatch.setattr(module, "SILENCE_S_MAX", 0.01)
    with pytest.raises(DeadlineExceeded, match="said nothing"):
        await connection.ask({"op": "ping"})
    peer.reply = {"event": "pong"}
    monkeypatch.setattr(module, "SILENCE_S_MAX", 60)
    await connection.ask({"op": "ping"})
    assert [request["op"] for request in peer.seen] == ["ping", "cancel", "ping"]
    assert peer.seen[1]["target"] == peer.seen[0]["id"]


async def test_a_request_over_the_frame_limit_is_not_sent(pair, monkeypatch):
    peer, connection = pair
    monkeypatch.setattr(module, "FRAME_BYTES_MAX", 100)
    with pytest.raises(Invalid, match="larger than 100 bytes"):
        await connection.ask({"op": "embed", "inputs": ["x" * 200]})
    assert peer.seen == []


async def test_replies_to_nobody_are_ignored(pair):
    peer, connection = pair
    peer.garbage = b"".join(
        len(body).to_bytes(4, "big") + body
        for body in map(msgspec.msgpack.encode, ({"id": "99"}, {}, {"id": "1", "event": "pong"}))
    )
    assert (await connection.ask({"op": "ping"}))["event"] == "pong"


async def test_closing_gives_every_open_request_its_end(pair):
    _, connection = pair
    waiting = asyncio.create_task(connection.ask({"op": "ping"}))
    while not connection.open_requests:
        await asyncio.sleep(0)
    await connection.close()
    with pytest.raises(ConnectionLost):
        await waiting


async def test_nobody_listening_is_a_lost_connection(tmp_path: Path):
    with pytest.raises(ConnectionLost):
        await connect(tmp_path / "none")
