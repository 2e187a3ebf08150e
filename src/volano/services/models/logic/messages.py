"""Conversations in OpenAI's form, checked, and reduced to what a chat template reads.

A template gets `role`, `content` as text, `tool_calls`, `tool_call_id`, `name` and
`reasoning_content`. An answer to a tool call must follow the call it answers.

Programs append the message that they were answered with as their SDK holds it: with `annotations`,
and `parsed` and `parsed_arguments`, which openai's `parse` puts there. Those say nothing new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.models.logic.custom_tools import arguments_of
from volano.services.models.logic.parameters import invalid, require_fields, unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_MESSAGES = 10_000
_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_CONTENT = "role content name refusal audio reasoning_content"
_ECHOED = "annotations parsed"
_FIELDS = frozenset(f"{_CONTENT} {_ECHOED} tool_calls tool_call_id function_call".split())
_PART_FIELDS = frozenset(
    ("type", "text", "refusal", "annotations", "logprobs", "prompt_cache_breakpoint")
)
_CALL_FIELDS = frozenset(("id", "type", "function", "custom", "index"))
_CALLED_FIELDS = frozenset(("name", "arguments", "parsed_arguments"))
_TEXTS = ("text", "input_text", "output_text", "refusal")


def parse_messages(given: Sequence[Mapping[str, object]]) -> tuple[dict[str, object], ...]:
    """The messages for the template; raises Invalid with the place of what is wrong."""
    if not 1 <= len(given) <= MAX_MESSAGES:
        raise invalid("messages", f"there are 1 to {MAX_MESSAGES}")
    found = tuple(_parse(message, f"messages[{at}]") for at, message in enumerate(given))
    _require_answers(found)
    return found


def _parse(message: Mapping[str, object], where: str) -> dict[str, object]:
    role = message.get("role")
    if role not in _ROLES:
        raise invalid(f"{where}.role", f"'{role}' is not one of {', '.join(_ROLES)}")
    require_fields(where, message, _FIELDS)
    if message.get("audio") is not None:
        raise unsupported(f"{where}.audio", "this model reads text")
    out: dict[str, object] = {
        "role": {"developer": "system", "function": "tool"}.get(str(role), role),
        "content": text_of(message.get("content"), f"{where}.content"),
    }
    if isinstance(message.get("name"), str):
        out["name"] = message["name"]
    if role == "assistant":
        _add_calls(out, message, where)
    elif role != "function" and message.get("content") is None:
        raise invalid(f"{where}.content", "it is a text or a list of parts")
    if role == "tool":
        answered = message.get("tool_call_id")
        if not isinstance(answered, str):
            raise invalid(f"{where}.tool_call_id", "it names the call that this answers")
        out["tool_call_id"] = answered
    return out


def with_verbosity(
    messages: tuple[dict[str, object], ...], told: str
) -> tuple[dict[str, object], ...]:
    """The messages with what the system says about how much to write; '' changes nothing."""
    if not told:
        return messages
    if messages[0]["role"] != "system":
        return ({"role": "system", "content": told}, *messages)
    first = {**messages[0], "content": f"{messages[0]['content']}\n\n{told}"}
    return (first, *messages[1:])


def text_of(content: object, where: str) -> str:
    """The text of a message's content; raises Invalid for parts that are no text."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise invalid(where, "it is a text or a list of parts")
    texts: list[str] = []
    for at, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in _TEXTS:
            raise unsupported(
                f"{where}[{at}].type",
                f"models here read text: send parts of the type `text`, not '{kind}'. The text of "
                "a document is read where /v1/responses is sent it as `input_file`",
            )
        require_fields(f"{where}[{at}]", part, _PART_FIELDS)
        text = part.get("refusal" if kind == "refusal" else "text")
        if not isinstance(text, str):
            raise invalid(f"{where}[{at}].text", "it is a text")
        texts.append(text)
    return "".join(texts)


def _add_calls(out: dict[str, object], message: Mapping[str, object], where: str) -> None:
    reasoning = message.get("reasoning_content")
    if isinstance(reasoning, str) and reasoning:
        out["reasoning_content"] = reasoning
    calls = message.get("tool_calls")
    if message.get("function_call") is not None:
        function = message["function_call"]
        calls = [{"id": "function_call", "type": "function", "function": function}]
    if calls:
        if not isinstance(calls, list):
            raise invalid(f"{where}.tool_calls", "it is a list")
        out["tool_calls"] = [
            _call(call, f"{where}.tool_calls[{at}]") for at, call in enumerate(calls)
        ]


def _call(call: object, where: str) -> dict[str, object]:
    function = call.get("function") if isinstance(call, dict) else None
    if isinstance(call, dict) and call.get("type") == "custom":
        function = _custom(call.get("custom"), f"{where}.custom")
    if not isinstance(call, dict) or not isinstance(function, dict):
        raise invalid(where, "it has `id`, `type` and `function`")
    require_fields(where, call, _CALL_FIELDS)
    require_fields(f"{where}.function", function, _CALLED_FIELDS)
    name, arguments = function.get("name"), function.get("arguments")
    if not isinstance(name, str) or not isinstance(arguments, str):
        raise invalid(f"{where}.function", "it has `name` and `arguments`, both texts")
    return {
        "id": str(call.get("id", "")),
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def _custom(given: object, where: str) -> dict[str, object]:
    """A call of a custom tool as the function's call that it is to the model."""
    text = given.get("input") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(text, str):
        raise invalid(where, "it has `name` and `input`, both texts")
    require_fields(where, given, ("name", "input"))
    return {"name": given.get("name"), "arguments": arguments_of(text)}


def _require_answers(messages: Sequence[Mapping[str, object]]) -> None:
    """Every call is answered before anything else is said, and only calls are answered."""
    open_calls: set[str] = set()
    for at, message in enumerate(messages):
        if message["role"] == "tool" and "tool_call_id" in message:
            if message["tool_call_id"] not in open_calls:
                raise invalid(
                    f"messages[{at}].role",
                    "messages with role 'tool' must be a response to a preceding message with "
                    "'tool_calls'",
                )
            open_calls.discard(str(message["tool_call_id"]))
            continue
        if open_calls and message["role"] != "tool":
            raise _unanswered(at, open_calls)
        calls = message.get("tool_calls")
        if isinstance(calls, list):
            open_calls = {call["id"] for call in calls if call["id"] != "function_call"}
    if open_calls:
        raise _unanswered(len(messages), open_calls)


def _unanswered(at: int, calls: set[str]) -> Exception:
    names = ", ".join(sorted(calls))[:200]
    return invalid(
        f"messages[{at}].role",
        "an assistant message with 'tool_calls' must be followed by tool messages responding to "
        f"each 'tool_call_id'; these have none: {names}",
    )
