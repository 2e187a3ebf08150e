"""A request inside the engine: its tokens, its blocks and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass, field

from volano.ml.engine.detokenizer import Detokenizer, TokenLogprob
from volano.ml.engine.sampler import Sampler, Sampling


@dataclass(slots=True, kw_only=True, eq=False)
class Sequence:
    """Mutable; owned by the engine's thread once added.

    `computed` counts the tokens whose keys and values are in the cache. Invariant: `computed` is at
    most `len(tokens)`, and `block_table` holds at least `computed` tokens.
    """

    id: str
    prompt_tokens: int
    tokens: list[int]
    max_tokens: int
    seed: int
    sampler: Sampler
    detokenizer: Detokenizer
    block_table: list[int] = field(default_factory=list)
    computed: int = 0

    @property
    def pending(self) -> int:
        """Tokens still to go through the model before the next can be sampled."""
        return len(self.tokens) - self.computed

    @property
    def completion_tokens(self) -> int:
        """Tokens sampled so far."""
        return len(self.tokens) - self.prompt_tokens


def make_sequence(
    id: str, prompt: list[int], *, max_tokens: int, sampling: Sampling, stop: tuple[str, ...]
) -> Sequence:
    """A new request over prompt token ids; one token at least."""
    assert prompt, "a sequence needs a token to start from"
    return Sequence(
        id=id,
        prompt_tokens=len(prompt),
        tokens=list(prompt),
        max_tokens=max_tokens,
        seed=sampling.seed,
        sampler=Sampler(sampling),
        detokenizer=Detokenizer(stop),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A piece of one sequence's output; the last carries `finish_reason`."""

    id: str
    text: str
    logprobs: tuple[TokenLogprob, ...]
    finish_reason: str | None
    prompt_tokens: int
    completion_tokens: int
    seed: int
