"""The OpenAPI 3.1 document of Volano's own REST API, made from the registry.

Every `volano:` action with a path is an operation: its docstring describes it, the struct that it
takes gives parameters and body, the annotation of its result gives the answer. The document is
made once and again when actions were added.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import msgspec

from volano import __version__
from volano.wire.action import PUBLIC, list_actions, registry_generation, request_type, result_type
from volano.wire.decode import fields_of
from volano.wire.form import UploadedFile
from volano.wire.rest.problem import PROBLEM_TYPE, Problem
from volano.wire.results import EventStream, Raw, Upload, WithHeaders

if TYPE_CHECKING:
    from collections.abc import Iterable

    from volano.wire.action import Action

REFERENCE = "#/components/schemas/{name}"
_NAMES = re.compile(r"\{(\w+)(?::path)?\}")
_MADE: dict[int, bytes] = {}


def openapi_bytes() -> bytes:
    """The document as JSON."""
    generation = registry_generation()
    if generation not in _MADE:
        _MADE.clear()
        _MADE[generation] = msgspec.json.encode(openapi_document(list_actions("rest")))
    return _MADE[generation]


def openapi_document(actions: Iterable[Action]) -> dict[str, Any]:
    """The document of `actions`; those without a path are left out."""
    routed = [found for found in actions if found.path]
    types = [kind for found in routed for kind in (_body_type(found), _answer_type(found))]
    described = [*dict.fromkeys(kind for kind in types if _is_described(kind)), Problem]
    schemas, components = msgspec.json.schema_components(
        described, schema_hook=_schema_hook, ref_template=REFERENCE
    )
    made = _Schemas(dict(zip(described, schemas, strict=True)), components)
    paths: dict[str, dict[str, Any]] = {}
    for found in routed:
        path = _NAMES.sub(r"{\1}", found.path)
        paths.setdefault(path, {})[found.method.lower()] = _operation(found, made)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Volano",
            "version": __version__,
            "description": "The REST API of a Volano cloud. Errors are RFC 9457 problems.",
        },
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SECURITY},
        "security": [{"bearer": []}, {"session": [], "csrf": []}],
    }


_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key of a principal."},
    "session": {"type": "apiKey", "in": "cookie", "name": "volano_session"},
    "csrf": {"type": "apiKey", "in": "header", "name": "x-volano-csrf"},
}


@dataclass(frozen=True, slots=True)
class _Schemas:
    """Schemas by Python type, and the named ones that they refer to."""

    by_type: dict[Any, dict[str, Any]]
    components: dict[str, dict[str, Any]]

    def without(self, kind: Any, names: Iterable[str]) -> dict[str, Any]:
        """The schema of a struct without some of its fields."""
        schema = self.by_type[kind]
        whole = self.components.get(schema.get("$ref", "").rpartition("/")[2])
        left_out = set(names)
        if whole is None or not left_out & set(whole.get("properties", ())):
            return schema
        properties = {k: v for k, v in whole["properties"].items() if k not in left_out}
        required = [name for name in whole.get("required", ()) if name not in left_out]
        return whole | {"properties": properties, "required": required}


def _operation(found: Action, made: _Schemas) -> dict[str, Any]:
    first, _, rest = (inspect.getdoc(found.handler) or found.operation).partition("\n")
    operation: dict[str, Any] = {
        "operationId": found.operation,
        "summary": first.strip(),
        "tags": [_tag(found.path)],
        "parameters": _parameters(found),
        "responses": {
            **_answers(found, made),
            "default": {
                "description": "What went wrong.",
                "content": {PROBLEM_TYPE: {"schema": made.by_type[Problem]}},
            },
        },
        "x-volano-permission": found.permission,
    }
    if rest.strip():
        operation["description"] = rest.strip()
    if found.partial:
        operation["x-volano-partial"] = found.partial
    if found.permission == PUBLIC:
        operation["security"] = []
    body = _request_body(found, made)
    if body is not None:
        operation["requestBody"] = body
    return operation


def _tag(path: str) -> str:
    """The first literal segment after the version: `buckets`."""
    segments = path.removeprefix("/volano/v1/").split("/")
    return segments[0] if not segments[0].startswith("{") else "volano"


def _parameters(found: Action) -> list[dict[str, Any]]:
    kind = _fields_type(found)
    in_path = _NAMES.findall(found.path)
    known = _properties(kind)
    rows = [
        {"name": name, "in": "path", "required": True, "schema": known.get(name, _TEXT)}
        for name in in_path
    ]
    if found.method in _BODILESS or found.streams_body:
        required = _required(kind)
        rows += [
            {"name": name, "in": "query", "required": name in required, "schema": schema}
            for name, schema in known.items()
            if name not in in_path
        ]
    return rows


_TEXT = {"type": "string"}
_BODILESS = ("GET", "HEAD", "DELETE")


def _properties(kind: Any) -> dict[str, Any]:
    """Schemas of a struct's fields, without references so that they fit into parameters."""
    return {
        name: _plain(msgspec.json.schema(field.type, schema_hook=_schema_hook))
        for name, field in fields_of(kind).items()
    }


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object"} if "$ref" in schema or "$defs" in schema else schema


def _required(kind: Any) -> set[str]:
    if not fields_of(kind):
        return set()
    return {field.encode_name for field in msgspec.structs.fields(kind) if field.required}


def _request_body(found: Action, made: _Schemas) -> dict[str, Any] | None:
    if found.streams_body:
        media = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        return {"required": True, "content": media}
    kind, in_path = _body_type(found), _NAMES.findall(found.path)
    if kind not in made.by_type or (fields_of(kind) and not set(fields_of(kind)) - set(in_path)):
        return None
    has_file = any(_is_file(field.type) for field in fields_of(kind).values())
    media_type = "multipart/form-data" if has_file else "application/json"
    return {"content": {media_type: {"schema": made.without(kind, in_path)}}}


def _is_file(kind: Any) -> bool:
    return kind is UploadedFile or any(_is_file(part) for part in get_args(kind))


def _answers(found: Action, made: _Schemas) -> dict[str, Any]:
    kind = _answer_type(found)
    if kind is None or kind is type(None):
        return {"204": {"description": "Done."}}
    if kind is EventStream:
        media: dict[str, Any] = {"text/event-stream": {"schema": {"type": "string"}}}
    elif kind is Raw:
        media = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    else:
        media = {"application/json": {"schema": made.by_type.get(kind, {})}}
    return {"200": {"description": "Done.", "content": media}}


def _is_described(kind: Any) -> bool:
    return kind not in (None, type(None), Any, EventStream, Raw, WithHeaders)


def _fields_type(found: Action) -> Any:
    kind = request_type(found)
    return get_args(kind)[0] if get_origin(kind) is Upload else kind


def _body_type(found: Action) -> Any:
    """What a JSON body is made of; None where everything comes by path and query."""
    if found.streams_body or found.method in _BODILESS:
        return None
    return request_type(found)


def _answer_type(found: Action) -> Any:
    """What a JSON answer is made of, or EventStream, Raw or WithHeaders; None for no answer.

    Of a union with one of those (a stream on request) it is the rest.
    """
    kind = result_type(found)
    parts = get_args(kind) if isinstance(kind, UnionType) or get_origin(kind) is Union else ()
    described = [part for part in parts if _is_described(part)]
    if not parts or len(described) == len(parts):
        return kind
    return Union[tuple(described)] if described else parts[0]  # noqa: UP007 - made at run time


def _schema_hook(kind: type) -> dict[str, Any]:
    if kind is UploadedFile:
        return {"type": "string", "format": "binary"}
    raise NotImplementedError
