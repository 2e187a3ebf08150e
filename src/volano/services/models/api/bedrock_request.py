"""Converse's messages and settings, as the port's request. Raises in Bedrock's words."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Denied, Invalid, NotFound, Throttled, VolanoError
from volano.kernel.inference import Generate, Tool
from volano.services.models.logic import parameters
from volano.services.models.logic.messages import parse_messages
from volano.services.models.logic.registry import require_task
from volano.services.models.model import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from volano.kernel.call import Call, Env
    from volano.services.models.model import Model

    Shape = dict[str, Any]

REFUSED = ("guardrailConfig", "promptVariables", "outputConfig", "performanceConfig")
EXTRA = ("top_k", "min_p", "seed")
_CODES: tuple[tuple[type[VolanoError], str], ...] = (
    (NotFound, "ResourceNotFoundException"),
    (Throttled, "ThrottlingException"),
    (Denied, "AccessDeniedException"),
    (Invalid, "ValidationException"),
)


@contextmanager
def bedrock_words() -> Iterator[None]:
    """Errors inside get the codes that Bedrock's clients know."""
    try:
        yield
    except VolanoError as error:
        code = next((code for kind, code in _CODES if isinstance(error, kind)), error.wire_code)
        error.wire_code = code
        raise


def model_name(model_id: str) -> str:
    """The model that an id or ARN names."""
    return model_id.partition("foundation-model/")[2] or model_id


async def converse_of(env: Env, call: Call, request: Shape) -> tuple[Model, Generate]:
    """The checked request of Converse and ConverseStream."""
    for name in REFUSED:
        if request.get(name):
            raise invalid(name, "it is not offered here")
    model = await require_task(env, call.account, model_name(request["modelId"]), Task.GENERATE)
    settings = request.get("inferenceConfig") or {}
    extra = request.get("additionalModelRequestFields") or {}
    for name in extra:
        if name not in EXTRA:
            raise invalid(f"additionalModelRequestFields.{name}", f"there are {', '.join(EXTRA)}")
    tools, choice = _tools(request.get("toolConfig") or {})
    return model, Generate(
        request_id=env.ids.uuid(),
        model=model.files,
        messages=parse_messages(_messages(request)),
        max_tokens=parameters.max_tokens_of("maxTokens", settings.get("maxTokens")),
        temperature=parameters.within(
            "temperature", settings.get("temperature"), 0.0, 1.0, default=1.0
        ),
        top_p=parameters.within("topP", settings.get("topP"), 0.0, 1.0, default=1.0),
        top_k=int(parameters.within("top_k", extra.get("top_k"), 0, parameters.MAX_TOP_K)),
        min_p=parameters.within("min_p", extra.get("min_p"), 0.0, 1.0),
        seed=parameters.require_seed(extra.get("seed")),
        stop=parameters.stops_of(settings.get("stopSequences")),
        tools=tools,
        tool_choice=choice,
        cache_scope=call.account,
    )


def invalid(param: str, why: str) -> Invalid:
    return parameters.invalid(param, why)


def _messages(request: Shape) -> list[Shape]:
    system = "\n".join(_text(part, "system") for part in request.get("system") or ())
    found: list[Shape] = [{"role": "system", "content": system}] if system else []
    for at, message in enumerate(request.get("messages") or ()):
        found += _turn(message, f"messages[{at}]")
    return found


def _turn(message: Shape, where: str) -> list[Shape]:
    """A turn of Bedrock's is one message, and one more for each result of a tool."""
    texts: list[str] = []
    calls: list[Shape] = []
    results: list[Shape] = []
    thought = ""
    for at, part in enumerate(message["content"]):
        if "toolUse" in part:
            use = part["toolUse"]
            function = {"name": use["name"], "arguments": json.dumps(use["input"])}
            calls.append({"id": use["toolUseId"], "type": "function", "function": function})
        elif "toolResult" in part:
            result = part["toolResult"]
            text = "".join(_text(inner, where) for inner in result["content"])
            results.append({"role": "tool", "tool_call_id": result["toolUseId"], "content": text})
        elif "reasoningContent" in part:
            thought += part["reasoningContent"].get("reasoningText", {}).get("text", "")
        else:
            texts.append(_text(part, f"{where}.content[{at}]"))
    said: Shape = {"role": message["role"], "content": "".join(texts)}
    if calls:
        said["tool_calls"] = calls
    if thought and message["role"] == "assistant":
        said["reasoning_content"] = thought
    return [*results, said] if texts or calls or not results else results


def _text(part: Shape, where: str) -> str:
    if "text" in part:
        return str(part["text"])
    if "json" in part:
        return json.dumps(part["json"])
    kind = next(iter(part), "nothing")
    raise invalid(where, f"this model reads text, not '{kind}'")


def _tools(config: Shape) -> tuple[tuple[Tool, ...], str]:
    found: list[Tool] = []
    for at, item in enumerate(config.get("tools") or ()):
        where = f"toolConfig.tools[{at}]"
        if "toolSpec" not in item:
            raise invalid(where, "it has a `toolSpec`")
        spec = item["toolSpec"]
        schema = spec["inputSchema"].get("json")
        found.append(
            parameters.tool_of(
                where, spec["name"], spec.get("description"), schema, strict=spec.get("strict")
            )
        )
    tools = parameters.require_tools(found)
    asked = config.get("toolChoice") or {"auto": {}}
    name = asked["tool"]["name"] if "tool" in asked else "required" if "any" in asked else "auto"
    return tools, parameters.choice_of("toolConfig.toolChoice", name, tools)
