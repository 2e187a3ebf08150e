"""Listeners inside each VPC: the metadata service, and this cloud's own doors.

169.254.169.254:80 is the metadata service, 169.254.169.253 the AWS port and the console port. The
sockets live in the VPC's namespace, so the peer address of a connection is the instance's own.
They are opened before the first instance of a VPC starts, and again after a restart of Volano.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from volano.node.metadata import MetadataApp

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from volano.kernel.call import Env
    from volano.kernel.fleet import Fleet

    Serve = Callable[[socket.socket, Any], "Door"]


class Door(Protocol):
    """A listener that is served until it is stopped."""

    async def stop(self) -> None: ...


class Networks:
    """The open listeners, by network."""

    def __init__(
        self, env: Env, fleet: Fleet, *, aws_app: Any, console_app: Any, serve: Serve
    ) -> None:
        """`serve` answers with an application on a socket; app/ brings the server."""
        self._env = env
        self._fleet = fleet
        self._aws_app = aws_app
        self._console_app = console_app
        self._serve = serve
        self._locks: dict[str, asyncio.Lock] = {}
        self._open: dict[str, list[Door]] = {}

    def is_open(self, network: str) -> bool:
        return network in self._open

    async def open(self, network: str) -> None:
        """Make sure that the network's listeners are there; repeating is harmless."""
        async with self._locks.setdefault(network, asyncio.Lock()):
            if network in self._open:
                return
            runtime, config = self._env.runtime, self._env.config
            metadata = MetadataApp(self._env, self._fleet, network)
            doors: list[tuple[socket.socket | None, Any]] = []
            try:
                doors.append((await runtime.metadata_socket(network), metadata))
                doors.append((await runtime.host_listener(network, config.aws_port), self._aws_app))
                doors.append((await runtime.host_listener(network, config.port), self._console_app))
            except BaseException:
                for door, _ in doors:
                    if door is not None:
                        door.close()
                raise
            self._open[network] = [
                self._serve(door, app) for door, app in doors if door is not None
            ]

    async def remove(self, network: str) -> None:
        """Close the network's listeners and remove it from the machine."""
        async with self._locks.setdefault(network, asyncio.Lock()):
            for door in self._open.pop(network, []):
                await door.stop()
            await self._env.runtime.remove_network(network)
        self._locks.pop(network, None)

    async def close(self) -> None:
        """Stop answering; instances go on."""
        doors = [door for opened in self._open.values() for door in opened]
        await asyncio.gather(*(door.stop() for door in doors))
        self._open.clear()
