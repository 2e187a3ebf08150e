"""Which tokens go through the model in the next step.

Continuous batching: a step holds one token of every sequence that is decoding, then as much of the
prompts that are being read as the token budget allows, so that long prompts are read in chunks and
nobody waits for them. When blocks run out the sequence that came last gives its blocks back and is
read again later (its sampler and text stay, so its output is the same).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.ml.errors import QueueFull

if TYPE_CHECKING:
    from volano.ml.engine.blocks import BlockPool
    from volano.ml.engine.sequence import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`step_tokens` bounds one step; `running` those decoded together; `waiting` the queue."""

    step_tokens: int = 512
    running: int = 64
    waiting: int = 256


class Scheduler:
    """The queue and the running sequences of one model."""

    def __init__(self, blocks: BlockPool, limits: Limits) -> None:
        assert limits.step_tokens >= limits.running, "every decode must fit in a step"
        self._blocks = blocks
        self._limits = limits
        self.running: list[Sequence] = []  # in order of arrival
        self.waiting: deque[Sequence] = deque()

    def add(self, sequence: Sequence) -> None:
        """Queue a sequence; raises QueueFull over the limit."""
        if len(self.waiting) >= self._limits.waiting:
            raise QueueFull(
                f"{len(self.waiting)} requests already wait for this model. Try again later."
            )
        self.waiting.append(sequence)

    def remove(self, sequence: Sequence) -> None:
        """Forget a finished or aborted sequence and free its blocks at once; may be repeated."""
        if sequence in self.running:
            self.running.remove(sequence)
        elif sequence in self.waiting:
            self.waiting.remove(sequence)
        self._blocks.release(sequence.block_table)

    def plan(self) -> list[tuple[Sequence, int]]:
        """The sequences of the next step, each with how many of its tokens to compute."""
        planned: dict[str, tuple[Sequence, int]] = {}
        budget = self._limits.step_tokens
        # Those that decode come first: a prompt must not hold them up.
        for sequence in sorted(self.running, key=lambda each: each.pending > 1):
            count = min(sequence.pending, budget)
            if count and sequence in self.running and self._make_room(sequence, count, planned):
                planned[sequence.id] = (sequence, count)
                budget -= count
        if len(planned) == len(self.running):
            self._admit(planned, budget)
        return list(planned.values())

    def _admit(self, planned: dict[str, tuple[Sequence, int]], budget: int) -> None:
        while self.waiting and budget > 0 and len(self.running) < self._limits.running:
            sequence = self.waiting[0]
            # Reading a prompt that does not fit would only take blocks from those before it.
            if self._blocks.free < self._blocks.blocks_for(len(sequence.tokens)):
                return
            self.waiting.popleft()
            self.running.append(sequence)
            count = min(sequence.pending, budget)
            grown = self._blocks.grow(sequence.block_table, count)
            assert grown
            planned[sequence.id] = (sequence, count)
            budget -= count

    def _make_room(
        self, sequence: Sequence, count: int, planned: dict[str, tuple[Sequence, int]]
    ) -> bool:
        """Get blocks for `count` more tokens, at the cost of those that came later."""
        while not self._blocks.grow(sequence.block_table, sequence.computed + count):
            victim = self.running[-1]
            self._preempt(victim)
            planned.pop(victim.id, None)
            if victim is sequence:
                return False
        return True

    def _preempt(self, victim: Sequence) -> None:
        self.running.remove(victim)
        self._blocks.release(victim.block_table)
        victim.computed = 0
        self.waiting.appendleft(victim)
