"""Any decoder family on the CPU's kernels: weights packed once, a step one call.

The model holds its weights; `steps.StepProgram` holds what a step works in. Both follow
`models.decoder`, and give what `models.numpy_decoder` gives within bfloat16's precision.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from volano.ml.cpu.adapters import LayerAdapters
from volano.ml.cpu.cache import CpuCache
from volano.ml.cpu.kernels import kernels, pool
from volano.ml.cpu.layers import Layout
from volano.ml.cpu.memory import Arena
from volano.ml.cpu.packed import Packer
from volano.ml.cpu.packed_file import read_packed
from volano.ml.cpu.steps import StepProgram

if TYPE_CHECKING:
    from pathlib import Path

    from volano.ml.cpu.kernels import Format, Kernels
    from volano.ml.cpu.machine import Target
    from volano.ml.cpu.memory import Bytes
    from volano.ml.layers.arrays import Floats
    from volano.ml.models.batch import Adapter, Batch, Cache
    from volano.ml.models.decoder import DecoderConfig
    from volano.ml.models.weights import Tensors

_MEASURED_BLOCK = 16


class CpuDecoder:
    """The decoder; it keeps no state between calls but its buffers."""

    def __init__(
        self,
        config: DecoderConfig,
        weights: Tensors,
        *,
        max_positions: int,
        form: Format = "bf16",
        target: Target | None = None,
        folder: Path | None = None,
    ) -> None:
        """Pack the weights as `form`, or take what is kept packed in the model's `folder`.

        Raises BadModel when a tensor is missing or the packed file is damaged, or OutOfMemory.
        """
        self.config = config
        layout = Layout(config, weights.names(), form)
        arena = Arena(layout.size_bytes())
        self.arena: Bytes | None = arena.bytes
        self.size_bytes = arena.bytes.nbytes
        filled = folder is not None and read_packed(folder, form, arena.bytes)
        with Packer(weights, arena, filled=filled) as packer, ThreadPoolExecutor(1) as aside:
            compiling = aside.submit(_compiled, target, form)
            self._weights = layout.read(weights, packer, max_positions)
            self._kernels = compiling.result()
        self._adapters = LayerAdapters([layout.linears(i) for i in range(config.layers)])
        self._steps: StepProgram | None = None

    def kv_bytes_per_token(self) -> int:
        """Cache bytes of one token over all layers."""
        return self.new_cache(blocks=0, block_size=_MEASURED_BLOCK).block_bytes // _MEASURED_BLOCK

    def new_cache(self, *, blocks: int, block_size: int) -> CpuCache:
        """An empty cache; `block_size` is a multiple of 16."""
        return CpuCache(self.config, blocks=blocks, block_size=block_size)

    def set_adapter(self, slot: int, adapter: Adapter | None) -> None:
        """Put an adapter in a slot, or empty it; raises BadModel when it does not fit."""
        self._adapters.put(slot, adapter)
        # Products that an adapter changes are followed by one more operation.
        self._steps = None

    def forward(self, batch: Batch, cache: Cache) -> Floats:
        """Run the batch, write its keys and values to `cache`, return logits (rows, vocab)."""
        return self._prepared(batch, cache).logits(batch)

    def hidden(self, batch: Batch, cache: Cache) -> Floats:
        """The last hidden states of the logit rows after the final norm, (rows, hidden)."""
        return self._prepared(batch, cache).hidden(batch)

    def _prepared(self, batch: Batch, cache: Cache) -> StepProgram:
        assert isinstance(cache, CpuCache)
        steps = self._steps
        if steps is None or not steps.fits(batch, cache):
            steps = StepProgram(
                self.config,
                self._weights,
                self._adapters,
                cache,
                self._kernels,
                tokens=max(len(batch.token_ids), steps.tokens if steps else 1),
                rows=max(len(batch.logit_rows), steps.rows if steps else 1),
            )
            self._steps = steps
        steps.use(cache)
        return steps


def _compiled(target: Target | None, form: Format) -> Kernels:
    """What a step needs, compiled beside the packing of weights rather than by the first step."""
    found = kernels(target)
    found.product("linear", form)
    pool()
    return found
