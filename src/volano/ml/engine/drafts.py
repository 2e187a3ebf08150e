"""Prompt lookup: guess the next tokens from what followed the same few tokens before.

A guess costs little, because several tokens of one sequence go through the model in one step almost
as fast as one; a wrong guess is thrown away, so the output is the same with and without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NGRAM_TOKENS = 3
# After this many guesses without a hit, guess only every so many tokens.
MISSES_MAX = 4
REST_TOKENS = 32


class Drafter:
    """The places of every run of NGRAM_TOKENS tokens in one sequence, kept up as it grows."""

    def __init__(self) -> None:
        self._places: dict[tuple[int, ...], int] = {}
        self._indexed = NGRAM_TOKENS
        self._misses = 0
        self._rest_until = 0

    def propose(self, tokens: Sequence[int], count: int) -> tuple[int, ...]:
        """Up to `count` tokens that followed the last ones before; often none."""
        end = len(tokens)
        # The run at the very end is what is looked for, so it is indexed only next time.
        for stop in range(self._indexed, end):
            self._places[tuple(tokens[stop - NGRAM_TOKENS : stop])] = stop
        self._indexed = max(self._indexed, end)
        if count <= 0 or end < NGRAM_TOKENS or end < self._rest_until:
            return ()
        place = self._places.get(tuple(tokens[end - NGRAM_TOKENS : end]))
        return () if place is None else tuple(tokens[place : place + count])

    def learn(self, *, accepted: int, length: int) -> None:
        """How many tokens of the last guess were right, and how long the sequence is now."""
        self._misses = 0 if accepted else self._misses + 1
        if self._misses >= MISSES_MAX:
            self._misses = 0
            self._rest_until = length + REST_TOKENS
