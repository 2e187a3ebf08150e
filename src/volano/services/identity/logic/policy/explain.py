"""Why: the same decision as `decide`, with the statements that made it.

What is not known of a request (its address, a tag in it) makes a condition neither true nor false.
The decision is then taken twice, by the same code: once with every such Allow gone and every such
Deny in force, once the other way round. Where both agree nothing else matters; where they do not,
the request is allowed only if those conditions hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from volano.services.identity.logic.policy.context_keys import statement_keys
from volano.services.identity.logic.policy.decide import Policies, Question, Verdict, decide
from volano.services.identity.logic.policy.positions import Span, statement_spans
from volano.services.identity.logic.policy.principals import Named
from volano.services.identity.logic.policy.statements import PolicySet, Statement, merge

IsKnown = Callable[[str], bool]
"""Whether a condition key (in lower case) that has no value is known to have none."""


class SourceKind(Enum):
    """What a policy does in a decision."""

    IDENTITY = "identity"
    BOUNDARY = "boundary"
    SESSION = "session"
    RESOURCE = "resource"
    SERVICE_CONTROL = "service-control"
    RESOURCE_CONTROL = "resource-control"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A policy that takes part. `through` is the group or unit that it hangs on; `holder` is
    `user`, `group` or `role` for an inline policy.

    `level` counts from the root of an organization down; policies of one level are read together.
    """

    kind: SourceKind
    name: str
    text: str
    compiled: PolicySet
    arn: str = ""
    through: str = ""
    holder: str = ""
    level: int = 0


class Outcome(Enum):
    ALLOWED = "allowed"
    CONDITIONAL = "conditional"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A statement about this very request; `unknown` are the keys that it waits for."""

    source: Source
    statement: Statement
    unknown: tuple[str, ...] = ()

    @property
    def span(self) -> Span:
        return statement_spans(self.source.text)[self.statement.number]

    @property
    def element(self) -> Mapping[str, object]:
        """The statement as it is written."""
        written = json.loads(self.source.text)["Statement"]
        found: Mapping[str, object] = (
            written[self.statement.number] if isinstance(written, list) else written
        )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`verdict` takes unknown conditions for false where they allow and for true where they deny;
    `at_best` the other way round."""

    verdict: Verdict
    at_best: Verdict
    matches: tuple[Match, ...] = field(default=())

    @property
    def outcome(self) -> Outcome:
        if self.verdict.allowed:
            return Outcome.ALLOWED
        return Outcome.CONDITIONAL if self.at_best.allowed else Outcome.DENIED

    def deciding(self) -> list[Match]:
        """The statements that allow or deny; all that matched when a permission is missing."""
        wanted = self.verdict.allowed or self.at_best.allowed
        if wanted or self.verdict.explicit:
            deny = not wanted
            return [match for match in self.matches if match.statement.deny is deny]
        return list(self.matches)


def explain(question: Question, sources: Sequence[Source], *, is_known: IsKnown) -> Explanation:
    """The decision over `sources`, and every statement that is about the request."""
    matches = tuple(match for source in sources for match in _matches(question, source, is_known))
    return Explanation(
        verdict=decide(question, _policies(sources, matches, hopeful=False)),
        at_best=decide(question, _policies(sources, matches, hopeful=True)),
        matches=matches,
    )


def _matches(question: Question, source: Source, is_known: IsKnown) -> Iterable[Match]:
    for statement in source.compiled.for_action(question.permission):
        looks_at_principal = source.kind in (SourceKind.RESOURCE, SourceKind.RESOURCE_CONTROL)
        if looks_at_principal and statement.names(question.who) is Named.NOT:
            continue
        unknown = _unknown_keys(question, statement, is_known)
        if unknown is not None:
            yield Match(source=source, statement=statement, unknown=unknown)


def _unknown_keys(
    question: Question, statement: Statement, is_known: IsKnown
) -> tuple[str, ...] | None:
    """The keys that the statement waits for; None when it does not apply whatever they are."""
    facts = question.facts
    if statement.resources is not None and not statement.resources.matches(
        question.resource, facts
    ):
        return None
    waiting: list[str] = []
    for key, condition in zip(statement.keys, statement.conditions, strict=True):
        if facts.values(key) is None and not is_known(key):
            waiting.append(key)
        elif not condition(facts):
            return None
    return tuple(dict.fromkeys(waiting))


def _policies(sources: Sequence[Source], matches: Sequence[Match], *, hopeful: bool) -> Policies:
    """What `decide` reads, of nothing but the statements that are about this request."""
    forced: dict[int, list[Statement]] = {id(source): [] for source in sources}
    for match in matches:
        if match.unknown and match.statement.deny is hopeful:
            continue
        certain = replace(match.statement, resources=None, conditions=(), keys=())
        forced[id(match.source)].append(certain)

    def of(kind: SourceKind) -> PolicySet | None:
        found = [PolicySet(forced[id(one)]) for one in sources if one.kind is kind]
        return merge(found) if found else None

    def levels(kind: SourceKind) -> tuple[PolicySet, ...]:
        found: dict[int, list[PolicySet]] = {}
        for one in sources:
            if one.kind is kind:
                found.setdefault(one.level, []).append(PolicySet(forced[id(one)]))
        return tuple(merge(found[level]) for level in sorted(found))

    return Policies(
        identity=of(SourceKind.IDENTITY),
        boundary=of(SourceKind.BOUNDARY),
        session=of(SourceKind.SESSION),
        resource=of(SourceKind.RESOURCE),
        service_control=levels(SourceKind.SERVICE_CONTROL),
        resource_control=levels(SourceKind.RESOURCE_CONTROL),
    )


def missing_keys(matches: Sequence[Match]) -> list[str]:
    """The keys without which the decision is not sure, as the policies write them."""
    found: dict[str, str] = {}
    for match in matches:
        written = {key.lower(): key for key in statement_keys(match.element)}
        for key in match.unknown:
            found.setdefault(key, written.get(key, key))
    return sorted(found.values(), key=str.lower)
