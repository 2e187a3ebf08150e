"""JSON Schema of what a tool takes, from botocore's shapes and from msgspec's structs."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

MAX_DEPTH = 6
"""Deeper parts of AWS inputs are described as any object; models do not fill them by themselves."""
MAX_TEXT_CHARACTERS = 240
MAX_ENUM = 100
_TAG = re.compile(r"<[^>]+>")
_SPACE = re.compile(r"\s+")

_SCALARS: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "character": {"type": "string"},
    "integer": {"type": "integer"},
    "long": {"type": "integer"},
    "float": {"type": "number"},
    "double": {"type": "number"},
    "boolean": {"type": "boolean"},
    "timestamp": {"type": "string", "format": "date-time"},
    "blob": {"type": "string", "contentEncoding": "base64"},
}


def aws_schema(model: OperationModel) -> dict[str, Any]:
    """The input of an AWS operation by the names of boto3."""
    if model.input_shape is None:
        return {"type": "object", "properties": {}}
    return _of_shape(model.input_shape, 0)


def _of_shape(shape: Shape, depth: int) -> dict[str, Any]:
    kind = shape.type_name
    if kind in _SCALARS:
        return _of_scalar(shape, kind)
    if depth >= MAX_DEPTH or (kind == "structure" and shape.is_document_type):
        return {"type": "array"} if kind == "list" else {"type": "object"}
    if kind == "list":
        return {"type": "array", "items": _of_shape(shape.member, depth + 1)}
    if kind == "map":
        return {"type": "object", "additionalProperties": _of_shape(shape.value, depth + 1)}
    properties = {}
    for name, member in shape.members.items():
        properties[name] = _of_shape(member, depth + 1)
        told = plain_text(member.documentation)
        if told and depth == 0:
            properties[name]["description"] = told
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if shape.required_members:
        schema["required"] = list(shape.required_members)
    schema["additionalProperties"] = False
    return schema


def _of_scalar(shape: Shape, kind: str) -> dict[str, Any]:
    schema = dict(_SCALARS[kind])
    choices = list(getattr(shape, "enum", ()))
    if 0 < len(choices) <= MAX_ENUM:
        schema["enum"] = choices
    return schema


def plain_text(documentation: str | None) -> str:
    """The first sentences of AWS's HTML, as text."""
    text = _SPACE.sub(" ", html.unescape(_TAG.sub(" ", documentation or ""))).strip()
    if len(text) <= MAX_TEXT_CHARACTERS:
        return text
    cut = text[:MAX_TEXT_CHARACTERS]
    end = max(cut.rfind(". "), cut.rfind("; "))
    return cut[: end + 1] if end > 0 else cut.rstrip() + "…"


def struct_schema(kind: Any) -> dict[str, Any]:
    """The schema of a struct as an object at the root, its named parts below `$defs`."""
    if kind is None or kind is Any:
        return {"type": "object"}
    schema = msgspec.json.schema(kind, schema_hook=_schema_hook)
    name = schema.get("$ref", "").rpartition("/")[2]
    parts = dict(schema.get("$defs", {}))
    if not name:
        return schema if schema.get("type") == "object" else {"type": "object"}
    root = dict(parts[name])
    if _mentions(parts, name):
        root["$defs"] = parts
    elif len(parts) > 1:
        del parts[name]
        root["$defs"] = parts
    return root


def _mentions(value: Any, name: str) -> bool:
    """Whether a part refers to the root (a recursive struct)."""
    if isinstance(value, dict):
        if value.get("$ref") == f"#/$defs/{name}":
            return True
        return any(_mentions(inner, name) for inner in value.values())
    return isinstance(value, list) and any(_mentions(inner, name) for inner in value)


def _schema_hook(kind: type) -> dict[str, Any]:
    if kind is object:
        return {"description": "Any JSON value."}
    raise NotImplementedError
