"""Compiled statements, and sets of them with an index from action to statements.

The index is the reason why a decision costs microseconds: for one permission only the statements
whose action element can match are ever looked at, and that list is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from volano.kernel.identity import Principal
from volano.services.identity.logic.policy.conditions import Condition, Facts
from volano.services.identity.logic.policy.patterns import (
    Match,
    Piece,
    compile_arn,
    compile_glob,
    fill,
    has_variables,
    parse_tokens,
)
from volano.services.identity.logic.policy.principals import Named, PrincipalElement

MAX_INDEXED_ACTIONS = 2048
MAX_MERGED = 1024
"""Combinations of policies whose merged statements are kept."""


class Effect(IntEnum):
    """What a policy set says; a deny beats an allow."""

    NONE = 0
    ALLOW = 1
    DENY = 2


class ActionElement:
    """Action or NotAction; action names have no case."""

    def __init__(self, patterns: Sequence[str], *, negated: bool) -> None:
        self._matches: list[Match] = [compile_glob(pattern.lower()) for pattern in patterns]
        self._vendors = [pattern.lower().partition(":")[0] for pattern in patterns]
        self._negated = negated

    def matches(self, permission: str) -> bool:
        """`permission` is in lower case."""
        return any(match(permission) for match in self._matches) != self._negated

    def touches(self, service: str) -> bool:
        """Whether some action of the service (`s3`) may match."""
        return self._negated or any(compile_glob(one)(service) for one in self._vendors)


class ResourceElement:
    """Resource or NotResource; ARNs have case.

    A NotResource whose variable has no value excludes nobody knows what: it grants nothing
    (`deny` False), and it denies.
    """

    def __init__(
        self, patterns: Sequence[str], *, negated: bool, variables: bool, deny: bool = False
    ) -> None:
        tokens = [parse_tokens(pattern, variables=variables) for pattern in patterns]
        self.tokens = tuple(tokens)
        self.negated = negated
        self._fixed: list[Match] = [compile_arn(one) for one in tokens if not has_variables(one)]
        self._open: list[tuple[Piece, ...]] = [one for one in tokens if has_variables(one)]
        self._deny = deny

    def matches(self, resource: str, facts: Facts) -> bool:
        if not self.negated:
            return self._found(resource, facts)
        if self._open and not self._deny and self._lacks_values(facts):
            return False
        return not self._found(resource, facts)

    def _lacks_values(self, facts: Facts) -> bool:
        return any(fill(tokens, facts.value) is None for tokens in self._open)

    def _found(self, resource: str, facts: Facts) -> bool:
        for match in self._fixed:
            if match(resource):
                return True
        for tokens in self._open:
            filled = fill(tokens, facts.value)
            if filled is not None and compile_arn(filled)(resource):
                return True
        return False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statement:
    """One statement; `resources` None (trust policies) is about the role itself.

    `number` is its place in the document, from 0. `keys` are the condition keys (in lower case),
    one for each of `conditions`.
    """

    sid: str
    deny: bool
    actions: ActionElement
    resources: ResourceElement | None
    principal: PrincipalElement | None
    not_principal: PrincipalElement | None
    conditions: tuple[Condition, ...]
    number: int = 0
    keys: tuple[str, ...] = ()

    def applies(self, resource: str, facts: Facts) -> bool:
        """Whether resource and conditions match; action and principal are looked at elsewhere."""
        if self.resources is not None and not self.resources.matches(resource, facts):
            return False
        return all(condition(facts) for condition in self.conditions)

    def names(self, who: Principal) -> Named:
        """How the statement's Principal or NotPrincipal element includes `who`."""
        if self.principal is not None:
            return self.principal.names(who)
        if self.not_principal is not None:
            # Who lists a user or role must list its account beside it (IAM user guide,
            # "NotPrincipal"), so the account alone spares none but its root.
            spared = self.not_principal.names(who) not in (Named.NOT, Named.ACCOUNT)
            return Named.NOT if spared else Named.ANYONE
        return Named.ANYONE


class PolicySet:
    """Statements that are read together: one document, or all identity policies of someone."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self.statements = tuple(statements)
        self.keys = frozenset(key for one in self.statements for key in one.keys)
        """The condition keys of all statements, in lower case."""
        self._index: dict[str, tuple[Statement, ...]] = {}

    def for_action(self, permission: str) -> tuple[Statement, ...]:
        """The statements whose action element matches, the denying ones first."""
        found = self._index.get(permission)
        if found is None:
            lower = permission.lower()
            matching = [one for one in self.statements if one.actions.matches(lower)]
            found = tuple(sorted(matching, key=lambda one: not one.deny))
            if len(self._index) >= MAX_INDEXED_ACTIONS:
                self._index.clear()
            self._index[permission] = found
        return found

    def evaluate(self, permission: str, resource: str, facts: Facts) -> Effect:
        """What the set says to whoever holds it; principals are not looked at."""
        for statement in self.for_action(permission):
            if statement.applies(resource, facts):
                return Effect.DENY if statement.deny else Effect.ALLOW
        return Effect.NONE

    def evaluate_for(
        self, who: Principal, permission: str, resource: str, facts: Facts
    ) -> tuple[Effect, Named]:
        """What a resource's policy says to `who`, and how closely an Allow names them."""
        closest = Named.NOT
        for statement in self.for_action(permission):
            named = statement.names(who)
            if named is Named.NOT or (statement.deny is False and named <= closest):
                continue
            if not statement.applies(resource, facts):
                continue
            if statement.deny:
                return Effect.DENY, named
            closest = named
        return (Effect.ALLOW if closest else Effect.NONE), closest

    def evaluate_control(
        self, who: Principal, permission: str, resource: str, facts: Facts
    ) -> Effect:
        """What a resource control policy says of `who`'s request."""
        return self.evaluate_for(who, permission, resource, facts)[0]


def merge(sets: Iterable[PolicySet]) -> PolicySet:
    """One set of all statements; whoever holds the same policies shares it and its index."""
    return _merged(tuple(sets))


@lru_cache(maxsize=MAX_MERGED)
def _merged(sets: tuple[PolicySet, ...]) -> PolicySet:
    if len(sets) == 1:
        return sets[0]
    return PolicySet(statement for one in sets for statement in one.statements)


def deny_everything() -> PolicySet:
    """What stands in for a stored policy that cannot be read."""
    everything = Statement(
        sid="unreadable",
        deny=True,
        actions=ActionElement(["*"], negated=False),
        resources=None,
        principal=None,
        not_principal=None,
        conditions=(),
    )
    return PolicySet([everything])
