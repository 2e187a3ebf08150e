"""Listeners inside each VPC: the metadata service, and this cloud's own doors.

169.254.169.254:80 is the metadata service, 169.254.169.253 the AWS port and the console port. The
sockets live in the VPC's namespace, so the peer address of a connection is the instance's own.
They are opened before the first instance of a VPC starts, and again after a restart of Volano.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from volano.node.metadata import MetadataApp

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from volano.kernel.call import Env
    from volano.kernel.fleet import Fleet


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Networks:
    """The open listeners, by network."""

    def __init__(self, env: Env, fleet: Fleet, *, aws_app: Any, console_app: Any) -> None:
        self._env = env
        self._fleet = fleet
        self._aws_app = aws_app
        self._console_app = console_app
        self._locks: dict[str, asyncio.Lock] = {}
        self._open: dict[str, list[tuple[_Server, asyncio.Task[None]]]] = {}

    async def open(self, network: str) -> None:
        """Make sure that the network's listeners are there; repeating is harmless."""
        async with self._locks.setdefault(network, asyncio.Lock()):
            if network in self._open:
                return
            runtime, config = self._env.runtime, self._env.config
            metadata = MetadataApp(self._env, self._fleet, network)
            doors: list[tuple[socket.socket | None, Any]] = [
                (await runtime.metadata_socket(network), metadata),
                (await runtime.host_listener(network, config.aws_port), self._aws_app),
                (await runtime.host_listener(network, config.port), self._console_app),
            ]
            self._open[network] = [_serve(door, app) for door, app in doors if door is not None]

    async def close(self) -> None:
        """Stop answering; instances go on."""
        served = [item for items in self._open.values() for item in items]
        for server, _ in served:
            server.should_exit = True
            server.force_exit = True
        await asyncio.gather(*(task for _, task in served), return_exceptions=True)
        self._open.clear()


def _serve(door: socket.socket, app: Any) -> tuple[_Server, asyncio.Task[None]]:
    settings = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        log_level="error",
        server_header=False,
        timeout_keep_alive=5,
    )
    server = _Server(settings)
    door.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    return server, asyncio.get_running_loop().create_task(server.serve(sockets=[door]))
