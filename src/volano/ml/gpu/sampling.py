"""What the sampling kernels are told of each row, sent to the card together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from volano.ml.gpu.kernels.sampling import adjust, choose, mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.ml.gpu.device import Card
    from volano.ml.models.batch import Draw

_GREEDY_BELOW = 1e-5
_NO_DRAW = (0.0, 1.0, 0.0, 0.0)


def choose_tokens(
    logits: torch.Tensor, draws: Sequence[Draw | None], vocab: int, card: Card
) -> torch.Tensor:
    """A token id (rows,) int32 for each row of `logits`, which is changed; any for a row of None.

    Ids from `vocab` on are never chosen.
    """
    _apply_adjustments(logits, draws, card)
    _apply_masks(logits, draws, vocab, card)
    if all(draw is None or draw.temperature < _GREEDY_BELOW for draw in draws):
        return logits[:, :vocab].argmax(dim=1).to(torch.int32)
    numbers = [
        _NO_DRAW if draw is None else (draw.temperature, draw.top_p, draw.min_p, draw.share)
        for draw in draws
    ]
    counts = [0 if draw is None else draw.top_k for draw in draws]
    return choose(
        logits,
        card.send(np.array(numbers, dtype=np.float32)),
        card.send(np.array(counts, dtype=np.int32)),
        vocab,
    )


def _apply_adjustments(logits: torch.Tensor, draws: Sequence[Draw | None], card: Card) -> None:
    changed = [(row, draw) for row, draw in enumerate(draws) if draw is not None and len(draw.ids)]
    if not changed:
        return
    rows = np.repeat([row for row, _ in changed], [len(draw.ids) for _, draw in changed])
    places = np.stack((rows, np.concatenate([draw.ids for _, draw in changed])))
    adjust(
        logits,
        card.send(places.astype(np.int32)),
        card.send(np.concatenate([draw.factors for _, draw in changed])),
        card.send(np.concatenate([draw.adds for _, draw in changed])),
    )


def _apply_masks(
    logits: torch.Tensor, draws: Sequence[Draw | None], vocab: int, card: Card
) -> None:
    masked = [
        (row, draw.allowed)
        for row, draw in enumerate(draws)
        if draw is not None and draw.allowed is not None
    ]
    if not masked:
        return
    bits = [np.packbits(allowed[:vocab], bitorder="little") for _, allowed in masked]
    rows = np.array([row for row, _ in masked], dtype=np.int32)
    mask(logits, card.send(rows), card.send(np.stack(bits)), vocab)
