"""Lark grammars inside JSON strings: what is followed decodes to a text of the grammar."""

from __future__ import annotations

import json
import random
import re

import pytest
from tests.unit.ml.engine.schemas import follow

from volano.ml.engine.grammar import Grammars, to_tool_grammar
from volano.ml.engine.protocol import Tool
from volano.ml.engine.quoted_lark import quote_lark
from volano.ml.engine.tokenizer import Tokenizer
from volano.ml.engine.tool_calls import HERMES, ToolCallParser
from volano.ml.errors import BadRequest

ENDS = (2, 0)
SUMS = 'start: sum\nsum: NUM ("+" NUM){0,3}\nNUM: /[0-9]{1,3}/\n%ignore / {1,2}/'
LINES = "start: LINE{1,2}\n%import common.LF\nLINE: /[a-z\"]{1,4}/ LF // a comment with 'x\"'\n"
STRINGS = 'start: "\\"" CH{0,6} "\\""\nCH: /[^"\\\\]/ | "\\\\" /["\\\\n]/'


@pytest.fixture(scope="module")
def tokenizer(tiny_folder) -> Tokenizer:
    return Tokenizer(tiny_folder)


@pytest.fixture(scope="module")
def grammars(tiny_folder, tokenizer) -> Grammars:
    return Grammars(tiny_folder, vocab_size=tokenizer.vocab_size, eos_ids=ENDS)


def text_of(answer: str) -> str:
    """The text of the call in an answer."""
    _, pieces = ToolCallParser(HERMES).feed(answer, last=True)
    return str(json.loads("".join(piece.arguments for piece in pieces))["input"])


def answers(grammars: Grammars, tokenizer: Tokenizer, lark: str, count: int = 12) -> set[str]:
    tool = Tool(name="write", input_grammar=lark)
    text = to_tool_grammar([tool], HERMES, choice="required", parallel=False, marks={})
    found = set()
    for number in range(count):
        state = grammars.state(text, fast_forward=number % 2 == 0)
        found.add(text_of(follow(state, tokenizer, ENDS, random.Random(number))))
    return found


@pytest.mark.parametrize(
    ("lark", "pattern"),
    [
        (SUMS, r" *\d{1,3}( *\+ *\d{1,3}){0,3} *"),
        (LINES, r'([a-z"]{1,4}\n){1,2}'),
        (STRINGS, r'"([^"\\]|\\["\\n]){0,6}"'),
        ('start: "select"i ("a".."c")~2..3', r"(?i:select)[a-c]{2,3}"),
        ('start: "\\x41\\t"', "A\t"),
    ],
)
def test_a_grammar_holds_for_the_text_that_the_call_carries(grammars, tokenizer, lark, pattern):
    for text in answers(grammars, tokenizer, lark):
        assert re.fullmatch(pattern, text), text


@pytest.mark.parametrize(
    "pattern",
    [
        r"a\nb",
        r'[\n\t "]{1,4}',
        r"(?s:.){1,9}",
        r".{1,9}",
        r"\s\S\\",
        r"[^a]{3}",
        r"\W{1,3}",
        r"\x22\x0a",
        r"a|b\/",
        r"[!-~]{1,6}",
        r'[\\"]{3}',
        r"[]a-]{2}",
        r"[\x00-\x1f]{3}",
        r"(?:(?i)ab\n)c",
        r"好{2}[^\n]",
    ],
)
def test_an_expression_holds_for_the_text_that_the_call_carries(grammars, tokenizer, pattern):
    wanted = re.compile(pattern.replace("(?:(?i)ab", "(?:(?i:ab)"))
    for text in answers(grammars, tokenizer, f"start: /{pattern}/"):
        assert wanted.fullmatch(text), text


def test_what_an_expression_allows_can_be_written(grammars, tokenizer):
    assert answers(grammars, tokenizer, 'start: /["\\\\\\n]/', 40) == {'"', "\\", "\n"}


@pytest.mark.parametrize(
    "lark",
    [
        'start: %json {"type": "object"}',
        'start: %lark { start: "a" }',
        "start: <|im_end|>",
        "start: @other",
        'start: ~"a"',
        'start: "a" }',
        "start: /(?x) a/",
        "start: /[a&&b]/",
        r"start: /\p{Greek}/",
        "%import python.NAME",
        "start: /[a/",
    ],
)
def test_what_is_no_plain_text_is_refused(lark):
    with pytest.raises(ValueError, match=r"possible|brace|nothing is known|no end"):
        quote_lark(lark)
    with pytest.raises(BadRequest, match="of the tool write"):
        to_tool_grammar(
            [Tool(name="write", input_grammar=lark)],
            HERMES,
            choice="required",
            parallel=False,
            marks={},
        )
