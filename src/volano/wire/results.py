"""What a handler may answer besides a struct or a mapping, in every protocol but aws.

`EventStream` becomes server-sent events, `Raw` other bytes, and `WithHeaders` adds headers
(`Set-Cookie`) or another status to any of them. `Upload` is the request of an action that
streams its body. Handlers import these; only gateways read them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.bytes import FileSlice
    from volano.wire.http import Body

T = TypeVar("T")


@dataclass(slots=True)
class ServerEvent:
    """One server-sent event with a name (`event:`) and, when not empty, an id (`id:`)."""

    data: Any
    name: str = ""
    id: str = ""


@dataclass(slots=True)
class EventStream:
    """Items sent one by one as server-sent events.

    An item is a Struct, anything msgspec encodes, or a `ServerEvent`. `done` ends the stream with
    `data: [DONE]`. `named` takes each event's name from the item's `type` (OpenAI's Responses).
    The first item is awaited before the status is sent, so an error before it is a proper HTTP
    error; the iterator is closed when the client leaves, and is always driven by one task.
    """

    items: AsyncIterator[Any]
    done: bool = True
    named: bool = False


@dataclass(slots=True)
class Raw:
    """Bytes of another media type: whole, as they come, or a range of a local file."""

    content_type: str
    body: bytes | AsyncIterator[bytes] | FileSlice
    length: int | None = None
    """Content-Length of an iterator when it is known."""


@dataclass(slots=True)
class WithHeaders:
    """A result with more response headers; `status` replaces 200 when given."""

    result: Any
    headers: list[tuple[str, str]] = field(default_factory=list)
    status: int | None = None


@dataclass(slots=True)
class Upload(Generic[T]):
    """The request of an action registered with `streams_body=True`.

    Annotate the handler's parameter `Upload[MyFields]`: `fields` is that struct, made of path and
    query parameters; `body` is still unread. `length` is Content-Length, None when chunked.
    Resource templates see the attributes of `fields`.
    """

    fields: T
    body: Body
    content_type: str
    length: int | None

    def __getattr__(self, name: str) -> Any:
        if name == "fields":
            raise AttributeError(name)
        return getattr(self.fields, name)
