"""Chunks keep their sizes; filters their logic."""

from __future__ import annotations

import pytest

from volano.kernel.errors import Invalid
from volano.services.studio.logic.chunking import count_tokens, cut_chunks
from volano.services.studio.logic.conditions import holds, parse_condition
from volano.services.studio.model.vector_stores import Chunking


@pytest.mark.parametrize("size", [100, 256, 800])
def test_chunks_keep_their_size_and_repeat_their_overlap(size):
    text = " ".join(f"Sentence number {n} says something about item {n}." for n in range(400))
    chunks = cut_chunks([text], Chunking(size_tokens=size, overlap_tokens=size // 4))
    assert all(count_tokens(chunk) <= size * 1.05 for chunk in chunks)
    assert all(f"item {n}." in " ".join(chunks) for n in range(400))
    assert chunks[1].splitlines()[0] in chunks[0]


def test_a_text_without_ends_is_cut_and_chinese_is_counted_by_characters():
    chunks = cut_chunks(["x" * 20_000, "字" * 1000], Chunking(size_tokens=100, overlap_tokens=0))
    assert "".join(chunks).replace("\n", "") == "x" * 20_000 + "字" * 1000
    assert count_tokens("字" * 50) == 50


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ({"type": "eq", "key": "a", "value": 1}, True),
        ({"type": "eq", "key": "b", "value": 1}, False),  # True is not 1
        ({"type": "ne", "key": "missing", "value": 1}, True),
        ({"type": "lte", "key": "a", "value": 1}, True),
        ({"type": "gt", "key": "text", "value": 0}, False),
        ({"type": "nin", "key": "text", "value": ["x", "y"]}, True),
        ({"type": "and", "filters": []}, True),
        ({"type": "or", "filters": []}, False),
    ],
)
def test_conditions_hold_as_documented(given, held):
    assert holds(parse_condition(given), {"a": 1, "b": True, "text": "z"}) is held


def test_a_condition_too_deep_is_refused():
    given = {"type": "eq", "key": "a", "value": 1}
    for _ in range(10):
        given = {"type": "and", "filters": [given]}
    with pytest.raises(Invalid):
        parse_condition(given)
