"""Embeddings through the unmodified SDK. Source: the API reference's "Create embeddings"."""

from __future__ import annotations

import math

import openai
import pytest

MODEL = "all-minilm-l6-v2"


@pytest.fixture(scope="module")
def client(volano):
    return volano.openai()


def test_numbers_and_base64_are_the_same_vectors(client):
    texts = ["a cat", "a dog", "the price of tea", "你好"]
    numbers = client.embeddings.create(model=MODEL, input=texts, encoding_format="float")
    packed = client.embeddings.create(model=MODEL, input=texts)  # the SDK asks for base64
    for one, other in zip(numbers.data, packed.data, strict=True):
        assert one.index == other.index
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
        assert math.fsum(x * x for x in one.embedding) == pytest.approx(1, abs=1e-3)
    assert numbers.usage.total_tokens == numbers.usage.prompt_tokens > 0


def test_a_form_of_null_is_numbers(client):
    words = {"encoding_format": None, "dimensions": None, "user": None}
    made = client.embeddings.create(model=MODEL, input="a", extra_body=words)
    assert len(made.data[0].embedding) == 384


def test_near_meanings_are_near(client):
    cat, kitten, tea = (
        item.embedding
        for item in client.embeddings.create(
            model=MODEL, input=["a cat", "a kitten", "tax law"]
        ).data
    )
    dot = lambda a, b: sum(x * y for x, y in zip(a, b, strict=True))  # noqa: E731
    assert dot(cat, kitten) > dot(cat, tea) + 0.3


def test_one_text_and_its_place_in_a_batch_agree(client):
    alone = client.embeddings.create(model=MODEL, input="hello").data[0].embedding
    batch = client.embeddings.create(model=MODEL, input=["a much longer text " * 9, "hello"]).data
    assert batch[1].embedding == pytest.approx(alone, abs=1e-4)


def test_a_stock_name_is_answered_by_the_built_in_model(client):
    made = client.embeddings.create(model="text-embedding-3-small", input="x")
    assert len(made.data[0].embedding) == 384
    assert client.embeddings.create(model=MODEL, input="x", dimensions=384).data


def test_vectors_are_shortened_and_keep_their_length(client):
    whole = client.embeddings.create(model=MODEL, input="x").data[0].embedding
    short = client.embeddings.create(model=MODEL, input="x", dimensions=64).data[0].embedding
    scale = math.hypot(*whole[:64])
    assert short == pytest.approx([number / scale for number in whole[:64]], abs=1e-6)
    assert math.hypot(*short) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("words", "param"),
    [
        ({"input": ""}, "input[0]"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input[1]"),
        ({"input": ["a"] * 2049}, "input"),
        ({"input": "a" * 200_001}, "input[0]"),
        ({"input": [1, "a"]}, "input"),
        ({"input": [[1, 2], []]}, "input[1]"),
        ({"input": [1, 2, 3], "model": "text-embedding-3-small"}, "input"),
        ({"dimensions": 385}, "dimensions"),
        ({"encoding_format": "hex"}, "encoding_format"),
    ],
)
def test_a_bad_input_is_named(client, words, param):
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(**({"model": MODEL, "input": "x"} | words))
    assert caught.value.param == param


def test_token_ids_of_the_models_own_tokenizer_are_the_text_that_they_are(client):
    text, ids = "hello world", [7592, 2088]  # of BERT's uncased vocabulary
    wanted = client.embeddings.create(model=MODEL, input=text)
    for given in (ids, [ids]):
        made = client.embeddings.create(model=MODEL, input=given)
        assert made.data[0].embedding == pytest.approx(wanted.data[0].embedding, abs=1e-6)
        assert made.usage.prompt_tokens == wanted.usage.prompt_tokens


def test_token_ids_that_no_tokenizer_of_the_model_has_are_refused(client):
    with pytest.raises(openai.BadRequestError, match="100000 is not a token id"):
        client.embeddings.create(model=MODEL, input=[[7592, 100_000]])


def test_unknown_and_wrong_models_are_told_apart(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.embeddings.create(model="no-such", input="x")
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model="volano-tiny-qwen3", input="x")
