"""What IAM refuses in a policy document, in its order and its words.

The grammar is the IAM user guide's "Grammar of the IAM JSON policy language". The order of the
checks decides which of several mistakes is told; it is that of the cases that moto's tests recorded
(test_iam_policies.py). Every check looks at all statements before the next one begins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum

from volano.services.identity.logic.policy.conditions import (
    DATE_OPERATORS,
    UnknownOperator,
    parse_date,
    parse_operator,
)
from volano.services.identity.model.errors import MalformedPolicyDocument

VERSIONS = ("2012-10-17", "2008-10-17")
SYNTAX = "Syntax errors in policy."
OLD = "Policy document must be version 2012-10-17 or greater."
LEGACY = "The policy failed legacy parsing"

Element = Mapping[str, object]


class PolicyKind(Enum):
    """Where a policy stands decides which elements it must have."""

    IDENTITY = "identity"
    TRUST = "trust"
    RESOURCE = "resource"


_POLICY_KEYS = {"Version", "Id", "Statement"}
STATEMENT_KEYS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_EITHER = (("Action", "NotAction"), ("Resource", "NotResource"))
_SID = re.compile(r"[A-Za-z0-9]*\Z")
_VENDOR = re.compile(r"[A-Za-z0-9*?.-]+\Z")
_IAM_KINDS = (
    "user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/",
    "server-certificate/", "policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/",
    "access-report/",
)  # fmt: skip


def require_grammar(document: Element, kind: PolicyKind) -> list[Element]:
    """The statements; raises MalformedPolicyDocument."""
    statements = _require_syntax(document, kind)
    version = document.get("Version", "2008-10-17")
    if kind is PolicyKind.IDENTITY and version != "2012-10-17":
        raise MalformedPolicyDocument(OLD)
    for statement in statements:
        _require_legacy(statement)
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(sids) != len(set(sids)):
        raise MalformedPolicyDocument("Statement IDs (SID) in a single policy must be unique.")
    for statement in statements:
        _require_principal(statement, kind)
    for statement in statements:
        _require_vendors(statement)
    for statement in statements:
        _require_resources(statement, kind)
    for statement in statements:
        _require_actions(statement)
    return statements


def strings_of(statement: Element, names: tuple[str, str]) -> list[str]:
    """The strings of an element or of its negation; empty when there is neither."""
    value = statement.get(names[0], statement.get(names[1], []))
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise MalformedPolicyDocument(SYNTAX)
    return [str(one) for one in values]


def _require_syntax(document: Element, kind: PolicyKind) -> list[Element]:
    items = document.get("Statement")
    items = [items] if isinstance(items, dict) else items
    if (
        set(document) - _POLICY_KEYS
        or document.get("Version", VERSIONS[0]) not in VERSIONS
        or not isinstance(document.get("Id", ""), str)
        or not isinstance(items, list)
        or not items
    ):
        raise MalformedPolicyDocument(SYNTAX)
    for item in items:
        if not isinstance(item, dict) or set(item) - set(STATEMENT_KEYS):
            raise MalformedPolicyDocument(SYNTAX)
        _require_form(item, kind)
    return items


def _require_form(item: Element, kind: PolicyKind) -> None:
    effect, sid = item.get("Effect"), item.get("Sid", "")
    if not isinstance(effect, str) or effect.lower() not in ("allow", "deny"):
        raise MalformedPolicyDocument(SYNTAX)
    if not isinstance(sid, str):
        raise MalformedPolicyDocument(SYNTAX)
    if kind is PolicyKind.IDENTITY and not _SID.match(sid):
        raise MalformedPolicyDocument(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the "
            "regular expression [0-9A-Za-z]*"
        )
    for names in _EITHER:
        if set(names) <= set(item):
            raise MalformedPolicyDocument(SYNTAX)
        strings_of(item, names)
    condition = item.get("Condition", {})
    if not isinstance(condition, dict):
        raise MalformedPolicyDocument(SYNTAX)
    for operator, block in condition.items():
        _require_condition(operator, block)


def _require_condition(operator: str, block: object) -> None:
    if not isinstance(block, dict):
        raise MalformedPolicyDocument(SYNTAX)
    try:
        if block:
            parse_operator(operator)
    except UnknownOperator as error:
        raise MalformedPolicyDocument(SYNTAX) from error
    for value in block.values():
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str | bool | int | float) for one in values):
            raise MalformedPolicyDocument(SYNTAX)


def _require_legacy(statement: Element) -> None:
    if statement["Effect"] not in ("Allow", "Deny"):
        raise MalformedPolicyDocument(LEGACY)
    for pattern in strings_of(statement, _EITHER[1]):
        parts = pattern.split(":")
        known = parts[0] == "arn" and len(parts) > 2 and _is_partition(parts[1])
        if known and (parts[2] == "" or len(parts) in (4, 5)):
            raise MalformedPolicyDocument(LEGACY)
    condition = statement.get("Condition")
    for operator, block in condition.items() if isinstance(condition, dict) else ():
        if block and parse_operator(operator)[0] in DATE_OPERATORS:
            _require_dates(block)


def _require_dates(block: Mapping[str, object]) -> None:
    for value in block.values():
        for text in value if isinstance(value, list) else [value]:
            try:
                parse_date(str(text))
            except ValueError as error:
                raise MalformedPolicyDocument(LEGACY) from error


def _require_principal(statement: Element, kind: PolicyKind) -> None:
    named = [name for name in ("Principal", "NotPrincipal") if name in statement]
    if kind is PolicyKind.IDENTITY and named:
        raise MalformedPolicyDocument("Policy document should not specify a principal.")
    if kind is not PolicyKind.IDENTITY and len(named) != 1:
        raise MalformedPolicyDocument("Missing required field Principal")


def _require_vendors(statement: Element) -> None:
    patterns = strings_of(statement, _EITHER[0])
    if not patterns:
        raise MalformedPolicyDocument("Policy statement must contain actions.")
    if any(":" not in pattern and pattern != "*" for pattern in patterns):
        raise MalformedPolicyDocument(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        )


def _require_resources(statement: Element, kind: PolicyKind) -> None:
    if kind is PolicyKind.TRUST:
        if "Resource" in statement or "NotResource" in statement:
            raise MalformedPolicyDocument("Has prohibited field Resource")
        return
    patterns = strings_of(statement, _EITHER[1])
    if not patterns:
        raise MalformedPolicyDocument("Policy statement must contain resources.")
    for pattern in patterns:
        if pattern != "*":
            _require_arn(pattern)


def _require_arn(pattern: str) -> None:
    parts = pattern.split(":")
    if len(parts) == 1:
        raise MalformedPolicyDocument(f'Resource {pattern} must be in ARN format or "*".')
    if parts[0] != "arn" or not _is_partition(parts[1]):
        shown = ":".join(["arn", *parts[1:], *["*"] * (6 - len(parts))])
        raise MalformedPolicyDocument(
            f'Partition "{parts[1]}" is not valid for resource "{shown}".'
        )
    if len(parts) == 2:
        raise MalformedPolicyDocument(
            "Resource vendor must be fully qualified and cannot contain regexes."
        )
    if len(parts) > 5:
        _require_place(pattern, parts)


def _require_place(pattern: str, parts: Sequence[str]) -> None:
    """Buckets and all of IAM have no region; IAM's paths begin with what the thing is."""
    vendor, region, account, path = parts[2], parts[3], parts[4], ":".join(parts[5:])
    if vendor == "s3" and region not in ("", "*") and account == "":
        raise MalformedPolicyDocument(f"Resource {pattern} can not contain region information.")
    if vendor != "iam":
        return
    if region not in ("", "*"):
        raise MalformedPolicyDocument(f"IAM resource {pattern} cannot contain region information.")
    if not path.startswith(_IAM_KINDS) and not re.search(r"[*?$]", path):
        raise MalformedPolicyDocument(
            'IAM resource path must either be "*" or start with ' + ", ".join(_IAM_KINDS) + "."
        )


def _is_partition(text: str) -> bool:
    return text == "*" or text.startswith("aws")


def _require_actions(statement: Element) -> None:
    for pattern in strings_of(statement, _EITHER[0]):
        if pattern.count(":") > 1:
            raise MalformedPolicyDocument("Actions/Condition can contain only one colon.")
        vendor = pattern.partition(":")[0]
        if not _VENDOR.match(vendor):
            raise MalformedPolicyDocument(f"Vendor {vendor} is not valid")
