"""Cutting texts into sentences and words into terms."""

from __future__ import annotations

import pytest

from volano.services.studio.logic.sentences import split_sentences
from volano.services.studio.logic.terms import question_terms, stem, terms_of
from volano.services.studio.model.passages import MAX_CHUNKS, Format


def test_figures_stay_in_one_piece():
    text = "Gross sales were EUR 30,178.98 from 216 orders. Net sales were EUR 1.5 less."
    assert split_sentences(text, Format.MESSAGE) == [
        "Gross sales were EUR 30,178.98 from 216 orders.",
        "Net sales were EUR 1.5 less.",
    ]


def test_questions_are_left_out():
    assert split_sentences("What is it? It is a bell. 这是什么？", Format.MESSAGE) == [
        "It is a bell."
    ]


def test_chinese_sentences_end_without_spaces():
    assert split_sentences("本月销售总额为三万欧元。明天开会。", Format.MESSAGE) == [
        "本月销售总额为三万欧元。",
        "明天开会。",
    ]


def test_markdown_joins_lines_and_reads_tables():
    text = (
        "# Report\n\nA sentence over\ntwo lines. Another\none with **marks** and [a link](x).\n\n"
        "- first point is here\n- second point\n\n"
        "| figure | amount |\n|---|---:|\n| Gross | EUR 5.00 |\n\n"
        "| a | b | c |\n|---|---|---|\n| 1 | 2 | 3 |\n"
    )
    assert split_sentences(text, Format.MARKDOWN) == [
        "A sentence over two lines.",
        "Another one with marks and a link.",
        "first point is here",
        "second point",
        "Gross: EUR 5.00",
        "a: 1, b: 2, c: 3",
    ]


@pytest.mark.parametrize("format", [Format.MARKDOWN, Format.PLAIN, Format.MESSAGE])
@pytest.mark.parametrize(
    "mark", ["> ", ">", "> > ", "- ", "> - ", "&gt; ", "12. ", "- [x] ", "> 1) "]
)
def test_marks_of_lines_are_no_part_of_a_sentence(format, mark):
    text = f"{mark}Parcels leave on Friday."
    assert split_sentences(text, format) == ["Parcels leave on Friday."]


def test_a_number_that_begins_a_line_stays():
    text = "3.5 litres is too much."
    assert split_sentences(text, Format.MESSAGE) == [text]


def test_csv_rows_name_their_columns():
    assert split_sentences("sku,price,stock\nA1,5.00,3\n", Format.TABLE) == [
        "sku: A1, price: 5.00, stock: 3"
    ]


def test_long_sources_are_cut():
    text = "\n".join(f"line number {number}" for number in range(MAX_CHUNKS + 50))
    assert len(split_sentences(text, Format.PLAIN)) == MAX_CHUNKS
    assert len(split_sentences("word " * 1000, Format.PLAIN)[0]) <= 600


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("orders", "order"),
        ("returned", "return"),
        ("returning", "return"),
        ("policies", "policy"),
        ("deliveries", "delivery"),
        ("stopped", "stop"),
        ("washes", "wash"),
        ("prices", "price"),
    ],
)
def test_forms_of_a_word_meet(one, other):
    assert stem(one) == stem(other)


def test_everyday_words_carry_nothing():
    assert question_terms("What is the price of it?") == [stem("price")]
    assert question_terms("how are you?") == []


def test_numbers_and_bigrams():
    assert terms_of("EUR 30,178.98") == {"eur": 1, "30178.98": 1}
    assert set(terms_of("销售总额")) == {"销售", "售总", "总额"}
    assert terms_of("山") == {"山": 1}
