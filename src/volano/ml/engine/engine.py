"""One generative model being served: sequences in, pieces of text out, one step at a time.

Not safe for several threads: the compute loop owns it. Preparing a request (template, tokens) is
pure and may run anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.ml.engine.blocks import BlockPool
from volano.ml.engine.detokenizer import TokenLogprob
from volano.ml.engine.runner import Runner
from volano.ml.engine.scheduler import Limits, Scheduler
from volano.ml.engine.sequence import Output, Sequence

if TYPE_CHECKING:
    from volano.ml.engine.runner import Decoder
    from volano.ml.engine.sampler import Chosen
    from volano.ml.engine.tokenizer import Tokenizer
    from volano.ml.layers.arrays import Floats

BLOCK_SIZE = 16


class Engine:
    """Serves one decoder."""

    def __init__(
        self,
        model: Decoder,
        tokenizer: Tokenizer,
        *,
        blocks: int,
        eos_ids: frozenset[int],
        limits: Limits | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._eos_ids = eos_ids
        self.blocks = BlockPool(blocks=blocks, block_size=BLOCK_SIZE)
        self.context_tokens = min(model.config.max_positions, blocks * BLOCK_SIZE)
        self.scheduler = Scheduler(self.blocks, limits or Limits())
        self._runner = Runner(model, blocks=blocks, block_size=BLOCK_SIZE)
        # A model's head may be padded beyond the vocabulary; those ids are never sampled.
        self._vocab_size = min(tokenizer.vocab_size, model.config.vocab_size)

    @property
    def has_work(self) -> bool:
        """Whether a step would do anything."""
        return bool(self.scheduler.running or self.scheduler.waiting)

    def add(self, sequence: Sequence) -> None:
        """Queue a request; raises QueueFull. Its prompt must be under `context_tokens`."""
        assert len(sequence.tokens) < self.context_tokens
        self.scheduler.add(sequence)

    def abort(self, sequence: Sequence) -> None:
        """Drop a request and free its blocks now; may be repeated."""
        self.scheduler.remove(sequence)

    def abort_all(self) -> list[Sequence]:
        """Drop every request, after an error; returns them."""
        dropped = [*self.scheduler.running, *self.scheduler.waiting]
        for sequence in dropped:
            self.scheduler.remove(sequence)
        return dropped

    def step(self) -> list[Output]:
        """Advance every planned sequence; an output for each that has text or is finished."""
        plan = self.scheduler.plan()
        if not plan:
            return []
        outputs = []
        for sequence, logits in self._runner.run(plan):
            if logits is None:
                continue
            output = self._advance(sequence, logits[: self._vocab_size])
            if output is not None:
                outputs.append(output)
        return outputs

    def _advance(self, sequence: Sequence, logits: Floats) -> Output | None:
        chosen = sequence.sampler.choose(logits)
        sequence.tokens.append(chosen.token_id)
        finish_reason = None
        if chosen.token_id in self._eos_ids:
            finish_reason = "stop"
        else:
            data = self._tokenizer.token_bytes(chosen.token_id)
            sequence.detokenizer.add(data, self._logprob(chosen))
            if sequence.detokenizer.stopped:
                finish_reason = "stop"
            elif self._is_full(sequence):
                finish_reason = "length"
        if finish_reason is not None:
            sequence.detokenizer.finish()
            self.scheduler.remove(sequence)
        text, logprobs = sequence.detokenizer.take()
        if not text and not logprobs and finish_reason is None:
            return None
        return Output(
            id=sequence.id,
            text=text,
            logprobs=logprobs,
            finish_reason=finish_reason,
            prompt_tokens=sequence.prompt_tokens,
            completion_tokens=sequence.completion_tokens,
            seed=sequence.seed,
        )

    def _is_full(self, sequence: Sequence) -> bool:
        at_limit = sequence.completion_tokens >= sequence.max_tokens
        return at_limit or len(sequence.tokens) >= self.context_tokens

    def _logprob(self, chosen: Chosen) -> TokenLogprob | None:
        if chosen.logprob is None:
            return None
        text, data = self._tokenizer.token_text, self._tokenizer.token_bytes
        return TokenLogprob(
            token=text(chosen.token_id),
            logprob=chosen.logprob,
            bytes=data(chosen.token_id),
            top=tuple((text(id), logprob, data(id)) for id, logprob in chosen.top),
        )
