"""Reading a policy document: checked in IAM's words, then compiled into statements.

What is refused, and in which words, is in `grammar.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from volano.kernel.foreign_json import is_deeper
from volano.services.identity.logic.policy.conditions import Condition, compile_condition
from volano.services.identity.logic.policy.grammar import (
    SYNTAX,
    Element,
    PolicyKind,
    require_grammar,
    strings_of,
)
from volano.services.identity.logic.policy.principals import PrincipalElement, parse_principal
from volano.services.identity.logic.policy.statements import (
    ActionElement,
    PolicySet,
    ResourceElement,
    Statement,
)
from volano.services.identity.model.errors import LimitExceeded, MalformedPolicyDocument

MAX_DEPTH = 32
MAX_CHARACTERS = {
    PolicyKind.IDENTITY: 6144,
    PolicyKind.TRUST: 4096,
    PolicyKind.RESOURCE: 20480,
}
"""IAM and STS quotas; white space does not count."""


def require_policy(text: str, kind: PolicyKind, *, limit: int | None = None) -> None:
    """Refuse a document that IAM would refuse; raises MalformedPolicyDocument, LimitExceeded."""
    limit = MAX_CHARACTERS[kind] if limit is None else limit
    if sum(1 for char in text if not char.isspace()) > limit:
        raise LimitExceeded(f"Maximum policy size of {limit} bytes exceeded.")
    compile_policy(text, kind)


def is_placeholder(text: str) -> bool:
    """Words where a document belongs, as public suites write ("some policy", "{}").

    Test mode takes them for the trust of a role, which nobody may assume, and for a key's policy,
    which then is the default one.
    """
    return text != "" and ("{" not in text or not text.strip("{} \t\n"))


@lru_cache(maxsize=4096)
def compile_policy(text: str, kind: PolicyKind) -> PolicySet:
    """The compiled policy; raises MalformedPolicyDocument."""
    document = _load(text, kind)
    items = require_grammar(document, kind)
    variables = document.get("Version") == "2012-10-17"
    return PolicySet(
        [
            _statement(item, kind, number=number, variables=variables)
            for number, item in enumerate(items)
        ]
    )


def _load(text: str, kind: PolicyKind) -> dict[str, object]:
    try:
        document = json.loads(text, object_pairs_hook=_unique_object)
    except (ValueError, RecursionError) as error:
        told = "This policy contains invalid Json" if kind is PolicyKind.TRUST else SYNTAX
        raise MalformedPolicyDocument(told) from error
    if not isinstance(document, dict) or is_deeper(document, MAX_DEPTH):
        raise MalformedPolicyDocument(SYNTAX)
    return document


def _unique_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _statement(item: Element, kind: PolicyKind, *, number: int, variables: bool) -> Statement:
    principal, not_principal = _principals(item, kind)
    conditions = _conditions(item.get("Condition"), variables=variables)
    return Statement(
        sid=str(item.get("Sid", "")),
        deny=item["Effect"] == "Deny",
        actions=ActionElement(
            strings_of(item, ("Action", "NotAction")), negated="NotAction" in item
        ),
        resources=None
        if kind is PolicyKind.TRUST
        else ResourceElement(
            strings_of(item, ("Resource", "NotResource")),
            negated="NotResource" in item,
            variables=variables,
            deny=item["Effect"] == "Deny",
        ),
        principal=principal,
        not_principal=not_principal,
        conditions=tuple(condition for _, condition in conditions),
        number=number,
        keys=tuple(key for key, _ in conditions),
    )


def _principals(
    item: Mapping[str, object], kind: PolicyKind
) -> tuple[PrincipalElement | None, PrincipalElement | None]:
    if kind is PolicyKind.IDENTITY:
        return None, None
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


def _conditions(element: object, *, variables: bool) -> tuple[tuple[str, Condition], ...]:
    if not isinstance(element, dict):
        return ()
    return tuple(
        (key.lower(), _condition(operator, key, value, variables=variables))
        for operator, block in element.items()
        for key, value in block.items()
    )


def _condition(operator: str, key: str, value: object, *, variables: bool) -> Condition:
    values = value if isinstance(value, list) else [value]
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
    try:
        return compile_condition(operator, key, texts, variables=variables)
    except ValueError as error:
        raise MalformedPolicyDocument(SYNTAX) from error
