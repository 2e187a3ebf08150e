"""Grammars: what they allow always parses and is valid; what cannot be a grammar is refused.

`make grammar` runs the random cases a hundred times as often as CI (VOLANO_GRAMMAR_CASES).
"""

from __future__ import annotations

import json
import os
import random
import re

import jsonschema
import pytest
from tests.unit.ml.engine.schemas import follow, random_schema

from volano.ml.engine.grammar import Grammars, to_grammar, to_tool_grammar
from volano.ml.engine.protocol import GrammarRef, Tool
from volano.ml.engine.tokenizer import Tokenizer
from volano.ml.engine.tool_calls import HERMES, LLAMA3, MISTRAL, ToolCallParser
from volano.ml.errors import BadRequest

ENDS = (2, 0)
CASES = int(os.environ.get("VOLANO_GRAMMAR_CASES", "1000"))
SEED = int(os.environ.get("VOLANO_GRAMMAR_SEED", "20261122"))
WEATHER = Tool(
    name="weather",
    description="The weather of a city.",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 8}, "days": {"type": "integer"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
CLOCK = Tool(name="clock", parameters={})


@pytest.fixture(scope="module")
def tokenizer(chat_folder) -> Tokenizer:
    return Tokenizer(chat_folder)


@pytest.fixture(scope="module")
def grammars(chat_folder, tokenizer) -> Grammars:
    return Grammars(chat_folder, vocab_size=tokenizer.vocab_size, eos_ids=ENDS)


def test_random_schemas_are_always_followed(grammars, tokenizer):
    refused: list[tuple[object, str]] = []
    for number in range(CASES):
        chance = random.Random(f"{SEED}/{number}")
        schema = random_schema(chance)
        text = to_grammar(GrammarRef(kind="json_schema", text=json.dumps(schema)))
        try:
            state = grammars.state(text, fast_forward=chance.random() < 0.5)
        except BadRequest as error:
            # A schema that nothing can satisfy is refused before anything runs.
            refused.append((schema, error.message))
            continue
        answer = follow(state, tokenizer, ENDS, chance)
        jsonschema.Draft202012Validator(schema).validate(json.loads(answer))
    # A schema that nothing can satisfy is refused before anything runs; few are such.
    assert all("nsatisfiable" in message for _, message in refused), refused[:3]
    assert len(refused) <= CASES // 50


@pytest.mark.parametrize("number", range(50))
def test_regexes_and_choices_are_followed(grammars, tokenizer, number: int):
    chance = random.Random(number)
    pattern = chance.choice([r"[a-z]{2,5}\d?", r"(ja|nein|vielleicht)", r"\d{4}-\d\d-\d\d", "好+"])
    state = grammars.state(to_grammar(GrammarRef(kind="regex", text=pattern)), fast_forward=True)
    assert re.fullmatch(pattern, follow(state, tokenizer, ENDS, chance))
    choices = chance.sample(["yes", "no", 'say "hi"', "new\nline", "好"], 3)
    state = grammars.state(
        to_grammar(GrammarRef(kind="choice", choices=choices)), fast_forward=True
    )
    assert follow(state, tokenizer, ENDS, chance) in choices


def test_a_lark_grammar_is_followed(grammars, tokenizer):
    lark = 'start: sum\nsum: NUMBER ("+" NUMBER)*\nNUMBER: /[1-9][0-9]?/'
    for number in range(20):
        chance = random.Random(number)
        state = grammars.state(to_grammar(GrammarRef(kind="lark", text=lark)), fast_forward=True)
        answer = follow(state, tokenizer, ENDS, chance)
        assert re.fullmatch(r"[1-9]\d?(\+[1-9]\d?)*", answer)


@pytest.mark.parametrize("format", [HERMES, MISTRAL, LLAMA3], ids=lambda each: each.name)
@pytest.mark.parametrize("choice", ["required", "weather", "auto"])
@pytest.mark.parametrize("parallel", [True, False])
def test_tool_calls_of_every_format_are_read_back(grammars, tokenizer, format, choice, parallel):
    ids = {mark: tokenizer.token_id(mark) for mark in format.marks}
    marks = {mark: id for mark, id in ids.items() if id is not None}
    text = to_tool_grammar([WEATHER, CLOCK], format, choice=choice, parallel=parallel, marks=marks)
    counts = set()
    for number in range(30):
        chance = random.Random(number)
        answer = follow(grammars.state(text, fast_forward=True), tokenizer, ENDS, chance)
        parser = ToolCallParser(format)
        plain, pieces = parser.feed(answer, last=True)
        calls: dict[int, list[str]] = {}
        for piece in pieces:
            calls.setdefault(piece.index, ["", ""])
            calls[piece.index][0] += piece.name
            calls[piece.index][1] += piece.arguments
        for name, arguments in calls.values():
            wanted = WEATHER.parameters if name == "weather" else {"type": "object"}
            jsonschema.validate(json.loads(arguments), wanted)
            assert name == "weather" or choice != "weather"
        assert parser.calls == len(calls)
        counts.add(len(calls))
        if choice != "auto":
            assert plain.strip() == ""
    assert choice == "auto" or 0 not in counts
    if choice == "weather" or not parallel:
        assert counts <= {0, 1}


MOOD = json.dumps(
    {
        "type": "object",
        "properties": {"mood": {"enum": ["good", "bad"]}},
        "required": ["mood"],
        "additionalProperties": False,
    }
)


@pytest.mark.parametrize("format", [HERMES, MISTRAL, LLAMA3], ids=lambda each: each.name)
@pytest.mark.parametrize(
    ("shape", "pattern"),
    [
        (GrammarRef(kind="json_schema", text=MOOD), r'\{"mood": "(good|bad)"\}'),
        (GrammarRef(kind="regex", text="(good|bad)!"), "(good|bad)!"),
        (GrammarRef(kind="choice", choices=["good", "bad"]), "good|bad"),
        (GrammarRef(kind="lark", text='start: mood\nmood: "good" | "bad"'), "good|bad"),
    ],
    ids=lambda each: each.kind if isinstance(each, GrammarRef) else "",
)
def test_an_answer_has_its_shape_or_is_a_call(grammars, tokenizer, format, shape, pattern):
    ids = {mark: tokenizer.token_id(mark) for mark in format.marks}
    marks = {mark: id for mark, id in ids.items() if id is not None}
    text = to_tool_grammar(
        [WEATHER], format, choice="auto", parallel=False, marks=marks, answer=shape
    )
    called = set()
    for number in range(60):
        chance = random.Random(number)
        answer = follow(grammars.state(text, fast_forward=True), tokenizer, ENDS, chance)
        parser = ToolCallParser(format)
        plain, _ = parser.feed(answer, last=True)
        called.add(parser.calls)
        assert re.fullmatch(pattern, plain) if not parser.calls else not plain.strip()
    assert called == {0, 1}


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        (GrammarRef(kind="json_schema", text="{"), "not JSON"),
        (GrammarRef(kind="json_schema", text="[]"), "a schema is an object"),
        (GrammarRef(kind="json_schema", text='{"type": "strang"}'), "strang"),
        (GrammarRef(kind="json_schema", text='{"$ref": "#/$defs/none"}'), "not valid"),
        (GrammarRef(kind="regex", text="("), "invalid regex"),
        (GrammarRef(kind="lark", text="start: nothing"), "unknown name"),
        (GrammarRef(kind="choice"), "1 to"),
        (GrammarRef(kind="yaml"), "'yaml' is none of"),
        (GrammarRef(kind="regex", text="a" * 2_000_000), "longer than"),
    ],
)
def test_what_cannot_be_followed_is_refused_before_anything_runs(grammars, ref, message):
    with pytest.raises(BadRequest, match=re.escape(message)) as caught:
        grammars.state(to_grammar(ref), fast_forward=True)
    assert caught.value.code == "invalid_grammar"


def test_an_unknown_tool_is_refused():
    with pytest.raises(BadRequest, match="names 'none of these'"):
        to_tool_grammar([CLOCK], HERMES, choice="none of these", parallel=True, marks={})


def test_a_compiled_grammar_is_kept_and_its_copies_do_not_touch_each_other(grammars):
    text = to_grammar(GrammarRef(kind="choice", choices=["aa", "bb"]))
    first, second = (grammars.state(text, fast_forward=True) for _ in range(2))
    before = second.allowed().copy()
    (token, *_) = [id for id, allowed in enumerate(first.allowed()) if allowed]
    first.accept(token)
    assert (second.allowed() == before).all()
