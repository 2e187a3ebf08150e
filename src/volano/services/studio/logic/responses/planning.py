"""From the request of a response to what will be done: checked, with its context and its tools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from volano.kernel.inference import Generate
from volano.services.models import interface as models
from volano.services.models.interface import invalid, unsupported
from volano.services.studio.logic.prompts import with_prompt
from volano.services.studio.logic.responses.context import context_of
from volano.services.studio.logic.responses.hosted.choosing import choose, open_tools
from volano.services.studio.logic.responses.items import take_items
from volano.services.studio.logic.responses.sealing import SECRET_FIELDS, open_tool_secrets
from volano.services.studio.model.responses import Asked, Json

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Tool
    from volano.services.models.interface import Model
    from volano.services.studio.logic.responses.hosted.tool import HostedTool

MIN_OUTPUT_TOKENS = 16
_SUMMARIES = (None, "auto", "detailed")  # the reasoning itself is shown: nothing is shortened
_INCLUDABLE = frozenset(
    (
        "file_search_call.results",
        "web_search_call.results",
        "web_search_call.action.sources",
        "message.input_image.image_url",
        "computer_call_output.output.image_url",
        "code_interpreter_call.outputs",
        "reasoning.encrypted_content",
        "message.output_text.logprobs",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a response will be made of.

    `told` is what the model is told about how much to write; `hosted` are the tools that run here.
    """

    asked: Asked
    model: Model
    input_items: list[Json]
    context: list[Json]
    conversation: str
    generate: Generate
    told: str
    hosted: tuple[HostedTool, ...]
    body: Json


async def plan_response(
    env: Env, call: Call, asked: Asked, *, items: list[Json] | None = None
) -> Plan:
    """Check a request and gather its context. `items` are its input's, when it runs again as it
    was kept.

    Raises Invalid by the parameter's name, and NotFound for what it refers to.
    """
    if items is not None:
        asked = replace(asked, tools=open_tool_secrets(env, call, asked.tools))
    else:
        asked = await with_prompt(env, call, asked)
    _refuse(asked)
    model = await models.require_task(env, call.account, asked.model, models.Task.GENERATE)
    own = items if items is not None else take_items(env, asked.input)
    context, conversation = await context_of(env, call, asked)
    functions, hosted = await open_tools(env, call, asked, context)
    tools, choice = choose(asked.tool_choice, functions, hosted)
    generate = _generate(env, call, model, asked, tools=tools, choice=choice)
    body = _body(env, asked, model, conversation)
    return Plan(
        asked=asked,
        model=model,
        input_items=own,
        context=context,
        conversation=conversation,
        generate=generate,
        told=models.verbosity_of("text.verbosity", asked.text.verbosity if asked.text else None),
        hosted=hosted,
        body=body,
    )


def _generate(
    env: Env, call: Call, model: Model, asked: Asked, *, tools: tuple[Tool, ...], choice: str
) -> Generate:
    effort = (asked.reasoning.effort if asked.reasoning else None) or None
    reasoning, budget = models.reasoning_of("reasoning.effort", effort)
    limit = asked.max_output_tokens
    if limit is not None and limit < MIN_OUTPUT_TOKENS:
        raise invalid("max_output_tokens", f"it is at least {MIN_OUTPUT_TOKENS}")
    text = asked.text
    wants_logprobs = "message.output_text.logprobs" in (asked.include or ())
    top = asked.top_logprobs
    if top is not None:
        models.within("top_logprobs", top, 0, 20)
    return Generate(
        request_id=env.ids.uuid(),
        model=model.files,
        messages=(),
        max_tokens=models.max_tokens_of("max_output_tokens", limit),
        temperature=models.within("temperature", asked.temperature, 0.0, 2.0, default=1.0),
        top_p=models.within("top_p", asked.top_p, 0.0, 1.0, default=1.0),
        top_logprobs=(top or 0) if top or wants_logprobs else None,
        grammar=models.grammar_of("text.format", text.format if text else None),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=asked.parallel_tool_calls is not False,
        reasoning=reasoning,
        reasoning_tokens_max=budget,
        truncate=0 if asked.truncation == "auto" else None,
        priority=models.priority_of(asked.service_tier),
        cache_scope=call.account,
    )


def _refuse(asked: Asked) -> None:
    reasoning = asked.reasoning
    refused = {
        "moderation": asked.moderation is not None,
        "context_management": asked.context_management is not None,
        "access_programs": asked.access_programs is not None,
        "background_options": asked.background_options is not None,
        "image": asked.image is not None,
        "prompt_cache_options": asked.prompt_cache_options is not None,
        "reasoning.summary": bool(reasoning and reasoning.summary not in _SUMMARIES),
        "reasoning.generate_summary": bool(reasoning and reasoning.generate_summary),
        "reasoning.mode": bool(reasoning and reasoning.mode),
        "reasoning.context": bool(reasoning and reasoning.context not in (None, "auto")),
    }
    for name, given in refused.items():
        if given:
            raise unsupported(name, "it is not offered here")
    if asked.background and asked.store is False:
        raise invalid("background", "a response made in the background has to be stored")
    if asked.stream_options is not None and not asked.stream:
        raise invalid("stream_options", "it is only allowed when 'stream' is true")
    if asked.truncation not in (None, "auto", "disabled"):
        raise invalid("truncation", "it is `auto` or `disabled`")
    if asked.max_tool_calls is not None and asked.max_tool_calls < 1:
        raise invalid("max_tool_calls", "it is at least 1")
    for at, name in enumerate(asked.include or ()):
        if name not in _INCLUDABLE:
            raise invalid(f"include[{at}]", f"it is one of {', '.join(sorted(_INCLUDABLE))}")
    models.require_metadata(asked.metadata)
    models.require_retention(asked.prompt_cache_retention)


def _body(env: Env, asked: Asked, model: Model, conversation: str) -> Json:
    """The response's object before anything was made; every field is there, as the SDKs read it."""
    text: Json = {"format": {"type": "text"}, "verbosity": "medium"}
    if asked.text is not None and asked.text.format is not None:
        text["format"] = _shown_format(asked.text.format)
    if asked.text is not None and asked.text.verbosity is not None:
        text["verbosity"] = asked.text.verbosity
    reasoning = asked.reasoning
    return {
        "id": f"resp_{env.ids.hex(48)}",
        "object": "response",
        "created_at": env.clock.now_us() // 1_000_000,
        "completed_at": None,
        "status": "in_progress",
        "background": bool(asked.background),
        "conversation": {"id": conversation} if conversation else None,
        "error": None,
        "frequency_penalty": 0.0,
        "incomplete_details": None,
        "instructions": asked.instructions,
        "max_output_tokens": asked.max_output_tokens,
        "max_tool_calls": asked.max_tool_calls,
        "metadata": dict(asked.metadata or {}),
        "model": model.name,
        "output": [],
        "parallel_tool_calls": asked.parallel_tool_calls is not False,
        "presence_penalty": 0.0,
        "previous_response_id": asked.previous_response_id,
        "prompt": asked.prompt,
        "prompt_cache_key": asked.prompt_cache_key,
        "reasoning": {"effort": reasoning.effort if reasoning else None, "summary": None},
        "safety_identifier": asked.safety_identifier,
        "service_tier": asked.service_tier
        if asked.service_tier not in (None, "auto")
        else "default",
        "store": asked.store is not False,
        "temperature": 1.0 if asked.temperature is None else asked.temperature,
        "text": text,
        "tool_choice": asked.tool_choice or "auto",
        "tools": [_shown_tool(tool) for tool in asked.tools or ()],
        "top_logprobs": asked.top_logprobs or 0,
        "top_p": 1.0 if asked.top_p is None else asked.top_p,
        "truncation": asked.truncation or "disabled",
        **({"user": asked.user} if asked.user is not None else {}),
    }


def _shown_format(format: Json) -> Json:
    if format.get("type") != "json_schema":
        return dict(format)
    return {"description": None, "strict": bool(format.get("strict")), **format}


def _shown_tool(tool: Json) -> Json:
    """A tool as the response shows it: without what only the server of it may know."""
    if tool.get("type") == "custom":
        return {"format": {"type": "text"}, **tool}
    if tool.get("type") != "function":
        return {key: value for key, value in tool.items() if key not in SECRET_FIELDS}
    return {"description": None, "parameters": {}, "strict": False, **tool}
