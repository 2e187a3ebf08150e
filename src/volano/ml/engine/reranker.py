"""How well documents answer a query, judged by a decoder that says yes or no (Qwen3-Reranker).

The score is the probability of "yes" against "no" as the next token, as the model's card defines
it; the words around query and document are those that the model was trained with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from volano.ml.engine.tokenizer import Tokenizer
from volano.ml.errors import BadModel, BadRequest
from volano.ml.load import load_decoder
from volano.ml.models.whole_rows import last_of_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from volano.ml.gpu.choice import Device
    from volano.ml.load import Form

MAX_TOKENS = 8192
# Computed between two steps of generation: small enough not to hold them up.
BATCH_TOKENS = 2048
INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the query"
_BEFORE = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and "
    'the Instruct provided. Note that the answer can only be "yes" or "no".<|im_end|>\n'
    "<|im_start|>user\n"
)
_AFTER = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"


class Reranker:
    """A reranking model; it changes nothing, but one thread at a time may use it."""

    def __init__(self, folder: Path, *, form: Form | None = None, device: Device = "auto") -> None:
        """Load the folder; raises BadModel."""
        self._tokenizer = Tokenizer(folder)
        self._decoder = load_decoder(folder, context_tokens=MAX_TOKENS, form=form, device=device)
        self.size_bytes = self._decoder.size_bytes
        self.max_tokens = min(MAX_TOKENS, self._decoder.config.max_positions)
        yes, no = (self._tokenizer.token_id(word) for word in ("yes", "no"))
        if yes is None or no is None:
            raise BadModel("A reranker's tokenizer needs the tokens yes and no; this one has not.")
        self._answers = [no, yes]

    def rows(
        self, query: str, documents: Sequence[str], *, instruction: str = INSTRUCTION
    ) -> list[list[int]]:
        """Token ids of each document's question; raises BadRequest for too long a query."""
        before = self._encode(f"{_BEFORE}<Instruct>: {instruction}\n<Query>: {query}\n<Document>: ")
        after = self._encode(_AFTER)
        room = self.max_tokens - len(before) - len(after)
        if room < 1:
            raise BadRequest(
                f"The query has {len(before)} tokens; this model reads {self.max_tokens}.",
                code="context_length_exceeded",
            )
        return [[*before, *self._encode(text)[:room], *after] for text in documents]

    def score(self, rows: Sequence[Sequence[int]]) -> Iterator[tuple[list[int], list[float]]]:
        """Batches of (indexes into rows, scores between 0 and 1), in the order of the rows."""
        batch: list[int] = []
        size = 0
        for index, row in enumerate(rows):
            if batch and size + len(row) > BATCH_TOKENS:
                yield batch, self._score([rows[i] for i in batch])
                batch, size = [], 0
            batch.append(index)
            size += len(row)
        if batch:
            yield batch, self._score([rows[i] for i in batch])

    def _score(self, rows: list[Sequence[int]]) -> list[float]:
        logits = last_of_rows(self._decoder, rows, self._decoder.forward)[:, self._answers]
        difference = (logits[:, 0] - logits[:, 1]).astype(np.float64)
        return [float(each) for each in 1 / (1 + np.exp(np.clip(difference, -500, 500)))]

    def _encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special=False)
