"""An upstream's answers, whole or as server-sent events, as the port's deltas; and its errors.

The counts of an answer come at its end, so every choice's last delta waits for them. Where an
upstream tells none, a piece of text counts as a token.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.errors import (
    DeadlineExceeded,
    Invalid,
    QuotaExceeded,
    Throttled,
    Unavailable,
    VolanoError,
)
from volano.kernel.foreign_json import decode_foreign
from volano.kernel.inference import Delta, TokenLogprob, ToolCallDelta

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

MAX_EVENT_BYTES = 4 * 1024 * 1024
MAX_MESSAGE = 1000


class _Details(msgspec.Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class Usage(msgspec.Struct):
    """What an upstream says it used."""

    prompt_tokens: int = 0
    completion_tokens: int | None = 0
    total_tokens: int | None = 0
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Said(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    delta: _Said | None = None
    message: _Said | None = None
    text: str | None = None
    finish_reason: str | None = None
    logprobs: Any = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: Usage | None = None
    error: Any = None


@dataclass(slots=True)
class Reading:
    """The choices of one answer while it is read."""

    upstream: str
    engine: str
    n: int
    _pieces: dict[int, int] = field(default_factory=dict)
    _finished: dict[int, str] = field(default_factory=dict)
    _usage: Usage | None = None

    def add(self, data: bytes) -> list[Delta]:
        """The deltas of one event (or of a whole answer). Raises what an error in it means."""
        try:
            chunk = decode_foreign(data, _Chunk)
        except msgspec.DecodeError as error:
            raise Unavailable(
                f"The upstream {self.upstream} sent what is no answer of OpenAI's API.",
                code="upstream_invalid",
                facts={"error": str(error)},
            ) from error
        if chunk.error:
            raise error_of(self.upstream, 502, data)
        self._usage = chunk.usage or self._usage
        deltas = (self._delta(choice) for choice in chunk.choices or ())
        return [delta for delta in deltas if delta is not None]

    def _delta(self, choice: _Choice) -> Delta | None:
        """What the choice says anew; None for a chunk that only tells its role or its end."""
        said = choice.delta or choice.message or _Said(content=choice.text)
        if choice.finish_reason:
            self._finished[choice.index] = choice.finish_reason
        text = said.content or said.refusal or ""
        reasoning = said.reasoning_content or said.reasoning or ""
        calls = _calls(said)
        logprobs = _logprobs(choice.logprobs)
        if not (text or reasoning or calls or logprobs):
            return None
        self._pieces[choice.index] = self._pieces.get(choice.index, 0) + 1
        return Delta(
            text=text,
            index=choice.index,
            reasoning=reasoning,
            tool_calls=calls,
            logprobs=logprobs,
            completion_tokens=self._pieces[choice.index],
        )

    def ends(self) -> list[Delta]:
        """The last delta of every choice, with the counts; the whole answer's in their sum."""
        usage = self._usage
        if not self._finished and usage is None:
            raise Unavailable(
                f"The answer of the upstream {self.upstream} broke off.", code="upstream_broke"
            )
        left = None if usage is None else usage.completion_tokens
        found: list[Delta] = []
        for index in range(self.n):
            last = index == self.n - 1
            made = self._pieces.get(index, 0)
            if left is not None:
                made = left if last else min(made, left)
                left -= made
            found.append(self._end(index, made, last=last))
        return found

    def _end(self, index: int, made: int, *, last: bool) -> Delta:
        usage = self._usage or Usage()
        read = usage.prompt_tokens_details or _Details()
        wrote = usage.completion_tokens_details or _Details()
        return Delta(
            text="",
            index=index,
            finish_reason=self._finished.get(index, "stop"),
            last=last,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=made,
            cached_tokens=read.cached_tokens or 0,
            reasoning_tokens=(wrote.reasoning_tokens or 0) if last else 0,
            engine=self.engine,
        )


def _calls(said: _Said) -> tuple[ToolCallDelta, ...]:
    return tuple(
        ToolCallDelta(
            index=at if call.index is None else call.index,
            id=call.id or "",
            name=(call.function and call.function.name) or "",
            arguments=(call.function and call.function.arguments) or "",
        )
        for at, call in enumerate(said.tool_calls or ())
    )


def _logprobs(given: Any) -> tuple[TokenLogprob, ...]:
    """Those of chat, or the four lists of completions."""
    if not isinstance(given, dict):
        return ()
    if "content" in given:
        return tuple(_logprob(entry) for entry in given["content"] or ())
    tokens, values = given.get("tokens") or (), given.get("token_logprobs") or ()
    tops = given.get("top_logprobs") or [{}] * len(tokens)
    return tuple(
        TokenLogprob(
            token=token,
            logprob=value or 0.0,
            bytes=tuple(token.encode()),
            top=tuple((text, each, tuple(text.encode())) for text, each in (top or {}).items()),
        )
        for token, value, top in zip(tokens, values, tops, strict=False)
    )


def _logprob(entry: Mapping[str, Any]) -> TokenLogprob:
    return TokenLogprob(
        token=entry["token"],
        logprob=entry["logprob"],
        bytes=tuple(entry.get("bytes") or ()),
        top=tuple(
            (each["token"], each["logprob"], tuple(each.get("bytes") or ()))
            for each in entry.get("top_logprobs") or ()
        ),
    )


async def events_of(upstream: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The data of every server-sent event up to `[DONE]`. Raises Unavailable for an endless one."""
    held = b""
    async for chunk in chunks:
        held += chunk
        *lines, held = held.split(b"\n")
        if len(held) > MAX_EVENT_BYTES:
            raise Unavailable(f"The upstream {upstream} sent an event without end.")
        for data in _data_lines(lines):
            if data != b"[DONE]":
                yield data
    for data in _data_lines([held]):
        if data != b"[DONE]":
            yield data


def _data_lines(lines: Iterable[bytes]) -> Iterable[bytes]:
    for line in lines:
        if line.startswith(b"data:"):
            data = line[5:].strip()
            if data:
                yield data


def error_of(
    upstream: str, status: int, body: bytes, *, retry_after_s: float | None = None
) -> VolanoError:
    """An upstream's error as ours, in its own words where they are for the caller.

    What is wrong with our key or our name of the model there is no fault of the caller.
    """
    message, code, param = _told(body)
    said = f"The upstream {upstream} answered {status}: {message or 'no reason given'}"
    fields = {"param": param} if param else {}
    if status in (401, 403):
        return Unavailable(
            f"The upstream {upstream} refused its key ({status}). Ask whoever registered it.",
            code="upstream_unauthorized",
            status=502,
            facts={"said": message},
        )
    if status == 404:
        return Unavailable(said, code=code or "upstream_not_found", status=502)
    if status == 429 and code == "insufficient_quota":
        return QuotaExceeded(said, code=code)
    if status == 429:
        return Throttled(said, code=code or "rate_limit_exceeded", retry_after_s=retry_after_s)
    if status in (408, 504):
        return DeadlineExceeded(said, code=code or "upstream_timeout")
    if status < 500:
        return Invalid(message or said, code=code or None, status=status, fields=fields)
    kept = status if status in (502, 503) else 502
    return Unavailable(said, code=code or "upstream_failed", status=kept)


def _told(body: bytes) -> tuple[str, str, str]:
    """Message, code and parameter of an error body: OpenAI's, or what others send."""
    try:
        found = decode_foreign(body)
    except msgspec.DecodeError:
        return body[:MAX_MESSAGE].decode(errors="replace").strip(), "", ""
    inner = found.get("error", found) if isinstance(found, dict) else found
    if not isinstance(inner, dict):
        return str(inner)[:MAX_MESSAGE], "", ""
    message = str(inner.get("message") or inner.get("detail") or "")[:MAX_MESSAGE]
    code, param = inner.get("code"), inner.get("param")
    return (
        message,
        code if isinstance(code, str) else "",
        param if isinstance(param, str) else "",
    )
