"""Output dictionaries to plain trees for JSON and CBOR, by closures compiled once.

A member that the model does not know is a bug of the handler and raises Internal, so that a
misspelt key cannot vanish silently. None is left out; an empty list or structure is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Internal
from volano.wire.aws import scalars

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import ListShape, MapShape, Shape, StructureShape

    Writer = Callable[[Any], Any]
    Memo = dict[str, Writer]


def compile_tree_writer(shape: Shape, *, cbor: bool, memo: Memo | None = None) -> Writer:
    """The writer of one value of `shape`; CBOR keeps bytes, floats and datetimes as they are."""
    memo = {} if memo is None else memo
    if shape.type_name == "structure":
        return _structure(shape, memo, cbor=cbor)
    if shape.type_name == "list":
        return _list(shape, memo, cbor=cbor)
    if shape.type_name == "map":
        return _map(shape, memo, cbor=cbor)
    if shape.type_name == "timestamp":
        return _timestamp(shape, cbor=cbor)
    if shape.type_name == "blob":
        return bytes if cbor else scalars.blob_text
    if shape.type_name in ("float", "double"):
        return float if cbor else _float
    if shape.type_name == "boolean":
        return bool
    return int if shape.type_name in ("integer", "long") else _string


def _structure(shape: StructureShape, memo: Memo, *, cbor: bool) -> Writer:
    if shape.is_document_type:
        return lambda value: value
    if shape.name in memo:
        return memo[shape.name]
    members: dict[str, tuple[str, Writer]] = {}
    name_of_shape = shape.name

    def write(value: Any) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, item in value.items():
            if item is None:
                continue
            entry = members.get(key)
            if entry is None:
                raise unknown_member(name_of_shape, key)
            out[entry[0]] = entry[1](item)
        return out

    memo[shape.name] = write
    for key, member in shape.members.items():
        if not member.serialization.get("location"):
            name = key if cbor else member.serialization.get("name", key)
            members[key] = (name, compile_tree_writer(member, cbor=cbor, memo=memo))
    return write


def unknown_member(shape_name: str, key: str) -> Internal:
    """The error for a handler's key that the model does not have."""
    return Internal(
        "The answer could not be written.",
        facts={"reason": f"the handler returned {key}, which {shape_name} lacks"},
    )


def _list(shape: ListShape, memo: Memo, *, cbor: bool) -> Writer:
    item = compile_tree_writer(shape.member, cbor=cbor, memo=memo)
    return lambda value: [None if each is None else item(each) for each in value]


def _map(shape: MapShape, memo: Memo, *, cbor: bool) -> Writer:
    item = compile_tree_writer(shape.value, cbor=cbor, memo=memo)
    return lambda value: {
        str(key): None if each is None else item(each) for key, each in value.items()
    }


def _timestamp(shape: Shape, *, cbor: bool) -> Writer:
    if cbor:
        return lambda value: (
            scalars.from_seconds(value) if isinstance(value, int | float) else value
        )
    name = str(shape.serialization.get("timestampFormat", "unixtimestamp")).lower()
    if name == "unixtimestamp":
        return scalars.unix_seconds
    return scalars.timestamp_writer(name, name, millis=False)


def _float(value: Any) -> float | str:
    text = scalars.float_text(value)
    return text if text in ("NaN", "Infinity", "-Infinity") else float(value)


def _string(value: Any) -> str:
    return value if type(value) is str else str(value)
