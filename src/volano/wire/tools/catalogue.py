"""Which actions are tools, how they are called, and the search over them.

Every action is one but those that move a stream, sign somebody in, or need no credential. Names
have the letters that model vendors allow in function names: `_` stands for `:` and `.`.
"""

from __future__ import annotations

import inspect
import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from volano.kernel.tools import ToolName
from volano.wire.action import (
    PUBLIC,
    find_action,
    list_actions,
    registry_generation,
    request_type,
    result_type,
)
from volano.wire.decode import fields_of
from volano.wire.form import UploadedFile
from volano.wire.results import EventStream, Raw, Upload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from volano.wire.action import Action

MAX_NAME_CHARACTERS = 64
"""The longest function name that OpenAI's API takes."""
LEFT_OUT = frozenset(("volano:callAws",))
"""Would be a second name for every other tool."""
AWS_STREAMS = frozenset(
    (
        "bedrock-runtime:ConverseStream",
        "bedrock-runtime:InvokeModel",
        "bedrock-runtime:InvokeModelWithResponseStream",
        "s3:GetObject",
        "s3:PutObject",
        "s3:SelectObjectContent",
        "s3:UploadPart",
    )
)
"""Operations that botocore's models stream; tests compare the list with the models."""
_NOT_NAME = re.compile(r"[^A-Za-z0-9_-]")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SYNONYMS = {
    "bucket": "s3",
    "buckets": "s3",
    "create": "run",
    "launch": "run",
    "delete": "terminate",
    "machine": "instance",
    "make": "create",
    "machines": "instances",
    "message": "chat",
    "remove": "delete",
    "server": "instance",
    "servers": "instances",
    "show": "list",
    "vm": "instance",
    "vms": "instances",
}


def list_names() -> list[ToolName]:
    """All tools, by name."""
    return list(_table(registry_generation()).values())


def find_name(name: str) -> ToolName | None:
    """By the tool's name or its action's."""
    return _table(registry_generation()).get(to_tool_name(name))


def to_tool_name(action: str) -> str:
    return _NOT_NAME.sub("_", action)[:MAX_NAME_CHARACTERS]


def summary_of(found: Action) -> str:
    """The first line of the handler's docstring."""
    return (inspect.getdoc(found.handler) or found.operation).partition("\n")[0].strip()


@lru_cache(maxsize=2)
def _table(_generation: int) -> dict[str, ToolName]:
    table: dict[str, ToolName] = {}
    for found in list_actions():
        if not _is_tool(found):
            continue
        name = to_tool_name(found.name)
        assert name not in table, f"two tools are called {name}"
        table[name] = ToolName(
            name=name,
            action=found.name,
            service=found.name.partition(":")[0],
            permission=found.permission,
            read_only=found.read_only,
        )
    return table


def _is_tool(found: Action) -> bool:
    if found.permission == PUBLIC or found.streams_body or found.name in LEFT_OUT:
        return False
    if found.protocol == "caldav":
        return False  # for programs alone: the same calendars are tools by Volano's own API
    if found.protocol == "aws":
        return found.name not in AWS_STREAMS
    return not _moves_bytes(found)


def _moves_bytes(found: Action) -> bool:
    """Whether it takes files or can only answer a stream."""
    kind = request_type(found)
    if get_origin(kind) is Upload or any(_has_file(f.type) for f in fields_of(kind).values()):
        return True
    answer = result_type(found)
    is_union = isinstance(answer, UnionType) or get_origin(answer) is Union
    return set(get_args(answer) if is_union else (answer,)) <= {EventStream, Raw}


def _has_file(kind: Any) -> bool:
    return kind is UploadedFile or any(_has_file(part) for part in get_args(kind))


def search_names(
    words: str, *, service: str = "", read_only: bool = False, limit: int = 20
) -> list[ToolName]:
    """Tools by the words that their names and summaries hold: rare words weigh more than common
    ones, names twice as much as summaries, and of equal tools the one that says less besides wins.
    """
    wanted = _words(words)
    index = _index(registry_generation())
    scored = [
        (score, head)
        for head in list_names()
        if service in ("", head.service)
        and (head.read_only or not read_only)
        and (score := _score(index, head.action, wanted)) > 0
    ]
    scored.sort(key=lambda pair: (-pair[0], len(pair[1].name), pair[1].name))
    return [head for _, head in scored[:limit]]


@dataclass(frozen=True, slots=True)
class _Index:
    """Words of each action's name and of its summary, and how much each word tells."""

    named: dict[str, frozenset[str]]
    told: dict[str, frozenset[str]]
    weights: dict[str, float]


def _score(index: _Index, action: str, wanted: frozenset[str]) -> float:
    named, told = index.named[action], index.told[action]
    hits = sum(2 * index.weights[word] for word in wanted & named)
    hits += sum(index.weights[word] for word in wanted & told)
    return hits - 0.1 * len(named - wanted) if hits else 0.0


@lru_cache(maxsize=2)
def _index(_generation: int) -> _Index:
    named, told = {}, {}
    counts: Counter[str] = Counter()
    for head in list_names():
        found = find_action(head.action)
        assert found is not None, head.action
        named[head.action] = _words(found.name)
        told[head.action] = _words(summary_of(found))
        counts.update(named[head.action] | told[head.action])
    weights = {word: math.log(1 + len(named) / count) for word, count in counts.items()}
    return _Index(named, told, weights)


def _words(text: str) -> frozenset[str]:
    plain = [word.lower() for word in _WORD.findall(text)]
    return frozenset(_with_stems([*plain, *(_SYNONYMS.get(word, word) for word in plain)]))


def _with_stems(words: Iterable[str]) -> Iterable[str]:
    """Without the plural's s, so that `bucket` finds `ListBuckets`."""
    for word in words:
        yield word[:-1] if len(word) > 3 and word.endswith("s") else word
