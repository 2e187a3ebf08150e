"""Texts to unit-length vectors, in batches of similar length so that little padding is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from volano.ml.engine.tokenizer import Tokenizer
from volano.ml.errors import BadModel, BadRequest
from volano.ml.load import load_decoder
from volano.ml.models import bert
from volano.ml.models.configs import ConfigFile, load_json
from volano.ml.models.weights import Weights
from volano.ml.models.whole_rows import LastTokenEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from volano.ml.gpu.choice import Device
    from volano.ml.layers.arrays import Floats
    from volano.ml.load import Form

# A batch is computed between two steps of generation: small enough not to hold them up.
BATCH_TOKENS = 512
DECODER_TOKENS_MAX = 8192


class Embedder:
    """An embedding model; `embed` may be shared by threads, it changes nothing."""

    def __init__(self, folder: Path, *, form: Form | None = None, device: Device = "auto") -> None:
        """Load the folder; a decoder's weights are held as `form`. Raises BadModel."""
        file = ConfigFile(folder)
        pooling = _read_pooling(folder)
        self.tokenizer = Tokenizer(folder)
        settings = load_json(folder / "sentence_bert_config.json")
        limit = settings.get("max_seq_length")
        self._prompts = load_json(folder / "config_sentence_transformers.json").get("prompts")
        self._model: bert.Bert | LastTokenEncoder
        if file.family() == bert.MODEL_TYPE:
            config = bert.parse_config(file)
            weights = Weights(folder)
            self.size_bytes = weights.size_bytes
            self._model = bert.Bert(config, weights, pool_first=pooling == "cls_token")
            self.width, longest = config.hidden_size, config.max_positions
        elif pooling == "lasttoken":
            decoder = load_decoder(
                folder, context_tokens=DECODER_TOKENS_MAX, form=form, device=device
            )
            self.size_bytes = decoder.size_bytes
            self._model = LastTokenEncoder(decoder)
            self.width = decoder.config.hidden_size
            longest = min(DECODER_TOKENS_MAX, decoder.config.max_positions)
        else:
            raise BadModel(f"A {file.family()} with pooling by {pooling} is not supported.")
        self.max_tokens = min(limit, longest) if isinstance(limit, int) and limit > 2 else longest

    def rows(self, inputs: Sequence[str | Sequence[int]], *, prompt: str = "") -> list[list[int]]:
        """Token ids of each text, cut to `max_tokens`, with the special ones around.

        An input of token ids is the text that they are. Raises BadRequest for an id that the
        tokenizer does not have, and for an unknown prompt: `prompt` names what the model wants
        before a text of that kind, such as `query`.
        """
        prompts = self._prompts if isinstance(self._prompts, dict) else {}
        if prompt and prompt not in prompts:
            raise BadRequest(f"This model has no prompt {prompt!r}; it has {', '.join(prompts)}.")
        before = str(prompts[prompt]) if prompt else ""
        texts = [each if isinstance(each, str) else self.tokenizer.decode(each) for each in inputs]
        return self.tokenizer.encode_many([before + text for text in texts], limit=self.max_tokens)

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


def _read_pooling(folder: Path) -> str:
    """`cls_token`, `mean_tokens` or `lasttoken`: how a text's states become one vector."""
    file = load_json(folder / "1_Pooling" / "config.json")
    wanted = [
        key.removeprefix("pooling_mode_")
        for key, on in file.items()
        if on is True and key != "include_prompt"
    ]
    unknown = [name for name in wanted if name not in ("cls_token", "mean_tokens", "lasttoken")]
    if unknown or len(wanted) > 1:
        raise BadModel(f"Pooling {' and '.join(unknown or wanted)} is not supported.")
    return wanted[0] if wanted else "mean_tokens"
