"""JSON and CBOR values to what boto3 takes as input, by closures compiled once.

The two protocols share their shape; they differ in blobs and timestamps, which CBOR carries
natively. Unknown members and nulls are left out; a value of a wrong type raises BadValue.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from volano.wire.aws import scalars

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import ListShape, MapShape, Shape, StructureShape

    Reader = Callable[[Any], Any]
    Memo = dict[str, Reader]


def compile_tree_reader(shape: Shape, memo: Memo | None = None) -> Reader:
    """The reader of one decoded value of `shape`."""
    memo = {} if memo is None else memo
    if shape.type_name == "structure":
        return _structure(shape, memo)
    if shape.type_name == "list":
        return _list(shape, memo)
    if shape.type_name == "map":
        return _map(shape, memo)
    return _SCALARS[shape.type_name]


def _structure(shape: StructureShape, memo: Memo) -> Reader:
    if shape.is_document_type:
        return lambda value: value
    if shape.name in memo:
        return memo[shape.name]
    members: dict[str, tuple[str, Reader]] = {}

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong("structure", value)
        out: dict[str, Any] = {}
        for name, item in value.items():
            entry = members.get(name)
            if entry is not None and item is not None:
                out[entry[0]] = entry[1](item)
        return out

    memo[shape.name] = read
    for key, member in shape.members.items():
        if not member.serialization.get("location"):
            name = member.serialization.get("name", key)
            members[name] = (key, compile_tree_reader(member, memo))
    for key, (_, reader) in [(entry[0], entry) for entry in members.values()]:
        members.setdefault(key, (key, reader))  # CBOR clients write members under their own names
    return read


def _list(shape: ListShape, memo: Memo) -> Reader:
    item = compile_tree_reader(shape.member, memo)

    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise _wrong("list", value)
        return [None if each is None else item(each) for each in value]

    return read


def _map(shape: MapShape, memo: Memo) -> Reader:
    item = compile_tree_reader(shape.value, memo)

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong("map", value)
        return {str(key): None if each is None else item(each) for key, each in value.items()}

    return read


def _wrong(wanted: str, value: object) -> scalars.BadValue:
    found = _NAMES.get(type(value).__name__, "null")
    return scalars.BadValue(f"A {found} came where a {wanted} belongs.")


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise _wrong("string", value)


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value == int(value):
        return int(value)
    raise _wrong("integer", value)


_NAMES = {
    "str": "string",
    "bool": "boolean",
    "int": "number",
    "float": "number",
    "bytes": "blob",
    "dict": "structure",
    "list": "list",
    "datetime": "timestamp",
}
_SPECIAL = {"NaN", "Infinity", "-Infinity"}


def _float(value: Any) -> float:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value in _SPECIAL:
        return float(value)
    raise _wrong("number", value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise _wrong("boolean", value)


def _blob(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return scalars.parse_blob(value)
    raise _wrong("blob", value)


def _timestamp(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return scalars.from_seconds(value)
    if isinstance(value, str):
        return scalars.parse_timestamp(value)
    raise _wrong("timestamp", value)


_SCALARS: dict[str, Reader] = {
    "string": _string,
    "character": _string,
    "integer": _integer,
    "long": _integer,
    "float": _float,
    "double": _float,
    "boolean": _boolean,
    "blob": _blob,
    "timestamp": _timestamp,
}


def read_scalar(shape: Shape, value: Any) -> Any:
    """One value that is no structure, list or map; raises BadValue."""
    reader = _SCALARS.get(shape.type_name)
    return value if reader is None else reader(value)
