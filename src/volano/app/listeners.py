"""Serves an application on a socket that someone else opened (the doors inside each VPC)."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from volano.app.protocol import LimitedProtocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

IDLE_S = 5


class QuietServer(uvicorn.Server):
    """A uvicorn server that leaves signals to `app/run.py`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Listener:
    """One application on one socket, until `stop`."""

    def __init__(self, door: socket.socket, app: Any) -> None:
        door.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        settings = uvicorn.Config(
            app,
            http=LimitedProtocol,
            ws="none",
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            log_level="error",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=IDLE_S,
        )
        self._server = QuietServer(settings)
        self._task = asyncio.get_running_loop().create_task(self._server.serve(sockets=[door]))

    async def stop(self) -> None:
        """Stop answering at once and close the socket."""
        self._server.should_exit = True
        self._server.force_exit = True
        await asyncio.gather(self._task, return_exceptions=True)
