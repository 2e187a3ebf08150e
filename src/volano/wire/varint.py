"""Variable-length integers and byte strings as y-protocols (lib0) writes them: seven bits a byte,
the lowest first, the eighth says that more follow."""

from __future__ import annotations

MAX_BITS = 53
"""JavaScript's integers have no more."""


def write_varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where it ends. Raises ValueError."""
    value = 0
    for shift in range(0, MAX_BITS, 7):
        if at >= len(data):
            raise ValueError("the number is cut short")
        byte = data[at]
        value, at = value | (byte & 0x7F) << shift, at + 1
        if byte < 0x80:
            return value, at
    raise ValueError("the number is too large")


def write_bytes(data: bytes) -> bytes:
    """The length, then the bytes."""
    return write_varint(len(data)) + data


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """The bytes at `at`, and where they end. Raises ValueError."""
    length, at = read_varint(data, at)
    if at + length > len(data):
        raise ValueError("the bytes are cut short")
    return data[at : at + length], at + length
