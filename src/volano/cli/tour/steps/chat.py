"""Step chat: a streamed completion from the built-in model, checked as a stream, not as prose."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from volano.cli.tour.outcome import Note, require

if TYPE_CHECKING:
    from openai.types import CompletionUsage

    from volano.cli.tour.day import Day

BUILT_IN = "volano-tiny-qwen3"
MAX_TOKENS = 48
LABEL = "the tiny test model's text is not meant to be useful; pull a real model for that"
WHAT_TO_DO = "see the log of the model worker, or run: volano models list"


def run(day: Day) -> Note:
    """Stream, and check that it came in pieces, ended well and was counted."""
    model = _pick_model(day)
    prompt = f"Write one friendly sentence about sales of {day.sales.gross}."
    day.say(f"{model} is answering")
    started = time.monotonic()
    stream = day.clients.openai.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": prompt}],
        max_tokens=MAX_TOKENS,
        seed=7,
        temperature=0.8,
        stream=True,
        stream_options={"include_usage": True},
    )
    pieces: list[str] = []
    times: list[float] = []
    finish, usage = None, None
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            finish = choice.finish_reason or finish
            if choice.delta.content:
                pieces.append(choice.delta.content)
                times.append(time.monotonic() - started)
                day.say("".join(pieces).replace("\n", " "))
    _check(pieces, times, finish, usage)
    assert usage is not None
    text = " ".join("".join(pieces).split())
    return Note(
        summary=f"{model}: {usage.completion_tokens} tokens in {len(pieces)} pieces, "
        f"first after {times[0] * 1000:.0f} ms, finish_reason {finish}",
        lines=(f"“{text[:160]}”", LABEL) if model == BUILT_IN else (f"“{text[:160]}”",),
        facts={"model": model, "pieces": len(pieces), "usage": usage.model_dump(), "text": text},
    )


def _pick_model(day: Day) -> str:
    """The built-in model, else any that is not for embeddings."""
    names = [model.id for model in day.clients.openai.models.list()]
    if BUILT_IN in names:
        return BUILT_IN
    others = [name for name in names if "embed" not in name and "minilm" not in name]
    require(bool(others), expected=f"{BUILT_IN} among the models", got=names, todo=WHAT_TO_DO)
    return others[0]


def _check(
    pieces: list[str], times: list[float], finish: str | None, usage: CompletionUsage | None
) -> None:
    require(
        len(pieces) > 1 and times[0] < times[-1],
        expected="the text in several pieces, one after the other",
        got=f"{len(pieces)} pieces",
        todo="a proxy between here and the server may be buffering the stream",
    )
    require(
        finish in ("stop", "length"),
        expected="finish_reason stop or length",
        got=finish,
        todo=WHAT_TO_DO,
    )
    counted = usage is not None and (
        0 < usage.completion_tokens <= MAX_TOKENS
        and usage.prompt_tokens > 0
        and usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    )
    require(counted, expected=f"usage of 1 to {MAX_TOKENS} tokens", got=usage, todo=WHAT_TO_DO)
