"""Event streams of AWS: frames of `application/vnd.amazon.eventstream`.

A frame is its length, its headers' length, a CRC of both, the headers, the payload, and a CRC of
all before it (Smithy specification, "Amazon Event Stream Specification"). Headers are strings.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import orjson

from volano.kernel.errors import VolanoError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_STRING = 7


def event_frame(name: str, members: Mapping[str, object]) -> bytes:
    """An event of that name, its members as JSON."""
    headers = {
        ":event-type": name,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return _frame(headers, orjson.dumps(members))


def exception_frame(name: str, message: str) -> bytes:
    """What ends a stream that breaks."""
    headers = {
        ":exception-type": name,
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return _frame(headers, orjson.dumps({"message": message}))


def _frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    packed = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(packed) + len(payload), len(packed))
    begun = prelude + struct.pack(">I", zlib.crc32(prelude)) + packed + payload
    return begun + struct.pack(">I", zlib.crc32(begun))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return bytes((len(key),)) + key + struct.pack(">BH", _STRING, len(text)) + text


async def frames_of(
    events: AsyncIterator[tuple[str, Mapping[str, object]]],
) -> AsyncIterator[bytes]:
    """The frames of named events; an error in mid-stream becomes an exception of the model's."""
    try:
        async for name, members in events:
            yield event_frame(name, members)
    except VolanoError as error:
        kind = "throttlingException" if error.wire_status == 429 else "modelStreamErrorException"
        yield exception_frame(kind, error.message)
