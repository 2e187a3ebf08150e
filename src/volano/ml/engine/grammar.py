"""Grammars: which tokens may come next so that the answer has the form that was asked for.

llguidance does the parsing. A grammar is compiled and checked before its request is queued, kept by
its hash and copied for each sequence. While one text only can follow, its tokens are taken without
asking the model (fast-forward).
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from llguidance import LLMatcher, LLTokenizer, regex_to_lark

from volano.ml.engine.quoted_lark import quote_lark
from volano.ml.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from volano.ml.engine.protocol import GrammarRef, Tool
    from volano.ml.engine.tool_calls import ToolFormat

COMPILED_MAX = 256
GRAMMAR_CHARS_MAX = 1_000_000
CHOICES_MAX = 10_000
# As models write JSON themselves; free white space would let one write it without end.
_JSON_OPTIONS = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


class GrammarState:
    """Where one sequence is in its grammar."""

    def __init__(self, matcher: LLMatcher, vocab_size: int, *, fast_forward: bool) -> None:
        self._matcher = matcher
        self._vocab_size = vocab_size
        self._fast_forward = fast_forward
        self._allowed: npt.NDArray[np.bool_] | None = None

    @property
    def is_stopped(self) -> bool:
        """Whether nothing may follow but the end."""
        return bool(self._matcher.is_stopped())

    def prepare(self) -> None:
        """Find the allowed tokens ahead of `allowed`; may run on another thread meanwhile."""
        if self._allowed is None:
            bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
            unpacked = np.unpackbits(bits, count=self._vocab_size, bitorder="little")
            self._allowed = unpacked.view(np.bool_)

    def allowed(self) -> npt.NDArray[np.bool_]:
        """Which tokens may come next, (vocab,); raises BadRequest when the parser gave up."""
        self.prepare()
        self._require_no_error()
        assert self._allowed is not None
        return self._allowed

    def accept(self, token_id: int) -> list[int]:
        """Take an allowed token; the tokens that must follow it, taken as well."""
        self._allowed = None
        self._matcher.consume_token(token_id)
        self._require_no_error()
        if not self._fast_forward or self._matcher.is_stopped():
            return []
        forced = list(self._matcher.compute_ff_tokens())
        if forced:
            self._matcher.consume_tokens(forced)
            self._require_no_error()
        return forced

    def _require_no_error(self) -> None:
        if self._matcher.is_error():
            raise BadRequest(
                f"The grammar cannot be followed: {_first_line(self._matcher.get_error())}",
                code="invalid_grammar",
            )


class Grammars:
    """The grammars of one model, compiled; may be used from any thread."""

    def __init__(self, folder: Path, *, vocab_size: int, eos_ids: Sequence[int]) -> None:
        """Reads the folder's tokenizer when the first grammar is compiled."""
        self._path = folder / "tokenizer.json"
        self._vocab_size = vocab_size
        self._eos_ids = list(eos_ids)
        self._lock = threading.Lock()
        self._tokenizer: LLTokenizer | None = None
        self._compiled: OrderedDict[bytes, LLMatcher] = OrderedDict()

    def state(self, grammar: str, *, fast_forward: bool) -> GrammarState:
        """A state at the beginning of a grammar in llguidance's form; raises BadRequest."""
        if len(grammar) > GRAMMAR_CHARS_MAX:
            raise _invalid(f"it is longer than {GRAMMAR_CHARS_MAX} characters")
        digest = blake2b(grammar.encode(), digest_size=16).digest()
        with self._lock:
            matcher = self._compiled.pop(digest, None)
            if matcher is None:
                matcher = LLMatcher(self._load_tokenizer(), grammar, log_level=0)
                if matcher.is_error():
                    raise _invalid(_first_line(matcher.get_error()))
            self._compiled[digest] = matcher
            if len(self._compiled) > COMPILED_MAX:
                self._compiled.popitem(last=False)
            copy = matcher.deep_copy()
        return GrammarState(copy, self._vocab_size, fast_forward=fast_forward)

    def _load_tokenizer(self) -> LLTokenizer:
        if self._tokenizer is None:
            self._tokenizer = LLTokenizer(
                self._path.read_text(encoding="utf-8"),
                n_vocab=self._vocab_size,
                eos_token=self._eos_ids or None,
            )
        return self._tokenizer


def to_grammar(ref: GrammarRef) -> str:
    """The grammar of an answer in llguidance's form; raises BadRequest for an unknown kind."""
    match ref.kind:
        case "json_schema":
            return _json_grammar(ref.text)
        case "json_object":
            return _json_grammar('{"type": "object"}')
        case "regex":
            # Digits are 0 to 9, as in JSON schema: no program that reads the answer knows others.
            return f"start: /{regex_to_lark(ref.text, use_ascii='d')}/"
        case "lark":
            return ref.text
        case "choice":
            if not 0 < len(ref.choices) <= CHOICES_MAX or not all(ref.choices):
                raise _invalid(f"a choice is among 1 to {CHOICES_MAX} texts, none of them empty")
            return "start: " + " | ".join(json.dumps(choice) for choice in ref.choices)
        case kind:
            raise _invalid(f"{kind!r} is none of json_schema, json_object, regex, lark and choice")


def to_tool_grammar(
    tools: Sequence[Tool],
    format: ToolFormat,
    *,
    choice: str,
    parallel: bool,
    marks: dict[str, int],
    answer: GrammarRef | None = None,
) -> str:
    """The grammar of an answer that may (`auto`) or must call tools.

    `choice` is auto, required or a tool's name; `marks` are the format's marks that are one token.
    What is no call has the form of `answer`, where it has one.
    Raises BadRequest for a tool that is not there or whose schema is not one.
    """
    wanted = [tool for tool in tools if choice in ("auto", "required", tool.name)]
    if not wanted:
        raise BadRequest(f"tool_choice names {choice!r}; no tool has that name.", code="bad_tool")
    bodies = [_tool_rule(tool, format) for tool in wanted]
    lines = [f"body: {' | '.join(f'tool_{i}' for i in range(len(bodies)))}"]
    lines += [f"tool_{i}: {body}" for i, body in enumerate(bodies)]
    between = json.dumps(format.separator)
    begin, end = _marked(format.begin, marks), _marked(format.end, marks)
    many = parallel and choice in ("auto", "required")
    if format.is_list:
        lines.append(f'calls: {begin} "[" body{f" ({between} body)*" if many else ""} "]" {end}')
    else:
        lines.append(f"call: {begin} body {end}")
        lines.append(f"calls: call{f' ({between} call)*' if many else ''}")
    if choice != "auto":
        return "\n".join(["start: calls", *lines])
    if answer is not None:
        return "\n".join(["start: answer | calls", f"answer: {_nested(answer)}", *lines])
    return "\n".join([*_auto_lines(format, marks), *lines])


def _nested(ref: GrammarRef) -> str:
    """A grammar as a part of another."""
    if ref.kind != "lark":
        return to_grammar(ref).removeprefix("start: ")
    try:
        return f"%lark {{\n{quote_lark(ref.text)}\n}}"
    except ValueError as error:
        raise _invalid(str(error)) from error


def _auto_lines(format: ToolFormat, marks: dict[str, int]) -> list[str]:
    trigger = format.begin.strip()
    if not trigger:
        # Without a word before it a call is told by its brace, so plain text begins otherwise.
        return ["start: calls | OTHER", "OTHER: /([^{ \\n\\t](.|\\n)*)?/"]
    if trigger in marks:
        return ["start: TEXT | TEXT calls", "TEXT: /(.|\\n)*/"]
    rest = json.dumps(format.begin[len(trigger) :]) if format.begin != trigger else ""
    return [
        f"start: TEXT | opened {rest} body {_marked(format.end, marks)}",
        f"opened[lazy]: /(.|\\n)*/ {json.dumps(trigger)}",
        "TEXT: /(.|\\n)*/",
    ]


def _tool_rule(tool: Tool, format: ToolFormat) -> str:
    head = f'{{"name": {json.dumps(tool.name)}, "{format.arguments}": '
    if tool.input_grammar:
        try:
            text = quote_lark(tool.input_grammar)
        except ValueError as error:
            raise _invalid(f"that of the tool {tool.name}: {error}") from error
        begin, end = json.dumps(head + '{"input": "'), json.dumps('"}}')
        return f"{begin} %lark {{\n{text}\n}} {end}"
    schema = tool.parameters or {"type": "object", "properties": {}}
    # Words as JSON has them: a longer one would shadow what an answer's shape may begin with.
    words = ("{", '"name"', ": ", json.dumps(tool.name), ", ", f'"{format.arguments}"', ": ")
    opening = " ".join(map(json.dumps, words))
    return f'{opening} %json {json.dumps(_with_options(schema))} "}}"'


def _marked(text: str, marks: dict[str, int]) -> str:
    """A text as a Lark expression, with marks that are one token named by their id."""
    for mark, token_id in marks.items():
        if mark in text:
            before, after = text.split(mark, 1)
            parts = [json.dumps(before) if before else "", f"<[{token_id}]>"]
            return " ".join([*parts, json.dumps(after) if after else ""])
    return json.dumps(text) if text else ""


def _json_grammar(text: str) -> str:
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise _invalid(f"the schema is not JSON: {error}") from error
    if schema is True:
        schema = {}
    if not isinstance(schema, dict):
        raise _invalid("a schema is an object")
    return f"start: %json {json.dumps(_with_options(schema))}"


def _with_options(schema: dict[str, object]) -> dict[str, object]:
    # A schema's own options would change how it is read: they are ours to set.
    return {**schema, "x-guidance": _JSON_OPTIONS}


def _first_line(error: str) -> str:
    return error.strip().split("\n", 1)[0]


def _invalid(why: str) -> BadRequest:
    return BadRequest(f"The grammar is not valid: {why}.", code="invalid_grammar")
