"""Streams: pieces as they come, connections that are kept, and what breaks off."""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import asynccontextmanager

import pytest

from volano.backends.egress.http import HttpEgress
from volano.kernel.egress import EgressFailed, EgressRefused, EgressRequest

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"


class Server:
    """Answers each request with what `answer` says; counts connections."""

    def __init__(self):
        self.connections = 0
        self.requests = []
        self.answer = HEAD + b"content-length: 2\r\n\r\nok"
        self.close_after = False

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
                self.requests.append(head + await reader.readexactly(size))
                writer.write(self.answer)
                await writer.drain()
                if self.close_after:
                    return
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def running():
    served = Server()
    listener = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    async with listener:
        yield served


def asked(url, **words):
    return EgressRequest(method="POST", url=url, body=b"{}", timeout_s=30, **words)


async def read(egress, request):
    async with egress.open(request) as reply:
        return reply.status, b"".join([chunk async for chunk in reply.chunks])


async def test_a_connection_is_kept_for_the_next_request():
    egress = HttpEgress(LOOPBACK)
    async with running() as server:
        for _ in range(3):
            assert await read(egress, asked(server.url)) == (200, b"ok")
        assert (server.connections, len(server.requests)) == (1, 3)


async def test_a_kept_connection_that_was_closed_is_made_anew():
    egress = HttpEgress(LOOPBACK)
    async with running() as server:
        server.close_after = True
        for _ in range(3):
            assert await read(egress, asked(server.url)) == (200, b"ok")
        assert server.connections == 3


async def test_who_leaves_early_gets_no_others_answer():
    egress = HttpEgress(LOOPBACK)
    async with running() as server:
        server.answer = HEAD + b"content-length: 4\r\n\r\nfirst"[:-1]
        async with egress.open(asked(server.url)) as reply:
            assert reply.status == 200
        server.answer = HEAD + b"content-length: 6\r\n\r\nsecond"
        assert await read(egress, asked(server.url)) == (200, b"second")
        assert server.connections == 2


async def test_pieces_come_before_the_end():
    egress = HttpEgress(LOOPBACK)
    go = asyncio.Event()

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"transfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await go.wait()
        writer.write(b"3\r\ntwo\r\n0\r\n\r\n")
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    async with listener, egress.open(asked(url)) as reply:
        assert await anext(reply.chunks) == b"one"
        go.set()
        assert [chunk async for chunk in reply.chunks] == [b"two"]


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"content-length: 9\r\n\r\nshort",
        HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\nshort\r\n",
        b"this is no HTTP\r\n\r\n",
        b"",
    ],
)
async def test_an_answer_that_breaks_off_is_a_failure(answer):
    egress = HttpEgress(LOOPBACK)
    async with running() as server:
        server.answer, server.close_after = answer, True
        with pytest.raises(EgressFailed):
            await read(egress, asked(server.url))


async def test_limits_and_the_rule_hold_for_streams():
    egress = HttpEgress(LOOPBACK)
    async with running() as server:
        with pytest.raises(EgressFailed, match="longer than 1 bytes"):
            await read(egress, asked(server.url, max_bytes=1))
        with pytest.raises(EgressRefused):
            await read(HttpEgress(), asked(server.url))
    with pytest.raises(EgressFailed):
        await read(egress, asked(server.url))
