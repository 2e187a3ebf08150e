"""Attribute filters of vector stores: checked when they come, then asked of each file.

Comparisons follow OpenAI's: `eq ne gt gte lt lte in nin` of one attribute, `and` and `or` of
groups.
A file without the attribute fails every comparison but `ne` and `nin`.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from volano.services.models.interface import invalid
from volano.services.studio.model.search import Condition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from volano.services.studio.model.vector_stores import Attributes

MAX_DEPTH = 8
MAX_CONDITIONS = 64
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_OPERATORS = frozenset(("eq", "ne", "in", "nin", *_ORDERS))


def parse_condition(given: Mapping[str, object] | None) -> Condition | None:
    """The filter of a request; raises Invalid with the place of what is wrong."""
    if not given:
        return None
    return _parse(given, "filters", [0], depth=1)


def _parse(given: object, where: str, seen: list[int], *, depth: int) -> Condition:
    seen[0] += 1
    if not isinstance(given, dict) or depth > MAX_DEPTH or seen[0] > MAX_CONDITIONS:
        raise invalid(where, f"at most {MAX_CONDITIONS} comparisons, {MAX_DEPTH} levels deep")
    kind = given.get("type", "eq")
    if kind in ("and", "or"):
        parts = given.get("filters")
        if not isinstance(parts, list) or set(given) != {"type", "filters"}:
            raise invalid(where, "a group has `type` and `filters`")
        return Condition(
            operator=kind,
            parts=tuple(
                _parse(part, f"{where}.filters[{index}]", seen, depth=depth + 1)
                for index, part in enumerate(parts)
            ),
        )
    key, value = given.get("key"), given.get("value")
    if kind not in _OPERATORS or not isinstance(key, str) or not set(given) <= _FIELDS:
        raise invalid(where, f"`type` is one of {', '.join(sorted(_OPERATORS))}, `key` a text")
    return Condition(operator=str(kind), key=key, value=_value(str(kind), value, where))


_FIELDS = {"type", "key", "value"}


def _value(
    kind: str, value: object, where: str
) -> str | float | bool | tuple[str | float | bool, ...]:
    if kind in ("in", "nin"):
        if not isinstance(value, list) or not all(isinstance(v, str | float | int) for v in value):
            raise invalid(f"{where}.value", "`in` and `nin` take a list of texts and numbers")
        return tuple(value)
    if kind in _ORDERS and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise invalid(f"{where}.value", f"`{kind}` takes a number")
    if not isinstance(value, str | int | float):
        raise invalid(f"{where}.value", "it is a text, a number or a boolean")
    return value


def holds(condition: Condition | None, attributes: Attributes) -> bool:
    """Whether a file with these attributes passes."""
    if condition is None:
        return True
    if condition.operator == "and":
        return all(holds(part, attributes) for part in condition.parts)
    if condition.operator == "or":
        return any(holds(part, attributes) for part in condition.parts)
    held = attributes.get(condition.key)
    compare = _ORDERS.get(condition.operator)
    if compare is not None:
        if isinstance(held, bool | str | None) or isinstance(condition.value, str | tuple):
            return False
        return compare(held, condition.value)
    wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    found = any(_same(held, value) for value in wanted)
    return found if condition.operator in ("eq", "in") else not found


def _same(held: object, value: object) -> bool:
    """True is not 1 here, though it is in Python."""
    return isinstance(held, bool) == isinstance(value, bool) and held == value
