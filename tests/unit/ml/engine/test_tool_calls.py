"""Tool calls are found however the text is cut into pieces."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volano.ml.engine.tool_calls import (
    HERMES,
    LLAMA3,
    MISTRAL,
    ToolCallParser,
    ToolFormat,
    find_tool_format,
)

Calls = list[tuple[str, str]]


def read(format: ToolFormat, text: str, cuts: list[int]) -> tuple[str, Calls]:
    """The plain text and the calls of a text cut at the given places."""
    parser = ToolCallParser(format)
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    plain = ""
    calls: dict[int, tuple[str, str]] = {}
    for start, end in [*itertools.pairwise(places), (len(text), len(text))]:
        new, pieces = parser.feed(text[start:end], last=start == len(text) or not text)
        plain += new
        for piece in pieces:
            name, arguments = calls.get(piece.index, ("", ""))
            calls[piece.index] = (name + piece.name, arguments + piece.arguments)
    return plain, [calls[index] for index in sorted(calls)]


CASES = [
    (HERMES, "plain text\nwith < and <tool", "plain text\nwith < and <tool", []),
    (
        HERMES,
        'Let me see.\n<tool_call>\n{"name": "f", "arguments": {"a": [1, "}"]}}\n</tool_call>',
        "Let me see.",
        [("f", '{"a": [1, "}"]}')],
    ),
    (
        HERMES,
        '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>\n'
        '<tool_call>\n{"arguments": {"x": "\\""}, "name": "g"}\n</tool_call>',
        "",
        [("f", "{}"), ("g", '{"x": "\\""}')],
    ),
    (
        MISTRAL,
        'Hm.[TOOL_CALLS][{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": {}}]',
        "Hm.",
        [("f", '{"a": 1}'), ("g", "{}")],
    ),
    (LLAMA3, '{"name": "f", "parameters": {"a": "b"}}', "", [("f", '{"a": "b"}')]),
    (
        LLAMA3,
        '<|python_tag|>{"name": "f", "parameters": {}}; {"name": "g", "parameters": {"n": 2}}',
        "",
        [("f", "{}"), ("g", '{"n": 2}')],
    ),
    (LLAMA3, 'Text with {"name": "f"} in it', 'Text with {"name": "f"} in it', []),
]


@pytest.mark.parametrize(("format", "text", "plain", "calls"), CASES)
@given(cuts=st.lists(st.integers(0, 200), max_size=12))
def test_calls_are_the_same_however_they_are_cut(format, text, plain, calls, cuts):
    assert read(format, text, cuts) == (plain, calls)


@pytest.mark.parametrize(("format", "text", "plain", "calls"), CASES)
def test_calls_are_found_character_by_character(format, text, plain, calls):
    assert read(format, text, list(range(len(text)))) == (plain, calls)


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_any_arguments_come_out_as_they_were_written(value):
    body = json.dumps({"name": "f", "arguments": {"v": value}}, ensure_ascii=False)
    plain, ((name, arguments),) = read(
        HERMES, f"<tool_call>\n{body}\n</tool_call>", list(range(0, 300, 3))
    )
    assert (plain, name, json.loads(arguments)) == ("", "f", {"v": value})


def test_what_looks_like_a_call_and_is_none_is_text():
    text = "<tool_call>\nno object</tool_call> after"
    plain, calls = read(HERMES, text, [])
    assert calls == []
    assert "no object" in plain
    assert plain.startswith("<tool_call>")


def test_the_format_follows_from_the_template():
    assert find_tool_format("... <tool_call> ...") is HERMES
    assert find_tool_format("[TOOL_CALLS]") is MISTRAL
    assert find_tool_format("<|python_tag|>") is LLAMA3
    assert find_tool_format("{{ messages }}") is None
