"""Writes `web/src/api/schema.ts`: the types and routes of Volano's REST API for the console.

Everything comes from the OpenAPI document, which is made from the action registry in this process;
no server is needed. Run it after a REST action changed:

    .venv/bin/python tools/gen_web_client.py           # writes the file
    .venv/bin/python tools/gen_web_client.py --check   # exit code 1 when the file is not current

A struct of answers has all its fields (the server writes defaults too); a struct of requests has
its fields with a default optional.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from volano.app.discover import load_services
from volano.wire.rest.openapi import openapi_bytes

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "web" / "src" / "api" / "schema.ts"
PREFIX = "/volano/v1"
HEADER = """\
// Made by tools/gen_web_client.py from the OpenAPI document of Volano's REST API. Do not edit.
"""

Schema = dict[str, Any]


def read_document() -> Schema:
    """The OpenAPI document of every service in this tree, as plain JSON values."""
    load_services()
    return dict(msgspec.json.decode(openapi_bytes()))


def typescript(document: Schema) -> str:
    """The whole file."""
    operations = sorted(_operations(document), key=lambda found: found[2]["operationId"])
    schemas: dict[str, Schema] = document["components"]["schemas"]
    answers = _reachable(schemas, [_answer_schema(found) for _, _, found in operations])
    requests = _reachable(schemas, [_body_schema(found) for _, _, found in operations])
    used = sorted(answers | requests)
    parts = [HEADER]
    parts += [_interface(name, schemas[name], is_answer=name not in requests) for name in used]
    parts.append(_inputs(operations, schemas))
    parts.append(_routes(operations))
    return "\n".join(parts)


def _operations(document: Schema) -> list[tuple[str, str, Schema]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def _answer_schema(operation: Schema) -> Schema | None:
    content = operation["responses"].get("200", {}).get("content", {})
    return content.get("application/json", {}).get("schema")


def _body_schema(operation: Schema) -> Schema | None:
    content = operation.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("schema")


def _reachable(schemas: dict[str, Schema], roots: list[Schema | None]) -> set[str]:
    found: set[str] = set()
    waiting = [root for root in roots if root]
    while waiting:
        for name in set(_references(waiting.pop())) - found:
            found.add(name)
            waiting.append(schemas[name])
    return found


def _references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [name for part in schema for name in _references(part)]
    if not isinstance(schema, dict):
        return []
    own = [_name_of(schema)] if "$ref" in schema else []
    return own + [name for part in schema.values() for name in _references(part)]


def _name_of(reference: Schema) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _shown(name: str) -> str:
    """The name in TypeScript; of structs that share one it tells service and module too."""
    *path, last = name.split(".")
    words = [word for word in path if word not in ("volano", "services", "api")]
    return "".join(part.title() for word in words for part in word.split("_")) + last


def _interface(name: str, schema: Schema, *, is_answer: bool) -> str:
    fields = _fields(schema, all_required=is_answer)
    about = _comment(schema.get("description", ""))
    return f"{about}export interface {_shown(name)} {{\n{fields}}}\n"


def _fields(schema: Schema, *, all_required: bool, indent: str = "  ") -> str:
    required = set(schema.get("required", ()))
    lines = []
    for name, field in schema.get("properties", {}).items():
        mark = "" if all_required or name in required else "?"
        lines.append(f"{indent}{_key(name)}{mark}: {_type(field)};\n")
    return "".join(lines)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else f"'{name}'"


def _comment(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return "".join(f"// {line}\n" for line in lines)


def _type(schema: Schema) -> str:
    """A JSON schema as a TypeScript type."""
    if "$ref" in schema:
        return _shown(_name_of(schema))
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(part) for part in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(f"'{value}'" for value in schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        inner = _type(schema.get("items", {}))
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {_type(values) if isinstance(values, dict) else 'unknown'}>"
    plain = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
    return "null" if kind == "null" else plain.get(str(kind), "unknown")


def _inputs(operations: list[tuple[str, str, Schema]], schemas: dict[str, Schema]) -> str:
    """What each operation takes (path, query and body fields together) and answers."""
    lines = ["// Fields of path, query and body are given together; their names never meet.\n"]
    lines.append("export interface Operations {\n")
    for _, _, operation in operations:
        summary = operation.get("summary", "")
        lines.append(f"  // {summary}\n" if summary else "")
        answer = _answer_schema(operation)
        answered = "void" if "204" in operation["responses"] else _type(answer or {})
        taken = _input(operation, schemas)
        lines.append(f"  {operation['operationId']}: {{ input: {taken}; answer: {answered} }};\n")
    return "".join([*lines, "}\n"])


def _input(operation: Schema, schemas: dict[str, Schema]) -> str:
    fields = [
        f"{row['name']}{'' if row['required'] else '?'}: {_type(row['schema'])}"
        for row in operation["parameters"]
    ]
    body = _body_schema(operation)
    whole = "{ " + "; ".join(fields) + " }"
    if body is None:
        return whole if fields else "Record<string, never>"
    if "$ref" in body:
        return f"{whole} & {_shown(_name_of(body))}" if fields else _shown(_name_of(body))
    inner = _fields(body, all_required=False, indent="").replace(";\n", "; ").strip("; ")
    return "{ " + "; ".join([*fields, inner]) + " }"


def _routes(operations: list[tuple[str, str, Schema]]) -> str:
    lines = ["export const ROUTES = {\n"]
    for method, path, operation in operations:
        short = path.removeprefix(PREFIX)
        lines.append(f"  {operation['operationId']}: ['{method}', '{short}'],\n")
    return "".join([*lines, "} as const satisfies Record<keyof Operations, [string, string]>;\n"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only compare")
    options = parser.parse_args()
    made = typescript(read_document())
    if not options.check:
        TARGET.write_text(made)
        return 0
    is_current = TARGET.is_file() and TARGET.read_text() == made
    if not is_current:
        print(f"{TARGET.relative_to(ROOT)} is not current: run tools/gen_web_client.py")
    return 0 if is_current else 1


if __name__ == "__main__":
    sys.exit(main())
