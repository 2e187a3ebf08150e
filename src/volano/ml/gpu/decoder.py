"""Any decoder family on the card, as the engine wants it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from volano.ml.gpu.adapters import Adapters
from volano.ml.gpu.cache import GpuCache
from volano.ml.gpu.graphs import Graphs
from volano.ml.gpu.inputs import StepInputs, sizes_of, to_numbers
from volano.ml.gpu.network import Network
from volano.ml.gpu.sampling import choose_tokens
from volano.ml.gpu.weights import GpuWeights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.ml.gpu.device import Card
    from volano.ml.layers.arrays import Floats
    from volano.ml.models.batch import Adapter, Batch, Cache, Draw
    from volano.ml.models.decoder import DecoderConfig
    from volano.ml.models.weights import Tensors

# Logit rows of one step, at most.
ROWS_MAX = 16_384


class GpuDecoder:
    """The decoder; one thread at a time, and always the same stream."""

    def __init__(
        self,
        config: DecoderConfig,
        weights: Tensors,
        card: Card,
        *,
        max_positions: int,
        exact: bool = False,
    ) -> None:
        """Copy the weights to the card as bfloat16, or float32 where all is to be `exact`.

        Raises BadModel or OutOfMemory.
        """
        self.dtype = dtype = torch.float32 if exact else torch.bfloat16
        self.config, self.card = config, card
        self._weights = GpuWeights(config, weights, card, dtype, max_positions=max_positions)
        self._adapters = Adapters(self._weights.layers, card, dtype)
        self._network = Network(config, self._weights, self._adapters)
        self._graphs = Graphs(self._network, card, max_positions=max_positions)
        with card.computing():
            self._chosen = torch.zeros(ROWS_MAX, dtype=torch.int32, device=card.device)

    @property
    def arena(self) -> GpuWeights:
        """The weights, which can leave the card and come back."""
        return self._weights

    @property
    def size_bytes(self) -> int:
        """Memory of the card that the weights take."""
        return self._weights.size_bytes

    def kv_bytes_per_token(self) -> int:
        """Cache bytes of one token over all layers."""
        return 2 * self.config.layers * self.config.kv_size * int(self.dtype.itemsize)

    def new_cache(self, *, blocks: int, block_size: int) -> GpuCache:
        """An empty cache, its memory taken at once; raises OutOfMemory."""
        return GpuCache(self.config, self.card, self.dtype, blocks=blocks, block_size=block_size)

    def set_adapter(self, slot: int, adapter: Adapter | None) -> None:
        """Put an adapter in a slot, or empty it; raises BadModel when it does not fit."""
        self._adapters.put(slot, adapter)

    def launch(self, batch: Batch, cache: Cache) -> GpuStep:
        """Begin a step without waiting for it."""
        assert isinstance(cache, GpuCache)
        with self.card.computing():
            feed = partial(self._feed, unseen=bool((batch.token_ids < 0).any()))
            logits = self._graphs.logits(batch, cache, self._weights.address, feed)
            if logits is None:
                inputs = self._inputs(batch)
                feed(inputs)
                runs = self._adapters.runs(batch.adapters)
                logits = self._network.logits(inputs, cache, runs)
        return GpuStep(self.card, logits, self._chosen)

    def forward(self, batch: Batch, cache: Cache) -> Floats:
        """Run the batch, write its keys and values to `cache`, return logits (rows, vocab)."""
        return self.launch(batch, cache).logits(0, len(batch.logit_rows))

    def hidden(self, batch: Batch, cache: Cache) -> Floats:
        """The last hidden states of the logit rows after the final norm, (rows, hidden)."""
        assert isinstance(cache, GpuCache)
        with self.card.computing():
            found: Floats = self._network.states(self._inputs(batch), cache).float().cpu().numpy()
        return found

    def _feed(self, inputs: StepInputs, *, unseen: bool) -> None:
        """Put in the tokens that the last step chose and the host has not seen."""
        if unseen:
            ids = inputs.token_ids
            chosen = self._chosen[(-1 - ids).clamp_(min=0)]
            ids.copy_(torch.where(ids < 0, chosen, ids))

    def _inputs(self, batch: Batch) -> StepInputs:
        config = self.config
        sizes = sizes_of(
            batch,
            group=config.heads // config.kv_heads,
            kv_heads=config.kv_heads,
            processors=self.card.processors,
        )
        return StepInputs.of(sizes, self.card.send(to_numbers(batch, sizes)))


class GpuStep:
    """A step under way; it is read before the logits of the step after it are."""

    def __init__(self, card: Card, logits: torch.Tensor, chosen: torch.Tensor) -> None:
        self._card, self._logits, self._chosen = card, logits, chosen
        self._on_host: torch.Tensor | None = None

    def choose(self, draws: Sequence[Draw | None], vocab: int) -> None:
        """Have tokens chosen and sent to the host, without waiting."""
        with self._card.computing():
            found = choose_tokens(self._logits, draws, vocab, self._card)
            self._chosen[: len(found)].copy_(found)
            self._on_host, self._arrived = self._card.fetch(found)

    def tokens(self) -> Sequence[int]:
        """What was chosen, a row each; waits for it."""
        assert self._on_host is not None, "choose was called"
        self._arrived()
        found: list[int] = self._on_host.tolist()
        return found

    def logits(self, row: int, count: int) -> Floats:
        """Logits (count, vocab) from a row on; waits for them."""
        with self._card.computing():
            found: Floats = self._logits[row : row + count].cpu().numpy()
        return found
