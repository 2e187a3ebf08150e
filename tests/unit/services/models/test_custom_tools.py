"""Custom tools: a function of one text to the model, a plain text to the client."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volano.kernel.errors import Invalid
from volano.kernel.inference import ToolCallDelta
from volano.services.models.logic.custom_tools import (
    CustomCalls,
    InputReader,
    arguments_of,
    custom_tool,
)


# JSON that is read from bytes holds no half of a surrogate pair.
@given(text=st.text(st.characters(exclude_categories=("Cs",))), ascii=st.booleans())
def test_a_text_comes_out_as_it_went_in_however_it_is_cut(text, ascii):
    arguments = json.dumps({"input": text}, ensure_ascii=ascii)
    reader = InputReader()
    assert "".join(reader.feed(character) for character in arguments) == text
    assert InputReader().feed(arguments_of(text)) == text


def test_functions_beside_custom_tools_keep_their_arguments():
    calls = CustomCalls({"code"})
    begun = ToolCallDelta(index=0, name="code", arguments='{"input": "a')
    assert calls.text_of(0, begun) == "a"
    assert calls.text_of(0, ToolCallDelta(index=1, name="look", arguments="{}")) is None
    assert calls.text_of(0, ToolCallDelta(index=0, arguments='b"}')) == "b"


@pytest.mark.parametrize("nested", [True, False])
def test_a_regular_expression_holds_for_the_whole_text(nested):
    grammar = {"syntax": "regex", "definition": "a|b"}
    format = {"type": "grammar"} | ({"grammar": grammar} if nested else grammar)
    tool = custom_tool("tools[0]", {"type": "custom", "name": "pick", "format": format})
    assert tool.parameters["properties"] == {"input": {"type": "string", "pattern": "^(?:a|b)$"}}
    assert tool.strict


def test_a_lark_grammar_goes_to_the_engine_and_is_shown_to_the_model():
    grammar = {"syntax": "lark", "definition": 'start: "a"'}
    tool = custom_tool("tools[0]", {"name": "pick", "format": {"type": "grammar"} | grammar})
    assert tool.input_grammar == grammar["definition"]
    assert grammar["definition"] in tool.parameters["properties"]["input"]["description"]


@pytest.mark.parametrize(
    ("format", "param"),
    [
        ({"type": "xml"}, "tools[0].format.type"),
        ({"type": "grammar", "syntax": "ebnf", "definition": "start:"}, "tools[0].format.syntax"),
        ({"type": "grammar", "syntax": "lark", "definition": ""}, "tools[0].format"),
        ({"type": "grammar"}, "tools[0].format"),
        ({"type": "text", "more": 1}, "tools[0].format.more"),
    ],
)
def test_what_is_not_offered_is_refused_by_its_place(format, param):
    with pytest.raises(Invalid) as refused:
        custom_tool("tools[0]", {"name": "pick", "format": format})
    assert refused.value.fields["param"] == param
