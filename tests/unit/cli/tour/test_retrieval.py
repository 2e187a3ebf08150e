"""Sentences of Markdown pages, and which of them answers a question."""

from __future__ import annotations

from volano.cli.tour.retrieval import Sentence, best_answer, split_sentences

PAGE = """# Shipping

Parcels leave on Monday. They cost €5.90
within Italy. Is that much? No!

- Free from €89.
- Islands: one day more.

| a | table |
> a quote
"""
COLD = Sentence(text="The shop is closed in August.", file="a.md", line=1)
WARM = Sentence(text="Gift cards last three years.", file="b.md", line=7)


def test_sentences_join_wrapped_lines_and_skip_headings_tables_and_quotes():
    assert [sentence.text for sentence in split_sentences(PAGE, "p.md")] == [
        "Parcels leave on Monday.",
        "They cost €5.90 within Italy.",
        "Is that much?",
        "No!",
        "Free from €89.",
        "Islands: one day more.",
    ]


def test_sentences_know_the_line_where_their_paragraph_starts():
    lines = {sentence.text: sentence.line for sentence in split_sentences(PAGE, "p.md")}
    assert lines["They cost €5.90 within Italy."] == 3
    assert lines["Islands: one day more."] == 7


def test_the_nearest_sentence_answers():
    answer = best_answer("q", [1.0, 0.0], [COLD, WARM], [[0.1, 0.9], [0.8, 0.6]])
    assert answer.sentence is WARM
    assert answer.score == 0.8


def test_a_question_far_from_everything_is_not_found():
    assert best_answer("gift cards", [1.0, 0.0], [WARM], [[0.3, 0.9]]).sentence is None


def test_between_the_thresholds_a_shared_word_decides():
    vectors = [[0.5, 0.86]]
    assert best_answer("How long do cards last?", [1.0, 0.0], [WARM], vectors).sentence is WARM
    assert best_answer("May I bring a dog?", [1.0, 0.0], [WARM], vectors).sentence is None
