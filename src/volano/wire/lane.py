"""The fast lane: what is answered at the connection itself, before a request becomes ASGI's.

A lane is one function from `Asked` to an `Answer` (known at once), an `Upload` (that wants the
body first) or None: then the request goes the ordinary way, which answers everything that a lane
does not fully understand, and every error. So a lane only ever knows success, and a server without
lanes (`VOLANO_HTTP=stock`) answers the same. A lane never waits: `run_now` runs coroutines of logic
that do not wait where one process alone owns its database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, Protocol, TypeVar

T = TypeVar("T")


class NotNow(Exception):
    """A coroutine would have had to wait; it was given up."""


class Asked(NamedTuple):
    """A request's head. Header names are in lower case, none is there twice."""

    method: bytes
    path: bytes
    """As it came, without the query."""
    query: bytes
    headers: dict[bytes, bytes]
    client_ip: str
    secure: bool
    data: bytes = b""
    """All of the request as it came, its body too, where an `Again` is wanted."""


class Again(Protocol):
    """What the next requests of a connection are compared with before they are parsed."""

    @property
    def method(self) -> bytes:
        """Of all these requests."""
        ...

    def fits(self, data: bytes) -> bool:
        """Whether these bytes are a request of the kind that this one was made of."""
        ...

    def answer(self, data: bytes) -> Answer | Upload | None:
        """As the lane's to one whole request; None where the lane itself is to be asked."""
        ...


class Answer(NamedTuple):
    """A whole answer. `lines` are its header lines but the server's own, each ended by CRLF."""

    status: int
    lines: bytes
    body: bytes = b""
    again: Again | None = None


class Upload(Protocol):
    """A request whose body the lane wants, of at most `limit_bytes`."""

    limit_bytes: int

    def put(self, body: bytes) -> asyncio.Future[bool] | None:
        """Take the whole body. None, or False later, sends request and body the ordinary way: then
        nothing was changed, or repeating is harmless."""
        ...

    def answer(self) -> Answer:
        """The answer, once `put` came true."""
        ...


Lane = Callable[[Asked], Answer | Upload | None]


def run_now(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that does not wait; raises NotNow when it does."""
    try:
        work.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    work.close()
    raise NotNow
