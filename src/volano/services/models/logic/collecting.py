"""Answers put together from their deltas."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.inference import Delta, TokenLogprob, ToolCallDelta


@dataclass(slots=True)
class CollectedCall:
    """A tool call: its id, the tool's name, its arguments as JSON."""

    id: str = ""
    name: str = ""
    arguments: str = ""

    def add(self, piece: ToolCallDelta) -> None:
        self.id = self.id or piece.id
        self.name = self.name or piece.name
        self.arguments += piece.arguments


@dataclass(slots=True)
class Collected:
    """One choice. `end` is its last delta, with the counts; None while it is being made."""

    texts: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: dict[int, CollectedCall] = field(default_factory=dict)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    prompt_logprobs: list[TokenLogprob] = field(default_factory=list)
    end: Delta | None = None

    def add(self, delta: Delta) -> None:
        self.texts.append(delta.text)
        self.reasoning.append(delta.reasoning)
        self.logprobs += delta.logprobs
        self.prompt_logprobs += delta.prompt_logprobs
        for piece in delta.tool_calls:
            self.calls.setdefault(piece.index, CollectedCall()).add(piece)
        if delta.finish_reason is not None:
            self.end = delta

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def reasoned(self) -> str:
        return "".join(self.reasoning)

    @property
    def finish_reason(self) -> str:
        return (self.end and self.end.finish_reason) or "stop"

    def calls_in_order(self) -> list[CollectedCall]:
        return [self.calls[index] for index in sorted(self.calls)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Tokens of a request: the prompt counts once, however many choices answered it."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    reasoning: int = 0


def counts_of(choices: list[Collected]) -> Counts:
    ends = [choice.end for choice in choices if choice.end is not None]
    return Counts(
        prompt=max((end.prompt_tokens for end in ends), default=0),
        completion=sum(end.completion_tokens for end in ends),
        cached=max((end.cached_tokens for end in ends), default=0),
        reasoning=sum(end.reasoning_tokens for end in ends),
    )


def engine_of(choices: list[Collected]) -> str:
    """The name of the engine that answered."""
    return next((c.end.engine for c in choices if c.end is not None and c.end.engine), "")
