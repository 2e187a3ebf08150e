"""Signals over a NATS server: one subject of the region, nothing kept by the server.

NATS only carries what is in the database already, or what is over in a moment: a server that is
away, restarted or emptied costs nothing but that processes hear of each other late.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from volano.backends.events.relay import CarrierLost

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

CONNECT_TIMEOUT_S = 5
TIMEOUT_S = 10
PING_S = 5


class NatsCarrier:
    """Pieces to every process that knows the same subject."""

    max_piece_bytes = 256 * 1024
    """A server takes 1 MiB unless it is told otherwise."""

    def __init__(self, servers: Sequence[str], subject: str) -> None:
        self._servers = list(servers)
        self._subject = subject
        self._client: Any = None

    async def open(self, on_piece: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        import nats  # noqa: PLC0415 - in the `scale` extra

        async def hear(message: Any) -> None:
            on_piece(message.data)

        async def lose() -> None:
            on_lost()

        async def ignore(_error: Exception) -> None:
            """The call that fails says so too; a lost message leaves a hole in the numbers."""

        async def connect() -> None:
            self._client = await nats.connect(
                self._servers,
                name="volano signals",
                allow_reconnect=False,
                connect_timeout=CONNECT_TIMEOUT_S,
                ping_interval=PING_S,
                error_cb=ignore,
                disconnected_cb=lose,
                closed_cb=lose,
            )
            await self._client.subscribe(self._subject, cb=hear)
            await self._client.flush(TIMEOUT_S)

        await _finish(connect())

    async def send(self, pieces: Sequence[bytes]) -> None:
        if self._client is None:
            raise CarrierLost("it is not connected")

        async def publish() -> None:
            for piece in pieces:
                await self._client.publish(self._subject, piece)
            await self._client.flush(TIMEOUT_S)

        await _finish(publish())

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()


async def _finish(work: Coroutine[Any, Any, None]) -> None:
    """Do `work` in a task of its own, for nats-py swallows a cancellation that meets it waiting.

    Raises CarrierLost.
    """
    task = asyncio.ensure_future(_tried(work))
    await asyncio.wait({task})
    if (error := task.result()) is not None:
        raise CarrierLost(repr(error)) from error


async def _tried(work: Coroutine[Any, Any, None]) -> Exception | None:
    from nats.errors import Error  # noqa: PLC0415 - in the `scale` extra

    try:
        await work
    except (OSError, Error) as error:
        return error
    return None
