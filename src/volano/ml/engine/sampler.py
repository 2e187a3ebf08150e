"""From logits to a token: mask, bias, penalties, temperature, top-k, top-p, min-p, logprobs.

Each sequence draws from its own counter-based generator, one number a token, so its output does not
depend on which other sequences share the batch. Log probabilities are those of the model itself,
before bias, penalties and temperature.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from volano.ml.models.batch import Draw

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from volano.ml.layers.arrays import Floats

    Doubles = npt.NDArray[np.float64]
    Indexes = npt.NDArray[np.intp]

GREEDY_BELOW = 1e-5
# Top-p looks at this many of the likeliest tokens first and sorts all only if they do not suffice.
TOP_P_FIRST = 1024
# A draw over the whole vocabulary first finds a run of this many tokens, then the token in it.
DRAW_RUN = 512
# Looking for the likeliest tokens begins with the best of groups of this many.
FLOOR_GROUP = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How one request wants its tokens chosen; `top_logprobs` None means no log probabilities."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    seed: int = 0
    top_logprobs: int | None = None
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    repetition_penalty: float = 1.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """A sampled token; `top` holds (token id, log probability), likeliest first."""

    token_id: int
    logprob: float | None
    top: tuple[tuple[int, float], ...]


class Sampler:
    """Chooses the tokens of one sequence."""

    def __init__(self, sampling: Sampling, prompt: Iterable[int] = ()) -> None:
        """`prompt` counts for the repetition penalty only."""
        self._sampling = sampling
        self._generator = np.random.Generator(np.random.Philox(key=sampling.seed % 2**64))
        self._penalised = sampling.frequency_penalty != 0 or sampling.presence_penalty != 0
        self._counts: dict[int, int] = {}
        self._repeated = set(prompt) if sampling.repetition_penalty != 1 else set()
        bias = dict(sampling.logit_bias)
        self._bias_ids = np.fromiter(bias.keys(), dtype=np.int64, count=len(bias))
        self._bias = np.fromiter(bias.values(), dtype=np.float32, count=len(bias))

    def choose(self, logits: Floats, allowed: npt.NDArray[np.bool_] | None = None) -> Chosen:
        """Pick the next token from logits (vocab,) among those allowed and remember it."""
        token_id = self._pick(self._adjusted(logits, allowed))
        self.remember(token_id)
        wanted = self._sampling.top_logprobs
        if wanted is None:
            return Chosen(token_id, None, ())
        return logprob_of(logits, token_id, wanted)

    @property
    def fits_card(self) -> bool:
        """Whether the token alone is wanted, so that a device may choose it."""
        return self._sampling.top_logprobs is None

    @property
    def looks_back(self) -> bool:
        """Whether a choice depends on the tokens before it by more than the model."""
        return self._penalised or self._sampling.repetition_penalty != 1

    def draw(self, allowed: npt.NDArray[np.bool_] | None = None) -> Draw:
        """What a device needs to choose the next token; the caller tells it by `remember`."""
        sampling = self._sampling
        greedy = sampling.temperature < GREEDY_BELOW
        changed = sorted({*self._bias_ids.tolist(), *self._counts, *self._repeated})
        ids = np.array(changed, dtype=np.int64)
        factors, adds = np.ones(len(ids), np.float32), np.zeros(len(ids), np.float32)
        if changed:
            repeated = np.fromiter(self._repeated, dtype=np.int64, count=len(self._repeated))
            factors[np.isin(ids, repeated)] = sampling.repetition_penalty
            adds[np.searchsorted(ids, self._bias_ids)] = self._bias
            for id, count in self._counts.items():
                penalty = count * sampling.frequency_penalty + sampling.presence_penalty
                adds[np.searchsorted(ids, id)] -= np.float32(penalty)
        return Draw(
            temperature=sampling.temperature,
            top_k=sampling.top_k,
            top_p=sampling.top_p,
            min_p=sampling.min_p,
            share=0.0 if greedy else self._generator.random(),
            ids=ids,
            factors=factors,
            adds=adds,
            allowed=allowed,
        )

    def remember(self, token_id: int) -> None:
        """Count a token that became part of the output, for the penalties."""
        if self._penalised:
            self._counts[token_id] = self._counts.get(token_id, 0) + 1
        if self._sampling.repetition_penalty != 1:
            self._repeated.add(token_id)

    def _adjusted(self, logits: Floats, allowed: npt.NDArray[np.bool_] | None) -> Floats:
        changes = len(self._bias_ids) or self._counts or self._repeated
        if not changes and allowed is None:
            return logits
        adjusted = logits.copy()
        if self._repeated:
            ids = np.fromiter(self._repeated, dtype=np.int64, count=len(self._repeated))
            found = adjusted[ids]
            penalty = np.float32(self._sampling.repetition_penalty)
            adjusted[ids] = np.where(found > 0, found / penalty, found * penalty)
        adjusted[self._bias_ids] += self._bias
        if self._counts:
            size = len(self._counts)
            ids = np.fromiter(self._counts.keys(), dtype=np.int64, count=size)
            counts = np.fromiter(self._counts.values(), dtype=np.float32, count=size)
            penalties = counts * self._sampling.frequency_penalty + self._sampling.presence_penalty
            adjusted[ids] -= penalties.astype(np.float32)
        if allowed is not None:
            adjusted[~allowed] = -np.inf
        return adjusted

    def _pick(self, logits: Floats) -> int:
        sampling = self._sampling
        if sampling.temperature < GREEDY_BELOW:
            return int(np.argmax(logits))
        kept: Indexes | None = None
        if 0 < sampling.top_k < len(logits):
            # By id, as the whole vocabulary is: a card, which does not sort, draws the same.
            kept = np.sort(_likeliest(logits, sampling.top_k))
        scaled = logits if kept is None else logits[kept]
        # Exponents in single precision: a vocabulary in half the time, and errors far below ties.
        weights = np.exp((scaled - np.max(scaled)) / np.float32(sampling.temperature))
        if sampling.min_p > 0:
            weights[weights < np.float32(sampling.min_p)] = 0  # the likeliest token has weight 1
        if sampling.top_p < 1:
            weights = _top_p(weights, sampling.top_p)
        index = _draw(weights, self._generator.random())
        return index if kept is None else int(kept[index])


def logprob_of(logits: Floats, token_id: int, top: int) -> Chosen:
    """A token's log probability under the logits, with the `top` likeliest tokens'."""
    shifted = logits.astype(np.float64) - float(np.max(logits))
    logprobs = shifted - np.log(np.sum(np.exp(shifted)))
    likeliest = _likeliest(logprobs, top)
    pairs = tuple((int(index), float(logprobs[index])) for index in likeliest)
    return Chosen(token_id, float(logprobs[token_id]), pairs)


def _draw(weights: Floats, share: float) -> int:
    """The index at which the running sum of the weights passes `share` (0 to 1) of their sum."""
    whole = len(weights) // DRAW_RUN * DRAW_RUN
    runs = weights[:whole].reshape(-1, DRAW_RUN).sum(axis=1, dtype=np.float64)
    reached = np.cumsum(np.append(runs, weights[whole:].sum(dtype=np.float64)))
    target = share * float(reached[-1])
    run = min(int(np.searchsorted(reached, target, side="right")), len(reached) - 1)
    before = float(reached[run - 1]) if run else 0.0
    part = weights[run * DRAW_RUN : (run + 1) * DRAW_RUN]
    within = np.cumsum(part, dtype=np.float64)
    at = int(np.searchsorted(within, target - before, side="right"))
    if at >= len(within) or part[at] == 0:
        # Rounding at the edge of a run: the nearest token that can be drawn.
        possible = np.flatnonzero(weights)
        return int(possible[np.abs(possible - (run * DRAW_RUN + at)).argmin()])
    return run * DRAW_RUN + at


def _likeliest(values: Floats | Doubles, count: int) -> Indexes:
    """Indexes of the greatest values, greatest first, lower index first among equals."""
    if count <= 0:
        return np.empty(0, dtype=np.intp)
    if count >= len(values):
        return np.argsort(-values, kind="stable")
    candidates = np.flatnonzero(values >= _floor(values, count))
    return candidates[np.argsort(-values[candidates], kind="stable")][:count]


def _floor(values: Floats | Doubles, count: int) -> float:
    """A value that at least `count` of the values reach, and few more."""
    groups = len(values) // FLOOR_GROUP
    if groups < count:
        return float(np.partition(values, -count)[-count])
    # The best of each group: `count` groups hold one as good as the one that this finds.
    best = values[: groups * FLOOR_GROUP].reshape(FLOOR_GROUP, groups).max(axis=0)
    return float(np.partition(best, -count)[-count])


def _top_p(weights: Floats, top_p: float) -> Floats:
    """Keep the likeliest tokens that together reach `top_p`; always one at least."""
    total = float(weights.sum(dtype=np.float64))
    order = _likeliest(weights, TOP_P_FIRST)
    reached = np.cumsum(weights[order], dtype=np.float64) / total
    if reached[-1] < top_p and len(order) < len(weights):
        order = np.argsort(-weights, kind="stable")
        reached = np.cumsum(weights[order], dtype=np.float64) / total
    kept = order[: int(np.searchsorted(reached, top_p)) + 1]
    masked = np.zeros_like(weights)
    masked[kept] = weights[kept]
    return masked
