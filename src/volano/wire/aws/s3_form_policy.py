"""The policy of a browser's upload form: what it may send (S3 API reference, "POST Policy").

Pure. Every field of the form must be named by a condition, except those that sign it, `file`, and
checksums and names that begin with `x-ignore-`; so must the bucket.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from volano.kernel.errors import Denied, Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CONDITIONS = 500
_FREE = frozenset({"awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"})
"""Fields that need no condition."""
_FREE_PREFIXES = ("x-ignore-", "x-amz-checksum-")
_LISTS = frozenset({"content-type"})
"""Fields with several values separated by commas, each of which must begin as is said."""
_EXPIRATION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z\Z")


@dataclass(frozen=True, slots=True)
class Condition:
    """`operator` is `eq` or `starts-with`; `source` is how the policy wrote it."""

    operator: str
    field: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class FormPolicy:
    """A decoded policy; `sizes` are the least and most bytes of the file, if it says."""

    expires_us: int
    conditions: tuple[Condition, ...]
    sizes: tuple[int, int] | None


def parse_policy(encoded: str) -> FormPolicy:
    """The policy in a form's field; raises Invalid (InvalidPolicyDocument)."""
    try:
        raw = base64.b64decode("".join(encoded.split()), validate=True)
        document = orjson.loads(raw)
    except (binascii.Error, ValueError) as error:
        raise _bad("Invalid JSON.") from error
    if not isinstance(document, dict):
        raise _bad("Invalid JSON.")
    if "expiration" not in document:
        raise _bad("Policy missing expiration.")
    if "conditions" not in document:
        raise _bad("Policy missing conditions.")
    wanted = document["conditions"]
    if not isinstance(wanted, list) or len(wanted) > MAX_CONDITIONS:
        raise _bad("Invalid 'conditions' value: must be a List.")
    conditions: list[Condition] = []
    sizes: tuple[int, int] | None = None
    for each in wanted:
        found = _condition(each)
        if isinstance(found, Condition):
            conditions.append(found)
        else:
            sizes = found
    return FormPolicy(_expires_us(document["expiration"]), tuple(conditions), sizes)


def _condition(each: Any) -> Condition | tuple[int, int]:
    source = orjson.dumps(each).decode()
    if isinstance(each, dict):
        if len(each) != 1:
            raise _bad(
                "Invalid Simple-Condition: Simple-Conditions must have exactly one property "
                "specified."
            )
        ((name, value),) = each.items()
        if not isinstance(value, str):
            raise _bad("Invalid Simple-Condition: value must be a string.")
        shown = orjson.dumps(["eq", f"${name}", value]).decode()
        return Condition("eq", name.lower(), value, shown)
    if not isinstance(each, list) or not each:
        raise _bad("Invalid Condition: must be a List or an Object.")
    operator = str(each[0]).lower()
    if operator == "content-length-range":
        return _sizes(each)
    if operator not in ("eq", "starts-with"):
        raise _bad(f"Unknown Condition operation: {operator[:64]}.")
    if len(each) != 3 or not all(isinstance(part, str) for part in each):
        raise _bad(f"Invalid {operator} Condition: wrong number of arguments.")
    if not each[1].startswith("$"):
        raise _bad(f"Invalid {operator} Condition: the field must begin with $.")
    return Condition(operator, each[1][1:].lower(), each[2], source)


def _sizes(each: list[Any]) -> tuple[int, int]:
    if len(each) != 3:
        raise _bad("Invalid content-length-range: wrong number of arguments.")
    try:
        low, high = int(each[1]), int(each[2])
    except (TypeError, ValueError) as error:
        raise _bad("Invalid content-length-range: arguments must be integers.") from error
    if low < 0 or high < low:
        raise _bad("Invalid content-length-range: the range is empty.")
    return low, high


def _expires_us(text: Any) -> int:
    if not isinstance(text, str) or _EXPIRATION.match(text) is None:
        raise _bad(f"Invalid 'expiration' value: '{str(text)[:64]}'")
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise _bad(f"Invalid 'expiration' value: '{text}'") from error
    return int(moment.astimezone(UTC).timestamp() * 1_000_000)


def require_policy(policy: FormPolicy, fields: Mapping[str, str], now_us: int) -> None:
    """Raises AccessDenied when the form is not what the policy allows, or too late.

    `fields` are by lower-case name, the bucket among them.
    """
    if policy.expires_us <= now_us:
        raise _denied("Policy expired.")
    named = set()
    for condition in policy.conditions:
        named.add(condition.field)
        if not _holds(condition, fields.get(condition.field)):
            raise _denied(f"Policy Condition failed: {condition.source}")
    for name in fields:
        if name not in named and name not in _FREE and not name.startswith(_FREE_PREFIXES):
            raise _denied(f"Extra input fields: {name}")


def _holds(condition: Condition, value: str | None) -> bool:
    wanted = condition.value
    if condition.operator == "eq":
        return value == wanted
    if value is None:
        return not wanted
    if condition.field in _LISTS and "," in value:
        return all(part.strip().startswith(wanted) for part in value.split(","))
    return value.startswith(wanted)


def _bad(message: str) -> Invalid:
    return Invalid(f"Invalid Policy: {message}", code="InvalidPolicyDocument")


def _denied(message: str) -> Denied:
    return Denied(f"Invalid according to Policy: {message}", code="AccessDenied")
