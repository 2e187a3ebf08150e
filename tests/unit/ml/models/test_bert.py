"""The built-in embedding model; expected values were computed once by transformers 5.23 with torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from volano.ml.engine.embedder import Embedder
from volano.ml.models.builtin import EMBEDDING_NAME, find_builtin

if TYPE_CHECKING:
    pass

TEXTS = [
    "A man is eating food.",
    "A man is eating a piece of bread.",
    "The girl is carrying a baby.",
    "How do I return an order?",
    "Returns are accepted within 30 days.",
    "",
]


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return Embedder(find_builtin(EMBEDDING_NAME, tmp_path_factory.mktemp("cache")))


def embed(embedder: Embedder, texts: list[str]) -> np.ndarray:
    rows = embedder.rows(texts)
    vectors = np.zeros((len(texts), embedder.width), dtype=np.float32)
    for indexes, found in embedder.embed(rows):
        vectors[indexes] = found
    return vectors


def test_similarities_are_those_of_the_original_implementation(embedder: Embedder):
    vectors = embed(embedder, TEXTS)
    similar = vectors @ vectors.T
    expected = {(0, 1): 0.7553, (0, 2): -0.1050, (1, 2): -0.0610, (3, 4): 0.4630, (0, 5): 0.0253}
    for (a, b), value in expected.items():
        assert similar[a, b] == pytest.approx(value, abs=2e-4)


def test_vectors_have_length_one(embedder: Embedder):
    assert np.linalg.norm(embed(embedder, TEXTS), axis=1) == pytest.approx(np.ones(6), abs=1e-5)


def test_the_sentence_that_answers_is_nearest(embedder: Embedder):
    policies = [
        "Unused items may be returned within thirty days of delivery.",
        "We ship to all countries of the European Union.",
        "Gift cards never expire.",
        "The shop is closed on public holidays.",
    ]
    vectors = embed(embedder, ["Can I send something back?", *policies])
    assert int(np.argmax(vectors[1:] @ vectors[0])) == 0


def test_padding_and_batch_mates_do_not_matter(embedder: Embedder):
    texts = [*TEXTS, "word " * 100, *(f"sentence number {i} " * (i % 9) for i in range(40))]
    together = embed(embedder, texts)
    alone = np.concatenate([embed(embedder, [text]) for text in texts])
    assert np.max(np.abs(together - alone)) < 1e-5


def test_a_long_text_is_cut_to_what_the_model_reads(embedder: Embedder):
    (row,) = embedder.rows(["word " * 1000])
    assert len(row) == embedder.max_tokens == 256
    (short,) = embedder.rows(["word"])
    assert (row[0], row[-1]) == (short[0], short[-1])


def test_batches_stay_under_their_limit(embedder: Embedder):
    rows = embedder.rows(["word " * 200] * 30)
    batches = [indexes for indexes, _ in embedder.embed(rows)]
    assert all(len(batch) * 202 <= 2048 for batch in batches)
    assert sorted(index for batch in batches for index in batch) == list(range(30))
