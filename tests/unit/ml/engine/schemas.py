"""Random JSON schemas, and random tokens that follow a grammar to its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import random

    from volano.ml.engine.grammar import GrammarState
    from volano.ml.engine.tokenizer import Tokenizer

DEPTH_MAX = 4
# After this many tokens those that end something are taken, so that every answer ends.
WANDER_TOKENS = 48
TOKENS_MAX = 4000
NAMES = ("name", "a b", "Größe", "x-1", "\u540d\u5b57", 'quo"te', "id", "items")
PATTERNS = ("^[a-z]{1,6}$", "^\\d{3}-\\d{2}$", "^(foo|bar)+$", "^[A-F0-9]*$")
FORMATS = ("date", "date-time", "uuid", "time", "email", "ipv4")


def random_schema(chance: random.Random, depth: int = 0) -> dict[str, object]:
    """A schema of the keywords that answers are asked for with."""
    leaves = (
        "string",
        "integer",
        "number",
        "boolean",
        "null",
        "enum",
        "const",
        "pattern",
        "format",
    )
    nested = ("object", "object", "array", "anyOf", "ref", "tuple")
    kind = chance.choice(leaves if depth >= DEPTH_MAX else (*leaves, *nested, *nested))
    if depth == 0:
        kind = chance.choice(nested)
    return _MAKERS[kind](chance, depth)


def follow(
    state: GrammarState, tokenizer: Tokenizer, ends: tuple[int, ...], chance: random.Random
) -> str:
    """The text of random allowed tokens up to the grammar's end."""
    generator = np.random.Generator(np.random.PCG64(chance.getrandbits(64)))
    data = b""
    for count in range(TOKENS_MAX):
        if state.is_stopped:
            return data.decode()
        allowed = np.flatnonzero(state.allowed())
        assert len(allowed), f"nothing may follow {data!r}"
        token = int(generator.choice(allowed))
        if count > WANDER_TOKENS:
            if ends[0] in allowed:
                token = ends[0]
            else:
                texts = {id: tokenizer.token_bytes(int(id))[:1] for id in allowed}
                ranked = ([id for id in allowed if texts[id] in kind] for kind in _CLOSING)
                token = int(generator.choice(next(filter(None, ranked), allowed)))
        if token in ends:
            return data.decode()
        for taken in (token, *state.accept(token)):
            # A special token has no text of its own; a mark of tool calls is shown all the same.
            data += tokenizer.token_bytes(taken) or tokenizer.token_text(taken).encode()
    raise AssertionError(f"the answer does not end: {data[:200]!r}")


# What ends a string or the first part of an address, then what ends an object or a list.
_CLOSING = ((b'"',), (b"@",), (b"}", b"]"))


def _string(chance, depth):
    schema = {"type": "string"}
    if chance.random() < 0.7:
        schema["maxLength"] = chance.randrange(0, 12)
    if chance.random() < 0.3:
        schema["minLength"] = chance.randrange(0, schema.get("maxLength", 3) + 1)
    return schema


def _number(kind):
    def make(chance, depth):
        schema = {"type": kind}
        if chance.random() < 0.5:
            schema["minimum"] = chance.randrange(-1000, 1000)
        if chance.random() < 0.5:
            schema["maximum"] = schema.get("minimum", 0) + chance.randrange(0, 10_000)
        return schema

    return make


def _object(chance, depth):
    names = chance.sample(NAMES, chance.randrange(0, 5))
    schema = {
        "type": "object",
        "properties": {name: random_schema(chance, depth + 1) for name in names},
        "required": [name for name in names if chance.random() < 0.6],
    }
    if chance.random() < 0.7:
        schema["additionalProperties"] = False
    elif chance.random() < 0.5:
        schema["additionalProperties"] = random_schema(chance, DEPTH_MAX)
    return schema


def _array(chance, depth):
    schema = {"type": "array", "items": random_schema(chance, depth + 1)}
    if chance.random() < 0.7:
        schema["maxItems"] = chance.randrange(0, 4)
    if chance.random() < 0.3:
        schema["minItems"] = chance.randrange(0, schema.get("maxItems", 2) + 1)
    return schema


def _tuple(chance, depth):
    items = [random_schema(chance, depth + 1) for _ in range(chance.randrange(1, 4))]
    return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}


def _reference(chance, depth):
    """A tree: definitions that refer to themselves."""
    if depth:
        return random_schema(chance, DEPTH_MAX)
    node = {
        "type": "object",
        "properties": {
            "value": random_schema(chance, DEPTH_MAX),
            "children": {"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 2},
        },
        "required": ["value"],
        "additionalProperties": False,
    }
    return {"$defs": {"node": node}, "$ref": "#/$defs/node"}


def _enum(chance, depth):
    values = [None, True, 3, -1.5, "", "x y", "\u597d", {"k": [1]}, ["a"]]
    return {"enum": chance.sample(values, chance.randrange(1, 5))}


_MAKERS = {
    "string": _string,
    "integer": _number("integer"),
    "number": _number("number"),
    "boolean": lambda chance, depth: {"type": "boolean"},
    "null": lambda chance, depth: {"type": ["null", "boolean"]},
    "enum": _enum,
    "const": lambda chance, depth: {"const": chance.choice([0, "c", json.loads("[1, 2]")])},
    "pattern": lambda chance, depth: {"type": "string", "pattern": chance.choice(PATTERNS)},
    "format": lambda chance, depth: {"type": "string", "format": chance.choice(FORMATS)},
    "object": _object,
    "array": _array,
    "tuple": _tuple,
    "anyOf": lambda chance, depth: {
        "anyOf": [random_schema(chance, depth + 1) for _ in range(chance.randrange(1, 4))]
    },
    "ref": _reference,
}
