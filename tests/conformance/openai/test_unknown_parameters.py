"""No operation drops a parameter in silence: generated from the registry and from the SDK.

Every operation gets a parameter that does not exist, in its query and in its body; the objects
inside bodies refuse fields that they do not have; and every parameter that the stock SDK documents
is known, so that it is served or refused by its name.
"""

from __future__ import annotations

import ast
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec.inspect as kinds
import openai
import pytest
from tools.gen_openai_operations import routes_in

from volano.app import discover
from volano.wire.action import Action, list_actions, request_type
from volano.wire.decode import fields_of

discover.load_services()
ACTIONS = sorted(list_actions("openai"), key=lambda action: action.name)
MODEL = "volano-tiny-qwen3"
WRONG = "surprise"
OF_THE_SDK = {"self", "stream_cls", "extra_headers", "extra_query", "extra_body", "timeout"}


def refusal(volano, method: str, path: str, body: object) -> dict:
    """The error of a request; fails when it is no 400."""
    request = urllib.request.Request(
        f"{volano.url}{path}",
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={
            "authorization": f"Bearer {volano.credentials['OPENAI_API_KEY']}",
            "content-type": "application/json",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    error = json.loads(refused.value.read())["error"]
    assert refused.value.code == 400, error
    return error


def test_dashscopes_path_serves_every_operation(volano):
    """The same refusal below /compatible-mode says that the same operation answers there."""
    for action in ACTIONS:
        body = {} if action.method == "POST" else None
        path = f"/compatible-mode{sample_path(action)}?{WRONG}=1"
        error = refusal(volano, action.method, path, body)
        assert (error["code"], error["param"]) == ("unknown_parameter", WRONG), action.name


def sample_path(action: Action) -> str:
    return re.sub(r"\{[^}]*\}", "none", action.path)


@pytest.mark.parametrize("place", ["query", "body"])
def test_every_operation_refuses_a_parameter_that_does_not_exist(volano, place):
    for action in ACTIONS:
        if place == "body" and action.method != "POST":
            continue
        query = f"?{WRONG}=1" if place == "query" else ""
        body = {WRONG: 1} if place == "body" else {} if action.method == "POST" else None
        error = refusal(volano, action.method, sample_path(action) + query, body)
        assert (error["code"], error["param"]) == ("unknown_parameter", WRONG), action.name


def inner_structs(info: kinds.Type, seen: frozenset[type]) -> Iterator[kinds.StructType]:
    """The objects inside a type, itself included."""
    if isinstance(info, kinds.Metadata):
        yield from inner_structs(info.type, seen)
    elif isinstance(info, kinds.UnionType):
        for one in info.types:
            yield from inner_structs(one, seen)
    elif isinstance(info, kinds.ListType):
        yield from inner_structs(info.item_type, seen)
    elif isinstance(info, kinds.StructType) and info.cls not in seen:
        yield info
        for field in info.fields:
            yield from inner_structs(field.type, seen | {info.cls})


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_objects_inside_a_request_refuse_fields_that_they_do_not_have(action):
    outer = request_type(action)
    for struct in inner_structs(kinds.type_info(outer), frozenset()):
        assert struct.forbid_unknown_fields or struct.cls is outer, struct.cls


CHAT = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 1}
FUNCTION = {"name": "f", "parameters": {"type": "object"}}
SAID = {"role": "user", "content": "x"}
INSIDE = [
    ("chat/completions", {"messages": [SAID | {WRONG: 1}]}, "messages[0]"),
    (
        "chat/completions",
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "x", WRONG: 1}]}]},
        "messages[0].content[0]",
    ),
    (
        "chat/completions",
        {"tools": [{"type": "function", "function": FUNCTION, WRONG: 1}]},
        "tools[0]",
    ),
    (
        "chat/completions",
        {"tools": [{"type": "function", "function": FUNCTION | {WRONG: 1}}]},
        "tools[0].function",
    ),
    ("chat/completions", {"response_format": {"type": "text", WRONG: 1}}, "response_format"),
    (
        "chat/completions",
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "s", "schema": {"type": "object"}, WRONG: 1},
            }
        },
        "response_format.json_schema",
    ),
    (
        "chat/completions",
        {
            "tools": [{"type": "function", "function": FUNCTION}],
            "tool_choice": {"type": "function", "function": {"name": "f"}, WRONG: 1},
        },
        "tool_choice",
    ),
    ("responses", {"input": [SAID | {WRONG: 1}]}, "input[0]"),
    (
        "responses",
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "x", WRONG: 1}]}]},
        "input[0].content[0]",
    ),
    ("responses", {"input": "x", "tools": [FUNCTION | {"type": "function", WRONG: 1}]}, "tools[0]"),
    (
        "responses",
        {"input": "x", "tools": [{"type": "file_search", "vector_store_ids": ["v"], WRONG: 1}]},
        "tools[0]",
    ),
    ("responses", {"input": "x", "text": {"format": {"type": "text", WRONG: 1}}}, "text.format"),
    ("responses", {"input": "x", "reasoning": {WRONG: 1}}, "reasoning"),
    ("responses", {"input": "x", "conversation": {"id": "c", WRONG: 1}}, "conversation"),
    (
        "responses",
        {
            "input": "x",
            "tools": [FUNCTION | {"type": "function"}],
            "tool_choice": {"type": "function", "name": "f", WRONG: 1},
        },
        "tool_choice",
    ),
]


@pytest.mark.parametrize(("operation", "words", "place"), INSIDE)
def test_objects_of_free_form_refuse_fields_that_they_do_not_have(volano, operation, words, place):
    base = {"model": MODEL} | (CHAT if operation == "chat/completions" else {})
    error = refusal(volano, "POST", f"/v1/{operation}", base | words)
    assert (error["code"], error["param"]) == ("unknown_parameter", f"{place}.{WRONG}")


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def documented() -> dict[tuple[str, str], set[str]]:
    """The parameters of each route, as the SDK's synchronous methods name them."""
    found: dict[tuple[str, str], set[str]] = {}
    root = Path(openai.__file__).parent / "resources"
    for file in sorted(root.rglob("*.py")):
        for cls in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(cls, ast.ClassDef) or cls.name.startswith("Async"):
                continue
            for function in cls.body:
                if not isinstance(function, ast.FunctionDef):
                    continue
                names = {one.arg for one in (*function.args.args, *function.args.kwonlyargs)}
                for method, path in routes_in(function):
                    key = (method, shape("/v1" + path))
                    found.setdefault(key, set()).update(names - OF_THE_SDK)
    return found


def test_every_parameter_of_the_sdk_is_known():
    wanted = documented()
    checked = 0
    for action in ACTIONS:
        names = wanted.get((action.method, shape(action.path)))
        if names is not None:
            unknown = names - set(fields_of(request_type(action)))
            assert not unknown, f"{action.name}: {sorted(unknown)} of openai {openai.__version__}"
            checked += 1
    assert checked >= 60
