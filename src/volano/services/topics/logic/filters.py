"""Filter policies of subscriptions: read, checked, and matched against a message. Pure.

A policy maps names to lists of conditions; a message passes when for every name one of its
conditions holds (SNS developer guide, "Amazon SNS subscription filter policies"). `$or` holds when
one of its policies does. Over message attributes names are flat; over a JSON body they nest, and of
a list in the body one item is enough.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from volano.kernel.foreign_json import decode_foreign
from volano.services.topics.logic.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.services.topics.model import MessageAttribute

MAX_KEYS = 5
MAX_COMBINATIONS = 150
MAX_POLICY_BYTES = 256 * 1024
MAX_DEPTH = 20
_OPERATORS = frozenset(
    (
        "anything-but",
        "cidr",
        "equals-ignore-case",
        "exists",
        "numeric",
        "prefix",
        "suffix",
        "wildcard",
    )
)
_COMPARISONS = ("=", "<", "<=", ">", ">=")
_LARGEST = 1_000_000_000


def parse_filter(text: str, *, nested: bool) -> dict[str, Any]:
    """The policy; raises InvalidParameter in SNS's words."""
    if len(text.encode()) > MAX_POLICY_BYTES:
        raise _wrong("Filter policy is too large")
    try:
        policy = decode_foreign(text)
    except ValueError as error:
        raise _wrong("failed to parse JSON.") from error
    if not isinstance(policy, dict):
        raise _wrong("Filter policy must be a JSON object")
    lists: list[int] = []
    _check_level(policy, nested=nested, depth=1, lists=lists)
    combinations = 1
    for count in lists:
        combinations *= count
    if len(lists) > MAX_KEYS:
        raise _wrong("Filter policy can not have more than 5 keys")
    if combinations > MAX_COMBINATIONS:
        raise _wrong("Filter policy is too complex")
    return policy


def _wrong(reason: str) -> InvalidParameter:
    return InvalidParameter(f"Invalid parameter: FilterPolicy: {reason}")


def _check_level(policy: dict[str, Any], *, nested: bool, depth: int, lists: list[int]) -> None:
    if depth > MAX_DEPTH:
        raise _wrong("Filter policy is nested too deep")
    for name, conditions in policy.items():
        if name == "$or" and isinstance(conditions, list) and len(conditions) > 1:
            for one in conditions:
                if not isinstance(one, dict):
                    raise _wrong("Every item of $or must be an object")
                _check_level(one, nested=nested, depth=depth + 1, lists=lists)
        elif isinstance(conditions, dict):
            if not nested:
                raise _wrong(
                    "Filter policy scope MessageAttributes does not support nested filter policy"
                )
            if not conditions:
                raise _wrong(f'"{name}" must be an object or an array')
            _check_level(conditions, nested=nested, depth=depth + 1, lists=lists)
        elif isinstance(conditions, list):
            if not conditions:
                raise _wrong("Empty arrays are not allowed")
            lists.append(len(conditions) * (depth if nested else 1))
            for condition in conditions:
                _check_condition(condition)
        else:
            raise _wrong(f'"{name}" must be an object or an array')


def _check_condition(condition: Any) -> None:
    if condition is None or isinstance(condition, str | bool):
        return
    if isinstance(condition, int | float):
        if not -_LARGEST <= condition <= _LARGEST:
            raise InvalidParameter("Invalid parameter: FilterPolicy: Unsupported number")
        return
    if not isinstance(condition, dict):
        raise _wrong("Match value must be String, number, true, false, or null")
    if len(condition) != 1:
        raise _wrong("Only one key allowed in match expression")
    operator, wanted = next(iter(condition.items()))
    if operator not in _OPERATORS:
        raise _wrong(f"Unrecognized match type {operator[:80]}")
    _check_operator(operator, wanted)


def _check_operator(operator: str, wanted: Any) -> None:
    if operator == "exists" and not isinstance(wanted, bool):
        raise _wrong("exists match pattern must be either true or false.")
    if operator in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
        if not isinstance(wanted, str):
            raise _wrong(f"{operator} match pattern must be a string")
        if operator == "wildcard" and wanted.count("*") > 3:
            raise _wrong("A wildcard pattern has at most three wildcards")
    if operator == "anything-but":
        _check_anything_but(wanted)
    if operator == "numeric":
        _check_numeric(wanted)
    if operator == "cidr":
        try:
            ipaddress.ip_network(wanted, strict=False)
        except (ValueError, TypeError) as error:
            raise _wrong("Malformed CIDR, one '/' required") from error


def _check_anything_but(wanted: Any) -> None:
    if isinstance(wanted, dict):
        if len(wanted) != 1 or next(iter(wanted)) not in ("prefix", "suffix", "wildcard"):
            raise _wrong("Unsupported anything-but pattern")
        _check_operator(*next(iter(wanted.items())))
        return
    for one in wanted if isinstance(wanted, list) else [wanted]:
        if not isinstance(one, str | int | float):
            raise _wrong("Inside anything-but list, number|start|null|boolean is not supported.")


def _check_numeric(wanted: Any) -> None:
    if not isinstance(wanted, list):
        raise _wrong("Value of numeric must be an array.")
    if not wanted:
        raise _wrong("Invalid member in numeric match: ]")
    if len(wanted) not in (2, 4):
        _refuse_numeric_shape(wanted)
    for place in range(0, len(wanted), 2):
        operator, value = wanted[place], wanted[place + 1]
        if operator not in _COMPARISONS:
            raise _wrong(f"Unrecognized numeric range operator: {str(operator)[:80]}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong(f"Value of {operator} must be numeric")
    if len(wanted) == 4:
        _check_range(wanted)


def _refuse_numeric_shape(wanted: list[Any]) -> None:
    if not isinstance(wanted[0], str):
        raise _wrong(f"Invalid member in numeric match: {str(wanted[0])[:80]}")
    if wanted[0] not in _COMPARISONS:
        raise _wrong(f"Unrecognized numeric range operator: {wanted[0][:80]}")
    if len(wanted) == 1:
        raise _wrong(f"Value of {wanted[0]} must be numeric")
    raise _wrong("Too many elements in numeric expression")


def _check_range(wanted: list[Any]) -> None:
    if wanted[0] not in (">", ">=") or wanted[2] not in ("<", "<="):
        raise _wrong(f"Bad numeric range operator: {wanted[2]}")
    if wanted[1] >= wanted[3]:
        raise _wrong("Bottom must be less than top")


def matches_attributes(
    policy: Mapping[str, Any], attributes: Mapping[str, MessageAttribute]
) -> bool:
    """Whether a message with those attributes passes."""
    values: dict[str, Any] = {}
    for name, one in attributes.items():
        values[name] = _value_of(one)
    return _matches(policy, values)


def _value_of(attribute: MessageAttribute) -> Any:
    """Binary values match nothing but `exists`."""
    kind, text = attribute.kind.partition(".")[0], attribute.text
    if text is None:
        return [_Opaque()]
    if attribute.kind == "String.Array":
        try:
            return decode_foreign(text)
        except ValueError:
            return text
    if kind == "Number":
        try:
            return decode_foreign(text)
        except ValueError:
            return text
    return text


class _Opaque:
    """A value that is there and equals nothing."""


def matches_body(policy: Mapping[str, Any], body: str) -> bool:
    """Whether a message with that JSON body passes; one that is no object never does."""
    try:
        values = decode_foreign(body)
    except ValueError:
        return False
    return isinstance(values, dict) and _matches(policy, values)


def _matches(policy: Mapping[str, Any], values: Any) -> bool:
    return all(_holds(name, conditions, values) for name, conditions in policy.items())


def _holds(name: str, conditions: Any, values: Any) -> bool:
    if (
        name == "$or"
        and isinstance(conditions, list)
        and all(isinstance(one, dict) for one in conditions)
        and len(conditions) > 1
    ):
        return any(_matches(one, values) for one in conditions)
    if isinstance(values, list):
        return any(_holds(name, conditions, one) for one in values)
    there = isinstance(values, dict) and name in values
    value = values[name] if there else None
    if isinstance(conditions, dict):
        return _matches(conditions, value if there else {})
    items = _flat(value) if there else []
    return any(_fits(condition, items, there=there) for condition in conditions)


def _flat(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    return [leaf for one in value for leaf in _flat(one)]


def _fits(condition: Any, items: list[Any], *, there: bool) -> bool:
    if isinstance(condition, dict):
        operator, wanted = next(iter(condition.items()))
        if operator == "exists":
            return bool(there == wanted)
        return any(_applies(operator, wanted, item) for item in items)
    return any(_equal(condition, item) for item in items)


def _equal(wanted: Any, item: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(item, bool):
        return wanted is item
    if isinstance(wanted, int | float) and isinstance(item, int | float):
        return abs(wanted - item) < 1e-6
    return type(wanted) is type(item) and bool(wanted == item)


def _applies(operator: str, wanted: Any, item: Any) -> bool:
    if operator == "anything-but":
        return _is_anything_but(wanted, item)
    if operator == "numeric":
        return _is_in_range(wanted, item)
    if not isinstance(item, str):
        return False
    if operator == "prefix":
        return bool(item.startswith(wanted))
    if operator == "suffix":
        return bool(item.endswith(wanted))
    if operator == "equals-ignore-case":
        return bool(item.lower() == wanted.lower())
    if operator == "wildcard":
        pattern = ".*".join(re.escape(part) for part in wanted.split("*"))
        return re.fullmatch(pattern, item, re.DOTALL) is not None
    try:
        return ipaddress.ip_address(item) in ipaddress.ip_network(wanted, strict=False)
    except (ValueError, TypeError):
        return False


def _is_anything_but(wanted: Any, item: Any) -> bool:
    if isinstance(item, _Opaque):
        return False
    if isinstance(wanted, dict):
        operator, text = next(iter(wanted.items()))
        return isinstance(item, str) and not _applies(operator, text, item)
    return not any(_equal(one, item) for one in (wanted if isinstance(wanted, list) else [wanted]))


def _is_in_range(wanted: list[Any], item: Any) -> bool:
    if isinstance(item, bool) or not isinstance(item, int | float):
        return False
    for place in range(0, len(wanted), 2):
        operator, bound = wanted[place], wanted[place + 1]
        held = {
            "=": item == bound,
            "<": item < bound,
            "<=": item <= bound,
            ">": item > bound,
            ">=": item >= bound,
        }[operator]
        if not held:
            return False
    return True
