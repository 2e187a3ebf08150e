"""Tokens to text, piece by piece: never half a character, never past a stop string.

Bytes of tokens go through an incremental UTF-8 decoder, so a character whose bytes are spread over
tokens appears once it is whole. Text that may be the beginning of a stop string is held back until
the next token decides; log probabilities are held back with the text they belong to.
"""

from __future__ import annotations

import builtins
import codecs
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogprob:
    """A token as the caller sees it; `top` holds its rivals as (text, log probability, bytes).

    The first token of a prompt follows nothing: its `logprob` is None.
    """

    token: str
    logprob: float | None
    bytes: bytes
    top: tuple[tuple[str, float, builtins.bytes], ...]


class Detokenizer:
    """The text of one sequence."""

    def __init__(self, stop: tuple[str, ...]) -> None:
        self._stop = tuple(text for text in stop if text)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held = ""
        self._start = 0  # where the held text begins, in characters of the whole output
        self._logprobs: list[tuple[int, TokenLogprob]] = []
        self.stopped = False
        self.stopped_by: str | None = None

    @property
    def began(self) -> bool:
        """Whether there was any text but white space so far."""
        return self._start > 0 or bool(self._held.strip())

    def add(self, data: bytes, logprob: TokenLogprob | None) -> None:
        """Take one token's bytes; sets `stopped` when a stop string is complete."""
        begins = self._start + len(self._held)
        self._held += self._decoder.decode(data)
        if logprob is not None:
            self._logprobs.append((begins, logprob))
        found = [(self._held.find(text), text) for text in self._stop if text in self._held]
        if found:
            end, self.stopped_by = min(found)
            self._held = self._held[:end]
            self._cut_logprobs()
            self.stopped = True

    def finish(self) -> None:
        """No more tokens: what is held becomes text, an incomplete character a replacement one."""
        if not self.stopped:
            self._held += self._decoder.decode(b"", final=True)
            self.stopped = True

    def take(self) -> tuple[str, tuple[TokenLogprob, ...]]:
        """The text that is certain, and the log probabilities of its tokens; given once."""
        sure = len(self._held) if self.stopped else len(self._held) - self._undecided()
        text, self._held = self._held[:sure], self._held[sure:]
        self._start += sure
        # A token without text of its own (part of a character) goes with the text before it.
        ready = [entry for begins, entry in self._logprobs if begins < self._start or self.stopped]
        self._logprobs = self._logprobs[len(ready) :]
        return text, tuple(ready)

    def _undecided(self) -> int:
        """The length of the longest end of the held text that may begin a stop string."""
        longest = max((len(text) for text in self._stop), default=1) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            tail = self._held[-length:]
            if any(text.startswith(tail) for text in self._stop):
                return length
        return 0

    def _cut_logprobs(self) -> None:
        """Drop the tokens that begin at or after the cut."""
        end = self._start + len(self._held)
        self._logprobs = [pair for pair in self._logprobs if pair[0] < end]
