"""REST requests (rest-xml and rest-json) to input dictionaries, by closures compiled once.

Path labels, query string, headers and body each fill their members (Smithy's HTTP bindings). The
cost follows what the request carries, not the size of the model.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import orjson

from volano.wire.aws import scalars
from volano.wire.aws.mail_words import parse_mail_text
from volano.wire.aws.tree_reader import compile_tree_reader
from volano.wire.aws.xml import MALFORMED, MalformedXml, local_name, parse_xml
from volano.wire.aws.xml_reader import compile_xml_reader

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from botocore.model import OperationModel, Shape, StructureShape

    from volano.wire.aws.codec import Incoming

    Parse = Callable[[str], Any]
    Fill = Callable[[Incoming, dict[str, Any]], None]

_SCALARS: dict[str, Parse] = {
    "character": str,
    "integer": scalars.parse_integer,
    "long": scalars.parse_integer,
    "float": scalars.parse_float,
    "double": scalars.parse_float,
    "boolean": scalars.parse_boolean,
    "timestamp": scalars.parse_timestamp,
    "blob": scalars.parse_blob,
}
_CONDITION_DATES = frozenset(
    prefix + name
    for prefix in ("", "x-amz-copy-source-")
    for name in ("if-modified-since", "if-unmodified-since")
)


def compile_rest_reader(operation: OperationModel) -> Callable[[Incoming], dict[str, Any]]:
    """The reader of requests of `operation`."""
    shape = operation.input_shape
    if shape is None:
        return lambda _incoming: {}
    fills = [_fill_labels(shape)]
    fills += [
        fill for fill in (_fill_query(operation, shape), _fill_headers(shape)) if fill is not None
    ]
    body = _fill_body(operation, shape)
    if body is not None:
        fills.append(body)

    def read(incoming: Incoming) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for fill in fills:
            fill(incoming, out)
        return out

    return read


def _at(shape: StructureShape, location: str) -> dict[str, tuple[str, Shape]]:
    """Members at a location by their name on the wire."""
    return {
        member.serialization.get("name", key): (key, member)
        for key, member in shape.members.items()
        if member.serialization.get("location") == location
    }


def _fill_labels(shape: StructureShape) -> Fill:
    table = {name: (key, _text(member)) for name, (key, member) in _at(shape, "uri").items()}

    def fill(incoming: Incoming, out: dict[str, Any]) -> None:
        for name, value in incoming.labels.items():
            entry = table.get(name)
            if entry is not None:
                out[entry[0]] = entry[1](value)

    return fill


def _fill_query(operation: OperationModel, shape: StructureShape) -> Fill | None:
    members = _at(shape, "querystring")
    if not members:
        return None
    plain: dict[str, tuple[str, Parse]] = {}
    many: dict[str, tuple[str, Parse]] = {}
    rest: tuple[str, bool] | None = None
    literal = operation.http["requestUri"].partition("?")[2].split("&")
    fixed = frozenset(piece.partition("=")[0] for piece in literal)
    for name, (key, member) in members.items():
        if member.type_name == "list":
            many[name] = (key, _text(member.member))
        elif member.type_name == "map":
            rest = (key, member.value.type_name == "list")
        else:
            plain[name] = (key, _text(member))

    def fill(incoming: Incoming, out: dict[str, Any]) -> None:
        for name, value in incoming.query:
            if name in plain:
                key, parse = plain[name]
                out[key] = parse(value)
            elif name in many:
                key, parse = many[name]
                out.setdefault(key, []).append(parse(value))
            elif rest is None or name in fixed:
                continue
            elif rest[1]:
                out.setdefault(rest[0], {}).setdefault(name, []).append(value)
            else:
                out.setdefault(rest[0], {}).setdefault(name, value)

    return fill


def _fill_headers(shape: StructureShape) -> Fill | None:
    table = {
        name.lower(): (key, _header_text(member))
        for name, (key, member) in _at(shape, "header").items()
    }
    for name in table.keys() & _CONDITION_DATES:
        table[name] = (table[name][0], _condition_date)
    prefixes = [(name.lower(), key) for name, (key, _) in _at(shape, "headers").items()]
    if not table and not prefixes:
        return None

    def fill(incoming: Incoming, out: dict[str, Any]) -> None:
        for name, value in incoming.headers.items():
            entry = table.get(name)
            if entry is not None:
                if value or entry[1] is unicode_text:
                    parsed = entry[1](value)
                    if parsed is not None:
                        out[entry[0]] = parsed
                continue
            for prefix, key in prefixes:
                if name.startswith(prefix):
                    text = parse_mail_text(unicode_text(value))
                    out.setdefault(key, {})[name[len(prefix) :]] = text

    return fill


def unicode_text(value: str) -> str:
    """A header's text: UTF-8 where its bytes are UTF-8, else Latin-1 (RFC 9110 section 5.5)."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return value


def _text(member: Shape) -> Parse:
    return str if member.type_name == "string" else _SCALARS[member.type_name]


def _header_text(member: Shape) -> Parse:
    if member.serialization.get("jsonvalue"):
        return _json_value
    if member.type_name == "list":
        item = _header_text(member.member)
        if member.member.type_name == "timestamp":
            return lambda value: [item(part) for part in _dates(value)]
        return lambda value: [item(part) for part in _listed(value)]
    return unicode_text if member.type_name == "string" else _SCALARS[member.type_name]


def _condition_date(value: str) -> datetime | None:
    """A date that is none makes no condition (RFC 9110 section 13.1.3)."""
    try:
        return scalars.parse_timestamp(value)
    except scalars.BadValue:
        return None


def _json_value(value: str) -> Any:
    try:
        return orjson.loads(base64.b64decode(value.encode("ascii")))
    except (binascii.Error, UnicodeEncodeError, orjson.JSONDecodeError):
        raise scalars.BadValue("A header is not base64 of JSON.") from None


def _dates(value: str) -> list[str]:
    """HTTP dates hold one comma each."""
    parts = [part.strip() for part in value.split(",")]
    if len(parts) % 2 or parts[0][:1].isdigit():
        return parts
    return [f"{parts[i]}, {parts[i + 1]}" for i in range(0, len(parts), 2)]


def _listed(value: str) -> list[str]:
    """Comma-separated values; one that holds a comma or a quote is quoted."""
    if '"' not in value:
        return [part.strip() for part in value.split(",")]
    parts, part, quoted, escaped = [], "", False, False
    for char in value:
        if escaped:
            part, escaped = part + char, False
        elif char == "\\" and quoted:
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            parts.append(part.strip())
            part = ""
        else:
            part += char
    return [*parts, part.strip()]


def _fill_body(operation: OperationModel, shape: StructureShape) -> Fill | None:
    payload = shape.serialization.get("payload")
    xml = operation.metadata["protocol"].endswith("xml")
    if payload is not None:
        return _fill_payload(payload, shape.members[payload], xml=xml)
    if all(member.serialization.get("location") for member in shape.members.values()):
        return None
    read_shape = _xml_document(shape, None) if xml else _json_document(shape)

    def fill(incoming: Incoming, out: dict[str, Any]) -> None:
        if incoming.body:
            out.update(read_shape(incoming.body))

    return fill


def _fill_payload(key: str, member: Shape, *, xml: bool) -> Fill:
    if member.serialization.get("streaming") or member.serialization.get("eventstream"):
        return lambda incoming, out: out.update({key: incoming.payload})
    if member.type_name == "blob":
        return lambda incoming, out: out.update({key: incoming.body} if incoming.body else {})
    if member.type_name == "string":
        return lambda incoming, out: out.update(
            {key: _utf8(incoming.body)} if incoming.body else {}
        )
    name = member.serialization.get("name", member.name)
    read = _xml_document(member, name) if xml else _json_document(member)

    def fill(incoming: Incoming, out: dict[str, Any]) -> None:
        if incoming.body:
            out[key] = read(incoming.body)

    return fill


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise scalars.BadValue("The body is not UTF-8.") from None


def _xml_document(shape: Shape, name: str | None) -> Callable[[bytes], Any]:
    read = compile_xml_reader(shape)

    def document(body: bytes) -> Any:
        root = parse_xml(body)
        if name is not None and local_name(root.tag) != name:
            raise MalformedXml(MALFORMED, facts={"root": root.tag[:64], "wanted": name})
        try:
            return read(root)
        except scalars.BadValue as error:
            raise MalformedXml(MALFORMED, facts={"reason": error.message}) from error

    return document


def _json_document(shape: Shape) -> Callable[[bytes], Any]:
    read = compile_tree_reader(shape)

    def document(body: bytes) -> Any:
        return read(parse_json(body))

    return document


def parse_json(body: bytes) -> Any:
    """The decoded JSON; raises BadValue (orjson refuses more than 1,024 levels)."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise scalars.BadValue(f"The body is not valid JSON: {error}.") from None
