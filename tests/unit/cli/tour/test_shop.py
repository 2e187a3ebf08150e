"""The input folder: the example shop is whole, and a user's own folder is checked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from volano.cli.tour.shop import UNRELATED_QUESTION, example_folder, read_shop
from volano.cli.tour.tables import InputError


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A user's folder with the three things that are needed."""
    for name in ("products.csv", "orders.csv"):
        shutil.copy(example_folder() / name, tmp_path / name)
    shutil.copytree(example_folder() / "policies", tmp_path / "policies")
    return tmp_path


def test_the_example_shop_is_whole():
    shop = read_shop(example_folder())
    assert shop.product_count == 67
    assert len(shop.products) == 190
    assert len({line.order for line in shop.orders}) == 220
    assert len(shop.sentences) > 90
    assert [question.expected is None for question in shop.questions] == [False] * 5 + [True]


def test_every_product_of_the_example_shop_has_its_picture():
    shop = read_shop(example_folder())
    pictures = {Path(key).stem for key in shop.uploads if key.startswith("pictures/")}
    assert pictures == {row.handle for row in shop.products}
    assert sum((shop.folder / key).stat().st_size for key in shop.uploads) < 1_000_000


def test_every_ordered_thing_of_the_example_shop_is_in_its_catalogue():
    shop = read_shop(example_folder())
    assert {line.sku for line in shop.orders} <= {row.sku for row in shop.products}


def test_an_own_folder_needs_neither_pictures_nor_questions(own):
    shop = read_shop(own)
    assert [question.checked for question in shop.questions] == [False] * 5 + [True]
    assert shop.questions[-1].text == UNRELATED_QUESTION
    assert shop.job == read_shop(example_folder()).job


def test_an_expected_answer_must_be_a_sentence_of_the_policies(own):
    asked = [{"question": "When?", "expected": "Never ever.", "file": "policies/care.md"}]
    (own / "questions.json").write_text(json.dumps(asked))
    with pytest.raises(InputError, match=r"item 1: .expected. is not a sentence of the policies"):
        read_shop(own)


def test_a_question_without_expected_is_asked_but_not_checked(own):
    (own / "questions.json").write_text('[{"question": "When?"}]')
    assert not read_shop(own).questions[0].checked


@pytest.mark.parametrize("text", ["{", "{}", "[]", '["When?"]', '[{"q": 1}]'])
def test_questions_of_another_form_are_refused(own, text):
    (own / "questions.json").write_text(text)
    with pytest.raises(InputError, match=r"questions\.json"):
        read_shop(own)


def test_a_folder_without_policies_is_refused(own):
    shutil.rmtree(own / "policies")
    with pytest.raises(InputError, match="no Markdown file"):
        read_shop(own)


def test_policies_without_a_sentence_are_refused(own):
    shutil.rmtree(own / "policies")
    (own / "policies").mkdir()
    (own / "policies" / "a.md").write_text("# Only a heading\n")
    with pytest.raises(InputError, match="contain no sentence"):
        read_shop(own)


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ("print(1)\n", "begins with #!"),
        ("#!/bin/sh\n", "no line 'SETTINGS = {}'"),
        ("#!/bin/sh\nSETTINGS = {}\n" + "#" * 17_000, "user data limit"),
    ],
)
def test_an_own_job_must_be_user_data_that_can_be_filled_in(own, job, message):
    (own / "report_job.py").write_text(job)
    with pytest.raises(InputError, match=message):
        read_shop(own)


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        read_shop(tmp_path / "nowhere")
