"""A sequence's answer as it grows: reasoning, text and tool calls, told apart while they stream.

Reasoning ends with one token of the model's vocabulary (`</think>`), so it is split off before any
text is made; stop strings are looked for in the answer only. Tool calls are found in the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.ml.engine.detokenizer import Detokenizer
from volano.ml.engine.tool_calls import ToolCallParser

if TYPE_CHECKING:
    from volano.ml.engine.detokenizer import TokenLogprob
    from volano.ml.engine.tool_calls import ToolCallPiece, ToolFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFormat:
    """How to read an answer.

    `reasoning` says that it begins inside the reasoning; `begin_id` and `end_id` are the tokens
    around that. `tools` is None when no tool may be called.
    """

    reasoning: bool = False
    begin_id: int | None = None
    end_id: int | None = None
    tools: ToolFormat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What is new and certain."""

    text: str
    reasoning: str
    tool_calls: tuple[ToolCallPiece, ...]
    logprobs: tuple[TokenLogprob, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.text or self.reasoning or self.tool_calls or self.logprobs)


class Answer:
    """Takes tokens, gives pieces."""

    def __init__(self, format: AnswerFormat, stop: tuple[str, ...]) -> None:
        self._format = format
        self._text = Detokenizer(stop)
        self._thought = Detokenizer(())
        self._parser = ToolCallParser(format.tools) if format.tools is not None else None
        self._trims = False
        self.in_reasoning = format.reasoning
        self.reasoning_tokens = 0

    @property
    def reasoning_end_id(self) -> int:
        """The token that ends the reasoning; there is one where there is reasoning."""
        assert self._format.end_id is not None
        return self._format.end_id

    @property
    def stopped(self) -> bool:
        """Whether a stop string is complete."""
        return self._text.stopped

    @property
    def stopped_by(self) -> str | None:
        """The stop string that ended the text."""
        return self._text.stopped_by

    @property
    def has_tool_calls(self) -> bool:
        """Whether a whole tool call was read."""
        return self._parser is not None and self._parser.calls > 0

    def add(self, token_id: int, data: bytes, logprob: TokenLogprob | None) -> None:
        """Take one token; `data` is its text."""
        if self.in_reasoning:
            self.reasoning_tokens += 1
            if token_id == self._format.end_id:
                self.in_reasoning = False
                self._trims = True  # the line breaks after the reasoning belong to neither
            elif token_id != self._format.begin_id:
                self._thought.add(data, None)
            return
        if token_id == self._format.begin_id and not self._text.began:
            self.in_reasoning = True
            self.reasoning_tokens += 1
            return
        self._text.add(data, logprob)

    def finish(self) -> None:
        """No more tokens."""
        self._text.finish()
        self._thought.finish()

    def take(self) -> Piece:
        """What is new; given once."""
        thought, _ = self._thought.take()
        text, logprobs = self._text.take()
        if self._trims and text:
            text = text.lstrip("\n")
            self._trims = not text
        calls: tuple[ToolCallPiece, ...] = ()
        if self._parser is not None:
            text, calls = self._parser.feed(text, last=self._text.stopped)
        return Piece(text=text, reasoning=thought, tool_calls=calls, logprobs=logprobs)
