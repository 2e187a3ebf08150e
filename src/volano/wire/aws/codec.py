"""What a codec is: a reader of requests and a writer of responses of one operation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.wire.aws.chunked import Payload
    from volano.wire.aws.constraints import Violation
    from volano.wire.http import Response


@dataclass(slots=True, kw_only=True)
class Incoming:
    """A request whose service and operation are known, as readers want it.

    `labels` are the parts of the path, decoded once. `form` is the query string, and for the query
    protocols the body's parameters too. `body` is the whole body unless the operation streams it.
    """

    headers: dict[str, str]
    labels: dict[str, str] = field(default_factory=dict)
    query: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    payload: Payload | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One operation in one protocol; `read` raises BadValue or Invalid."""

    protocol: str
    read: Callable[[Incoming], dict[str, Any]]
    check: Callable[[dict[str, Any]], list[Violation]]
    write: Callable[[dict[str, Any], str], Response]
    streams_input: bool = False
    needs_checksum: bool = False
    tell: Callable[..., str] | None = None
