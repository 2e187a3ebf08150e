"""XML elements to values, by closures compiled once from a botocore shape.

A reader takes an element and gives what boto3 would take as input. Unknown elements are ignored,
as AWS does; a value that is not of its type raises BadValue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.wire.aws import scalars
from volano.wire.aws.xml import local_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

    from botocore.model import ListShape, MapShape, Shape, StructureShape

    Reader = Callable[[Element], Any]
    Memo = dict[str, Reader]

_SCALARS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "character": str,
    "integer": scalars.parse_integer,
    "long": scalars.parse_integer,
    "float": scalars.parse_float,
    "double": scalars.parse_float,
    "boolean": scalars.parse_boolean,
    "blob": scalars.parse_blob,
    "timestamp": scalars.parse_timestamp,
}


def compile_xml_reader(shape: Shape, memo: Memo | None = None) -> Reader:
    """The reader of one element of `shape`; `memo` holds structures, which may be recursive."""
    memo = {} if memo is None else memo
    if shape.type_name == "structure":
        return _structure(shape, memo)
    if shape.type_name == "list":
        return _list(shape, memo)
    if shape.type_name == "map":
        return _map(shape, memo)
    parse = _SCALARS[shape.type_name]
    return lambda node: parse(node.text or "")


def _structure(shape: StructureShape, memo: Memo) -> Reader:
    if shape.name in memo:
        return memo[shape.name]
    elements: dict[str, tuple[str, Reader, bool]] = {}
    attributes: dict[str, str] = {}

    def read(node: Element) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for child in node:
            entry = elements.get(local_name(child.tag))
            if entry is None:
                continue
            key, reader, many = entry
            if many:
                _gather(out, key, reader(child))
            else:
                out[key] = reader(child)
        for name, value in node.attrib.items():
            if local_name(name) in attributes:
                out[attributes[local_name(name)]] = value
        return out

    memo[shape.name] = read
    for key, member in shape.members.items():
        name = member.serialization.get("name", key)
        if member.serialization.get("location"):
            continue
        if member.serialization.get("xmlAttribute"):
            attributes[name.rpartition(":")[2]] = key
        elif member.serialization.get("flattened"):
            # botocore writes a flattened list under its own name and reads it under its member's.
            entry = (key, _flat_reader(member, memo), True)
            elements[_flat_name(member, name)] = entry
            elements.setdefault(name, entry)
        else:
            elements[name] = (key, compile_xml_reader(member, memo), False)
    return read


def _gather(out: dict[str, Any], key: str, value: Any) -> None:
    """Add one element of a flattened list (or pair of a flattened map) to what came before."""
    if isinstance(value, tuple):
        out.setdefault(key, {})[value[0]] = value[1]
    else:
        out.setdefault(key, []).append(value)


def _flat_name(member: Shape, name: str) -> str:
    if member.type_name == "list":
        return str(member.member.serialization.get("name", name))
    return name


def _flat_reader(member: Shape, memo: Memo) -> Reader:
    if member.type_name == "list":
        return compile_xml_reader(member.member, memo)
    return _pair(member, memo)


def _list(shape: ListShape, memo: Memo) -> Reader:
    read = compile_xml_reader(shape.member, memo)
    name = shape.member.serialization.get("name", "member")
    return lambda node: [read(child) for child in node if local_name(child.tag) == name]


def _map(shape: MapShape, memo: Memo) -> Reader:
    pair = _pair(shape, memo)
    return lambda node: dict(pair(entry) for entry in node)


def _pair(shape: MapShape, memo: Memo) -> Reader:
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    read_key = compile_xml_reader(shape.key, memo)
    read_value = compile_xml_reader(shape.value, memo)

    def read(node: Element) -> tuple[Any, Any]:
        found = {local_name(child.tag): child for child in node}
        if key_name not in found or value_name not in found:
            raise scalars.BadValue(f"A map entry needs '{key_name}' and '{value_name}'.")
        return read_key(found[key_name]), read_value(found[value_name])

    return read
