"""Query and EC2 parameters (`Filter.1.Name=…`) to values, by closures compiled once.

Parameters become a tree of dictionaries by their dots; a reader takes a node of the tree. Lists
are `Name.member.N` (query), `Name.N` (EC2, and flattened lists); maps are `Name.entry.N.key`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from volano.kernel.errors import Invalid
from volano.wire.aws import scalars

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import ListShape, MapShape, Shape, StructureShape

    Tree = dict[str, Any]
    Reader = Callable[[Any], Any]
    Memo = dict[str, Reader]

MAX_PARAMETERS = 10_000
MAX_DOTS = 24

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


class MalformedQuery(Invalid):
    """The parameters cannot be read (`MalformedQueryString` of the common errors)."""

    code = "MalformedQueryString"
    status = 404


def parse_form(text: str) -> list[tuple[str, str]]:
    """Pairs of a query string or form body, decoded once; raises MalformedQuery."""
    pieces = text.split("&") if text else []
    if len(pieces) > MAX_PARAMETERS:
        raise MalformedQuery(f"More than {MAX_PARAMETERS} parameters.", status=400)
    pairs = []
    for piece in pieces:
        name, _, value = piece.partition("=")
        if "%" in piece or "+" in piece:
            try:
                name, value = unquote_plus(name, errors="strict"), _decoded(value)
            except UnicodeDecodeError:
                raise MalformedQuery("A parameter is not UTF-8.", status=400) from None
        if name:
            pairs.append((name, value))
    return pairs


def _decoded(value: str) -> str:
    return unquote_plus(value, errors="strict") if "%" in value or "+" in value else value


def tree_of(pairs: list[tuple[str, str]]) -> Tree:
    """The tree of the parameters; a value at an inner node is kept under ''."""
    tree: Tree = {}
    for name, value in pairs:
        if "." not in name:
            _leaf(tree, name, value)
            continue
        parts = name.split(".")
        if len(parts) > MAX_DOTS:
            raise MalformedQuery(f"The parameter {name[:64]} is nested too deep.", status=400)
        node = tree
        for part in parts[:-1]:
            child = node.get(part)
            if child is None:
                child = node[part] = {}
            elif isinstance(child, str):
                child = node[part] = {"": child}
            node = child
        _leaf(node, parts[-1], value)
    return tree


def _leaf(node: Tree, name: str, value: str) -> None:
    child = node.get(name)
    if isinstance(child, dict):
        child[""] = value
    else:
        node[name] = value


def compile_query_reader(shape: StructureShape | None, *, ec2: bool) -> Callable[[Tree], Any]:
    """The reader of a whole request."""
    if shape is None:
        return lambda _tree: {}
    return _structure(shape, {}, ec2=ec2)


def _reader(shape: Shape, memo: Memo, *, ec2: bool) -> Reader:
    if shape.type_name == "structure":
        return _structure(shape, memo, ec2=ec2)
    if shape.type_name == "list":
        return _list(shape, memo, ec2=ec2)
    if shape.type_name == "map":
        return _map(shape, memo, ec2=ec2)
    parse = _SCALARS[shape.type_name]

    def read(node: Any) -> Any:
        if isinstance(node, str):
            return parse(node)
        raise scalars.BadValue("A parameter has parts where a plain value belongs.")

    return read


def _structure(shape: StructureShape, memo: Memo, *, ec2: bool) -> Reader:
    if shape.name in memo:
        return memo[shape.name]
    members: dict[str, tuple[str, Reader]] = {}

    def read(node: Any) -> dict[str, Any]:
        out: dict[str, Any] = {}
        if isinstance(node, str):
            if node:
                raise scalars.BadValue("A parameter has a plain value where parts belong.")
            return out
        for name, child in node.items():
            entry = members.get(name)
            if entry is not None:
                out[entry[0]] = entry[1](child)
        return out

    memo[shape.name] = read
    for key, member in shape.members.items():
        members[_name(member, key, ec2=ec2)] = (key, _reader(member, memo, ec2=ec2))
    return read


def _name(member: Shape, key: str, *, ec2: bool) -> str:
    traits = member.serialization
    if ec2:
        name = str(traits.get("name", key))
        return str(
            traits.get("queryName") or (name[0].upper() + name[1:] if "name" in traits else name)
        )
    if (
        member.type_name == "list"
        and traits.get("flattened")
        and "name" in member.member.serialization
    ):
        return str(member.member.serialization["name"])
    return str(traits.get("name", key))


def _list(shape: ListShape, memo: Memo, *, ec2: bool) -> Reader:
    item = _reader(shape.member, memo, ec2=ec2)
    flat = ec2 or bool(shape.serialization.get("flattened"))
    name = shape.member.serialization.get("name", "member")

    def read(node: Any) -> list[Any]:
        if isinstance(node, str):
            return _no_items(node)
        if not flat:
            node = node.get(name) or node.get("member") or {}
        if len(node) == 1:
            return [item(child) for key, child in node.items() if key and _index(key) >= 0]
        return [item(node[key]) for key in sorted(filter(None, node), key=_index)]

    return read


def _no_items(text: str) -> list[Any]:
    """An empty list is written as the list's name with nothing behind it."""
    if text:
        raise scalars.BadValue("A list parameter needs an index.")
    return []


def _index(text: str) -> int:
    return scalars.parse_integer(text)


def _map(shape: MapShape, memo: Memo, *, ec2: bool) -> Reader:
    read_key = _reader(shape.key, memo, ec2=ec2)
    read_value = _reader(shape.value, memo, ec2=ec2)
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    flat = bool(shape.serialization.get("flattened"))

    def read(node: Any) -> dict[Any, Any]:
        if isinstance(node, str):
            _no_items(node)
            return {}
        entries = node if flat else node.get("entry", {})
        out = {}
        for index in sorted(filter(None, entries), key=_index):
            entry = entries[index]
            if isinstance(entry, str) or key_name not in entry or value_name not in entry:
                raise scalars.BadValue(f"A map entry needs '{key_name}' and '{value_name}'.")
            out[read_key(entry[key_name])] = read_value(entry[value_name])
        return out

    return read
