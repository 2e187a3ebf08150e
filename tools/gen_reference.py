"""Writes the reference pages from the program itself: actions, settings, events, errors, coverage.

`make docs` runs it; `tests/tidy/test_reference.py` compares its output with docs/reference, so a
page can be neither forgotten nor wrong.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import typing
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "src"))

from volano.app.coverage import coverage_tables  # noqa: E402
from volano.kernel import config, errors, events  # noqa: E402
from volano.wire.action import list_actions  # noqa: E402

OUT = ROOT / "docs" / "reference"
MADE = "<!-- Made by tools/gen_reference.py; do not edit. -->\n"


def main() -> int:
    """Write every page; with --check only compare and say what differs."""
    pages = make_pages()
    if "--check" in sys.argv:
        stale = [name for name, text in pages.items() if _read(OUT / name) != text]
        for name in stale:
            print(f"docs/reference/{name} is not current: run `make docs`")
        return 1 if stale else 0
    OUT.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (OUT / name).write_text(text)
        print(f"docs/reference/{name}")
    return 0


def make_pages() -> dict[str, str]:
    """Every page by file name."""
    tables = coverage_tables()  # loads the services, which the other pages need
    return {
        "actions.md": _actions(),
        "settings.md": _settings(),
        "events.md": _events(),
        "errors.md": _errors(),
        "coverage.md": _coverage(tables),
    }


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _actions() -> str:
    lines = [MADE, "# Actions", ""]
    lines += [
        "Every API operation that Volano has, by door, with the permission that policies name. ",
        "`public` needs no credential, `signed-in` any valid one.",
        "",
    ]
    titles = {"aws": "AWS", "openai": "OpenAI", "slack": "Slack", "rest": "Volano's REST"}
    titles["caldav"] = "CalDAV"
    for protocol, title in titles.items():
        lines += [
            f"## {title}",
            "",
            "| action | permission | what it does |",
            "| --- | --- | --- |",
        ]
        for found in list_actions(protocol):
            text = (inspect.getdoc(found.handler) or "").partition("\n")[0]
            where = f" `{found.method} {found.path}`" if found.path else ""
            part = f" Partial: {found.partial}" if found.partial else ""
            lines.append(f"| `{found.name}`{where} | `{found.permission}` | {_cell(text + part)} |")
        lines.append("")
    return "\n".join(lines)


def _settings() -> str:
    doc = inspect.getdoc(config.Config) or ""
    kinds = typing.get_type_hints(config.Config)
    lines = [MADE, "# Settings", "", doc, ""]
    lines += [
        "Each is a key of `volano.toml`, an environment variable, and for the common ones an ",
        "option of `volano up`. The command line wins over the environment over the file.",
        "",
        "| key | variable | kind | default |",
        "| --- | --- | --- | --- |",
    ]
    for field in dataclasses.fields(config.Config):
        kind = kinds[field.name]
        name = getattr(kind, "__name__", None) if isinstance(kind, type) else str(kind)
        name = str(name).replace("pathlib.", "").replace("_local.", "")
        lines.append(
            f"| `{field.name}` | `VOLANO_{field.name.upper()}` | {_cell(name)} | "
            f"{_cell(_default(field))} |"
        )
    return "\n".join([*lines, ""])


def _default(field: dataclasses.Field[object]) -> str:
    if field.name == "data_dir":
        return "`~/.local/share/volano`"
    if field.default is not dataclasses.MISSING:
        return f"`{field.default!r}`"
    return "empty"


def _events() -> str:
    lines = [MADE, "# Events", "", "What services publish, and who hears it.", ""]
    lines += ["| event | fields | heard by | what it says |", "| --- | --- | --- | --- |"]
    heard: dict[str, list[str]] = {}
    for subscription in events.subscriptions():
        for kind in subscription.types:
            heard.setdefault(kind.type_name, []).append(subscription.name)
    for name, kind in sorted(events._EVENT_TYPES.items()):
        if not kind.__module__.startswith("volano."):
            continue
        fields = ", ".join(kind.__struct_fields__)
        text = (inspect.getdoc(kind) or "").partition("\n")[0]
        text = "" if text == (inspect.getdoc(events.Event) or "").partition("\n")[0] else text
        lines.append(f"| `{name}` | {fields} | {', '.join(heard.get(name, []))} | {_cell(text)} |")
    return "\n".join([*lines, ""])


def _errors() -> str:
    lines = [MADE, "# Errors", "", "Codes by service, with their usual HTTP status.", ""]
    found: dict[str, set[tuple[str, int]]] = {}
    stack = list(errors.VolanoError.__subclasses__())
    while stack:
        kind = stack.pop()
        stack += kind.__subclasses__()
        if kind.__module__.startswith("volano."):
            area = kind.__module__.split(".")[2 if ".services." in kind.__module__ else 1]
            found.setdefault(area, set()).add((kind.code, kind.status))
    for area in sorted(found):
        lines += [f"## {area}", "", "| code | status |", "| --- | --- |"]
        lines += [f"| `{code}` | {status} |" for code, status in sorted(found[area])]
        lines.append("")
    return "\n".join(lines)


def _coverage(tables: dict[str, list[typing.Any]]) -> str:
    lines = [MADE, "# Coverage", ""]
    lines += [
        "Every operation of the published APIs whose doors Volano opens: botocore's models for ",
        "AWS, the openai and slack_sdk packages for the others. `volano coverage` prints the same.",
        "",
        "| API | built | partial | not built | all |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, rows in tables.items():
        counts = Counter(row.state for row in rows)
        lines.append(
            f"| {name} | {counts['built']} | {counts['partial']} | {counts['not built']} | "
            f"{len(rows)} |"
        )
    for name, rows in tables.items():
        lines += ["", f"## {name}", ""]
        for state in ("built", "partial", "not built"):
            chosen = [row for row in rows if row.state == state]
            if not chosen:
                continue
            if state == "partial":
                lines += [f"- `{row.operation}` partial: {row.note}" for row in chosen]
            else:
                names = ", ".join(f"`{row.operation}`" for row in chosen)
                lines += [f"{state.capitalize()}: {names}.", ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join([*lines, ""]))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    raise SystemExit(main())
