"""A second policy evaluator, for tests only: slow, and straight from AWS's pages.

It reads policies as JSON every time, matches character by character and follows the flow of "Policy
evaluation logic" (IAM user guide) step by step. It shares no code and no structure with
`services/identity/logic/policy`. Pages: "Grammar", "Condition operators", "Condition: multivalued
context keys", "Variables and tags", "Principal", "Cross-account policy evaluation logic", "SCP
evaluation" and "RCP evaluation" (AWS Organizations user guide).

Deliberate differences of both evaluators from those pages, or choices where they are silent:

1. NotPrincipal exempts whoever is named by any ARN of theirs; AWS asks for the account's beside it
   ("NotPrincipal": "you must also specify the account ARN"). The account's alone exempts its root.
2. A NotResource with a variable that has no value grants nothing, and denies ("Variables": AWS only
   says that such a statement may not match).
3. A resource policy that names `*` counts for a user of the same account as a grant to the role: a
   permissions boundary and a session policy limit it. AWS limits it for sessions only.
4. A wildcard in a segment of a resource's ARN stays in that segment, but for the last one.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal


@dataclass
class Asker:
    """`names` are all ARNs and ids by which a policy names them exactly; `role` is a session's role,
    or the user who opened it."""

    kind: str  # user, session, root, federated, anonymous, service
    account: str = ""
    names: tuple[str, ...] = ()
    role: str = ""


@dataclass
class Request:
    """`context` has lower-case keys with lists of values."""

    asker: Asker
    action: str
    resource: str
    owner: str
    context: dict[str, list[str]]
    resource_must_allow: bool = False


@dataclass
class Documents:
    """Policies as parsed JSON; the last two have a list of policies for each level."""

    identity: list[dict] = field(default_factory=list)
    boundary: dict | None = None
    session: dict | None = None
    resource: dict | None = None
    service_control: list[list[dict]] = field(default_factory=list)
    resource_control: list[list[dict]] = field(default_factory=list)


def evaluate(request: Request, documents: Documents) -> tuple[bool, bool]:
    """(allowed, by an explicit deny)"""
    asker = request.asker
    person = asker.kind not in ("anonymous", "service")
    controls = documents.service_control if person else []
    guards = documents.resource_control if asker.kind != "service" else []

    # 1. Is there an explicit deny, anywhere?
    plain = [*documents.identity, *(d for level in controls for d in level)]
    plain += [d for d in (documents.boundary, documents.session) if d is not None]
    naming = [d for level in guards for d in level]
    naming += [documents.resource] if documents.resource is not None else []
    for document in plain:
        if "Deny" in effects(document, request, by_name=False):
            return False, True
    for document in naming:
        if "Deny" in effects(document, request, by_name=True):
            return False, True

    # 2. Does every level of the organizations allow it?
    for level in guards:
        if not any("Allow" in effects(document, request, by_name=True) for document in level):
            return False, False
    for level in controls:
        if not any("Allow" in effects(document, request, by_name=False) for document in level):
            return False, False

    # 3. What do the limits of the asker say?
    limits = [d for d in (documents.boundary, documents.session) if d is not None]
    within = all("Allow" in effects(document, request, by_name=False) for document in limits)
    own = any(
        "Allow" in effects(document, request, by_name=False) for document in documents.identity
    )
    own = (own or asker.kind == "root") and within

    # 4. What does the resource's policy say, and to whom?
    grants = granted_to(documents.resource, request) if documents.resource is not None else set()
    if request.owner == asker.account:
        if "them" in grants:
            return True, False
        if grants & {"role", "everyone"} and within:
            return True, False
        return own and (bool(grants) or not request.resource_must_allow), False
    if not person:
        return bool(grants), False
    return own and bool(grants), False


def statements(document: dict) -> list[dict]:
    found = document["Statement"]
    return [found] if isinstance(found, dict) else found


def effects(document: dict, request: Request, *, by_name: bool) -> set[str]:
    new = document.get("Version") == "2012-10-17"
    return {
        statement["Effect"]
        for statement in statements(document)
        if matches(statement, request, new) and (not by_name or named(statement, request.asker))
    }


def granted_to(document: dict, request: Request) -> set[str]:
    new = document.get("Version") == "2012-10-17"
    return {
        named(statement, request.asker)
        for statement in statements(document)
        if statement["Effect"] == "Allow" and matches(statement, request, new)
    } - {""}


def named(statement: dict, asker: Asker) -> str:
    """'' or as whom: them, role, everyone, account."""
    if "NotPrincipal" in statement:
        spared = who(statement["NotPrincipal"], asker) not in ("", "account")
        return "" if spared else "everyone"
    return who(statement["Principal"], asker)


def who(element: object, asker: Asker) -> str:
    listed: list[tuple[str, str]] = []
    if element == "*":
        listed = [("AWS", "*")]
    elif isinstance(element, dict):
        for kind, values in element.items():
            listed += [(kind, value) for value in ([values] if isinstance(values, str) else values)]
    everyone = ("AWS", "*") in listed
    if asker.kind == "service":
        return (
            "them" if everyone or any(("Service", name) in listed for name in asker.names) else ""
        )
    if asker.kind == "anonymous":
        return "everyone" if everyone else ""
    aws = [value for kind, value in listed if kind == "AWS"]
    if any(name in aws for name in asker.names):
        return "them"
    if everyone:
        return "everyone"
    if asker.role and asker.role in aws:
        return "role"
    if asker.account in aws or f"arn:aws:iam::{asker.account}:root" in aws:
        return "them" if asker.kind == "root" else "account"
    return ""


# --- one statement --------------------------------------------------------------------------------

Char = tuple[str, bool]
"""A character of a pattern, and whether it stands for itself."""


def matches(statement: dict, request: Request, variables: bool) -> bool:
    return (
        action_matches(statement, request.action)
        and resource_matches(statement, request, variables)
        and all(
            condition_holds(operator, key, values, request, variables)
            for operator, block in statement.get("Condition", {}).items()
            for key, values in block.items()
        )
    )


def listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def action_matches(statement: dict, action: str) -> bool:
    negated = "NotAction" in statement
    patterns = listed(statement["NotAction" if negated else "Action"])
    found = any(glob(plain(pattern.lower()), action.lower()) for pattern in patterns)
    return found != negated


def resource_matches(statement: dict, request: Request, variables: bool) -> bool:
    negated = "NotResource" in statement
    patterns = [
        expand(one, request, variables)
        for one in listed(statement["NotResource" if negated else "Resource"])
    ]
    if negated and statement["Effect"] == "Allow" and None in patterns:
        return False
    found = any(one is not None and arn_glob(one, request.resource) for one in patterns)
    return found != negated


def plain(text: str) -> list[Char]:
    return [(char, char not in "*?") for char in text]


def expand(
    text: str, request: Request, variables: bool, *, wildcards: bool = True
) -> list[Char] | None:
    """A pattern's characters with its variables put in; None when one has no value."""
    found: list[Char] = []
    place = 0
    while place < len(text):
        end = text.find("}", place)
        if not (variables and text.startswith("${", place) and end > 0):
            char = text[place]
            found.append((char, not (wildcards and char in "*?")))
            place += 1
            continue
        inner = text[place + 2 : end]
        place = end + 1
        if inner in ("*", "?", "$"):
            found.append((inner, True))
            continue
        key, comma, rest = inner.partition(",")
        values = request.context.get(key.strip().lower())
        value = values[0] if values else None
        if value is None and comma:
            value = rest.strip()[1:-1]
        if value is None:
            return None
        found += [(char, True) for char in value]
    return found


def glob(pattern: list[Char], text: str) -> bool:
    """Which prefixes of the text does the pattern read, character by character?"""
    reached = {0}
    for char, literal in pattern:
        if literal:
            reached = {i + 1 for i in reached if i < len(text) and text[i] == char}
        elif char == "?":
            reached = {i + 1 for i in reached if i < len(text)}
        else:
            reached = set(range(min(reached), len(text) + 1)) if reached else set()
    return len(text) in reached


def arn_glob(pattern: list[Char], text: str) -> bool:
    segments: list[list[Char]] = [[]]
    for char, literal in pattern:
        if char == ":" and len(segments) < 6:
            segments.append([])
        else:
            segments[-1].append((char, literal))
    parts = text.split(":", 5)
    if len(segments) < 6:
        return glob(pattern, text)
    return len(parts) == 6 and all(glob(s, p) for s, p in zip(segments, parts, strict=True))


# --- conditions -----------------------------------------------------------------------------------


def condition_holds(
    operator: str, key: str, wanted: object, request: Request, variables: bool
) -> bool:
    values = request.context.get(key.lower()) or []
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in listed(wanted)]
    if operator == "Null":
        return ("true" if not values else "false") in [text.lower() for text in texts]
    many, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    negated = "Not" in name
    name = name.replace("Not", "")
    if not values:
        if many == "ForAnyValue":
            return if_exists
        return if_exists or many == "ForAllValues" or negated

    def one(value: str) -> bool:
        return any(compare(name, value, text, request, variables) for text in texts) != negated

    if many == "ForAnyValue":
        return any(one(value) for value in values)
    if many == "ForAllValues" or negated:
        return all(one(value) for value in values)
    return any(one(value) for value in values)


def compare(name: str, value: str, text: str, request: Request, variables: bool) -> bool:
    if name in ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"):
        pattern = expand(
            text, request, variables, wildcards="Like" in name or name.startswith("Arn")
        )
        if pattern is None:
            return False
        if name == "StringEqualsIgnoreCase":
            return "".join(char for char, _ in pattern).lower() == value.lower()
        return arn_glob(pattern, value) if name.startswith("Arn") else glob(pattern, value)
    if name == "Bool":
        return value.lower() == text.lower()
    if name == "BinaryEquals":
        return value == text
    if name == "IpAddress":
        return in_network(value, text)
    try:
        left, right = (
            (moment(value), moment(text))
            if name.startswith("Date")
            else (Decimal(value), Decimal(text))
        )
    except (ValueError, ArithmeticError):
        return False
    order = name.removeprefix("Date").removeprefix("Numeric")
    return {
        "Equals": left == right,
        "LessThan": left < right,
        "LessThanEquals": left <= right,
        "GreaterThan": left > right,
        "GreaterThanEquals": left >= right,
    }[order]


def moment(text: str) -> Decimal:
    if text.lstrip("-").isdigit():
        return Decimal(text)
    parsed = datetime.fromisoformat(text)
    parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return Decimal(str(parsed.timestamp()))


def in_network(value: str, text: str) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    network = ipaddress.ip_network(text, strict=False)
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.version == network.version and address in network
