"""`structured_outputs`, vLLM's name for the form of an answer: one of several kinds of grammar.

Programs written for vLLM send it in chat and in completions, beside OpenAI's `response_format`,
and so does a Volano whose upstream is a vLLM or another Volano.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.kernel.inference import Grammar
from volano.services.models.logic.parameters import (
    MAX_SCHEMA_CHARACTERS,
    invalid,
    require_fields,
    unsupported,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PARAM = "structured_outputs"
_KINDS = {"json": "json_schema", "regex": "regex", "grammar": "lark"}
_FIELDS = frozenset((*_KINDS, "choice", "json_object"))
_READERS = ("vllm", "volano")
"""Kinds of upstreams that know the parameter."""


def structured_grammar(given: Mapping[str, object] | None) -> Grammar | None:
    """The grammar that is meant; raises Invalid unless it is exactly one."""
    if given is None:
        return None
    require_fields(PARAM, given, _FIELDS)
    asked = [name for name in _FIELDS if given.get(name) not in (None, False)]
    if len(asked) != 1:
        raise invalid(PARAM, f"it has exactly one of {', '.join(sorted(_FIELDS))}")
    [name] = asked
    value = given[name]
    where = f"{PARAM}.{name}"
    if name == "json_object":
        return Grammar(kind="json_object")
    if name == "choice":
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise invalid(where, "it is a list of texts")
        return Grammar(kind="choice", choices=tuple(value))
    if name == "json" and isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        raise invalid(where, "it is a text")
    if len(value) > MAX_SCHEMA_CHARACTERS:
        raise invalid(where, f"it has over {MAX_SCHEMA_CHARACTERS} characters")
    return Grammar(kind=_KINDS[name], text=value)


def to_words(grammar: Grammar, kind: str) -> dict[str, object]:
    """A grammar in the parameter's form, for an upstream of some kind; raises Invalid."""
    if kind not in _READERS:
        raise unsupported(PARAM, f"an upstream of the kind {kind} follows JSON in chats only")
    if grammar.kind == "json_object":
        return {"json_object": True}
    if grammar.kind == "choice":
        return {"choice": list(grammar.choices)}
    name = next(name for name, each in _KINDS.items() if each == grammar.kind)
    return {name: grammar.text}
