"""Structured logs: one JSON object a line, or short text on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol, TextIO

import msgspec

if TYPE_CHECKING:
    from volano.kernel.clock import Clock

LEVELS = ("debug", "info", "warning", "error")


class Log(Protocol):
    def debug(self, message: str, /, **fields: object) -> None: ...

    def info(self, message: str, /, **fields: object) -> None: ...

    def warning(self, message: str, /, **fields: object) -> None: ...

    def error(self, message: str, /, **fields: object) -> None: ...


class StreamLog:
    """Writes to a text stream (standard error by default)."""

    def __init__(
        self,
        clock: Clock,
        *,
        level: str = "info",
        json: bool = True,
        stream: TextIO | None = None,
    ) -> None:
        self._clock = clock
        self._lowest = LEVELS.index(level)
        self._json = json
        self._stream = stream or sys.stderr
        self._encoder = msgspec.json.Encoder(enc_hook=str)

    def debug(self, message: str, /, **fields: object) -> None:
        self._write(0, message, fields)

    def info(self, message: str, /, **fields: object) -> None:
        self._write(1, message, fields)

    def warning(self, message: str, /, **fields: object) -> None:
        self._write(2, message, fields)

    def error(self, message: str, /, **fields: object) -> None:
        self._write(3, message, fields)

    def _write(self, rank: int, message: str, fields: dict[str, object]) -> None:
        if rank < self._lowest:
            return
        if self._json:
            entry = {"time_us": self._clock.now_us(), "level": LEVELS[rank], "message": message}
            line = self._encoder.encode(entry | fields).decode()
        else:
            tail = " ".join(f"{key}={value}" for key, value in fields.items())
            text = f"{LEVELS[rank]:7} {message} {tail}".rstrip()
            # One line whatever callers sent, so that nobody can write lines of their own.
            line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
        self._stream.write(line + "\n")
        self._stream.flush()
