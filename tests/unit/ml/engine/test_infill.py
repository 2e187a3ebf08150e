"""Filling in the middle: every family's marks are found, and the prompt is made of them."""

from __future__ import annotations

import json

import pytest

from volano.ml.engine.infill import Infill, find_infill
from volano.ml.engine.prepare import prepare
from volano.ml.engine.protocol import Generate, ModelRef
from volano.ml.engine.tokenizer import Tokenizer
from volano.ml.errors import BadRequest

MODEL = ModelRef(name="m", source="m", task="generate")


@pytest.mark.parametrize(
    ("marks", "order"),
    [
        (["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>"], [0, 7, 1, 8, 2]),
        (["<fim_prefix>", "<fim_suffix>", "<fim_middle>"], [0, 7, 1, 8, 2]),
        (["▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>"], [0, 7, 1, 8, 2]),
        (["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"], [0, 7, 1, 8, 2]),
        (["[PREFIX]", "[SUFFIX]"], [1, 8, 0, 7]),
    ],
)
def test_the_marks_of_a_family_stand_where_it_learned_them(tiny_folder, tmp_path, marks, order):
    """In `order` marks stand by their number, 7 for the text in front and 8 for the one behind."""
    words = json.loads((tiny_folder / "tokenizer.json").read_text())
    first = max(token["id"] for token in words["added_tokens"]) + 10_000
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    words["added_tokens"] += [
        {"id": first + at, "content": mark, "special": True, **flags}
        for at, mark in enumerate(marks)
    ]
    (tmp_path / "tokenizer.json").write_text(json.dumps(words))
    tokenizer = Tokenizer(tmp_path)
    infill = find_infill(tokenizer)
    ids = {at: tokenizer.token_id(mark) for at, mark in enumerate(marks)} | {7: 7, 8: 8}
    assert infill.prompt([7], [8]) == [ids[at] for at in order]
    assert {tokenizer.token_id(mark) for mark in marks} <= infill.ends


def test_a_suffix_goes_behind_its_mark_and_another_mark_ends_the_answer(make_generator):
    generator = make_generator()
    generator.infill = Infill(10, 11, 12, frozenset((10, 11, 12)))
    encode = generator.tokenizer.encode
    wanted = Generate(id="a", model=MODEL, prompt="def f(", suffix=" return x", stop_ids=[5])
    [sequence] = prepare(generator, wanted)
    before, after = (encode(text, add_special=False) for text in ("def f(", " return x"))
    assert sequence.tokens == [10, *before, 11, *after, 12]
    assert sequence.stop_ids == {5, 10, 11, 12}


def test_a_model_without_marks_refuses_a_suffix(make_generator):
    with pytest.raises(BadRequest, match="does not fill in the middle") as refused:
        prepare(make_generator(), Generate(id="a", model=MODEL, prompt="a", suffix="b"))
    assert (refused.value.code, refused.value.param) == ("unsupported_parameter", "suffix")
