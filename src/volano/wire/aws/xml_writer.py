"""Output dictionaries to XML, by closures compiled once from a botocore shape.

A writer appends strings for one element, its name included. Order follows the dictionary. A
member that the model does not know is a bug of the handler and raises Internal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.wire.aws import scalars
from volano.wire.aws.tree_writer import unknown_member
from volano.wire.aws.xml import escape, escape_attribute

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import ListShape, MapShape, Shape, StructureShape

    Append = Callable[[str], None]
    Writer = Callable[[Append, Any], None]
    Memo = dict[str, Writer]


class XmlDialect:
    """What differs between XML protocols, and what one operation's writers share.

    `replacements` wrap the writer of a member, by its name, with a quicker one.
    """

    def __init__(self, *, millis: bool) -> None:
        self.millis = millis
        self.memo: Memo = {}
        self.replacements: dict[str, Callable[[Writer], Writer]] = {}


def compile_members(shape: StructureShape, dialect: XmlDialect) -> Writer:
    """The writer of a structure's members, without an element around them."""
    if shape.name in dialect.memo:
        return dialect.memo[shape.name]
    members: dict[str, Writer] = {}
    name_of_shape = shape.name

    def write(append: Append, value: Any) -> None:
        for key, item in value.items():
            if item is None:
                continue
            member = members.get(key)
            if member is None:
                raise unknown_member(name_of_shape, key)
            member(append, item)

    dialect.memo[shape.name] = write
    for key, member in shape.members.items():
        traits = member.serialization
        if traits.get("xmlAttribute"):
            members[key] = _nothing
        elif not traits.get("location"):
            written = compile_element(member, str(traits.get("name", key)), dialect)
            members[key] = dialect.replacements.get(key, _same)(written)
    return write


def _same(writer: Writer) -> Writer:
    return writer


def _nothing(_append: Append, _value: Any) -> None:
    """Attributes are written with the element's opening tag."""


def compile_element(shape: Shape, name: str, dialect: XmlDialect) -> Writer:
    """The writer of `<name>…</name>` (or of all elements of a flattened list)."""
    if shape.type_name == "structure":
        return compile_structure(shape, name, dialect, namespace_of(shape))
    if shape.type_name == "list":
        return _list(shape, name, dialect)
    if shape.type_name == "map":
        return _map(shape, name, dialect)
    opening, closing = f"<{name}>", f"</{name}>"
    if shape.type_name in ("string", "character"):
        return lambda append, value: append(f"{opening}{escape(str(value))}{closing}")
    to_text = _scalar(shape, dialect)
    return lambda append, value: append(f"{opening}{to_text(value)}{closing}")


def _scalar(shape: Shape, dialect: XmlDialect) -> Callable[[Any], str]:
    kind = shape.type_name
    if kind == "timestamp":
        named = shape.serialization.get("timestampFormat")
        return scalars.timestamp_writer(named, "iso8601", millis=dialect.millis)
    if kind == "boolean":
        return scalars.boolean_text
    if kind == "blob":
        return scalars.blob_text
    return scalars.float_text if kind in ("float", "double") else _integer_text


def _integer_text(value: Any) -> str:
    return str(int(value))


def compile_structure(
    shape: StructureShape, name: str, dialect: XmlDialect, namespace: str
) -> Writer:
    """The writer of one structure's element; `namespace` is the text of its declarations."""
    members = compile_members(shape, dialect)
    attributes = [
        (key, str(member.serialization["name"]))
        for key, member in shape.members.items()
        if member.serialization.get("xmlAttribute")
    ]
    if attributes:
        return _with_attributes(members, attributes, name, namespace)
    opening, closing = f"<{name}{namespace}>", f"</{name}>"

    def write(append: Append, value: Any) -> None:
        append(opening)
        members(append, value)
        append(closing)

    return write


def _with_attributes(
    members: Writer, attributes: list[tuple[str, str]], name: str, namespace: str
) -> Writer:
    def write(append: Append, value: Any) -> None:
        texts = [
            f' {attribute}="{escape_attribute(str(value[key]))}"'
            for key, attribute in attributes
            if value.get(key) is not None
        ]
        append(f"<{name}{namespace}{''.join(texts)}>")
        members(append, value)
        append(f"</{name}>")

    return write


def namespace_of(shape: Shape) -> str:
    """` xmlns="…"` when the shape declares a namespace."""
    declared = shape.serialization.get("xmlNamespace")
    if not declared:
        return ""
    if isinstance(declared, str):
        return f' xmlns="{declared}"'
    prefix = f":{declared['prefix']}" if declared.get("prefix") else ""
    return f' xmlns{prefix}="{declared["uri"]}"'


def _list(shape: ListShape, name: str, dialect: XmlDialect) -> Writer:
    named = shape.member.serialization.get("name")
    if shape.serialization.get("flattened"):
        flat = compile_element(shape.member, str(named or name), dialect)

        def write_flat(append: Append, value: Any) -> None:
            for item in value:
                flat(append, item)

        return write_flat
    each = compile_element(shape.member, str(named or "member"), dialect)
    opening, closing = f"<{name}>", f"</{name}>"

    def write(append: Append, value: Any) -> None:
        append(opening)
        for item in value:
            each(append, item)
        append(closing)

    return write


def _map(shape: MapShape, name: str, dialect: XmlDialect) -> Writer:
    key_writer = compile_element(
        shape.key, str(shape.key.serialization.get("name", "key")), dialect
    )
    value_writer = compile_element(
        shape.value, str(shape.value.serialization.get("name", "value")), dialect
    )
    flat = bool(shape.serialization.get("flattened"))
    entry = name if flat else "entry"

    def write(append: Append, value: Any) -> None:
        if not flat:
            append(f"<{name}>")
        for key, item in value.items():
            append(f"<{entry}>")
            key_writer(append, key)
            value_writer(append, item)
            append(f"</{entry}>")
        if not flat:
            append(f"</{name}>")

    return write
