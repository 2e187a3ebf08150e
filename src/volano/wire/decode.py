"""Requests to typed structs: JSON with named limits, query strings and path parameters.

Bodies are converted strictly (a number in quotes is not a number); what comes as text in a URL is
converted leniently, field by field, because there everything is text. Every failure is `Invalid`
with the field's path in `fields["param"]`, as `messages[0].role`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
import msgspec.inspect as kinds

from volano.kernel.errors import Invalid, TooLarge
from volano.kernel.foreign_json import MAX_DEPTH, TooDeep, decode_foreign
from volano.wire.http import MAX_JSON_BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from volano.wire.http import Request

MAX_HEADERS = 100
MAX_QUERY_CHARACTERS = 32_768
MAX_QUERY_PAIRS = 1000

_AT = re.compile(r" - at `\$\.?(?P<path>.*)`$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")
_UNKNOWN = re.compile(r"unknown field `(?P<name>[^`]+)`")


class InvalidJson(Invalid):
    """The body is not JSON, not an object, or too deep."""

    code = "invalid_json"


class HeadersTooLarge(TooLarge):
    """More headers, or a longer query, than the named limits."""

    code = "headers_too_large"
    status = 431


def require_sane(request: Request) -> None:
    """Refuse more headers or a longer query string than the named limits allow."""
    if len(request.header_list) > MAX_HEADERS:
        raise HeadersTooLarge(f"The request has more than {MAX_HEADERS} headers.")
    if len(request.raw_query) > MAX_QUERY_CHARACTERS:
        raise HeadersTooLarge(f"The query string is over {MAX_QUERY_CHARACTERS} characters.")


def query_pairs(request: Request) -> list[tuple[str, str]]:
    """The decoded query, in order; raises Invalid for too many pairs or what is not UTF-8."""
    try:
        return parse_qsl(
            request.raw_query,
            keep_blank_values=True,
            max_num_fields=MAX_QUERY_PAIRS,
            errors="strict",
        )
    except ValueError as error:
        raise Invalid(f"The query string cannot be read: {error}.", code="invalid_query") from error


async def read_body(request: Request, limit: int = MAX_JSON_BODY_BYTES) -> bytes:
    """The whole body; raises TooLarge, before reading when Content-Length already says so."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise TooLarge(f"The body is over the limit of {limit} bytes.")
    return await request.body.read(limit)


def parse_json(data: bytes) -> Any:
    """The JSON value in `data`; raises InvalidJson, also when it is nested too deep."""
    try:
        return decode_foreign(data)
    except TooDeep as error:
        raise InvalidJson(f"The JSON is nested over {MAX_DEPTH} levels.") from error
    except msgspec.DecodeError as error:
        raise InvalidJson(f"The body is not valid JSON: {error}.") from error


def parse_json_object(data: bytes) -> dict[str, Any]:
    """As `parse_json`, for a body that must be an object; an empty body is an empty object."""
    if not data.strip():
        return {}
    value = parse_json(data)
    if not isinstance(value, dict):
        raise InvalidJson("The JSON body must be an object.")
    return value


def to_struct(value: Mapping[str, Any], kind: Any, *, strict: bool = True) -> Any:
    """`value` as `kind` (a Struct, a dict type, or None for no conversion); raises Invalid."""
    if kind is None or kind is Any:
        return value
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise invalid_of(error) from error


def invalid_of(error: msgspec.ValidationError) -> Invalid:
    """The caller's error for one of msgspec's, with the field's path as `param`."""
    text = str(error)
    at = _AT.search(text)
    path = at["path"] if at else ""
    message = text[: at.start()] if at else text
    missing, unknown = _MISSING.search(message), _UNKNOWN.search(message)
    if missing:
        path = _joined(path, missing["name"])
        said = f"Missing required parameter: '{path}'."
        return Invalid(said, code="missing_required_parameter", fields={"param": path})
    if unknown:
        path = _joined(path, unknown["name"])
        said = f"Unknown parameter: '{path}'."
        return Invalid(said, code="unknown_parameter", fields={"param": path})
    said = f"Invalid value for '{path}': {_lowered(message)}." if path else f"{message}."
    code = "invalid_type" if message.startswith("Expected `") else "invalid_value"
    return Invalid(said, code=code, fields={"param": path} if path else {})


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


@dataclass(frozen=True, slots=True)
class Field:
    """What decoding needs to know of one field: its type and whether it is a list or mapping."""

    type: Any
    is_list: bool
    is_mapping: bool
    is_text: bool
    is_any: bool


@lru_cache(maxsize=2048)
def fields_of(kind: Any) -> dict[str, Field]:
    """The fields of a Struct type by wire name; empty for anything else."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return {}
    described = kinds.type_info(kind)
    assert isinstance(described, kinds.StructType)
    types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    return {
        field.encode_name: _field_of(types[field.encode_name], field.type)
        for field in described.fields
    }


def require_known(given: Iterable[str], kind: Any) -> None:
    """Raise Invalid for the first name that the Struct type `kind` does not have.

    Any other type takes every name.
    """
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return
    for name in given:
        if name not in fields_of(kind):
            said = f"Unknown parameter: '{name[:100]}'."
            raise Invalid(said, code="unknown_parameter", fields={"param": name[:100]})


_LISTS = (kinds.ListType, kinds.SetType, kinds.FrozenSetType, kinds.TupleType, kinds.VarTupleType)
_MAPPINGS = (kinds.DictType, kinds.StructType, kinds.TypedDictType, kinds.DataclassType)


def _field_of(type_: Any, info: kinds.Type) -> Field:
    parts = [_bare(part) for part in (info.types if isinstance(info, kinds.UnionType) else (info,))]
    return Field(
        type=type_,
        is_list=any(isinstance(part, _LISTS) for part in parts),
        is_mapping=any(isinstance(part, _MAPPINGS) for part in parts),
        is_text=any(isinstance(part, kinds.StrType | kinds.LiteralType) for part in parts),
        is_any=any(isinstance(part, kinds.AnyType | kinds.RawType) for part in parts),
    )


def _bare(info: kinds.Type) -> kinds.Type:
    return info.type if isinstance(info, kinds.Metadata) else info


_BRACKETS = re.compile(r"^([^\[\]]+)\[([^\[\]]*)\]$")


def merge_text(
    target: dict[str, Any], pairs: Iterable[tuple[str, str]], kind: Any
) -> dict[str, Any]:
    """Add textual pairs (query, form, path) to `target`, each converted to its field's type.

    A list field takes repeated `name`, `name[]` or `name[0]`; a mapping field takes `name[key]`.
    What is already in `target` is replaced. Raises Invalid for a text that does not fit.
    """
    known = fields_of(kind)
    grouped: dict[str, list[tuple[str, str]]] = {}
    for key, value in pairs:
        bracket = _BRACKETS.match(key)
        name, inner = (bracket[1], bracket[2]) if bracket and key not in known else (key, "")
        grouped.setdefault(name, []).append((inner, value))
    for name, values in grouped.items():
        target[name] = _text_value(name, values, known.get(name))
    return target


def _text_value(name: str, values: list[tuple[str, str]], field: Field | None) -> Any:
    if field is None:
        return values[-1][1]
    value: Any
    if field.is_list:
        value = [text for _, text in values]
    elif field.is_mapping and any(inner for inner, _ in values):
        value = dict(values)
    else:
        value = values[-1][1]
        if field.is_text:
            return value
    try:
        return msgspec.to_builtins(msgspec.convert(value, field.type, strict=False))
    except msgspec.ValidationError as error:
        found = _AT.search(str(error))
        path = name + (found["path"] if found else "")
        message = str(error)[: found.start()] if found else str(error)
        said = f"Invalid value for '{path}': {_lowered(message)}."
        raise Invalid(said, code="invalid_value", fields={"param": path}) from error
