"""What is wrong with a policy, or risky in it, and where: IAM Access Analyzer's ValidatePolicy.

IAM itself says "Syntax errors in policy." of most mistakes; here each has a code, a sentence that
says what to write instead, and a path into the document. Codes are those of the IAM user guide,
"Access Analyzer policy check reference". Whatever IAM would refuse gives at least one error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from volano.services.identity.logic.policy.conditions import UnknownOperator, parse_operator
from volano.services.identity.logic.policy.document import compile_policy
from volano.services.identity.logic.policy.grammar import STATEMENT_KEYS, VERSIONS, PolicyKind
from volano.services.identity.model.errors import MalformedPolicyDocument

Path = tuple[str | int, ...]
Element = Mapping[str, object]

_TOP_KEYS = ("Version", "Id", "Statement")


class FindingKind(Enum):
    ERROR = "ERROR"
    SECURITY_WARNING = "SECURITY_WARNING"
    WARNING = "WARNING"
    SUGGESTION = "SUGGESTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFinding:
    """`path` leads to the element; `line` and `column` (from 0) are for text that is no JSON."""

    kind: FindingKind
    code: str
    text: str
    path: Path = ()
    line: int | None = None
    column: int = 0


def find_in_policy(text: str, kind: PolicyKind) -> list[PolicyFinding]:
    """Everything that can be said of the document, errors first."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        return [_no_json(error)]
    if not isinstance(document, dict):
        return [_error("JSON_SYNTAX_ERROR", "A policy is a JSON object: { … }.", ())]
    found = [*_of_document(document), *_of_statements(document, kind)]
    if not any(each.kind is FindingKind.ERROR for each in found):
        try:
            compile_policy(text, kind)
        except MalformedPolicyDocument as error:
            found.append(_error("INVALID_POLICY_ELEMENT", error.message, ()))
    order = list(FindingKind)
    return sorted(found, key=lambda each: order.index(each.kind))


def _no_json(error: Exception) -> PolicyFinding:
    line, column, told = 1, 0, "it is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        line, column, told = error.lineno, error.colno - 1, error.msg
    return PolicyFinding(
        kind=FindingKind.ERROR,
        code="JSON_SYNTAX_ERROR",
        text=f"This is no JSON: {told}.",
        line=line,
        column=column,
    )


def _error(code: str, text: str, path: Path) -> PolicyFinding:
    return PolicyFinding(kind=FindingKind.ERROR, code=code, text=text, path=path)


def _of_document(document: Element) -> Iterator[PolicyFinding]:
    for key in document:
        if key not in _TOP_KEYS:
            told = f"{key} is no element of a policy: {', '.join(_TOP_KEYS)}."
            yield _error("INVALID_POLICY_ELEMENT", told, (key,))
    version = document.get("Version")
    if version is None:
        told = (
            "Without a Version, variables such as ${aws:username} are plain text: add 2012-10-17."
        )
        yield PolicyFinding(kind=FindingKind.WARNING, code="MISSING_VERSION", text=told)
    elif version not in VERSIONS:
        yield _error("INVALID_VERSION", "Version is 2012-10-17 or 2008-10-17.", ("Version",))
    if not document.get("Statement"):
        yield _error("MISSING_STATEMENT", "Add a Statement.", ())


def _of_statements(document: Element, kind: PolicyKind) -> Iterator[PolicyFinding]:
    written = document.get("Statement") or []
    statements = [written] if isinstance(written, dict) else written
    if not isinstance(statements, list):
        yield _error("DATA_TYPE_MISMATCH", "Statement is an object or a list.", ("Statement",))
        return
    sids: set[object] = set()
    for number, statement in enumerate(statements):
        path: Path = ("Statement", number) if isinstance(written, list) else ("Statement",)
        if not isinstance(statement, dict):
            yield _error("DATA_TYPE_MISMATCH", "A statement is a JSON object.", path)
            continue
        yield from _of_statement(statement, kind, path)
        sid = statement.get("Sid")
        if isinstance(sid, str) and sid and sid in sids:
            yield _error("UNIQUE_SIDS_RECOMMENDED", f"The Sid {sid} is used twice.", (*path, "Sid"))
        sids.add(str(sid))


def _of_statement(statement: Element, kind: PolicyKind, path: Path) -> Iterator[PolicyFinding]:
    for key in statement:
        if key not in STATEMENT_KEYS:
            told = f"{key} is no element of a statement. Elements: {', '.join(STATEMENT_KEYS)}."
            yield _error("INVALID_POLICY_ELEMENT", told, (*path, key))
    if "Effect" not in statement:
        yield _error("MISSING_EFFECT", "Add an Effect: Allow or Deny.", path)
    elif statement["Effect"] not in ("Allow", "Deny"):
        yield _error("INVALID_EFFECT", "Effect is Allow or Deny.", (*path, "Effect"))
    yield from _of_principal(statement, kind, path)
    yield from _of_choice(statement, "Action", path)
    if kind is not PolicyKind.TRUST:
        yield from _of_choice(statement, "Resource", path)
    yield from _of_actions(statement, path)
    yield from _of_conditions(statement.get("Condition", {}), (*path, "Condition"))
    yield from _of_risks(statement, path)


def _of_principal(statement: Element, kind: PolicyKind, path: Path) -> Iterator[PolicyFinding]:
    named = [name for name in ("Principal", "NotPrincipal") if name in statement]
    if kind is PolicyKind.IDENTITY:
        for name in named:
            told = f"A policy of a user, group or role has no {name}: it speaks of its holder."
            yield _error("UNSUPPORTED_ELEMENT_PRINCIPAL", told, (*path, name))
    elif not named:
        yield _error("MISSING_PRINCIPAL", "Add a Principal: whom the statement is about.", path)


def _of_choice(statement: Element, name: str, path: Path) -> Iterator[PolicyFinding]:
    """Exactly one of Action and NotAction, or of Resource and NotResource."""
    given = [each for each in (name, f"Not{name}") if each in statement]
    if len(given) > 1:
        yield _error("INVALID_POLICY_ELEMENT", f"Give {name} or Not{name}, not both.", path)
    if not given:
        yield _error(f"MISSING_{name.upper()}", f"Add {name} or Not{name}.", path)
    for each in given:
        if statement[each] == []:
            told = f"{each} names nothing, so the statement does nothing."
            yield _error(f"MISSING_{name.upper()}", told, (*path, each))
        elif not _strings(statement[each]):
            yield _error("DATA_TYPE_MISMATCH", f"{each} is text or a list of text.", (*path, each))


def _of_actions(statement: Element, path: Path) -> Iterator[PolicyFinding]:
    for name in ("Action", "NotAction"):
        for pattern in _strings(statement.get(name)):
            if pattern != "*" and pattern.count(":") != 1:
                told = f"Write {pattern} as a service and an action: s3:GetObject, s3:*."
                yield _error("INVALID_ACTION", told, (*path, name))


def _of_conditions(written: object, path: Path) -> Iterator[PolicyFinding]:
    if not isinstance(written, dict):
        yield _error("DATA_TYPE_MISMATCH", "Condition is a JSON object.", path)
        return
    for operator, block in written.items():
        if not isinstance(block, dict):
            told = f'{operator} holds keys and values: {{"aws:PrincipalTag/team": "red"}}.'
            yield _error("DATA_TYPE_MISMATCH", told, (*path, operator))
            continue
        try:
            parse_operator(operator)
        except UnknownOperator:
            told = f"{operator} is no condition operator. One is StringEquals; see IAM's guide."
            yield _error("INVALID_CONDITION_OPERATOR", told, (*path, operator))
        for key in block:
            if ":" not in key:
                told = f"The key {key} has no service before it, as in aws:SourceIp."
                yield PolicyFinding(
                    kind=FindingKind.WARNING,
                    code="INVALID_CONDITION_KEY_FORMAT",
                    text=told,
                    path=(*path, operator, key),
                )


def _of_risks(statement: Element, path: Path) -> Iterator[PolicyFinding]:
    """What is valid and opens more than most mean."""
    if statement.get("Effect") != "Allow":
        return
    if "NotPrincipal" in statement:
        told = "Allow with NotPrincipal lets in everyone else, strangers too: name whom you mean."
        yield _risk("ALLOW_WITH_NOT_PRINCIPAL", told, (*path, "NotPrincipal"))
    everywhere = "*" in _strings(statement.get("Resource"))
    actions = _strings(statement.get("Action"))
    if everywhere and not statement.get("Condition") and "*" in actions:
        told = "All actions on all resources: whoever holds this is an administrator."
        yield _risk("PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE", told, (*path, "Action"))
    elif everywhere and any(one.lower() == "iam:passrole" for one in actions):
        told = "iam:PassRole on * hands any role to any service: name the roles."
        yield _risk("PASS_ROLE_WITH_STAR_IN_RESOURCE", told, (*path, "Resource"))


def _risk(code: str, text: str, path: Path) -> PolicyFinding:
    return PolicyFinding(kind=FindingKind.SECURITY_WARNING, code=code, text=text, path=path)


def _strings(value: object) -> Sequence[str]:
    """The strings of an element; none when it has another form."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        return []
    return values
