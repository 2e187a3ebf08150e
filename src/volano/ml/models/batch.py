"""The contract between the engine and a decoder: one step's tokens in, logits out.

A step is a mixed batch: the next token of sequences that decode and chunks of prompts, laid end to
end over one paged cache that the model makes and only the model reads. `Decoder` is what every
family offers on every device; the engine knows nothing else of a model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from volano.ml.layers.arrays import Bytes, Floats, Ints
    from volano.ml.models.decoder import DecoderConfig

# Adapters held beside one model at a time; a token names its adapter by slot.
ADAPTER_SLOTS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One sequence's share of a batch: rows `start` to `start + count` of the flat tokens.

    `context` counts its tokens once these rows are in the cache; `block_table` is (blocks,).
    """

    start: int
    count: int
    context: int
    block_table: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """`token_ids`, `positions` and `slots` are (tokens,); `logit_rows` picks rows for the head.

    A token id of -1 - row is the token that the step launched before chose for its row (of a
    `SamplingDecoder` only). A slot is `block * block_size + offset`: where the token's key and
    value are kept. `adapters`, where given, is (tokens,): the adapter slot of each token's
    sequence, -1 for none.
    """

    token_ids: Ints
    positions: Ints
    slots: Ints
    sequences: tuple[Rows, ...]
    logit_rows: Ints
    adapters: Ints | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draw:
    """How a device is to choose a row's token, as `engine.sampler` would.

    `share` (0 to 1) says where in the running sum of the weights. The logits of `ids` are divided
    by `factors` (below zero: multiplied), then get `adds`. `allowed` (vocab,) leaves out the rest.
    """

    temperature: float
    top_k: int
    top_p: float
    min_p: float
    share: float
    ids: Ints
    factors: Floats
    adds: Floats
    allowed: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adapter:
    """Low-rank changes (LoRA) by layer and Hugging Face's name of the linear, such as `q_proj`.

    Each is a pair (down (rank, in), up (out, rank)) with the scale already in `up`.
    """

    deltas: Mapping[tuple[int, str], tuple[Floats, Floats]] = field(default_factory=dict)


class Parkable(Protocol):
    """Memory of a device that is given back as a whole and taken again when it is next used."""

    def park(self) -> None: ...


class Movable(Parkable, Protocol):
    """Parkable memory whose content is kept meanwhile, and copied back by `restore`."""

    def restore(self) -> None: ...

    def close(self) -> None: ...


class Cache(Protocol):
    """Keys and values of `blocks` blocks; block contents are opaque bytes, for copies and tiers."""

    @property
    def size_bytes(self) -> int: ...

    @property
    def memory(self) -> Bytes | Parkable: ...

    def copy_block(self, source: int, target: int) -> None: ...

    def read_block(self, block: int) -> bytes | memoryview: ...

    def write_block(self, block: int, content: bytes | memoryview) -> None: ...


class Decoder(Protocol):
    """What every decoder family offers on every device. One thread at a time."""

    @property
    def config(self) -> DecoderConfig: ...

    @property
    def size_bytes(self) -> int:
        """Memory that the weights take."""

    @property
    def arena(self) -> Bytes | Movable | None:
        """The weights as one stretch of memory that may be filled again; None when they are not."""

    def kv_bytes_per_token(self) -> int:
        """Cache bytes of one token over all layers."""

    def new_cache(self, *, blocks: int, block_size: int) -> Cache:
        """An empty cache; memory is taken as blocks are first written."""

    def forward(self, batch: Batch, cache: Cache) -> Floats:
        """Write the batch's keys and values to the cache; logits (logit rows, vocab).

        The answer may be overwritten by the next call.
        """

    def hidden(self, batch: Batch, cache: Cache) -> Floats:
        """As `forward`, but the normalised last hidden states (logit rows, hidden)."""

    def set_adapter(self, slot: int, adapter: Adapter | None) -> None:
        """Put an adapter in a slot below ADAPTER_SLOTS, or empty it; raises BadModel."""


class Launched(Protocol):
    """A step under way on a device; its logit rows are in the batch's order."""

    def choose(self, draws: Sequence[Draw | None], vocab: int) -> None:
        """Have a token below `vocab` chosen for each row that has a draw; asked once at most."""

    def tokens(self) -> Sequence[int]:
        """What was chosen, a row each; waits for it."""

    def logits(self, row: int, count: int) -> Floats:
        """Logits (count, vocab) of rows without a draw; waits for them."""


@runtime_checkable
class SamplingDecoder(Decoder, Protocol):
    """A decoder that chooses tokens itself and takes them for its next step before we see them."""

    def launch(self, batch: Batch, cache: Cache) -> Launched:
        """Begin a step as `forward` does, without waiting; steps run in the order of launches."""
