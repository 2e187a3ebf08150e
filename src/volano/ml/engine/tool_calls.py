"""Tool calls in a model's text: how each family writes them, found while the text streams.

Families differ in what stands around the call and in the names of its two fields; inside it is one
JSON object. Qwen and Hermes: `<tool_call>`, a line with the object, `</tool_call>`. Mistral:
`[TOOL_CALLS]` and a list of objects. Llama 3: the bare object, with `parameters`, maybe after
`<|python_tag|>`. Text that may begin a call is held back until it is decided; what looks like a
call and is none becomes text.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

# A call longer than this is taken for text.
CALL_CHARS_MAX = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFormat:
    """`begin` and `end` stand around each call, or around the list of them when `is_list`.

    Without `begin` an answer that starts with a brace is a call. `arguments` is the second field's
    name; `marks` are special tokens that must be visible in the text; `separator` stands between
    two calls.
    """

    name: str
    begin: str
    end: str
    arguments: str
    separator: str
    is_list: bool = False
    marks: tuple[str, ...] = ()


HERMES = ToolFormat(
    name="hermes",
    begin="<tool_call>\n",
    end="\n</tool_call>",
    arguments="arguments",
    separator="\n",
    marks=("<tool_call>", "</tool_call>"),
)
MISTRAL = ToolFormat(
    name="mistral",
    begin="[TOOL_CALLS]",
    end="",
    arguments="arguments",
    separator=", ",
    is_list=True,
    marks=("[TOOL_CALLS]",),
)
LLAMA3 = ToolFormat(
    name="llama3",
    begin="",
    end="",
    arguments="parameters",
    separator="; ",
    marks=("<|python_tag|>",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallPiece:
    """A piece of call number `index`; its first piece has the name, the others more arguments."""

    index: int
    name: str = ""
    arguments: str = ""


def find_tool_format(template: str) -> ToolFormat | None:
    """The format that a chat template teaches its model; None when it knows no tools."""
    if "<tool_call>" in template:
        return HERMES
    if "[TOOL_CALLS]" in template:
        return MISTRAL
    if "<|python_tag|>" in template or ("ipython" in template and "parameters" in template):
        return LLAMA3
    return None


class ToolCallParser:
    """Splits streamed text into plain text and pieces of tool calls."""

    def __init__(self, format: ToolFormat) -> None:
        self._format = format
        self._trigger = format.begin.rstrip("\n")
        self._held = ""
        self._call: _Call | None = None
        self._in_calls = False  # between two calls of a format without words around each
        self._said_text = False
        self.calls = 0

    def feed(self, text: str, *, last: bool) -> tuple[str, tuple[ToolCallPiece, ...]]:
        """The plain text and the pieces of calls that are certain now; `last` ends the text."""
        self._held += text
        out: list[str] = []
        pieces: list[ToolCallPiece] = []
        while self._step(out, pieces, last=last):
            pass
        if last and self._call is None:
            out.append("" if self._in_calls else self._held)
            self._held = ""
        plain = "".join(out)
        self._said_text = self._said_text or bool(plain.strip())
        return plain, tuple(pieces)

    def _step(self, out: list[str], pieces: list[ToolCallPiece], *, last: bool) -> bool:
        """Consume some of the held text; False when more is needed."""
        if self._call is not None:
            return self._read_call(out, pieces, last=last)
        return self._open_call() if self._in_calls else self._find_call(out)

    def _read_call(self, out: list[str], pieces: list[ToolCallPiece], *, last: bool) -> bool:
        call = self._call
        assert call is not None
        used = call.read(self._held)
        self._held = self._held[used:]
        piece = call.take()
        if piece is not None:
            pieces.append(piece)
        if call.state == "failed" or (last and call.state != "done" and not call.named):
            out.append(self._trigger + call.text)
            self._call, self._in_calls = None, False
            return bool(self._held)
        if call.state == "done":
            self.calls += 1
            self._call, self._in_calls = None, True
            return bool(self._held)
        return False

    def _open_call(self) -> bool:
        """After a call: skip to the next one, or back to text."""
        rest = self._held.lstrip("\n ,;]")
        ending = self._format.end.strip()
        if ending and rest.startswith(ending):
            self._held = rest[len(ending) :]
            self._in_calls = False
            return True
        if rest.startswith("{") and not ending:
            self._held = rest
            self._call = _Call(self._format, self.calls)
            return True
        if not rest or (ending and ending.startswith(rest)):
            return False
        self._held, self._in_calls = rest, False
        return bool(rest)

    def _find_call(self, out: list[str]) -> bool:
        if not self._trigger:
            return self._find_bare_call(out)
        at = self._held.find(self._trigger)
        if at >= 0:
            plain = self._held[:at]
            # The line breaks before a call belong to it.
            out.append(plain.rstrip("\n"))
            self._held = self._held[at + len(self._trigger) :]
            self._call = _Call(self._format, self.calls)
            return True
        keep = _held_back(self._held, self._trigger)
        out.append(self._held[: len(self._held) - keep])
        self._held = self._held[len(self._held) - keep :]
        return False

    def _find_bare_call(self, out: list[str]) -> bool:
        start = self._held.lstrip()
        for mark in self._format.marks:
            if not start or (mark.startswith(start) and mark != start):
                return False
            start = start.removeprefix(mark).lstrip()
        if not start:
            return False
        if start.startswith("{") and not self._said_text:
            self._held = start
            self._call = _Call(self._format, self.calls)
            return True
        out.append(self._held)
        self._said_text = True
        self._held = ""
        return False


class _Call:
    """One call's JSON object, read as it streams."""

    def __init__(self, format: ToolFormat, index: int) -> None:
        self._format = format
        self._index = index
        self._head = re.compile(
            r'\s*\[?\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"'
            + format.arguments
            + r'"\s*:\s*'
        )
        self.text = ""
        self.named = False
        self.state = "head"
        self._depth = 0
        self._quoted = False
        self._escaped = False
        self._new_arguments = ""
        self._name = ""

    def read(self, text: str) -> int:
        """Consume text; how much of it was part of this call."""
        if self.state != "head":
            return self._read_arguments(text, 0)
        self.text += text
        found = self._head.match(self.text)
        if found is None:
            return self._read_other(len(text))
        if found.end() == len(self.text):
            return len(text)  # the arguments' first character decides what they are
        self._name = str(json.loads(found[1]))
        self.named = True
        self.state = "arguments"
        before = len(self.text) - len(text)
        # What followed the head belongs to the arguments and is counted there.
        start = max(found.end() - before, 0)
        self.text = self.text[: found.end()]
        return self._read_arguments(text, start)

    def take(self) -> ToolCallPiece | None:
        """What is new of the call."""
        if not (self._name or self._new_arguments):
            return None
        piece = ToolCallPiece(index=self._index, name=self._name, arguments=self._new_arguments)
        self._name = self._new_arguments = ""
        return piece

    def _read_arguments(self, text: str, start: int) -> int:
        for at in range(start, len(text)):
            char = text[at]
            self.text += char
            if self.state == "tail":
                if char == "}":
                    self.state = "done"
                    return at + 1
                continue
            self._new_arguments += char
            self._track(char)
            if not self._depth and not self._quoted:
                if char in '}]"':
                    self.state = "tail"
                elif char in ",\n":
                    self.state = "failed"
                    return at + 1
        return len(text)

    def _track(self, char: str) -> None:
        if self._quoted:
            if self._escaped:
                self._escaped = False
            elif char == "\\":
                self._escaped = True
            elif char == '"':
                self._quoted = False
        elif char == '"':
            self._quoted = True
        elif char in "{[":
            self._depth += 1
        elif char in "}]":
            self._depth -= 1

    def _read_other(self, used: int) -> int:
        """The head is not whole, or the object is written in another order: read it whole."""
        start = self.text.lstrip("\n [")
        if start and not start.startswith("{"):
            self.state = "failed"
            return used
        try:
            value, end = json.JSONDecoder().raw_decode(start)
        except ValueError:
            if len(self.text) > CALL_CHARS_MAX:
                self.state = "failed"
            return used
        name = value.get("name")
        arguments = value.get(self._format.arguments, value.get("arguments", {}))
        if not isinstance(name, str):
            self.state = "failed"
            return used
        self._name, self.named = name, True
        self._new_arguments = json.dumps(arguments, ensure_ascii=False)
        self.state = "done"
        return used - (len(start) - end)


def _held_back(text: str, trigger: str) -> int:
    """How many characters at the end, line breaks before them included, may begin the trigger."""
    for length in range(min(len(trigger) - 1, len(text)), 0, -1):
        if trigger.startswith(text[-length:]):
            rest = text[: len(text) - length]
            return length + len(rest) - len(rest.rstrip("\n"))
    return len(text) - len(text.rstrip("\n"))
