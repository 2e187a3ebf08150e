"""The Condition element: operators compiled to functions of the request's context.

Specified in the IAM user guide, "IAM JSON policy elements: Condition operators" and "Single-valued
vs. multivalued context keys". A document with an operator that we do not know does not compile: it
is refused when written, and one that is stored all the same denies everything.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Protocol

from volano.services.identity.logic.policy.patterns import (
    compile_arn,
    compile_tokens,
    fill,
    has_variables,
    parse_tokens,
)


class Facts(Protocol):
    """What is known of the request."""

    def value(self, key: str) -> str | None:
        """The first value of a context key, given in lower case."""
        ...

    def values(self, key: str) -> tuple[str, ...] | None:
        """All values of a context key, None when it is absent."""
        ...


Condition = Callable[[Facts], bool]
Test = Callable[[str, Facts], bool]
"""Whether one value of the context passes against the policy's values."""


class UnknownOperator(Exception):
    """The operator is not one of IAM's."""


def compile_condition(
    operator: str, key: str, values: Sequence[str], *, variables: bool
) -> Condition:
    """One operator over one key; raises UnknownOperator, or ValueError for values that cannot be.

    Values of one condition are alternatives; for a negated operator none of them may match.
    """
    name, if_exists, set_word = parse_operator(operator)
    key = key.lower()
    if name == "null":
        wanted = {value.lower() == "true" for value in values}
        return lambda facts: (not facts.values(key)) in wanted
    positive, negated = _POSITIVE.get(name, name), name in _POSITIVE
    make = _TESTS.get(positive)
    if make is None:
        raise UnknownOperator(operator)
    test = make(tuple(values), variables)
    if negated:
        inner = test
        test = lambda value, facts: not inner(value, facts)  # noqa: E731 - shorter than a def
    if_missing = if_exists or set_word == "forallvalues" or (negated and not set_word)
    every = set_word == "forallvalues" or (negated and not set_word)
    return _over_values(key, test, if_missing=if_missing, every=every)


def parse_operator(operator: str) -> tuple[str, bool, str]:
    """Name, whether `IfExists`, and the set word, all in lower case."""
    set_word, colon, name = operator.lower().rpartition(":")
    if colon and set_word not in ("foranyvalue", "forallvalues"):
        raise UnknownOperator(operator)
    if_exists = name.endswith("ifexists")
    if if_exists:
        name = name[: -len("ifexists")]
    if name == "null" and (if_exists or set_word):
        raise UnknownOperator(operator)
    if name != "null" and name not in _TESTS and name not in _POSITIVE:
        raise UnknownOperator(operator)
    return name, if_exists, set_word


def _over_values(key: str, test: Test, *, if_missing: bool, every: bool) -> Condition:
    def condition(facts: Facts) -> bool:
        found = facts.values(key)
        if not found:
            return if_missing
        if len(found) == 1:
            return test(found[0], facts)
        quantifier = all if every else any
        return quantifier(test(value, facts) for value in found)

    return condition


def _string_equals(values: tuple[str, ...], variables: bool) -> Test:  # noqa: FBT001
    return _text_test(values, variables=variables, wildcards=False)


def _string_like(values: tuple[str, ...], variables: bool) -> Test:  # noqa: FBT001
    return _text_test(values, variables=variables, wildcards=True)


def _arn_like(values: tuple[str, ...], variables: bool) -> Test:  # noqa: FBT001
    return _text_test(values, variables=variables, wildcards=True, arn=True)


def _text_test(
    values: tuple[str, ...], *, variables: bool, wildcards: bool, arn: bool = False
) -> Test:
    compile_one = compile_arn if arn else compile_tokens
    all_tokens = [parse_tokens(v, variables=variables, wildcards=wildcards) for v in values]
    fixed = [compile_one(tokens) for tokens in all_tokens if not has_variables(tokens)]
    open_ones = [tokens for tokens in all_tokens if has_variables(tokens)]

    def test(value: str, facts: Facts) -> bool:
        if any(match(value) for match in fixed):
            return True
        for tokens in open_ones:
            filled = fill(tokens, facts.value)
            if filled is not None and compile_one(filled)(value):
                return True
        return False

    return test


def _string_equals_ignore_case(values: tuple[str, ...], variables: bool) -> Test:  # noqa: FBT001
    inner = _string_equals(tuple(value.lower() for value in values), False)  # noqa: FBT003
    if not variables or not any("${" in value for value in values):
        return lambda value, facts: inner(value.lower(), facts)
    all_tokens = [parse_tokens(v, variables=True, wildcards=False) for v in values]

    def test(value: str, facts: Facts) -> bool:
        for tokens in all_tokens:
            filled = fill(tokens, facts.value)
            if filled is not None and "".join(map(str, filled)).lower() == value.lower():
                return True
        return False

    return test


def _compared(
    parse: Callable[[str], Decimal], accept: Callable[[int], bool]
) -> Callable[..., Test]:
    """A test over numbers: `accept` gets -1, 0 or 1 for the value against the policy's value."""

    def make(values: tuple[str, ...], variables: bool) -> Test:  # noqa: FBT001
        wanted = [parse(value) for value in values]

        def test(value: str, facts: Facts) -> bool:
            try:
                number = parse(value)
            except ValueError:
                return False
            return any(accept((number > w) - (number < w)) for w in wanted)

        return test

    return make


def parse_number(text: str) -> Decimal:
    """Raises ValueError."""
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text} is not a number") from error
    if not number.is_finite():
        raise ValueError(f"{text} is not a number")
    return number


@lru_cache(maxsize=4096)
def parse_date(text: str) -> Decimal:
    """Seconds since 1970 of an ISO 8601 date or of epoch seconds; raises ValueError."""
    if text.lstrip("-").isdigit():
        number = parse_number(text)
        if abs(number) >= 2**63:
            raise ValueError(f"{text} is no time")
        return number
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return parse_number(str(moment.timestamp()))


def _bool(values: tuple[str, ...], variables: bool) -> Test:  # noqa: FBT001
    wanted = {value.lower() for value in values}
    if not wanted <= {"true", "false"}:
        raise ValueError("a Bool condition takes true or false")
    return lambda value, facts: value.lower() in wanted


def _binary_equals(values: tuple[str, ...], variables: bool) -> Test:  # noqa: FBT001
    return lambda value, facts: value in values


def _ip_address(values: tuple[str, ...], variables: bool) -> Test:  # noqa: FBT001
    networks = [ipaddress.ip_network(value, strict=False) for value in values]

    def test(value: str, facts: Facts) -> bool:
        address = _address(value)
        return address is not None and any(
            address.version == network.version and address in network for network in networks
        )

    return test


@lru_cache(maxsize=4096)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if isinstance(mapped, ipaddress.IPv4Address) else address


_TESTS: dict[str, Callable[[tuple[str, ...], bool], Test]] = {
    "stringequals": _string_equals,
    "stringequalsignorecase": _string_equals_ignore_case,
    "stringlike": _string_like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "bool": _bool,
    "binaryequals": _binary_equals,
    "ipaddress": _ip_address,
    "numericequals": _compared(parse_number, lambda order: order == 0),
    "numericlessthan": _compared(parse_number, lambda order: order < 0),
    "numericlessthanequals": _compared(parse_number, lambda order: order <= 0),
    "numericgreaterthan": _compared(parse_number, lambda order: order > 0),
    "numericgreaterthanequals": _compared(parse_number, lambda order: order >= 0),
    "dateequals": _compared(parse_date, lambda order: order == 0),
    "datelessthan": _compared(parse_date, lambda order: order < 0),
    "datelessthanequals": _compared(parse_date, lambda order: order <= 0),
    "dategreaterthan": _compared(parse_date, lambda order: order > 0),
    "dategreaterthanequals": _compared(parse_date, lambda order: order >= 0),
}

DATE_OPERATORS = frozenset({"datenotequals", *(name for name in _TESTS if name.startswith("date"))})

_POSITIVE = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}
