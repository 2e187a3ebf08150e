"""Required members, lengths, ranges, patterns and enums of a model, checked by compiled closures.

S3, EC2 and SQS check only what is required here; their handlers give their own errors for the rest.
The sentences are those of AWS's services ("1 validation error detected: …").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import OperationModel, Shape, StructureShape

    Found = list["Violation"]
    Check = Callable[[Any, str, Found], None]
    Memo = dict[str, list[tuple[str, Check]]]

MAX_PATTERN_INPUT = 2048
"""Longer strings are not matched against a pattern: the patterns are not ours."""
MAX_VIOLATIONS = 10
MAX_SHOWN = 300
"""Characters of a value that an error repeats."""
_TEXT_CLASS = {"\\p{L}", "\\p{Z}", "\\p{N}"}
_SEPARATORS = " \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule; `member` is the member's name in the model, `in_body` where it belongs."""

    member: str
    text: str
    missing: bool = False
    in_body: bool = False
    nested: bool = False


def compile_check(operation: OperationModel) -> Callable[[dict[str, Any]], list[Violation]]:
    """What is wrong with an input; empty when nothing is."""
    shape = operation.input_shape
    if shape is None:
        return lambda _value: []
    strict = operation.service_model.service_name not in ("s3", "ec2", "sqs")
    check = _structure(shape, {}, strict=strict)
    if check is None:
        return lambda _value: []

    def run(value: dict[str, Any]) -> list[Violation]:
        found: Found = []
        check(value, "", found)
        return found[:MAX_VIOLATIONS]

    return run


def describe(violations: list[Violation]) -> str:
    """The message for violations, as AWS's services put it."""
    count = len(violations)
    noun = "error" if count == 1 else "errors"
    return f"{count} validation {noun} detected: " + "; ".join(each.text for each in violations)


def _compile(shape: Shape, memo: Memo, *, strict: bool) -> Check | None:
    if shape.type_name == "structure":
        return _structure(shape, memo, strict=strict)
    if shape.type_name in ("list", "map"):
        return _container(shape, memo, strict=strict)
    return _scalar(shape) if strict else None


def _structure(shape: StructureShape, memo: Memo, *, strict: bool) -> Check | None:
    required = tuple(
        (key, not shape.members[key].serialization.get("location"))
        for key in shape.required_members
    )
    recursive = shape.name in memo
    members = memo.setdefault(shape.name, [])
    if not recursive:
        for key, member in shape.members.items():
            check = _compile(member, memo, strict=strict)
            if check is not None:
                members.append((key, check))
        if not members and not required:
            return None

    def run(value: Any, path: str, found: Found) -> None:
        if not isinstance(value, dict):
            return
        for key, in_body in required:
            if value.get(key) is None:
                found.append(_missing(key, _join(path, key), in_body=in_body))
        for key, check in members:
            item = value.get(key)
            if item is not None:
                check(item, _join(path, key), found)

    return run


def _join(path: str, key: str) -> str:
    name = key[:1].lower() + key[1:]
    return f"{path}.{name}" if path else name


def _missing(key: str, path: str, *, in_body: bool) -> Violation:
    text = f"Value null at '{path}' failed to satisfy constraint: Member must not be null"
    return Violation(key, text, missing=True, in_body=in_body, nested="." in path)


class _Hidden(str):
    """A value that errors do not show (Smithy's `sensitive` trait)."""

    __slots__ = ()


def _violation(key: str, path: str, value: object, rule: str) -> Violation:
    # AWS leaves out what may be secret.
    shown = "" if isinstance(value, bytes | _Hidden) else f" '{str(value)[:MAX_SHOWN]}'"
    return Violation(key, f"Value{shown} at '{path}' failed to satisfy constraint: {rule}")


def _container(shape: Shape, memo: Memo, *, strict: bool) -> Check | None:
    item_shape = shape.member if shape.type_name == "list" else shape.value
    item = _compile(item_shape, memo, strict=strict)
    low, high = (shape.metadata.get("min"), shape.metadata.get("max")) if strict else (None, None)
    if item is None and low is None and high is None:
        return None

    def run(value: Any, path: str, found: Found) -> None:
        _check_length(value, path, found, low, high)
        if item is None or len(found) >= MAX_VIOLATIONS:
            return
        pairs = value.items() if isinstance(value, dict) else enumerate(value, 1)
        for index, each in pairs:
            item(each, f"{path}.{index}.member", found)
            if len(found) >= MAX_VIOLATIONS:
                return

    return run


def _check_length(value: Any, path: str, found: Found, low: int | None, high: int | None) -> None:
    size = len(value)
    if low is not None and size < low:
        rule = f"Member must have length greater than or equal to {low}"
        found.append(_violation(path, path, value, rule))
    if high is not None and size > high:
        rule = f"Member must have length less than or equal to {high}"
        found.append(_violation(path, path, value, rule))


def _scalar(shape: Shape) -> Check | None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name == "string":
        return _string(shape, low, high)
    if shape.type_name == "blob" and (low is not None or high is not None):
        return lambda value, path, found: (
            _check_length(value, path, found, low, high) if isinstance(value, bytes) else None
        )
    if shape.type_name in ("integer", "long", "float", "double"):
        return None if low is None and high is None else _range(low, high)
    return None


def _range(low: float | None, high: float | None) -> Check:
    def run(value: Any, path: str, found: Found) -> None:
        if low is not None and value < low:
            rule = f"Member must have value greater than or equal to {low}"
            found.append(_violation(path, path, value, rule))
        if high is not None and value > high:
            rule = f"Member must have value less than or equal to {high}"
            found.append(_violation(path, path, value, rule))

    return run


def _string(shape: Shape, low: int | None, high: int | None) -> Check | None:
    allowed = frozenset(shape.metadata.get("enum", ()))
    listed = ", ".join(shape.metadata.get("enum", ()))
    source = shape.metadata.get("pattern")
    pattern = _pattern(source)
    sensitive = bool(shape.metadata.get("sensitive"))
    if not allowed and pattern is None and low is None and high is None:
        return None

    def run(value: Any, path: str, found: Found) -> None:
        if not isinstance(value, str):
            return
        value = _Hidden(value) if sensitive else value
        if allowed and value not in allowed:
            rule = f"Member must satisfy enum value set: [{listed}]"
            found.append(_violation(path, path, value, rule))
            return
        _check_length(value, path, found, low, high)
        if pattern is None or len(value) > MAX_PATTERN_INPUT:
            return
        if pattern.fullmatch(value) is None:
            rule = f"Member must satisfy regular expression pattern: {source}"
            found.append(_violation(path, path, value, rule))

    return run


def _pattern(source: str | None) -> re.Pattern[str] | None:
    """The compiled pattern; None for those in a dialect that Python does not speak."""
    if source is None:
        return None
    spoken = source
    if set(re.findall(r"\\p\{\w+\}", source)) >= _TEXT_CLASS and "_" in source:
        # The class that nearly all tags have: letters, digits and separators of any script.
        spoken = (
            source.replace("\\p{L}", r"\w").replace("\\p{Z}", _SEPARATORS).replace("\\p{N}", "")
        )
    try:
        return re.compile(spoken, re.ASCII if spoken == source and "\\p" not in source else 0)
    except (re.error, OverflowError):
        return None
