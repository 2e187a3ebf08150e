"""From logits to a token: bias, penalties, temperature, top-k, top-p, and log probabilities.

Each sequence draws from its own counter-based generator, one number a token, so its output does not
depend on which other sequences share the batch. Log probabilities are those of the model itself,
before bias, penalties and temperature.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.ml.layers.arrays import Floats

GREEDY_BELOW = 1e-5
# Top-p looks at this many of the likeliest tokens first and sorts all only if they do not suffice.
TOP_P_FIRST = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How one request wants its tokens chosen; `top_logprobs` None means no log probabilities."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0
    top_logprobs: int | None = None
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """A sampled token; `top` holds (token id, log probability), likeliest first."""

    token_id: int
    logprob: float | None
    top: tuple[tuple[int, float], ...]


class Sampler:
    """Chooses the tokens of one sequence."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._generator = np.random.Generator(np.random.Philox(key=sampling.seed % 2**64))
        self._counts: dict[int, int] = {}
        bias = dict(sampling.logit_bias)
        self._bias_ids = np.fromiter(bias.keys(), dtype=np.int64, count=len(bias))
        self._bias = np.fromiter(bias.values(), dtype=np.float32, count=len(bias))

    def choose(self, logits: Floats) -> Chosen:
        """Pick the next token from logits (vocab,) and remember it for the penalties."""
        token_id = self._pick(self._adjusted(logits))
        self._counts[token_id] = self._counts.get(token_id, 0) + 1
        wanted = self._sampling.top_logprobs
        if wanted is None:
            return Chosen(token_id, None, ())
        shifted = logits.astype(np.float64) - float(np.max(logits))
        logprobs = shifted - np.log(np.sum(np.exp(shifted)))
        likeliest = _likeliest(logprobs, wanted)
        top = tuple((int(index), float(logprobs[index])) for index in likeliest)
        return Chosen(token_id, float(logprobs[token_id]), top)

    def _adjusted(self, logits: Floats) -> Floats:
        sampling = self._sampling
        penalised = sampling.frequency_penalty != 0 or sampling.presence_penalty != 0
        if not len(self._bias_ids) and not (penalised and self._counts):
            return logits
        adjusted = logits.copy()
        adjusted[self._bias_ids] += self._bias
        if penalised:
            for token_id, count in self._counts.items():
                penalty = count * sampling.frequency_penalty + sampling.presence_penalty
                adjusted[token_id] -= np.float32(penalty)
        return adjusted

    def _pick(self, logits: Floats) -> int:
        sampling = self._sampling
        if sampling.temperature < GREEDY_BELOW:
            return int(np.argmax(logits))
        scaled = logits.astype(np.float64) / sampling.temperature
        if 0 < sampling.top_k < len(scaled):
            kept = _likeliest(scaled, sampling.top_k)
            masked = np.full_like(scaled, -np.inf)
            masked[kept] = scaled[kept]
            scaled = masked
        weights = np.exp(scaled - np.max(scaled))
        weights /= weights.sum()
        if sampling.top_p < 1:
            weights = _top_p(weights, sampling.top_p)
        cumulative = np.cumsum(weights)
        drawn = self._generator.random() * cumulative[-1]
        return int(np.searchsorted(cumulative, drawn, side="right").clip(0, len(weights) - 1))


def _likeliest(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], count: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Indexes of the greatest values, greatest first, lower index first among equals."""
    if count <= 0:
        return np.empty(0, dtype=np.intp)
    if count >= len(values):
        return np.argsort(-values, kind="stable")
    threshold = np.partition(values, -count)[-count]
    candidates = np.flatnonzero(values >= threshold)
    return candidates[np.argsort(-values[candidates], kind="stable")][:count]


def _top_p(
    weights: np.ndarray[tuple[int, ...], np.dtype[np.float64]], top_p: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Keep the likeliest tokens that together reach `top_p`; always one at least."""
    order = _likeliest(weights, TOP_P_FIRST)
    reached = np.cumsum(weights[order])
    if reached[-1] < top_p and len(order) < len(weights):
        order = np.argsort(-weights, kind="stable")
        reached = np.cumsum(weights[order])
    kept = order[: int(np.searchsorted(reached, top_p)) + 1]
    masked = np.zeros_like(weights)
    masked[kept] = weights[kept]
    return masked
