"""Custom tools: the model writes them a plain text instead of JSON arguments.

Models know functions, so a custom tool is shown to them as a function of one text, `input`; what
they write is taken out of its JSON again, piece by piece in a stream. A regular expression for
the text is the argument's pattern; a Lark grammar goes to the engine, and the model is shown it.
Chat and responses use this: they write the same tool in two ways.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from volano.services.models.logic.parameters import invalid, require_fields, tool_of, unsupported

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from volano.kernel.inference import Tool, ToolCallDelta

_FIELDS = frozenset(("type", "name", "description", "format", "defer_loading", "allowed_callers"))
_BEGIN = re.compile(r'\s*\{\s*"input"\s*:\s*"')
# Whole characters of a JSON text: an escape that is cut, or half of a surrogate pair, waits.
_CHARACTERS = re.compile(
    r'(?:[^"\\]|\\[^u]|\\u[dD][89abAB]..\\u.{4}|\\u(?![dD][89abAB])[0-9a-fA-F]{4})*', re.DOTALL
)


def custom_tool(where: str, given: Mapping[str, object]) -> Tool:
    """A custom tool as a function; raises Invalid with the place of what is wrong."""
    require_fields(where, given, _FIELDS)
    for name in ("defer_loading", "allowed_callers"):
        if given.get(name) not in (None, False, ["direct"]):
            raise unsupported(f"{where}.{name}", "tools are always shown and called directly")
    text: dict[str, object] = {"type": "string"}
    syntax, definition = _grammar(f"{where}.format", given.get("format"))
    if syntax == "regex":
        text["pattern"] = f"^(?:{definition})$"
    elif syntax == "lark":
        text["description"] = f"A text of this Lark grammar:\n{definition}"
    schema = {
        "type": "object",
        "properties": {"input": text},
        "required": ["input"],
        "additionalProperties": False,
    }
    tool = tool_of(where, given.get("name"), given.get("description"), schema, strict=True)
    return replace(tool, input_grammar=definition) if syntax == "lark" else tool


def _grammar(where: str, format: object) -> tuple[str, str]:
    """The syntax and the definition of a format's grammar; both are '' for any text."""
    if format is None:
        return "", ""
    if not isinstance(format, dict) or format.get("type") not in ("text", "grammar"):
        raise invalid(f"{where}.type", "it is `text` or `grammar`")
    if format["type"] == "text":
        require_fields(where, format, ("type",))
        return "", ""
    # Chat nests the grammar, responses do not.
    grammar = format.get("grammar") or format
    require_fields(where, format, ("type", "grammar", "syntax", "definition"))
    definition = grammar.get("definition") if isinstance(grammar, dict) else None
    if not isinstance(grammar, dict) or not isinstance(definition, str) or not definition:
        raise invalid(where, "a grammar has `syntax` and `definition`")
    require_fields(where, grammar, ("type", "syntax", "definition"))
    syntax = grammar.get("syntax")
    if syntax not in ("lark", "regex"):
        raise invalid(f"{where}.syntax", "it is `lark` or `regex`")
    return str(syntax), definition


def arguments_of(text: str) -> str:
    """The arguments of the function that a custom call is to the model."""
    return json.dumps({"input": text}, ensure_ascii=False)


class InputReader:
    """The text of one custom call, read out of its arguments as they stream."""

    def __init__(self) -> None:
        self._held = ""
        self._begun = False

    def feed(self, arguments: str) -> str:
        """What a further piece of the arguments adds to the text."""
        self._held += arguments
        if not self._begun:
            begin = _BEGIN.match(self._held)
            if begin is None:
                return ""
            self._begun = True
            self._held = self._held[begin.end() :]
        whole = _CHARACTERS.match(self._held)
        assert whole is not None  # nothing matches too
        self._held = self._held[whole.end() :]
        return str(json.loads(f'"{whole[0]}"', strict=False))


class CustomCalls:
    """Tells custom calls from functions in the deltas of one answer."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self._readers: dict[tuple[int, int], InputReader] = {}

    def text_of(self, choice: int, piece: ToolCallDelta) -> str | None:
        """What a piece adds to its custom call's text; None for a piece of a function's call."""
        key = choice, piece.index
        if piece.name and piece.name in self._names:
            self._readers[key] = InputReader()
        reader = self._readers.get(key)
        return None if reader is None else reader.feed(piece.arguments)
