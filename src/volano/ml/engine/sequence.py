"""A request's choice inside the engine: its tokens, its blocks and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from volano.ml.engine.answer import Answer, AnswerFormat
from volano.ml.engine.blocks import chain_hash
from volano.ml.engine.drafts import Drafter
from volano.ml.engine.sampler import Sampler, Sampling

if TYPE_CHECKING:
    from volano.ml.engine.detokenizer import TokenLogprob
    from volano.ml.engine.grammar import GrammarState
    from volano.ml.engine.tool_calls import ToolCallPiece
    from volano.ml.errors import EngineError
    from volano.ml.models.batch import Adapter, Draw


@dataclass(slots=True, kw_only=True, eq=False)
class Sequence:
    """Mutable; owned by the engine's thread once added.

    `computed` counts the tokens whose keys and values are in the cache, `ahead` those that a device
    chooses and that were not read yet, the last in row `row` of its step. Invariant: `computed` is
    at most `len(tokens) + ahead`, and `block_table` holds at least `computed` tokens. `hashes`
    begins with the root of the chain; entry `i + 1` is that of block `i`. `gone`: no more of it.
    """

    id: str
    index: int = 0
    prompt_tokens: int
    tokens: list[int]
    max_tokens: int
    seed: int
    sampler: Sampler
    answer: Answer
    hashes: list[bytes]
    drafter: Drafter = field(default_factory=Drafter)
    grammar: GrammarState | None = None
    adapter: Adapter | None = None
    adapter_slot: int = -1
    priority: int = 0
    scope: str = ""
    arrived_s: float = 0.0
    deadline_s: float | None = None
    ignore_eos: bool = False
    stop_ids: frozenset[int] = frozenset()
    reasoning_tokens_max: int | None = None
    top_prompt_logprobs: int | None = None
    wants_prompt_logprobs: bool = False
    prompt_logprobs: list[TokenLogprob] = field(default_factory=list)
    echo: str = ""
    order: tuple[int, int, int] = (0, 0, 0)
    block_table: list[int] = field(default_factory=list)
    computed: int = 0
    published: int = 0
    cached_tokens: int = 0
    last_token_s: float | None = None
    ahead: int = 0
    row: int = -1
    gone: bool = False

    @property
    def pending(self) -> int:
        """Tokens still to go through the model before the next can be sampled."""
        return len(self.tokens) + self.ahead - self.computed

    @property
    def ends_ahead(self) -> bool:
        """Whether a token that is on its way is the last that may be."""
        return self.ahead > 0 and self.completion_tokens + self.ahead >= self.max_tokens

    @property
    def fits_card(self) -> bool:
        """Whether a device may choose the next token: it alone is wanted, by no special rule."""
        plain = self.sampler.fits_card and not self.wants_prompt_logprobs
        return plain and self.reasoning_tokens_max is None

    @property
    def runs_freely(self) -> bool:
        """Whether the token after the next can be chosen before the next is seen."""
        return self.grammar is None and not self.sampler.looks_back

    def draw(self, vocab: int) -> Draw:
        """What a device needs to choose the next token; raises BadRequest as a grammar does."""
        held = self.grammar is not None and not self.answer.in_reasoning
        return self.sampler.draw(self.grammar.allowed()[:vocab] if held and self.grammar else None)

    @property
    def completion_tokens(self) -> int:
        """Tokens sampled so far."""
        return len(self.tokens) - self.prompt_tokens

    @property
    def reading_prompt(self) -> bool:
        """Whether part of the prompt is still to go through the model."""
        return self.computed < self.prompt_tokens

    def block_hash(self, index: int, block_size: int) -> bytes:
        """The hash of block `index`, whose tokens are all there."""
        while len(self.hashes) <= index + 1:
            start = (len(self.hashes) - 1) * block_size
            part = self.tokens[start : start + block_size]
            assert len(part) == block_size
            self.hashes.append(chain_hash(self.hashes[-1], part))
        return self.hashes[index + 1]


def make_sequence(
    id: str,
    prompt: list[int],
    *,
    max_tokens: int,
    sampling: Sampling,
    stop: tuple[str, ...] = (),
    format: AnswerFormat | None = None,
    root: bytes = b"",
) -> Sequence:
    """A new request over prompt token ids; one token at least. `root` begins its block hashes."""
    assert prompt, "a sequence needs a token to start from"
    return Sequence(
        id=id,
        prompt_tokens=len(prompt),
        tokens=list(prompt),
        max_tokens=max_tokens,
        seed=sampling.seed,
        sampler=Sampler(sampling, prompt),
        answer=Answer(format or AnswerFormat(), stop),
        hashes=[root],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A piece of one sequence's output; the last carries `finish_reason`, or `error`."""

    id: str
    index: int = 0
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCallPiece, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()
    prompt_logprobs: tuple[TokenLogprob, ...] = ()
    finish_reason: str | None = None
    stopped_by: str | None = None
    error: EngineError | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    seed: int = 0

    @property
    def is_last(self) -> bool:
        """Whether nothing more comes of this sequence."""
        return self.finish_reason is not None or self.error is not None
