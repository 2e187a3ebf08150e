"""A request of the port in the words of OpenAI's API, as an upstream of some kind reads them.

What a kind of upstream cannot be asked is refused by name rather than left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.models.logic import structured_outputs
from volano.services.models.logic.parameters import unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.inference import Generate, Tool

    Json = dict[str, object]

_OWN_WORDS = ("vllm", "sglang", "volano", "llama-server", "other")
"""Kinds that read sampling parameters beyond OpenAI's."""
_EFFORTS = ((256, "minimal"), (1024, "low"), (4096, "medium"))


def path_of(request: Generate) -> str:
    """Where the request goes, below the upstream's base URL."""
    return "/completions" if request.messages is None else "/chat/completions"


def body_of(request: Generate, remote: str, kind: str) -> bytes:
    """The body as JSON; the answer is asked for as a stream with its usage at the end."""
    body: Json = {
        "model": remote,
        "stream": True,
        "stream_options": {"include_usage": True},
        **_sampling(request),
        **_beyond(request, kind),
    }
    if request.messages is None:
        body |= _completion(request, kind)
    else:
        body |= _chat(request, kind)
    return json.dumps(body, ensure_ascii=False).encode()


def embedding_body(remote: str, inputs: Sequence[str | tuple[int, ...]]) -> bytes:
    body = {"model": remote, "input": list(inputs), "encoding_format": "float"}
    return json.dumps(body, ensure_ascii=False).encode()


def _sampling(request: Generate) -> Json:
    """What differs from OpenAI's defaults."""
    if request.adapter is not None:
        raise unsupported("adapter", "an upstream has no adapters of ours")
    given: Json = {
        "temperature": None if request.temperature == 1.0 else request.temperature,
        "top_p": None if request.top_p == 1.0 else request.top_p,
        "n": None if request.n == 1 else request.n,
        "stop": list(request.stop) or None,
        "seed": request.seed,
        "logit_bias": {str(id): value for id, value in request.logit_bias.items()} or None,
        "frequency_penalty": request.frequency_penalty or None,
        "presence_penalty": request.presence_penalty or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _beyond(request: Generate, kind: str) -> Json:
    """Parameters that OpenAI's own service does not have."""
    wanted: Json = {
        "top_k": request.top_k or None,
        "min_p": request.min_p or None,
        "repetition_penalty": None
        if request.repetition_penalty == 1.0
        else request.repetition_penalty,
        "stop_token_ids": list(request.stop_ids) or None,
        "ignore_eos": request.ignore_eos or None,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    readable = (*given,) if kind in _OWN_WORDS else ("top_k",) if kind == "dashscope" else ()
    for name in given:
        if name not in readable:
            raise unsupported(name, f"an upstream of the kind {kind} does not read it")
    return given


def _completion(request: Generate, kind: str) -> Json:
    prompt = request.prompt if request.prompt_ids is None else list(request.prompt_ids)
    body: Json = {"prompt": prompt}
    if request.max_tokens is not None:
        body["max_tokens"] = request.max_tokens
    if request.echo:
        body["echo"] = True
    if request.suffix:
        body["suffix"] = request.suffix
    if request.grammar is not None:
        body[structured_outputs.PARAM] = structured_outputs.to_words(request.grammar, kind)
    if request.top_logprobs is not None:
        body["logprobs"] = request.top_logprobs
    return body


def _chat(request: Generate, kind: str) -> Json:
    body: Json = {"messages": [dict(message) for message in request.messages or ()]}
    if request.max_tokens is not None:
        # OpenAI's reasoning models refuse the old name; others know the old one at least.
        body["max_completion_tokens" if kind == "openai" else "max_tokens"] = request.max_tokens
    if request.top_logprobs is not None:
        body["logprobs"] = True
        body["top_logprobs"] = request.top_logprobs
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        body["tool_choice"] = _choice(request.tool_choice)
        if not request.parallel_tool_calls:
            body["parallel_tool_calls"] = False
    return body | _format(request, kind) | _reasoning(request, kind)


def _tool(tool: Tool) -> Json:
    if tool.input_grammar:
        raise unsupported("tools", "an upstream does not follow Lark grammars of custom tools")
    function: Json = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        function["description"] = tool.description
    if tool.strict:
        function["strict"] = True
    return {"type": "function", "function": function}


def _choice(choice: str) -> object:
    if choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}


def _format(request: Generate, kind: str) -> Json:
    grammar = request.grammar
    if grammar is None:
        return {}
    if grammar.kind == "json_object":
        return {"response_format": {"type": "json_object"}}
    if grammar.kind != "json_schema":
        return {structured_outputs.PARAM: structured_outputs.to_words(grammar, kind)}
    schema = {"name": "answer", "schema": json.loads(grammar.text), "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _reasoning(request: Generate, kind: str) -> Json:
    if request.reasoning is None:
        return {}
    if kind in ("vllm", "sglang", "llama-server"):
        return {"chat_template_kwargs": {"enable_thinking": request.reasoning}}
    budget = request.reasoning_tokens_max
    if kind in ("dashscope", "volano"):
        limit: Json = {} if budget is None else {"thinking_budget": budget}
        return {"enable_thinking": request.reasoning, **limit}
    if not request.reasoning:
        return {"reasoning_effort": "none"}
    efforts = (name for most, name in _EFFORTS if budget is not None and budget <= most)
    return {"reasoning_effort": next(efforts, "high")}
