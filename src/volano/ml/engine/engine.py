"""One generative model being served: sequences in, pieces of text out, one step at a time.

Not safe for several threads: the compute loop owns it. Preparing a request (template, tokens) is
pure and may run anywhere.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.engine.adapters import AdapterSlots
from volano.ml.engine.blocks import BlockPool
from volano.ml.engine.detokenizer import TokenLogprob
from volano.ml.engine.parking import drop_pages
from volano.ml.engine.runner import Runner
from volano.ml.engine.sampler import Chosen, logprob_of
from volano.ml.engine.scheduler import Limits, Scheduler
from volano.ml.engine.sequence import Output, Sequence
from volano.ml.errors import EngineError, OutOfMemory, deadline_passed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from volano.ml.engine.runner import Flight, Result
    from volano.ml.engine.scheduler import Work
    from volano.ml.engine.tokenizer import Tokenizer
    from volano.ml.layers.arrays import Floats
    from volano.ml.models.batch import Decoder

BLOCK_SIZE = 16
# Steps of fewer tokens say little about how fast prompts are read.
PACE_TOKENS_MIN = 32
# Masks of grammars are found on this thread while the model computes.
_masks = ThreadPoolExecutor(max_workers=1, thread_name_prefix="masks")


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
        host_blocks: int = 0,
        visible: Mapping[int, bytes] | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`visible` gives special tokens a text; `host_blocks` bounds the cache's second tier."""
        self.model_config = model.config
        self._tokenizer = tokenizer
        self._eos_ids = eos_ids
        self._visible = dict(visible or {})
        self._now_s = now_s
        self._runner = Runner(model, blocks=blocks, block_size=BLOCK_SIZE)
        self.blocks = BlockPool(
            blocks=blocks, block_size=BLOCK_SIZE, cache=self._runner.cache, host_blocks=host_blocks
        )
        self._adapters = AdapterSlots(model)
        self._flight: Flight | None = None  # a step that was begun and not read
        self._read_s = 0.0
        self.context_tokens = min(model.config.max_positions, blocks * BLOCK_SIZE)
        self.scheduler = Scheduler(self.blocks, limits or Limits())
        # A model's head may be padded beyond the vocabulary; those ids are never sampled.
        self.vocab_size = min(tokenizer.vocab_size, model.config.vocab_size)
        self.prompt_tokens = self.cached_tokens = self.generated_tokens = 0
        self.late_tokens = 0
        self._seconds_per_token = 0.0
        self.drafted_tokens = self.accepted_tokens = 0

    @property
    def has_work(self) -> bool:
        """Whether a step would do anything."""
        return bool(self.scheduler.running or self.scheduler.waiting)

    def add(self, sequence: Sequence) -> None:
        """Queue a request; raises QueueFull. Its prompt must be under `context_tokens`."""
        assert len(sequence.tokens) < self.context_tokens
        # Known beforehand: a step may be planned before the last one is read.
        room = self.context_tokens - len(sequence.tokens)
        sequence.max_tokens = min(sequence.max_tokens, room)
        self.scheduler.add(sequence)
        sequence.arrived_s = self._now_s()
        if sequence.adapter is not None:
            try:
                sequence.adapter_slot = self._adapters.hold(sequence.adapter)
            except EngineError:
                self.scheduler.remove(sequence)
                raise

    def abort(self, sequence: Sequence) -> None:
        """Drop a request and free its blocks now; may be repeated."""
        self._remove(sequence)
        if not self.has_work:
            self.blocks.require_idle()

    def abort_all(self) -> list[Sequence]:
        """Drop every request, after an error; returns them."""
        self._flight = None
        dropped = [*self.scheduler.running, *self.scheduler.waiting]
        for sequence in dropped:
            self._remove(sequence)
        # What the failed step wrote is not to be trusted.
        self.blocks.forget_all()
        self.blocks.require_idle()
        return dropped

    def drop_cache(self) -> None:
        """Give the memory of the idle cache back to the system; what it knew is forgotten."""
        self.blocks.require_idle()
        self.blocks.forget_all()
        memory = self._runner.cache.memory
        if isinstance(memory, np.ndarray):
            drop_pages(memory)
        else:
            memory.park()

    def step(self) -> list[Output]:
        """Advance every planned sequence; an output for each that has text or is finished."""
        outputs = [self._expire(sequence) for sequence in self.scheduler.expired(self._now_s())]
        flight, self._flight = self._flight, None
        if flight is None:
            flight = self._launch()
        if flight is not None:
            if flight.may_be_followed:
                self._flight = self._launch()
            outputs += self._read(flight)
        if not self.has_work:
            self._flight = None
            self.blocks.require_idle()
        return outputs

    def due_s(self) -> float:
        """When this model's next token is due, on the clock of `now_s`."""
        return self.scheduler.due_s()

    def _launch(self) -> Flight | None:
        """Begin the next step; None when there is nothing to do, or no memory to do it now."""
        plan = self.scheduler.plan(self._seconds_per_token)
        if not plan:
            return None
        self._read_s = max(self._read_s, self._now_s())
        masks = _masks.submit(_prepare_masks, plan)
        try:
            flight = self._runner.launch(plan)
        except OutOfMemory:
            if not self.scheduler.back_off():
                raise
            return None
        finally:
            masks.result()
        flight.choose(self.vocab_size)
        return flight

    def _read(self, flight: Flight) -> list[Output]:
        results = flight.results()
        now_s = self._now_s()
        # Steps overlap: this one took the time since the one before it was read.
        self._note_pace(flight.works, now_s - self._read_s)
        self._read_s = now_s
        outputs = (self._advance(each, now_s) for each in results if not each.work.sequence.gone)
        return [output for output in outputs if output is not None]

    def _note_pace(self, plan: list[Work], seconds: float) -> None:
        """Learn from large steps how long a token of a prompt takes."""
        tokens = sum(work.count for work in plan)
        if tokens >= PACE_TOKENS_MIN:
            known = self._seconds_per_token
            seen = seconds / tokens
            self._seconds_per_token = seen if not known else known + (seen - known) / 4

    def _remove(self, sequence: Sequence) -> None:
        sequence.gone = True
        self.scheduler.remove(sequence)
        slot, sequence.adapter_slot = sequence.adapter_slot, -1
        if slot >= 0:
            self._adapters.let_go(slot)

    def _expire(self, sequence: Sequence) -> Output:
        self._remove(sequence)
        return Output(id=sequence.id, index=sequence.index, error=deadline_passed())

    def _advance(self, result: Result, now_s: float) -> Output | None:
        work, sequence = result.work, result.work.sequence
        logits = None if result.logits is None else result.logits[:, : self.vocab_size]
        if logits is not None and sequence.wants_prompt_logprobs:
            self._note_prompt_logprobs(work, logits)
            logits = logits[-1:]
        if logits is not None and sequence.pending:
            self.scheduler.note_computed(sequence)
            return None
        if sequence.last_token_s is None:
            self.prompt_tokens += sequence.prompt_tokens
            self.cached_tokens += sequence.cached_tokens
        sequence.last_token_s = now_s
        before = sequence.completion_tokens
        try:
            if logits is None:
                finish_reason = self._take(sequence, result.token)
            else:
                finish_reason = self._sample(work, logits)
        except EngineError as error:
            self._remove(sequence)
            return Output(id=sequence.id, index=sequence.index, error=error)
        self.generated_tokens += sequence.completion_tokens - before
        self.late_tokens += self.scheduler.late_tokens(sequence, before, now_s)
        self.scheduler.note_computed(sequence)
        return self._output(sequence, finish_reason, first=not before)

    def _sample(self, work: Work, logits: Floats) -> str | None:
        """Choose a token from each row that is known to be right; why the sequence ends, if so."""
        sequence = work.sequence
        before = len(sequence.tokens)
        new: tuple[int, ...] = ()
        finish_reason: str | None = None
        row = 0
        while row < len(logits):
            finish_reason = self._take(sequence, logits[row])
            new = tuple(sequence.tokens[before:])
            # The next row is right only if all it was computed after came true.
            if finish_reason is not None or new != work.drafts[: len(new)]:
                break
            row = len(new)
        if work.drafts:
            self._judge_drafts(work, new)
        return finish_reason

    def _take(self, sequence: Sequence, found: Floats | int | None) -> str | None:
        """Go on with what the device chose, or choose from logits (vocab,)."""
        for chosen in self._next_tokens(sequence, found):
            finish_reason = self._append(sequence, chosen)
            if finish_reason is not None:
                return finish_reason
        grammar = sequence.grammar
        return "stop" if grammar is not None and grammar.is_stopped else None

    def _judge_drafts(self, work: Work, new: tuple[int, ...]) -> None:
        """Keep what was computed for guesses that came true."""
        pairs = zip(new, work.drafts, strict=False)
        right = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        # The last new token is always still to be computed.
        work.sequence.computed += min(right, len(new) - 1)
        work.sequence.drafter.learn(accepted=right, length=len(work.sequence.tokens))
        self.drafted_tokens += len(work.drafts)
        self.accepted_tokens += right

    def _next_tokens(self, sequence: Sequence, found: Floats | int | None) -> list[Chosen]:
        """The sampled token, and those that the grammar then forces."""
        answer = sequence.answer
        limit = sequence.reasoning_tokens_max
        if answer.in_reasoning and limit is not None and answer.reasoning_tokens >= limit:
            end_id = answer.reasoning_end_id
            sequence.sampler.remember(end_id)
            return [Chosen(end_id, None, ())]
        grammar = None if answer.in_reasoning else sequence.grammar
        if isinstance(found, np.ndarray):
            allowed = None if grammar is None else grammar.allowed()[: len(found)]
            chosen = [sequence.sampler.choose(found, allowed)]
        else:
            assert found is not None
            sequence.sampler.remember(found)
            chosen = [Chosen(found, None, ())]
        if grammar is None:
            return chosen
        if chosen[0].token_id in self._eos_ids:
            return chosen
        for token_id in grammar.accept(chosen[0].token_id):
            sequence.sampler.remember(token_id)
            chosen.append(Chosen(token_id, None, ()))
        return chosen

    def _append(self, sequence: Sequence, chosen: Chosen) -> str | None:
        """Take one more token; why the sequence ends with it, if it does."""
        token_id = chosen.token_id
        sequence.tokens.append(token_id)
        ends = token_id in self._eos_ids and not sequence.ignore_eos
        if ends or token_id in sequence.stop_ids:
            return "stop"
        data = self._visible.get(token_id)
        if data is None:
            data = self._tokenizer.token_bytes(token_id)
        sequence.answer.add(token_id, data, self._logprob(chosen))
        if sequence.answer.stopped:
            return "stop"
        if self._is_full(sequence):
            return "length"
        return None

    def _output(
        self, sequence: Sequence, finish_reason: str | None, *, first: bool
    ) -> Output | None:
        if finish_reason is not None:
            sequence.answer.finish()
            self._remove(sequence)
        piece = sequence.answer.take()
        opening = (sequence.echo or sequence.prompt_logprobs) if first else None
        if piece.is_empty and finish_reason is None and not opening:
            return None
        if finish_reason == "stop" and sequence.answer.has_tool_calls:
            finish_reason = "tool_calls"
        return Output(
            id=sequence.id,
            index=sequence.index,
            text=sequence.echo + piece.text if first else piece.text,
            reasoning=piece.reasoning,
            tool_calls=piece.tool_calls,
            logprobs=piece.logprobs,
            prompt_logprobs=tuple(sequence.prompt_logprobs) if first else (),
            finish_reason=finish_reason,
            stopped_by=sequence.answer.stopped_by,
            prompt_tokens=sequence.prompt_tokens,
            completion_tokens=sequence.completion_tokens,
            cached_tokens=sequence.cached_tokens,
            reasoning_tokens=sequence.answer.reasoning_tokens,
            seed=sequence.seed,
        )

    def _note_prompt_logprobs(self, work: Work, logits: Floats) -> None:
        """The rows of a chunk tell of the tokens after them; the first token follows nothing."""
        sequence = work.sequence
        del sequence.prompt_logprobs[work.start + 1 :]
        if not work.start:
            first = sequence.tokens[0]
            sequence.prompt_logprobs = [self._shown(first, None)]
        top = sequence.top_prompt_logprobs or 0
        following = sequence.tokens[work.start + 1 : work.start + work.count + 1]
        for row, token_id in zip(logits, following, strict=False):
            chosen = logprob_of(row, token_id, top)
            sequence.prompt_logprobs.append(self._shown(token_id, chosen.logprob, chosen.top))
        sequence.wants_prompt_logprobs = bool(sequence.pending)

    def _is_full(self, sequence: Sequence) -> bool:
        at_limit = sequence.completion_tokens >= sequence.max_tokens
        return at_limit or len(sequence.tokens) >= self.context_tokens

    def _logprob(self, chosen: Chosen) -> TokenLogprob | None:
        if chosen.logprob is None:
            return None
        return self._shown(chosen.token_id, chosen.logprob, chosen.top)

    def _shown(
        self, token_id: int, logprob: float | None, top: Iterable[tuple[int, float]] = ()
    ) -> TokenLogprob:
        text, data = self._tokenizer.token_text, self._tokenizer.token_bytes
        return TokenLogprob(
            token=text(token_id),
            logprob=logprob,
            bytes=data(token_id),
            top=tuple((text(id), value, data(id)) for id, value in top),
        )


def _prepare_masks(plan: list[Work]) -> None:
    for work in plan:
        sequence = work.sequence
        if sequence.grammar is not None and work.logit_rows and not sequence.answer.in_reasoning:
            sequence.grammar.prepare()
