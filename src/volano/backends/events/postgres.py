"""Signals over PostgreSQL's LISTEN and NOTIFY, on one connection of their own.

A notification is text of less than 8,000 bytes, and equal ones of a transaction come once: a piece
is therefore base64 and begins with its number. Pieces of one `send` go in one statement, which
writes nothing: its transaction need not reach the disk.
"""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from volano.backends.events.relay import CarrierLost

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CHANNEL = "volano_signals"
CONNECT_TIMEOUT_S = 10.0
SEND_TIMEOUT_S = 10.0


class PostgresCarrier:
    """Pieces to every process that is connected to the same database."""

    max_piece_bytes = 5_952
    """7,936 as base64."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None

    async def open(self, on_piece: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        import asyncpg  # noqa: PLC0415 - in the `scale` extra

        def hear(_connection: Any, _pid: int, _channel: str, text: str) -> None:
            with suppress(binascii.Error):  # else somebody else's
                on_piece(base64.b64decode(text, validate=True))

        try:
            connection = await asyncpg.connect(
                self._url,
                timeout=CONNECT_TIMEOUT_S,
                server_settings={"application_name": "volano signals", "synchronous_commit": "off"},
            )
            self._connection = connection
            connection.add_termination_listener(lambda _connection: on_lost())
            await connection.add_listener(CHANNEL, hear)
        except _failures() as error:
            raise CarrierLost(repr(error)) from error

    async def send(self, pieces: Sequence[bytes]) -> None:
        if self._connection is None:
            raise CarrierLost("it is not connected")
        texts = [base64.b64encode(piece).decode() for piece in pieces]
        try:
            await self._connection.execute(
                "SELECT pg_notify($1, text) FROM unnest($2::text[]) WITH ORDINALITY AS t(text, n) "
                "ORDER BY n",
                CHANNEL,
                texts,
                timeout=SEND_TIMEOUT_S,
            )
        except _failures() as error:
            raise CarrierLost(repr(error)) from error

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


def _failures() -> tuple[type[Exception], ...]:
    """What asyncpg raises for a connection that is gone, or was cut off in the midst of a call."""
    import asyncpg  # noqa: PLC0415 - in the `scale` extra

    internal = asyncpg.exceptions.InternalClientError
    return (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, internal)
