"""Write src/volano/wire/openai/operations.json: method, path and name of each OpenAI operation.

Reads the installed openai SDK's resource modules (facts only: HTTP method, path template, the
resource path and function name). Run: `python tools/gen_openai_operations.py`.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import openai

TARGET = Path(__file__).parents[1] / "src/volano/wire/openai/operations.json"
VERBS = {"_get": "GET", "_post": "POST", "_put": "PUT", "_patch": "PATCH", "_delete": "DELETE"}


def main() -> None:
    root = Path(openai.__file__).parent / "resources"
    found: dict[tuple[str, str], str] = {}
    for path in sorted(root.rglob("*.py")):
        for method, template, name in operations_of(path, root):
            found.setdefault((method, "/v1" + template), name)
    rows = [
        {"name": name, "method": method, "path": template}
        for (method, template), name in sorted(
            found.items(), key=lambda row: (row[0][1], row[0][0])
        )
    ]
    text = "[\n" + ",\n".join(" " + json.dumps(row) for row in rows) + "\n]\n"
    TARGET.write_text(text)
    print(f"{len(rows)} operations of openai {openai.__version__}", file=sys.stderr)


def operations_of(path: Path, root: Path) -> list[tuple[str, str, str]]:
    """(method, path template, dotted name) of every synchronous call in one resource module."""
    resource = ".".join(resource_of(path, root))
    rows = []
    for cls in ast.parse(path.read_text()).body:
        if not isinstance(cls, ast.ClassDef) or cls.name.startswith("Async"):
            continue
        for function in cls.body:
            if isinstance(function, ast.FunctionDef) and not function.name.startswith("with_"):
                rows += [
                    (verb, template, f"{resource}.{function.name}")
                    for verb, template in routes_in(function)
                ]
    return rows


def resource_of(path: Path, root: Path) -> list[str]:
    parts = list(path.relative_to(root).with_suffix("").parts)
    return parts[:-1] if len(parts) > 1 and parts[-1] == parts[-2] else parts


def routes_in(function: ast.FunctionDef) -> list[tuple[str, str]]:
    rows = []
    for node in ast.walk(function):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        verb = VERBS.get(node.func.attr)
        if node.func.attr == "_get_api_list":
            verb = next(
                (
                    k.value.value.upper()
                    for k in node.keywords
                    if k.arg == "method" and isinstance(k.value, ast.Constant)
                ),
                "GET",
            )
        if verb is None or not node.args:
            continue
        template = template_of(node.args[0])
        if template and template.startswith("/"):
            rows.append((verb, template))
    return rows


def template_of(node: ast.expr) -> str | None:
    """`"/models"`, `path_template("/models/{model}", ...)` or an f-string as a template."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Call) and node.args:
        return template_of(node.args[0])
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value)
            if isinstance(part, ast.Constant)
            else "{" + ast.unparse(part.value) + "}"
            for part in node.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )
    return None


if __name__ == "__main__":
    main()
