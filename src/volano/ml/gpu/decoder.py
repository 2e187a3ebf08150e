"""Any decoder family on the card, as the engine wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from volano.ml.gpu.adapters import Adapters
from volano.ml.gpu.cache import GpuCache
from volano.ml.gpu.inputs import StepInputs, sizes_of, to_numbers
from volano.ml.gpu.network import Network
from volano.ml.gpu.weights import GpuWeights

if TYPE_CHECKING:
    from volano.ml.gpu.device import Card
    from volano.ml.layers.arrays import Floats
    from volano.ml.models.batch import Adapter, Batch, Cache
    from volano.ml.models.decoder import DecoderConfig
    from volano.ml.models.weights import Tensors


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

    def forward(self, batch: Batch, cache: Cache) -> Floats:
        """Run the batch, write its keys and values to `cache`, return logits (rows, vocab)."""
        assert isinstance(cache, GpuCache)
        with self.card.computing():
            logits = self._network.logits(
                self._inputs(batch), cache, self._adapters.runs(batch.adapters)
            )
            return _to_host(logits)

    def hidden(self, batch: Batch, cache: Cache) -> Floats:
        """The last hidden states of the logit rows after the final norm, (rows, hidden)."""
        assert isinstance(cache, GpuCache)
        with self.card.computing():
            return _to_host(self._network.states(self._inputs(batch), cache).float())

    def _inputs(self, batch: Batch) -> StepInputs:
        config = self.config
        sizes = sizes_of(
            batch,
            group=config.heads // config.kv_heads,
            kv_heads=config.kv_heads,
            processors=self.card.processors,
        )
        numbers = torch.from_numpy(to_numbers(batch, sizes)).to(self.card.device)
        return StepInputs.of(sizes, numbers)


def _to_host(values: torch.Tensor) -> Floats:
    found: Floats = values.cpu().numpy()
    return found
