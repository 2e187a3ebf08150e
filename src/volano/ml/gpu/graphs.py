"""Decode steps captured as CUDA graphs: a step of hundreds of kernels is one call.

A step of few rows takes less time than Python needs to launch it, so it is recorded once for each
bucket of rows, when first met, with inputs at fixed addresses; a smaller batch is filled up with
rows that do nothing. What was recorded names the addresses of weights and cache: when those moved,
another recording is made, and the old one serves again when they are back.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from volano.ml.gpu.inputs import Sizes, StepInputs, is_decoding, to_numbers
from volano.ml.gpu.plan import bucket_of, splits_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.ml.gpu.cache import GpuCache
    from volano.ml.gpu.device import Card
    from volano.ml.gpu.network import Network
    from volano.ml.models.batch import Batch

CAPTURES_MAX = 64
# Runs before a recording: kernels are compiled and libraries find their way.
WARM_UPS = 2


@dataclass(frozen=True, slots=True)
class _Capture:
    inputs: StepInputs
    numbers: torch.Tensor
    replay: Callable[[], object]
    logits: torch.Tensor


class Graphs:
    """The recorded steps of one model."""

    def __init__(self, network: Network, card: Card, *, max_positions: int) -> None:
        self._network, self._card, self._max_positions = network, card, max_positions
        self._captures: OrderedDict[tuple[int, int, int], _Capture] = OrderedDict()
        self._pool = torch.cuda.graph_pool_handle() if card.is_cuda else None

    def logits(
        self, batch: Batch, cache: GpuCache, weights_at: int, put_in: Callable[[StepInputs], None]
    ) -> torch.Tensor | None:
        """Logits of a step in which all sequences decode; None when it is not one of those.

        `put_in` completes the inputs on the card before they are used.
        """
        bucket = bucket_of(len(batch.token_ids))
        if bucket is None or batch.adapters is not None or not is_decoding(batch):
            return None
        key = (bucket, weights_at, cache.values.data_ptr())
        capture = self._captures.pop(key, None)
        if capture is None:
            capture = self._capture(bucket, cache)
        self._captures[key] = capture
        if len(self._captures) > CAPTURES_MAX:
            self._captures.popitem(last=False)
        sizes = capture.inputs.sizes
        used = sum(len(rows.block_table) for rows in batch.sequences)
        numbers = to_numbers(batch, sizes.with_blocks(used))
        capture.numbers[: len(numbers)].copy_(self._card.send(numbers), non_blocking=True)
        put_in(capture.inputs)
        capture.replay()
        return capture.logits[: len(batch.logit_rows)]

    def _capture(self, bucket: int, cache: GpuCache) -> _Capture:
        config, card = cache.config, self._card
        blocks = -(-self._max_positions // cache.block_size)
        splits = splits_of(bucket, config.kv_heads, processors=card.processors, blocks=blocks)
        sizes = Sizes(
            tokens=bucket, items=bucket, rows=bucket, blocks=bucket * blocks,
            tile_rows=1, splits=splits,
        )  # fmt: skip
        numbers = torch.zeros(sizes.numbers, dtype=torch.int32, device=card.device)
        inputs = StepInputs.of(sizes, numbers)
        inputs.slots.fill_(-1)
        inputs.items[:, 0] = torch.arange(bucket, dtype=torch.int32, device=card.device)
        if not card.is_cuda:
            logits = self._network.logits(inputs, cache)
            return _Capture(
                inputs,
                numbers,
                lambda: logits.copy_(self._network.logits(inputs, cache)),
                logits,
            )
        for _ in range(WARM_UPS):
            self._network.logits(inputs, cache)
        graph = torch.cuda.CUDAGraph()
        # Weights of other models may be on their way on another thread meanwhile.
        with torch.cuda.graph(
            graph,
            pool=self._pool,
            stream=torch.cuda.current_stream(),
            capture_error_mode="thread_local",
        ):
            logits = self._network.logits(inputs, cache)
        return _Capture(inputs, numbers, graph.replay, logits)
