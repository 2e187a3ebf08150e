"""Texts to unit-length vectors, in batches of similar length so that little padding is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from volano.ml.engine.tokenizer import Tokenizer
from volano.ml.errors import BadModel
from volano.ml.models import bert
from volano.ml.models.configs import ConfigFile, load_json
from volano.ml.models.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from volano.ml.layers.arrays import Floats

# A batch is computed between two steps of generation: small enough not to hold them up.
BATCH_TOKENS = 2048


class Embedder:
    """An embedding model; `embed` may be shared by threads, it changes nothing."""

    def __init__(self, folder: Path) -> None:
        """Load the folder; raises BadModel."""
        config = bert.parse_config(ConfigFile(folder))
        pooling = load_json(folder / "1_Pooling" / "config.json")
        unknown = [key for key, on in pooling.items() if on is True and key not in _POOLINGS]
        if unknown:
            raise BadModel(f"Pooling {unknown[0]} is not supported.")
        self.tokenizer = Tokenizer(folder)
        settings = load_json(folder / "sentence_bert_config.json")
        wanted = settings.get("max_seq_length")
        limit = wanted if isinstance(wanted, int) and wanted > 2 else config.max_positions
        self.max_tokens = min(limit, config.max_positions)
        weights = Weights(folder)
        self.size_bytes = weights.size_bytes
        pool_first = pooling.get("pooling_mode_cls_token") is True
        self._model = bert.Bert(config, weights, pool_first=pool_first)
        self.width = config.hidden_size

    def rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, cut to `max_tokens`."""
        return self.tokenizer.encode_many(texts, limit=self.max_tokens)

    def embed(self, rows: Sequence[Sequence[int]]) -> Iterator[tuple[list[int], Floats]]:
        """Batches of (indexes into rows, their vectors (indexes, width)), shortest rows first."""
        order = np.argsort([len(row) for row in rows], kind="stable")
        batch: list[int] = []
        for index in map(int, order):
            # The rows come by length, so this one would be the longest and set the padding.
            if batch and (len(batch) + 1) * len(rows[index]) > BATCH_TOKENS:
                yield batch, self._model.embed([rows[i] for i in batch])
                batch = []
            batch.append(index)
        if batch:
            yield batch, self._model.embed([rows[i] for i in batch])


_POOLINGS = {"pooling_mode_cls_token", "pooling_mode_mean_tokens", "include_prompt"}
