"""Reading a policy document: checked in IAM's words, then compiled into statements.

The grammar is the IAM user guide's "Grammar of the IAM JSON policy language"; the sentences of the
errors are those that IAM answers (MalformedPolicyDocument).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache

from volano.services.identity.logic.policy.conditions import (
    Condition,
    UnknownOperator,
    compile_condition,
)
from volano.services.identity.logic.policy.principals import PrincipalElement, parse_principal
from volano.services.identity.logic.policy.statements import (
    ActionElement,
    PolicySet,
    ResourceElement,
    Statement,
)
from volano.services.identity.model.errors import LimitExceeded, MalformedPolicyDocument

VERSIONS = ("2012-10-17", "2008-10-17")
MAX_DEPTH = 32
SYNTAX = "Syntax errors in policy."


class PolicyKind(Enum):
    """Where a policy stands decides which elements it must have."""

    IDENTITY = "identity"
    TRUST = "trust"
    RESOURCE = "resource"


MAX_CHARACTERS = {
    PolicyKind.IDENTITY: 6144,
    PolicyKind.TRUST: 4096,
    PolicyKind.RESOURCE: 20480,
}
"""IAM and STS quotas; white space does not count."""

_POLICY_KEYS = {"Version", "Id", "Statement"}
_STATEMENT_KEYS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_ACTION = re.compile(r"\*|[A-Za-z0-9*?-]+:[A-Za-z0-9*?.-]+\Z")
_SID = re.compile(r"[A-Za-z0-9]*\Z")


def require_policy(text: str, kind: PolicyKind, *, limit: int | None = None) -> None:
    """Refuse a document that IAM would refuse; raises MalformedPolicyDocument, LimitExceeded."""
    limit = MAX_CHARACTERS[kind] if limit is None else limit
    if sum(1 for char in text if not char.isspace()) > limit:
        raise LimitExceeded(f"Maximum policy size of {limit} bytes exceeded.")
    compile_policy(text, kind)


@lru_cache(maxsize=4096)
def compile_policy(text: str, kind: PolicyKind) -> PolicySet:
    """The compiled policy; raises MalformedPolicyDocument."""
    document = _load(text, kind)
    if set(document) - _POLICY_KEYS:
        raise MalformedPolicyDocument(SYNTAX)
    version = document.get("Version", "2008-10-17")
    if version not in VERSIONS:
        raise MalformedPolicyDocument("Policy document must be version 2012-10-17 or greater.")
    if kind is PolicyKind.IDENTITY and version != "2012-10-17":
        raise MalformedPolicyDocument("Policy document must be version 2012-10-17 or greater.")
    items = document.get("Statement")
    items = [items] if isinstance(items, dict) else items
    if not isinstance(items, list) or not items:
        raise MalformedPolicyDocument(SYNTAX)
    statements = [_statement(item, kind, variables=version == "2012-10-17") for item in items]
    sids = [statement.sid for statement in statements if statement.sid]
    if len(sids) != len(set(sids)):
        raise MalformedPolicyDocument("Statement IDs (SID) in a single policy must be unique.")
    return PolicySet(statements)


def _load(text: str, kind: PolicyKind) -> dict[str, object]:
    try:
        document = json.loads(text, object_pairs_hook=_unique_object)
    except (ValueError, RecursionError) as error:
        told = "This policy contains invalid Json" if kind is PolicyKind.TRUST else SYNTAX
        raise MalformedPolicyDocument(told) from error
    if not isinstance(document, dict) or _depth(document) > MAX_DEPTH:
        raise MalformedPolicyDocument(SYNTAX)
    return document


def _unique_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _depth(node: object) -> int:
    if isinstance(node, dict):
        return 1 + max((_depth(child) for child in node.values()), default=0)
    if isinstance(node, list):
        return 1 + max((_depth(child) for child in node), default=0)
    return 0


def _statement(item: object, kind: PolicyKind, *, variables: bool) -> Statement:
    if not isinstance(item, dict) or set(item) - _STATEMENT_KEYS:
        raise MalformedPolicyDocument(SYNTAX)
    effect = item.get("Effect")
    sid = item.get("Sid", "")
    if effect not in ("Allow", "Deny") or not isinstance(sid, str):
        raise MalformedPolicyDocument(SYNTAX)
    if kind is PolicyKind.IDENTITY and not _SID.match(sid):
        raise MalformedPolicyDocument(SYNTAX)
    principal, not_principal = _principals(item, kind)
    return Statement(
        sid=sid,
        deny=effect == "Deny",
        actions=_actions(item),
        resources=_resources(item, kind, variables=variables),
        principal=principal,
        not_principal=not_principal,
        conditions=_conditions(item.get("Condition"), variables=variables),
    )


def _principals(
    item: Mapping[str, object], kind: PolicyKind
) -> tuple[PrincipalElement | None, PrincipalElement | None]:
    if kind is PolicyKind.IDENTITY:
        if "Principal" in item or "NotPrincipal" in item:
            raise MalformedPolicyDocument("Policy document should not specify a principal.")
        return None, None
    if ("Principal" in item) == ("NotPrincipal" in item):
        raise MalformedPolicyDocument("Missing required field Principal")
    name = "Principal" if "Principal" in item else "NotPrincipal"
    element = parse_principal(item[name])
    if element is None:
        raise MalformedPolicyDocument("Invalid principal in policy")
    for aws in element.aws:
        if not _is_aws_principal(aws):
            raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{aws}"')
    return (element, None) if name == "Principal" else (None, element)


def _is_aws_principal(text: str) -> bool:
    if text.isdigit():
        return len(text) == 12
    return text.startswith(("arn:aws:iam::", "arn:aws:sts::")) or text.startswith(("AIDA", "AROA"))


def _strings(value: object) -> list[str] | None:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        return None
    return [str(one) for one in values]


def _actions(item: Mapping[str, object]) -> ActionElement:
    if "Action" in item and "NotAction" in item:
        raise MalformedPolicyDocument(SYNTAX)
    name = "NotAction" if "NotAction" in item else "Action"
    patterns = _strings(item.get(name, []))
    if patterns is None:
        raise MalformedPolicyDocument(SYNTAX)
    if not patterns:
        raise MalformedPolicyDocument("Policy statement must contain actions.")
    for pattern in patterns:
        if not _ACTION.match(pattern):
            raise MalformedPolicyDocument(
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
                if ":" not in pattern
                else f"Actions/Condition can contain only one colon, not {pattern!r}."
            )
    return ActionElement(patterns, negated=name == "NotAction")


def _resources(
    item: Mapping[str, object], kind: PolicyKind, *, variables: bool
) -> ResourceElement | None:
    if kind is PolicyKind.TRUST:
        if "Resource" in item or "NotResource" in item:
            raise MalformedPolicyDocument("Has prohibited field Resource")
        return None
    if "Resource" in item and "NotResource" in item:
        raise MalformedPolicyDocument(SYNTAX)
    name = "NotResource" if "NotResource" in item else "Resource"
    patterns = _strings(item.get(name, []))
    if patterns is None:
        raise MalformedPolicyDocument(SYNTAX)
    if not patterns:
        raise MalformedPolicyDocument("Policy statement must contain resources.")
    for pattern in patterns:
        _require_resource(pattern)
    return ResourceElement(patterns, negated=name == "NotResource", variables=variables)


def _require_resource(pattern: str) -> None:
    if pattern == "*":
        return
    if not pattern.startswith("arn:") or pattern.count(":") < 5:
        raise MalformedPolicyDocument(f'Resource {pattern} must be in ARN format or "*".')
    partition = pattern.split(":", 2)[1]
    if partition not in ("aws", "*") and not partition.startswith("aws"):
        raise MalformedPolicyDocument(
            f'Partition "{partition}" is not valid for resource "{pattern}".'
        )


def _conditions(element: object, *, variables: bool) -> tuple[Condition, ...]:
    if element is None:
        return ()
    if not isinstance(element, dict):
        raise MalformedPolicyDocument(SYNTAX)
    compiled: list[Condition] = []
    for operator, block in element.items():
        if not isinstance(block, dict):
            raise MalformedPolicyDocument(SYNTAX)
        for key, value in block.items():
            compiled.append(_condition(operator, key, value, variables=variables))
    return tuple(compiled)


def _condition(operator: str, key: str, value: object, *, variables: bool) -> Condition:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | bool | int | float) for one in values):
        raise MalformedPolicyDocument(SYNTAX)
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
    try:
        return compile_condition(operator, key, texts, variables=variables)
    except UnknownOperator as error:
        raise MalformedPolicyDocument(f"Invalid Condition type : {operator}") from error
    except ValueError as error:
        raise MalformedPolicyDocument(SYNTAX) from error
