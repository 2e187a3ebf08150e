"""Which tokens go through the model in the next step.

Continuous batching: a step holds the next token of every sequence that is decoding (with guesses
of more, while few decode), then as much of the prompts that are being read as the token budget
allows, so that long prompts are read in chunks and nobody waits for them.

Order of the queue: higher priority first; within a priority the scopes (tenants) get equal shares
of tokens (start-time fair queueing), and within a scope first come, first served. A prompt of which
another running sequence reads the same beginning right now waits for it and shares its blocks.

When blocks run out, or something more important waits, the least important and latest sequence
gives its blocks back and is read again later: its sampler and text stay, so its output is the
same, and what is still in the prefix cache or in host memory is not computed twice.
"""

from __future__ import annotations

import math
from bisect import insort
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.ml.errors import QueueFull

if TYPE_CHECKING:
    from volano.ml.engine.blocks import BlockPool
    from volano.ml.engine.sequence import Sequence

# Tokens of output that a request is charged for in advance, at most, when shares are counted.
CHARGED_OUTPUT_TOKENS = 512
SCOPES_MAX = 4096
# The least that is read of prompts in a step while others decode.
CHUNK_TOKENS_MIN = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`step_tokens` bounds one step; `running` those decoded together; `waiting` the queue.

    `draft_tokens` is how many tokens may be guessed for a sequence, 0 for none, while at most
    `draft_sequences` decode. `logit_rows` bounds the rows of a prompt whose log probabilities are
    wanted in one step. A first token is due within `first_token_s` and each other `token_s` later;
    steps in which something decodes are kept to half of `token_s`.
    """

    step_tokens: int = 512
    running: int = 64
    waiting: int = 1024
    prefix_cache: bool = True
    draft_tokens: int = 4
    draft_sequences: int = 4
    logit_rows: int = 128
    first_token_s: float = 10.0
    token_s: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """`count` tokens of a sequence from `start`, then its `drafts`.

    `logit_rows` of the last rows' logits are wanted: none while a prompt is not read to its end.
    """

    sequence: Sequence
    start: int
    count: int
    drafts: tuple[int, ...]
    logit_rows: int


class Scheduler:
    """The queue and the running sequences of one model."""

    def __init__(self, blocks: BlockPool, limits: Limits) -> None:
        assert limits.step_tokens >= limits.running, "every decode must fit in a step"
        self._blocks = blocks
        self._limits = limits
        self.running: list[Sequence] = []  # in order of arrival
        self.waiting: list[Sequence] = []  # next first
        self.preemptions = 0
        self._step_tokens, self._running_max = limits.step_tokens, limits.running
        self._arrivals = 0
        self._virtual_time = 0
        self._charged: dict[str, int] = {}  # scope -> virtual time up to which it is served
        self._reading: dict[bytes, Sequence] = {}  # blocks of prompts on their way

    def add(self, sequence: Sequence) -> None:
        """Queue a sequence; raises QueueFull over the limit."""
        if len(self.waiting) >= self._limits.waiting:
            raise QueueFull(
                f"{len(self.waiting)} requests already wait for this model. Try again later."
            )
        self._arrivals += 1
        sequence.order = (-sequence.priority, self._charge(sequence), self._arrivals)
        insort(self.waiting, sequence, key=_order)

    def remove(self, sequence: Sequence) -> None:
        """Forget a finished or aborted sequence and free its blocks at once; may be repeated."""
        if sequence in self.running:
            self.running.remove(sequence)
        elif sequence in self.waiting:
            self.waiting.remove(sequence)
        self._leave(sequence)
        if not self.running and not self.waiting:
            self._step_tokens, self._running_max = self._limits.step_tokens, self._limits.running

    def expired(self, now_s: float) -> list[Sequence]:
        """The sequences whose deadline has passed; they stay until they are removed."""
        known = (*self.running, *self.waiting)
        return [each for each in known if each.deadline_s is not None and each.deadline_s <= now_s]

    def due_s(self) -> float:
        """When the next token of any sequence is due; infinity without one."""
        first, each = self._limits.first_token_s, self._limits.token_s
        known = (*self.running, *self.waiting[: self._limits.running])
        times = (one.arrived_s + first + each * one.completion_tokens for one in known)
        return min(times, default=math.inf)

    def late_tokens(self, sequence: Sequence, before: int, now_s: float) -> int:
        """How many of the tokens after the first `before` came after they were due."""
        limits = self._limits
        allowed_s = now_s - sequence.arrived_s - limits.first_token_s
        if allowed_s <= 0:
            return 0
        in_time = math.floor(allowed_s / limits.token_s) + 1  # token `in_time` is not due yet
        return max(min(sequence.completion_tokens, in_time) - before, 0)

    def plan(self, seconds_per_token: float = 0.0) -> list[Work]:
        """What goes through the model in the next step, given how long a token takes there."""
        planned: dict[str, Work] = {}
        budget = self._step_tokens
        decoding = sum(not each.reading_prompt for each in self.running)
        if decoding and seconds_per_token:
            # A prompt must not hold up those that decode; it goes on in small steps all the same.
            fitting = int(self._limits.token_s / 2 / seconds_per_token)
            budget = min(budget, decoding + max(fitting, CHUNK_TOKENS_MIN))
        # Those that decode come first: a prompt must not hold them up.
        for sequence in sorted(self.running, key=lambda each: (each.pending > 1, each.order)):
            if budget <= 0 or sequence not in self.running or sequence.ends_ahead:
                continue
            drafts = self._drafts(sequence, decoding, budget - sequence.pending)
            work = self._work(sequence, budget, drafts)
            if self._make_room(work, planned):
                planned[sequence.id] = work
                budget -= work.count + len(work.drafts)
        self._admit(planned, budget)
        return list(planned.values())

    def back_off(self) -> bool:
        """Plan less at a time, since the device lacks memory; False when there is no less.

        Steps get smaller; then fewer run, one less each time. It stays so until all is done.
        """
        least = max(len(self.running), CHUNK_TOKENS_MIN)
        if self._step_tokens > least:
            self._step_tokens = max(self._step_tokens // 2, least)
        elif len(self.running) > 1:
            self._preempt(max(self.running, key=_order))
            self._running_max = len(self.running)
        else:
            return False
        return True

    def note_computed(self, sequence: Sequence) -> None:
        """Publish the blocks that a step has filled."""
        if not self._limits.prefix_cache:
            return
        full = sequence.computed // self._blocks.block_size
        for index in range(sequence.published, full):
            digest = sequence.block_hash(index, self._blocks.block_size)
            self._blocks.publish(sequence.block_table[index], digest)
            if self._reading.get(digest) is sequence:
                del self._reading[digest]
        sequence.published = max(sequence.published, full)

    def _work(self, sequence: Sequence, budget: int, drafts: tuple[int, ...] = ()) -> Work:
        count = min(sequence.pending, budget)
        rows = 1 + len(drafts) if count == sequence.pending else 0
        if sequence.wants_prompt_logprobs and sequence.reading_prompt:
            count = min(count, self._limits.logit_rows)
            rows = count
        return Work(
            sequence=sequence, start=sequence.computed, count=count, drafts=drafts, logit_rows=rows
        )

    def _drafts(self, sequence: Sequence, decoding: int, room: int) -> tuple[int, ...]:
        limits = self._limits
        if sequence.reading_prompt or decoding > limits.draft_sequences or room < 0:
            return ()
        if sequence.ahead:
            return ()  # what was last said is not known yet
        # The last token comes from the model, so a guess may fill all but one of what is left.
        left = sequence.max_tokens - sequence.completion_tokens - 1
        return sequence.drafter.propose(sequence.tokens, min(limits.draft_tokens, left, room))

    def _admit(self, planned: dict[str, Work], budget: int) -> None:
        place = 0
        while place < len(self.waiting) and budget > 0:
            sequence = self.waiting[place]
            hashes = self._shareable(sequence)
            found, held = self._blocks.find(hashes)
            beginning_is_read = found < len(hashes) and hashes[found] in self._reading
            if beginning_is_read or sequence.ahead:
                place += 1  # its last token is not known yet, or soon shared
                continue
            needed = self._blocks.blocks_for(len(sequence.tokens)) - held
            if len(self.running) >= self._running_max or self._blocks.free < needed:
                if not self._preempt_for(sequence, planned):
                    return
                continue
            del self.waiting[place]
            self._virtual_time = max(self._virtual_time, sequence.order[1])
            work = self._start(sequence, hashes, budget)
            planned[sequence.id] = work
            budget -= work.count

    def _start(self, sequence: Sequence, hashes: list[bytes], budget: int) -> Work:
        size = self._blocks.block_size
        self._blocks.share(sequence.block_table, hashes)
        sequence.computed = len(sequence.block_table) * size
        sequence.published = len(sequence.block_table)
        if not sequence.completion_tokens:
            sequence.cached_tokens = sequence.computed
        for digest in hashes[sequence.published :]:
            self._reading.setdefault(digest, sequence)
        insort(self.running, sequence, key=_arrival)
        work = self._work(sequence, budget)
        grown = self._blocks.grow(sequence.block_table, work.start + work.count)
        assert grown
        return work

    def _shareable(self, sequence: Sequence) -> list[bytes]:
        """Hashes of the full blocks that may be shared: one token at least is always computed."""
        if not self._limits.prefix_cache or sequence.wants_prompt_logprobs:
            return []
        size = self._blocks.block_size
        return [sequence.block_hash(i, size) for i in range((len(sequence.tokens) - 1) // size)]

    def _make_room(self, work: Work, planned: dict[str, Work]) -> bool:
        """Get blocks for the work, at the cost of those that came later or matter less."""
        sequence = work.sequence
        tokens = work.start + work.count + len(work.drafts)
        while not self._blocks.grow(sequence.block_table, tokens):
            victim = max(self.running, key=_order)
            self._preempt(victim)
            planned.pop(victim.id, None)
            if victim is sequence:
                return False
        return True

    def _preempt_for(self, sequence: Sequence, planned: dict[str, Work]) -> bool:
        """Put out a running sequence of lower priority; False when there is none."""
        victim = max(self.running, key=_order, default=None)
        if victim is None or victim.priority >= sequence.priority:
            return False
        self._preempt(victim)
        planned.pop(victim.id, None)
        return True

    def _preempt(self, victim: Sequence) -> None:
        self.preemptions += 1
        self.running.remove(victim)
        self._leave(victim)
        insort(self.waiting, victim, key=_order)

    def _leave(self, sequence: Sequence) -> None:
        self._blocks.release(sequence.block_table)
        sequence.computed = sequence.published = 0
        mine = [digest for digest, reader in self._reading.items() if reader is sequence]
        for digest in mine:
            del self._reading[digest]

    def _charge(self, sequence: Sequence) -> int:
        """The virtual time at which the sequence's turn begins; its scope pays for it."""
        if len(self._charged) > SCOPES_MAX:
            now = self._virtual_time
            self._charged = {name: at for name, at in self._charged.items() if at > now}
        start = max(self._virtual_time, self._charged.get(sequence.scope, 0))
        cost = len(sequence.tokens) + min(sequence.max_tokens, CHARGED_OUTPUT_TOKENS)
        self._charged[sequence.scope] = start + cost
        return start


def _order(sequence: Sequence) -> tuple[int, int, int]:
    return sequence.order


def _arrival(sequence: Sequence) -> int:
    return sequence.order[2]
