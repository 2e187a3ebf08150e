"""JSON that strangers wrote: whatever is wrong with it is one error, `msgspec.DecodeError`.

What Volano itself wrote (rows, signals between its processes) needs none of this.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, overload

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_DEPTH = 128
"""Levels of lists and objects in each other. What is deeper could be read at one depth of the
interpreter's stack and not be written again at another."""

T = TypeVar("T")


class TooDeep(msgspec.DecodeError):
    """Lists and objects are nested over MAX_DEPTH levels."""


@overload
def decode_foreign(data: bytes | str) -> Any: ...


@overload
def decode_foreign(data: bytes | str, kind: type[T]) -> T: ...


def decode_foreign(data: bytes | str, kind: Any = Any) -> Any:
    """The JSON value in `data`, as `kind` where one is named.

    Raises msgspec.DecodeError (a ValueError) for what is no JSON, no Unicode, nested too deep or
    not of the kind. How deep the members of a Struct are is not counted, as long as they can be
    read.
    """
    try:
        value = _decoder_of(kind).decode(data)
    except RecursionError as error:
        raise TooDeep(f"it is nested over {MAX_DEPTH} levels") from error
    except UnicodeError as error:
        raise msgspec.DecodeError(str(error)) from error
    if _brackets_in(data) > MAX_DEPTH and is_deeper(value, MAX_DEPTH):
        raise TooDeep(f"it is nested over {MAX_DEPTH} levels")
    return value


@lru_cache(maxsize=256)
def _decoder_of(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _brackets_in(data: bytes | str) -> int:
    if isinstance(data, str):
        return data.count("[") + data.count("{")
    return data.count(b"[") + data.count(b"{")


def is_deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested over so many levels; `[]` is one level."""
    level = list(_containers([value]))
    for _ in range(levels):
        level = [inner for item in level for inner in _containers(item)]
    return bool(level)


def _containers(item: Any) -> Iterator[Any]:
    values: Iterable[Any] = item.values() if isinstance(item, dict) else item
    return (value for value in values if isinstance(value, dict | list))
