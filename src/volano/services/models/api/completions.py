"""OpenAI's legacy POST /v1/completions: prompts as text or tokens, answered as plain text.

Source of behaviour: the API reference's "Create completion".
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.inference import Generate
from volano.services.models.api.aliases import model_meant
from volano.services.models.api.answers import TokenUsage, fingerprint
from volano.services.models.api.chat_request import StreamOptions
from volano.services.models.api.repeating import answer_once
from volano.services.models.logic import parameters
from volano.services.models.logic.chat import collect, generate
from volano.services.models.logic.collecting import Collected, Counts, counts_of, engine_of
from volano.services.models.logic.once import IDEMPOTENCY
from volano.services.models.logic.parameters import invalid, unsupported, within
from volano.services.models.logic.registry import require_task
from volano.services.models.logic.routing import Served
from volano.services.models.logic.structured_outputs import structured_grammar
from volano.services.models.model import Task
from volano.wire.action import action
from volano.wire.results import EventStream, WithHeaders

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import TokenLogprob
    from volano.services.models.model import Model

MAX_PROMPTS = 64
MAX_BEST_OF = 20
MAX_LOGPROBS = 5
DEFAULT_TOKENS = 16
END_OF_TEXT = "<|endoftext|>"


class CreateCompletion(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    model: str
    prompt: str | list[str | int | list[int]] | None = None
    best_of: int | None = None
    echo: bool | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: int | None = None
    max_tokens: int | None = None
    n: int | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    suffix: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    ignore_eos: bool | None = None
    structured_outputs: dict[str, Any] | None = None
    user: str | None = None


class TextChoice(msgspec.Struct, kw_only=True):
    text: str
    index: int
    logprobs: dict[str, Any] | None = None
    finish_reason: str


class TextCompletion(msgspec.Struct, kw_only=True):
    """`model` and `system_fingerprint` name the model and engine that made it."""

    id: str
    object: str = "text_completion"
    created: int
    model: str
    choices: list[TextChoice]
    usage: TokenUsage
    system_fingerprint: str


@action(
    "openai:createCompletion",
    method="POST",
    path="/v1/completions",
    permission="models:InvokeModel",
    resource="arn:aws:models:{region}:{account}:model/{model}",
    facts=model_meant,
    read_only=False,
    timeout_s=None,
    partial="`suffix` needs a model whose vocabulary has marks to fill in the middle.",
)
async def create_completion(env: Env, call: Call, request: CreateCompletion) -> WithHeaders:
    """What follows each prompt."""
    served = Served()
    if request.stream:
        if IDEMPOTENCY in call.context:
            raise unsupported("Idempotency-Key", "it is for whole answers here, and for chat")
        return WithHeaders(await _answer(env, call, request, served), served.headers)
    return await answer_once(
        env, call, "completion", request, lambda: _answer(env, call, request, served), served
    )


async def _answer(
    env: Env, call: Call, request: CreateCompletion, served: Served
) -> TextCompletion | EventStream:
    model = await require_task(env, call.account, request.model, Task.GENERATE)
    wanted = [_generate(env, call, model, request, prompt) for prompt in _prompts(request.prompt)]
    if request.stream:
        return EventStream(_chunks(env, call, model, request, wanted, served))
    best_of = _best_of(request)
    answers: list[list[Collected]] = []
    for item in wanted:
        served.headers.clear()
        every = msgspec.structs.replace(item, n=best_of)
        made = await collect(env, call, model, every, served)
        if request.max_tokens == 0:
            made = [_prompt_only(choice, item) for choice in made]
        answers.append(_best(made, item.n))
    choices = [choice for answer in answers for choice in answer]
    totals = [counts_of(answer) for answer in answers]
    return TextCompletion(
        id=f"cmpl-{env.ids.hex(24)}",
        created=env.clock.now_us() // 1_000_000,
        model=(served.model or model).name,
        choices=[_choice(at, choice, request) for at, choice in enumerate(choices)],
        usage=TokenUsage.of(_sum(totals)),
        system_fingerprint=fingerprint(engine_of(choices)),
    )


def _sum(totals: Sequence[Counts]) -> Counts:
    return Counts(
        prompt=sum(counts.prompt for counts in totals),
        completion=sum(counts.completion for counts in totals),
        cached=sum(counts.cached for counts in totals),
        reasoning=sum(counts.reasoning for counts in totals),
    )


def _prompts(given: str | list[str | int | list[int]] | None) -> list[str | tuple[int, ...]]:
    """One prompt, several, or token ids of one or several."""
    if given is None:
        return [END_OF_TEXT]
    if isinstance(given, str):
        return [given]
    tokens = [item for item in given if isinstance(item, int)]
    if tokens and len(tokens) == len(given):
        return [tuple(tokens)]
    if not 1 <= len(given) <= MAX_PROMPTS or tokens:
        raise invalid("prompt", f"it is a text, token ids, or a list of up to {MAX_PROMPTS}")
    return [tuple(item) if isinstance(item, list) else str(item) for item in given]


def _generate(
    env: Env,
    call: Call,
    model: Model,
    request: CreateCompletion,
    prompt: str | tuple[int, ...],
) -> Generate:
    if request.suffix and request.echo:
        raise invalid("suffix", "it cannot be with `echo`")
    if request.logprobs is not None:
        within("logprobs", request.logprobs, 0, MAX_LOGPROBS)
    limit = DEFAULT_TOKENS if request.max_tokens is None else request.max_tokens
    if limit < 0 or (limit == 0 and not request.echo):
        raise invalid("max_tokens", "it is at least 1, or 0 with `echo`")
    if limit == 0 and request.stream:
        raise invalid("max_tokens", "it is at least 1 in a stream")
    if not prompt and not request.suffix:
        raise invalid("prompt", "it is empty")
    told = 0 if limit == 0 and request.logprobs is None else request.logprobs  # `_prompt_only`
    return Generate(
        request_id=env.ids.uuid(),
        model=model.files,
        prompt=prompt if isinstance(prompt, str) else None,
        prompt_ids=None if isinstance(prompt, str) else prompt,
        suffix=request.suffix or "",
        echo=bool(request.echo),
        max_tokens=max(1, limit),
        n=parameters.choices_of(request.n),
        temperature=within("temperature", request.temperature, 0.0, 2.0, default=1.0),
        top_p=within("top_p", request.top_p, 0.0, 1.0, default=1.0),
        top_k=int(within("top_k", request.top_k, 0, parameters.MAX_TOP_K)),
        min_p=within("min_p", request.min_p, 0.0, 1.0),
        ignore_eos=bool(request.ignore_eos),
        stop=parameters.stops_of(request.stop),
        seed=parameters.require_seed(request.seed),
        top_logprobs=request.logprobs,
        prompt_logprobs=told if request.echo else None,
        logit_bias=parameters.bias_of(request.logit_bias),
        frequency_penalty=within("frequency_penalty", request.frequency_penalty, -2.0, 2.0),
        presence_penalty=within("presence_penalty", request.presence_penalty, -2.0, 2.0),
        grammar=structured_grammar(request.structured_outputs),
        cache_scope=call.account,
    )


def _prompt_only(choice: Collected, wanted: Generate) -> Collected:
    """A choice of no tokens: the engine writes one at least, which is not told."""
    text = wanted.prompt
    if text is None:
        text = "".join(token.token for token in choice.prompt_logprobs)
    assert choice.end is not None
    end = msgspec.structs.replace(choice.end, finish_reason="length")
    return Collected(texts=[text], prompt_logprobs=choice.prompt_logprobs, end=end)


def _best_of(request: CreateCompletion) -> int:
    n = parameters.choices_of(request.n)
    best_of = n if request.best_of is None else request.best_of
    if not n <= best_of <= MAX_BEST_OF:
        raise invalid("best_of", f"it is `n` to {MAX_BEST_OF}")
    return best_of


def _best(made: list[Collected], n: int) -> list[Collected]:
    """The `n` with the most probable tokens; the order of making where nothing tells."""
    if len(made) <= n:
        return made
    return sorted(made, key=_mean_logprob, reverse=True)[:n]


def _mean_logprob(choice: Collected) -> float:
    values = [token.logprob for token in choice.logprobs if token.logprob is not None]
    return sum(values) / len(values) if values else 0.0


def _choice(at: int, choice: Collected, request: CreateCompletion) -> TextChoice:
    logprobs = None
    if request.logprobs is not None:
        logprobs = _logprobs([*choice.prompt_logprobs, *choice.logprobs], 0)
    return TextChoice(
        text=choice.text, index=at, logprobs=logprobs, finish_reason=choice.finish_reason
    )


def _logprobs(tokens: Iterable[TokenLogprob], offset: int) -> dict[str, Any]:
    """The token itself is among the likeliest, also where it is none of them; the first token of a
    prompt follows nothing and has no probability."""
    found: dict[str, Any] = {
        "tokens": [],
        "token_logprobs": [],
        "top_logprobs": [],
        "text_offset": [],
    }
    for token in tokens:
        found["tokens"].append(token.token)
        found["token_logprobs"].append(token.logprob)
        top = {text: value for text, value, _ in token.top} | {token.token: token.logprob}
        found["top_logprobs"].append(None if token.logprob is None else top)
        found["text_offset"].append(offset)
        offset += len(token.token)
    return found


async def _chunks(
    env: Env,
    call: Call,
    model: Model,
    request: CreateCompletion,
    wanted: list[Generate],
    served: Served,
) -> AsyncIterator[dict[str, Any]]:
    """Prompts are answered one after another; choices of one prompt come interleaved."""
    if _best_of(request) != wanted[0].n:
        raise invalid("best_of", "it cannot be streamed")
    head = {
        "id": f"cmpl-{env.ids.hex(24)}",
        "object": "text_completion",
        "created": env.clock.now_us() // 1_000_000,
        "model": model.name,
    }
    options = request.stream_options or StreamOptions()
    totals: list[Counts] = []
    sent: dict[int, int] = {}
    choices: list[Collected] = []
    for number, item in enumerate(wanted):
        choices = [Collected() for _ in range(item.n)]
        async with aclosing(generate(env, call, model, item, served)) as deltas:
            async for delta in deltas:
                head["model"] = (served.model or model).name
                choices[delta.index].add(delta)
                index = number * item.n + delta.index
                offset = sent.get(index, 0)
                sent[index] = offset + len(delta.text)
                tokens = (*delta.prompt_logprobs, *delta.logprobs)
                yield (
                    head
                    | {
                        "system_fingerprint": fingerprint(delta.engine),
                        "choices": [
                            {
                                "text": delta.text,
                                "index": index,
                                "logprobs": _logprobs(tokens, offset) if tokens else None,
                                "finish_reason": delta.finish_reason,
                            }
                        ],
                    }
                    | ({"usage": None} if options.include_usage else {})
                )
        totals.append(counts_of(choices))
    if options.include_usage:
        yield head | {
            "system_fingerprint": fingerprint(engine_of(choices)),
            "choices": [],
            "usage": TokenUsage.of(_sum(totals)),
        }
