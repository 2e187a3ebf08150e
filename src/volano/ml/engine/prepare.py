"""From a request to sequences: template, tokens, grammar, sampling; all that can be refused is.

It changes nothing but caches, so it may run on any thread, before the request is queued.
"""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING

from volano.ml.engine.answer import AnswerFormat
from volano.ml.engine.blocks import root_hash
from volano.ml.engine.grammar import to_grammar, to_tool_grammar
from volano.ml.engine.sampler import Sampling
from volano.ml.engine.sequence import make_sequence
from volano.ml.errors import BadModel, BadRequest

if TYPE_CHECKING:
    from volano.ml.engine.generator import Generator
    from volano.ml.engine.protocol import Generate
    from volano.ml.engine.sequence import Sequence

# No tokenizer packs more characters into a token on average; longer prompts are not even encoded.
CHARS_PER_TOKEN_MAX = 64


def prepare(generator: Generator, request: Generate) -> list[Sequence]:
    """The request's choices as sequences; raises BadRequest or BadModel."""
    _check_numbers(request, generator.vocab_size)
    reasons = _reasons(generator, request)
    grammar = _grammar(generator, request)
    text, ids = _prompt(generator, request, opens_reasoning=reasons and grammar is not None)
    context = generator.engine.context_tokens
    if request.truncate is not None:
        longest = context - 1
        ids = ids[-min(request.truncate or longest, longest) :]
    if len(ids) >= context:
        raise BadRequest(
            f"This model's context is {context} tokens; the prompt has {len(ids)}. Shorten it.",
            code="context_length_exceeded",
        )
    adapter, adapter_key = None, ""
    if request.adapter is not None:
        adapter, adapter_key = generator.adapters.load(request.adapter.source)
    seed = request.seed if request.seed is not None else secrets.randbits(31)
    format = _format(generator, request, ids, reasons=reasons)
    deadline_s = None if request.deadline_s is None else generator.now_s() + request.deadline_s
    sequences = []
    for index in range(request.n):
        sequence = make_sequence(
            request.id,
            ids,
            max_tokens=min(request.max_tokens or context, context - len(ids)),
            sampling=_sampling(request, seed + index),
            stop=tuple(request.stop),
            format=format,
            root=root_hash(request.cache_scope, adapter_key),
        )
        sequence.index = index
        sequence.adapter = adapter
        sequence.priority = request.priority
        sequence.scope = request.cache_scope
        sequence.deadline_s = deadline_s
        sequence.ignore_eos = request.ignore_eos
        sequence.stop_ids = _stop_ids(generator, request)
        sequence.reasoning_tokens_max = request.reasoning_tokens_max
        sequence.top_prompt_logprobs = request.prompt_logprobs
        sequence.wants_prompt_logprobs = request.prompt_logprobs is not None
        sequence.echo = text if request.echo else ""
        if grammar is not None:
            fast_forward = request.top_logprobs is None  # a forced token has no log probability
            sequence.grammar = generator.grammars.state(grammar, fast_forward=fast_forward)
        sequences.append(sequence)
    return sequences


def count_prompt(generator: Generator, request: Generate) -> int:
    """The tokens of the request's prompt, also where they are more than the context."""
    shaped = _grammar(generator, request) is not None
    _, ids = _prompt(generator, request, opens_reasoning=_reasons(generator, request) and shaped)
    return len(ids)


def _prompt(
    generator: Generator, request: Generate, *, opens_reasoning: bool
) -> tuple[str, list[int]]:
    """The prompt as text (for echo) and as token ids."""
    given = (request.messages, request.prompt, request.prompt_ids)
    if sum(each is not None for each in given) != 1:
        raise BadRequest("Give exactly one of messages, prompt and prompt_ids.")
    if request.prompt_ids is not None:
        ids = list(request.prompt_ids)
        text = _decode(generator, ids) if request.echo else ""
    else:
        text = request.prompt if request.prompt is not None else _render(generator, request)
        if opens_reasoning and not text.rstrip().endswith("<think>"):
            # The grammar holds from the end of the reasoning, so there must be a beginning.
            text += "<think>\n"
        _check_length(generator, text)
        plain = request.prompt is not None and not request.suffix
        ids = generator.tokenizer.encode(text, add_special=plain)
        if any(id >= generator.vocab_size for id in ids):
            raise BadModel("The model's tokenizer has more tokens than its weights.")
    if request.suffix:
        ids = _around(generator, request, ids)
    if not ids:
        raise BadRequest("The prompt is empty.")
    if min(ids) < 0 or max(ids) >= generator.vocab_size:
        raise BadRequest(f"prompt_ids are 0 to {generator.vocab_size - 1}.", code="invalid_value")
    return text, ids


def _around(generator: Generator, request: Generate, ids: list[int]) -> list[int]:
    """The tokens of the prompt and of the suffix, with the marks to fill in what is between."""
    if generator.infill is None:
        raise BadRequest(
            "Unsupported parameter: 'suffix': this model does not fill in the middle, its "
            "vocabulary has no marks for that. Take a model of code, such as Qwen2.5-Coder.",
            code="unsupported_parameter",
            param="suffix",
        )
    if request.messages is not None or request.echo:
        raise BadRequest("A suffix goes with a plain prompt that is not echoed.")
    _check_length(generator, request.suffix)
    encode = generator.tokenizer.encode
    suffix = encode(request.suffix, add_special=False)
    return [*encode("", add_special=True), *generator.infill.prompt(ids, suffix)]


def _stop_ids(generator: Generator, request: Generate) -> frozenset[int]:
    stops = frozenset(request.stop_ids)
    if not request.suffix or request.ignore_eos or generator.infill is None:
        return stops
    return stops | generator.infill.ends


def _check_length(generator: Generator, text: str) -> None:
    context = generator.engine.context_tokens
    if len(text) > context * CHARS_PER_TOKEN_MAX:
        raise BadRequest(
            f"This model's context is {context} tokens; a prompt of {len(text)} characters does "
            "not fit. Shorten it.",
            code="context_length_exceeded",
        )


def _render(generator: Generator, request: Generate) -> str:
    if generator.template is None:
        raise BadRequest("This model has no chat template: use a plain prompt.")
    shown = request.tools if request.tool_choice != "none" else []
    tools = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            },
        }
        for tool in shown
    ]
    if tools and not generator.template.knows_tools:
        raise BadRequest("This model's chat template knows no tools.", code="unsupported_parameter")
    return generator.template.render(
        request.messages or [], tools=tools, reasoning=request.reasoning
    )


def _decode(generator: Generator, ids: list[int]) -> str:
    known = [id for id in ids if 0 <= id < generator.vocab_size]
    return b"".join(map(generator.tokenizer.token_bytes, known)).decode(errors="replace")


def _reasons(generator: Generator, request: Generate) -> bool:
    """Whether the answer may begin with reasoning."""
    if request.messages is None:
        return False
    if generator.think_ids is None:
        if request.reasoning:
            raise BadRequest("This model does not reason.", code="unsupported_parameter")
        return False
    if request.reasoning is False and not generator.thinks_on_request:
        raise BadRequest(
            "This model always reasons; it cannot be told not to.", code="unsupported_parameter"
        )
    return request.reasoning is not False


def _format(
    generator: Generator, request: Generate, ids: list[int], *, reasons: bool
) -> AnswerFormat:
    tools = generator.tool_format if request.tools and request.tool_choice != "none" else None
    if not reasons or generator.think_ids is None:
        return AnswerFormat(tools=tools)
    begin, end = generator.think_ids
    # The prompt may have opened the reasoning already: it has where the last such token opens.
    marks = [id for id in ids if id in (begin, end)]
    opened = bool(marks) and marks[-1] == begin
    return AnswerFormat(reasoning=opened, begin_id=begin, end_id=end, tools=tools)


def _grammar(generator: Generator, request: Generate) -> str | None:
    if request.tool_choice not in ("auto", "none") and not request.tools:
        raise BadRequest("tool_choice needs tools.", code="bad_tool")
    if not request.tools or request.tool_choice == "none":
        return None if request.grammar is None else to_grammar(request.grammar)
    if request.messages is None:
        raise BadRequest("Tools need messages, not a plain prompt.", code="bad_tool")
    if generator.tool_format is None:
        raise BadRequest("This model's chat template knows no tools.", code="unsupported_parameter")
    return to_tool_grammar(
        request.tools,
        generator.tool_format,
        choice=request.tool_choice,
        parallel=request.parallel_tool_calls,
        marks=generator.tool_marks,
        answer=request.grammar,
    )


def _sampling(request: Generate, seed: int) -> Sampling:
    return Sampling(
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        min_p=request.min_p,
        seed=seed,
        top_logprobs=request.top_logprobs,
        logit_bias=request.logit_bias,
        frequency_penalty=request.frequency_penalty,
        presence_penalty=request.presence_penalty,
        repetition_penalty=request.repetition_penalty,
    )


def _check_numbers(request: Generate, vocab_size: int) -> None:
    numbers = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "min_p": request.min_p,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
        "repetition_penalty": request.repetition_penalty,
        "deadline_s": request.deadline_s or 0.0,
    }
    for name, value in numbers.items():
        if not math.isfinite(value):
            raise BadRequest(f"{name} must be a finite number.", code="invalid_value")
    for token_id, bias in request.logit_bias.items():
        if not 0 <= token_id < vocab_size or not math.isfinite(bias):
            raise BadRequest(
                f"logit_bias names token {token_id}; this model has tokens 0 to {vocab_size - 1}.",
                code="invalid_value",
            )
