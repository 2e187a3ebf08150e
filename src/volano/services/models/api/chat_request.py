"""The request of a chat completion, and what of the port it asks for.

What would change the answer and is not offered is refused by name; what only hints (`prediction`,
`user`, `prompt_cache_retention`) is accepted. Beyond OpenAI's fields those of vLLM and DashScope
are read: `top_k`, `min_p`, `repetition_penalty`, `stop_token_ids`, `ignore_eos`,
`structured_outputs`, `enable_thinking`, `thinking_budget`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from volano.kernel.inference import Generate, Grammar, Tool
from volano.services.models.logic import parameters
from volano.services.models.logic.custom_tools import custom_tool
from volano.services.models.logic.messages import parse_messages, text_of, with_verbosity
from volano.services.models.logic.parameters import invalid, unsupported, within
from volano.services.models.logic.structured_outputs import structured_grammar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.services.models.model import Model

MAX_STOP_IDS = 64
_FUNCTION_FIELDS = frozenset(("name", "description", "parameters", "strict"))
_SCHEMA_FIELDS = frozenset(("name", "description", "schema", "strict"))


class StreamOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class TemplateWords(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    enable_thinking: bool | None = None


class CreateChatCompletion(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    model: str
    messages: list[dict[str, Any]]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    n: int | None = None
    stop: str | list[str] | None = None
    stop_token_ids: list[int] | None = None
    ignore_eos: bool | None = None
    seed: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, float] | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    user: str | None = None
    safety_identifier: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    service_tier: str | None = None
    store: bool | None = None
    metadata: dict[str, str] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    functions: list[dict[str, Any]] | None = None
    function_call: str | dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None
    structured_outputs: dict[str, Any] | None = None
    reasoning_effort: str | None = None
    enable_thinking: bool | None = None
    thinking_budget: int | None = None
    chat_template_kwargs: TemplateWords | None = None
    verbosity: str | None = None
    modalities: list[str] | None = None
    audio: dict[str, Any] | None = None
    prediction: dict[str, Any] | None = None
    moderation: dict[str, Any] | None = None
    web_search_options: dict[str, Any] | None = None


def is_legacy(request: CreateChatCompletion) -> bool:
    """Whether tools came as `functions`, and calls go back as `function_call`."""
    return request.functions is not None


def custom_names(request: CreateChatCompletion) -> frozenset[str]:
    """The tools whose calls go back as plain text."""
    return frozenset(
        str(item["custom"].get("name"))
        for item in request.tools or ()
        if item.get("type") == "custom"
    )


def generate_of(env: Env, call: Call, model: Model, request: CreateChatCompletion) -> Generate:
    """The checked request for the engine; raises Invalid."""
    _refuse(request)
    tools, choice = _tools(request)
    reasoning, budget = _reasoning(request)
    named = "max_completion_tokens"
    limit = request.max_completion_tokens
    limit = request.max_tokens if limit is None else limit
    stop_ids = tuple(request.stop_token_ids or ())
    if len(stop_ids) > MAX_STOP_IDS:
        raise invalid("stop_token_ids", f"there are at most {MAX_STOP_IDS}")
    return Generate(
        request_id=env.ids.uuid(),
        model=model.files,
        messages=with_verbosity(
            parse_messages(request.messages),
            parameters.verbosity_of("verbosity", request.verbosity),
        ),
        max_tokens=parameters.max_tokens_of(named, limit),
        n=parameters.choices_of(request.n),
        temperature=within("temperature", request.temperature, 0.0, 2.0, default=1.0),
        top_p=within("top_p", request.top_p, 0.0, 1.0, default=1.0),
        top_k=int(within("top_k", request.top_k, 0, parameters.MAX_TOP_K)),
        min_p=within("min_p", request.min_p, 0.0, 1.0),
        repetition_penalty=within(
            "repetition_penalty", request.repetition_penalty, 0.01, 10.0, default=1.0
        ),
        stop=parameters.stops_of(request.stop),
        stop_ids=stop_ids,
        ignore_eos=bool(request.ignore_eos),
        seed=parameters.require_seed(request.seed),
        top_logprobs=_top_logprobs(request),
        logit_bias=parameters.bias_of(request.logit_bias),
        frequency_penalty=within("frequency_penalty", request.frequency_penalty, -2.0, 2.0),
        presence_penalty=within("presence_penalty", request.presence_penalty, -2.0, 2.0),
        grammar=_grammar(request),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=request.parallel_tool_calls is not False and not is_legacy(request),
        reasoning=reasoning,
        reasoning_tokens_max=budget,
        priority=parameters.priority_of(request.service_tier),
        cache_scope=call.account,
    )


def _grammar(request: CreateChatCompletion) -> Grammar | None:
    structured = structured_grammar(request.structured_outputs)
    if structured is None:
        return parameters.grammar_of("response_format", _format(request.response_format))
    if request.response_format is not None:
        raise invalid("structured_outputs", "it cannot be with `response_format`")
    return structured


def _format(given: dict[str, Any] | None) -> dict[str, object] | None:
    """Chat nests the schema's name and text in `json_schema`."""
    if given is None:
        return None
    parameters.require_fields("response_format", given, ("type", "json_schema"))
    if given.get("type") != "json_schema":
        return given
    nested = given.get("json_schema")
    if not isinstance(nested, dict):
        raise invalid("response_format.json_schema", "it has `name` and `schema`")
    parameters.require_fields("response_format.json_schema", nested, _SCHEMA_FIELDS)
    return {**nested, "type": "json_schema"}


def _top_logprobs(request: CreateChatCompletion) -> int | None:
    if request.top_logprobs is not None:
        if not request.logprobs:
            raise invalid("top_logprobs", "it needs `logprobs` to be true")
        within("top_logprobs", request.top_logprobs, 0, parameters.MAX_TOP_LOGPROBS)
    return (request.top_logprobs or 0) if request.logprobs else None


def _reasoning(request: CreateChatCompletion) -> tuple[bool | None, int | None]:
    reasoning, budget = parameters.reasoning_of("reasoning_effort", request.reasoning_effort)
    for asked in (request.enable_thinking, (request.chat_template_kwargs or _NONE).enable_thinking):
        reasoning = asked if asked is not None else reasoning
    if request.thinking_budget is not None:
        if request.thinking_budget < 1:
            raise invalid("thinking_budget", "it is at least 1")
        budget = request.thinking_budget
    return reasoning, budget


_NONE = TemplateWords()


def _tools(request: CreateChatCompletion) -> tuple[tuple[Tool, ...], str]:
    """The functions and which of them may be called."""
    if request.functions is not None:
        tools = parameters.require_tools(
            [_function(item, f"functions[{at}]") for at, item in enumerate(request.functions)]
        )
        asked = request.function_call or "auto"
        name = asked.get("name", "") if isinstance(asked, dict) else asked
        return tools, parameters.choice_of("function_call", str(name), tools)
    found: list[Tool] = []
    for at, item in enumerate(request.tools or ()):
        where = f"tools[{at}]"
        if item.get("type") == "custom" and isinstance(item.get("custom"), dict):
            parameters.require_fields(where, item, ("type", "custom"))
            found.append(custom_tool(f"{where}.custom", item["custom"]))
            continue
        if item.get("type") != "function":
            raise unsupported(f"{where}.type", "tools are `function` and `custom`")
        if not isinstance(item.get("function"), dict):
            raise invalid(f"{where}.function", "it has `name` and `parameters`")
        parameters.require_fields(where, item, ("type", "function"))
        found.append(_function(item["function"], f"{where}.function"))
    tools = parameters.require_tools(found)
    return _chosen(request.tool_choice, tools)


def _function(item: dict[str, Any], where: str) -> Tool:
    parameters.require_fields(where, item, _FUNCTION_FIELDS)
    return parameters.tool_of(
        where,
        item.get("name"),
        item.get("description"),
        item.get("parameters"),
        strict=item.get("strict"),
    )


def _chosen(
    asked: str | dict[str, Any] | None, tools: Sequence[Tool]
) -> tuple[tuple[Tool, ...], str]:
    """Tools and choice; `allowed_tools` leaves the model some of the tools only."""
    allowed = tuple(tools)
    if asked is None or isinstance(asked, str):
        return allowed, parameters.choice_of("tool_choice", asked or "auto", tools)
    kind = asked.get("type")
    if kind == "allowed_tools" and isinstance(asked.get("allowed_tools"), dict):
        wanted = asked["allowed_tools"]
        parameters.require_fields("tool_choice", asked, ("type", "allowed_tools"))
        parameters.require_fields("tool_choice.allowed_tools", wanted, ("mode", "tools"))
        names = {_named(item) for item in wanted.get("tools", [])}
        allowed = tuple(tool for tool in tools if tool.name in names)
        return allowed, parameters.choice_of("tool_choice", str(wanted.get("mode")), allowed)
    if kind not in ("function", "custom") or not isinstance(asked.get(kind), dict):
        raise invalid("tool_choice", "it names a function or a custom tool")
    parameters.require_fields("tool_choice", asked, ("type", kind))
    parameters.require_fields(f"tool_choice.{kind}", asked[kind], ("name",))
    return allowed, parameters.choice_of("tool_choice", str(_named(asked)), tools)


def _named(item: dict[str, Any]) -> object:
    """The name of the tool that an entry of a choice means."""
    return (item.get("function") or item.get("custom") or item).get("name")


def _refuse(request: CreateChatCompletion) -> None:
    """Refuse by name what is not offered."""
    refused = {
        "modalities": request.modalities not in (None, ["text"]),
        "audio": request.audio is not None,
        "web_search_options": request.web_search_options is not None,
        "moderation": request.moderation is not None,
        "prompt_cache_options": request.prompt_cache_options is not None,
    }
    for name, given in refused.items():
        if given:
            raise unsupported(name, "no model here can do that")
    parameters.require_retention(request.prompt_cache_retention)
    options = request.stream_options
    if options is not None and not request.stream:
        raise invalid("stream_options", "it is only allowed when 'stream' is true")
    if request.prediction is not None:
        if request.prediction.get("type") != "content":
            raise invalid("prediction.type", "it is `content`")
        parameters.require_fields("prediction", request.prediction, ("type", "content"))
        text_of(request.prediction.get("content"), "prediction.content")
