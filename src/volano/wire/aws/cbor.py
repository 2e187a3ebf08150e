"""CBOR (RFC 8949) as Smithy's rpc-v2-cbor uses it.

Timestamps are tag 1; integers are at most 64 bits; no other tags. Depth and sizes are limited.
"""

from __future__ import annotations

import math
import struct
from datetime import datetime
from typing import Any

from volano.wire.aws import scalars

MAX_DEPTH = 128
_BREAK = object()


class _Reader:
    """A cursor over the bytes of one document."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if len(piece) != count:
            raise scalars.BadValue("The CBOR body ends early.")
        self.at += count
        return piece

    def argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise scalars.BadValue("The CBOR body is malformed.")
        return int.from_bytes(self.take(1 << (info - 24)), "big")

    def item(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise scalars.BadValue(f"The CBOR body is nested more than {MAX_DEPTH} levels.")
        initial = self.take(1)[0]
        major, info = initial >> 5, initial & 31
        if major == 7:
            return self.simple(info)
        if info == 31:
            return self.indefinite(major, depth)
        value = self.argument(info)
        if major == 0:
            return value
        if major == 1:
            return -1 - value
        if major in (2, 3):
            raw = self.take(value)
            return raw if major == 2 else _text(raw)
        if major == 4:
            self.fits(value)
            return [self.value(depth) for _ in range(value)]
        if major == 5:
            self.fits(value)
            return {self.key(depth): self.value(depth) for _ in range(value)}
        return self.tagged(value, depth)

    def fits(self, count: int) -> None:
        """Each item takes a byte at least."""
        if count > len(self.data) - self.at:
            raise scalars.BadValue("The CBOR body ends early.")

    def value(self, depth: int) -> Any:
        found = self.item(depth + 1)
        if found is _BREAK:
            raise scalars.BadValue("The CBOR body is malformed.")
        return found

    def key(self, depth: int) -> str:
        found = self.value(depth)
        if not isinstance(found, str):
            raise scalars.BadValue("A CBOR map key is not a string.")
        return found

    def tagged(self, tag: int, depth: int) -> datetime:
        value = self.value(depth)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if tag != 1 or not number or not math.isfinite(value):
            raise scalars.BadValue(f"CBOR tag {tag} is not understood here.")
        return scalars.from_seconds(value)

    def simple(self, info: int) -> Any:
        if info in (20, 21):
            return info == 21
        if info in (22, 23):
            return None
        if info == 31:
            return _BREAK
        if info not in (25, 26, 27):
            raise scalars.BadValue("The CBOR body is malformed.")
        size = 1 << (info - 24)
        return struct.unpack({2: ">e", 4: ">f", 8: ">d"}[size], self.take(size))[0]

    def indefinite(self, major: int, depth: int) -> Any:
        if major in (0, 1, 6):
            raise scalars.BadValue("The CBOR body is malformed.")
        items: list[Any] = []
        while (found := self.item(depth + 1)) is not _BREAK:
            items.append(found)
        if major == 4:
            return items
        if major == 5:
            if len(items) % 2 or not all(isinstance(key, str) for key in items[::2]):
                raise scalars.BadValue("A CBOR map is malformed.")
            return dict(zip(items[::2], items[1::2], strict=True))
        kind = bytes if major == 2 else str
        if not all(isinstance(part, kind) for part in items):
            raise scalars.BadValue("The CBOR body is malformed.")
        return kind().join(items)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise scalars.BadValue("A CBOR string is not UTF-8.") from None


def decode(data: bytes) -> Any:
    """The value in `data`; raises BadValue."""
    reader = _Reader(data)
    found = reader.value(0)
    if reader.at != len(data):
        raise scalars.BadValue("Bytes follow the CBOR body.")
    return found


def encode(value: Any) -> bytes:
    """`value` as CBOR; datetimes become tag 1."""
    out = bytearray()
    _encode(out, value)
    return bytes(out)


def _head(out: bytearray, major: int, argument: int) -> None:
    if argument < 24:
        out.append(major << 5 | argument)
        return
    size = 0 if argument < 1 << 8 else 1 if argument < 1 << 16 else 2 if argument < 1 << 32 else 3
    out.append(major << 5 | (24 + size))
    out += argument.to_bytes(1 << size, "big")


def _encode(out: bytearray, value: Any) -> None:
    if value is None:
        out.append(0xF6)
    elif value is True or value is False:
        out.append(0xF5 if value else 0xF4)
    elif isinstance(value, int):
        _head(out, 0 if value >= 0 else 1, value if value >= 0 else -1 - value)
    elif isinstance(value, float):
        out.append(0xFB)
        out += struct.pack(">d", value)
    elif isinstance(value, str):
        raw = value.encode()
        _head(out, 3, len(raw))
        out += raw
    elif isinstance(value, bytes | bytearray | memoryview):
        _head(out, 2, len(value))
        out += value
    elif isinstance(value, datetime):
        out.append(0xC1)
        _encode(out, scalars.unix_seconds(value))
    elif isinstance(value, dict):
        _head(out, 5, len(value))
        for key, item in value.items():
            _encode(out, key)
            _encode(out, item)
    else:
        _head(out, 4, len(value))
        for item in value:
            _encode(out, item)
