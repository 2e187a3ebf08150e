"""As much of CBOR (RFC 8949) as WebAuthn's attestation objects and COSE keys are made of.

Definite lengths only, as CTAP2's canonical form demands; no tags, no floats.
"""

from __future__ import annotations

from volano.kernel.errors import Invalid

MAX_DEPTH = 8
MAX_ITEMS = 1000

Value = int | bytes | str | bool | None | list["Value"] | dict["Value", "Value"]


class BadCbor(Invalid):
    """Bytes that are not the CBOR that WebAuthn speaks of."""


def decode(data: bytes, at: int = 0) -> tuple[Value, int]:
    """The value that begins at `at`, and where it ends; raises BadCbor."""
    try:
        return _value(data, at, MAX_DEPTH)
    except (IndexError, UnicodeDecodeError, TypeError) as error:
        raise BadCbor("The authenticator's data cannot be read.") from error


def _value(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    if depth == 0:
        raise BadCbor("The authenticator's data is nested too deep.")
    kind, low = data[at] >> 5, data[at] & 31
    if kind == 7:
        return _simple(low), at + 1
    number, at = _number(data, at, low)
    if kind in (0, 1):
        return (number if kind == 0 else -1 - number), at
    if kind in (2, 3):
        raw = data[at : at + number]
        if len(raw) != number:
            raise BadCbor("The authenticator's data ends too early.")
        return (raw if kind == 2 else raw.decode()), at + number
    if number > MAX_ITEMS or kind == 6:
        raise BadCbor("The authenticator's data is not what WebAuthn makes.")
    return _list(data, at, number, depth) if kind == 4 else _map(data, at, number, depth)


def _number(data: bytes, at: int, low: int) -> tuple[int, int]:
    if low < 24:
        return low, at + 1
    if low > 27:
        raise BadCbor("The authenticator's data has an indefinite length.")
    width = 1 << (low - 24)
    raw = data[at + 1 : at + 1 + width]
    if len(raw) != width:
        raise BadCbor("The authenticator's data ends too early.")
    return int.from_bytes(raw, "big"), at + 1 + width


def _simple(low: int) -> Value:
    known = {20: False, 21: True, 22: None}
    if low not in known:
        raise BadCbor("The authenticator's data is not what WebAuthn makes.")
    return known[low]


def _list(data: bytes, at: int, count: int, depth: int) -> tuple[Value, int]:
    items: list[Value] = []
    for _ in range(count):
        item, at = _value(data, at, depth - 1)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, count: int, depth: int) -> tuple[Value, int]:
    pairs: dict[Value, Value] = {}
    for _ in range(count):
        key, at = _value(data, at, depth - 1)
        pairs[key], at = _value(data, at, depth - 1)
    return pairs, at
