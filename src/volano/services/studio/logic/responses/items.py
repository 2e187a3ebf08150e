"""Items: checked and given ids as they come in, and made into messages for the model.

An item is a message, a function call or its output, reasoning, what a tool did that runs here, a
compaction, or a reference to an item that is kept. A call and its output keep their places.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.models.interface import arguments_of, invalid, require_fields, unsupported
from volano.services.studio.logic import records
from volano.services.studio.logic.file_bytes import read_file
from volano.services.studio.logic.reading import read_pages
from volano.services.studio.logic.responses.hosted.past import PREFIXES, exchange_of, take_past
from volano.services.studio.logic.responses.sealing import open_text
from volano.services.studio.model.files import FILE
from volano.services.studio.model.responses import MAX_INPUT_ITEMS, Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env

MAX_FILE_BYTES = 32 * 1024 * 1024
_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "reasoning": "rs",
    "compaction": "cmp",
    **PREFIXES,
}
_SHARED_FIELDS = frozenset(("id", "type", "status", "agent", "caller", "created_by"))
_FIELDS = {
    "message": frozenset(("role", "content", "phase")),
    "function_call": frozenset(("call_id", "name", "arguments", "namespace")),
    "function_call_output": frozenset(("call_id", "output")),
    "custom_tool_call": frozenset(("call_id", "name", "input", "namespace", "async")),
    "custom_tool_call_output": frozenset(("call_id", "output")),
    "reasoning": frozenset(("summary", "content", "encrypted_content")),
    "compaction": frozenset(("encrypted_content",)),
}
_PART_FIELDS = frozenset(("text", "annotations", "logprobs", "prompt_cache_breakpoint"))
_FILE_FIELDS = frozenset(("file_id", "file_data", "file_url", "filename", "detail"))
_ROLES = ("user", "assistant", "system", "developer")


def take_items(env: Env, given: str | Sequence[Json] | None, where: str = "input") -> list[Json]:
    """The items of an input, each with its id; raises Invalid with the place of what is wrong."""
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if len(given or ()) > MAX_INPUT_ITEMS:
        raise invalid(where, f"there are at most {MAX_INPUT_ITEMS} items")
    return [_take(env, item, f"{where}[{at}]") for at, item in enumerate(given or ())]


def _take(env: Env, item: Json, where: str) -> Json:
    kind = item.get("type") or ("message" if "role" in item else "item_reference")
    if kind == "item_reference":
        if not isinstance(item.get("id"), str):
            raise invalid(f"{where}.id", "it names an item")
        return {"type": kind, "id": item["id"]}
    if kind not in _PREFIXES:
        raise unsupported(f"{where}.type", f"items of type '{kind}' are not taken")
    if kind in _FIELDS:
        require_fields(where, item, _FIELDS[kind] | _SHARED_FIELDS)
    held = item.get("id")
    made = held if isinstance(held, str) and held else f"{_PREFIXES[kind]}_{env.ids.hex(32)}"
    checked = _CHECKS.get(kind, take_past)(item, where)
    return {"id": made, "type": kind, **checked}


def _message(item: Json, where: str) -> Json:
    role, content = item.get("role"), item.get("content")
    if role not in _ROLES:
        raise invalid(f"{where}.role", f"it is one of {', '.join(_ROLES)}")
    if isinstance(content, str):
        content = [
            {"type": "output_text" if role == "assistant" else "input_text", "text": content}
        ]
    if not isinstance(content, list):
        raise invalid(f"{where}.content", "it is a text or a list of parts")
    parts = [_part(part, f"{where}.content[{at}]") for at, part in enumerate(content)]
    return {"role": role, "status": item.get("status") or "completed", "content": parts}


def _part(part: object, where: str) -> Json:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(part, dict) or kind in ("input_image", "input_audio"):
        raise unsupported(
            f"{where}.type",
            f"models here read text: send parts of the type `input_text`, or a document as "
            f"`input_file`, not '{kind}'",
        )
    known = {"input_file": _FILE_FIELDS, "refusal": ("refusal",)}.get(str(kind), _PART_FIELDS)
    require_fields(where, part, ("type", *known))
    if kind in ("input_text", "output_text", "text"):
        if not isinstance(part.get("text"), str):
            raise invalid(f"{where}.text", "it is a text")
        if kind == "output_text":
            return {"annotations": [], "logprobs": [], **part}
        return {"type": "input_text", "text": part["text"]}
    if kind == "refusal":
        return {"type": kind, "refusal": str(part.get("refusal", ""))}
    if kind != "input_file":
        raise unsupported(f"{where}.type", f"parts of type '{kind}' are not taken")
    if part.get("file_url") is not None:
        raise unsupported(f"{where}.file_url", "send the file, or its id")
    return dict(part)


def _call(item: Json, where: str) -> Json:
    for name in ("call_id", "name", "arguments"):
        if not isinstance(item.get(name), str):
            raise invalid(f"{where}.{name}", "it is a text")
    return {
        "call_id": item["call_id"],
        "name": item["name"],
        "arguments": item["arguments"],
        "status": item.get("status") or "completed",
    }


def _custom_call(item: Json, where: str) -> Json:
    for name in ("call_id", "name", "input"):
        if not isinstance(item.get(name), str):
            raise invalid(f"{where}.{name}", "it is a text")
    kept = {name: item[name] for name in ("call_id", "name", "input")}
    return {**kept, "status": item.get("status") or "completed"}


def _output(item: Json, where: str) -> Json:
    if not isinstance(item.get("call_id"), str):
        raise invalid(f"{where}.call_id", "it names the call that this answers")
    output = item.get("output")
    if isinstance(output, list):
        output = [_part(part, f"{where}.output[{at}]") for at, part in enumerate(output)]
    elif not isinstance(output, str):
        raise invalid(f"{where}.output", "it is a text or a list of parts")
    return {
        "call_id": item["call_id"],
        "output": output,
        "status": item.get("status") or "completed",
    }


def _reasoning(item: Json, where: str) -> Json:
    kept = ("summary", "content", "encrypted_content", "status")
    return {"summary": [], **{key: item[key] for key in kept if item.get(key) is not None}}


def _compaction(item: Json, where: str) -> Json:
    if not isinstance(item.get("encrypted_content"), str):
        raise invalid(f"{where}.encrypted_content", "it is what /v1/responses/compact answered")
    return {"encrypted_content": item["encrypted_content"]}


_CHECKS = {
    "message": _message,
    "function_call": _call,
    "function_call_output": _output,
    "custom_tool_call": _custom_call,
    "custom_tool_call_output": _output,
    "reasoning": _reasoning,
    "compaction": _compaction,
}


async def to_messages(env: Env, call: Call, items: Sequence[Json]) -> list[Json]:
    """Messages in the form of chat; raises Invalid for calls and outputs that do not match."""
    messages: list[Json] = []
    thought = ""
    for at, item in enumerate(items):
        where = f"input[{at}]"
        kind = item["type"]
        if kind == "reasoning":
            thought += _thought(env, call, item)
        elif kind == "message":
            text = await _text_of(env, call, item["content"], f"{where}.content")
            message: Json = {"role": item["role"], "content": text}
            if item["role"] == "assistant" and thought:
                message["reasoning_content"] = thought
                thought = ""
            messages.append(message)
        elif kind in ("function_call", "custom_tool_call"):
            _add_call(messages, item, thought)
            thought = ""
        elif kind in ("function_call_output", "custom_tool_call_output"):
            output = await _text_of(env, call, item["output"], f"{where}.output")
            messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": output})
        elif kind == "compaction":
            sealed = str(item["encrypted_content"])
            messages.append({"role": "system", "content": open_text(env, call, sealed, where)})
        elif (past := exchange_of(item, items[:at])) is not None:
            call_id, name, arguments, answer = past
            made: Json = {"call_id": call_id, "name": name, "arguments": arguments}
            _add_call(messages, made, thought)
            thought = ""
            messages.append({"role": "tool", "tool_call_id": call_id, "content": answer})
    return messages


def _thought(env: Env, call: Call, item: Json) -> str:
    content = item.get("content")
    if isinstance(content, list) and content:
        return "".join(str(part.get("text", "")) for part in content)
    sealed = item.get("encrypted_content")
    return open_text(env, call, sealed, "input") if isinstance(sealed, str) and sealed else ""


def _add_call(messages: list[Json], item: Json, thought: str) -> None:
    arguments = item.get("arguments")
    if item.get("type") == "custom_tool_call":
        arguments = arguments_of(str(item["input"]))
    function = {"name": item["name"], "arguments": arguments}
    made = {"id": item["call_id"], "type": "function", "function": function}
    last = messages[-1] if messages else {}
    held = last.get("tool_calls")
    if last.get("role") == "assistant" and isinstance(held, list):
        held.append(made)
    elif last.get("role") == "assistant":
        last["tool_calls"] = [made]
    else:
        message: Json = {"role": "assistant", "content": "", "tool_calls": [made]}
        if thought:
            message["reasoning_content"] = thought
        messages.append(message)


async def _text_of(env: Env, call: Call, content: object, where: str) -> str:
    if isinstance(content, str):
        return content
    assert isinstance(content, list)
    texts: list[str] = []
    for at, part in enumerate(content):
        if part["type"] == "input_file":
            texts.append(await _file_text(env, call, part, f"{where}[{at}]"))
        else:
            texts.append(str(part.get("text") or part.get("refusal") or ""))
    return "".join(texts)


async def _file_text(env: Env, call: Call, part: Json, where: str) -> str:
    """What can be read in a file that is part of a message, with its name before it."""
    name = str(part.get("filename") or "file.txt")
    file_id, sent = part.get("file_id"), part.get("file_data")
    if isinstance(file_id, str):
        arn = f"arn:aws:studio:{call.region}:{call.account}:file/{file_id}"
        await env.authority.authorize(call, "studio:GetFileContent", arn, {})
        file = await records.get(env.store.reader, FILE, call.account, file_id, param=where)
        name = file.filename
        data = await read_file(env, call.account, file_id, limit_bytes=MAX_FILE_BYTES)
    elif isinstance(sent, str):
        data = _decoded(sent, where)
    else:
        raise invalid(where, "a file comes as `file_id` or `file_data`")
    try:
        text = "\n".join(page for page in read_pages(data, name) if page)
    except VolanoError as error:
        raise invalid(where, error.message.rstrip(".")) from error
    if not text:
        raise invalid(where, f"no text was found in '{name[:100]}'")
    return f"[{name}]\n{text}\n"


def _decoded(sent: str, where: str) -> bytes:
    """`data:…;base64,` or bare base64."""
    try:
        return base64.b64decode(sent.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(f"{where}.file_data", "it is base64") from error
