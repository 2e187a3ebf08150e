"""Decisions about all resources under a prefix at once, where no fact of a request matters.

A caller that asks the same question thousands of times a second (the fast lane of S3) may keep
such a decision until a policy changes. What depends on a condition, a variable or the rest of the
resource's name is None: ask the evaluator each time. Only `*` at the end of an ARN, or no wildcard
at all, is understood here.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from volano.services.identity.logic.policy.decide import Policies
from volano.services.identity.logic.policy.patterns import STAR
from volano.services.identity.logic.policy.statements import Effect

if TYPE_CHECKING:
    from volano.services.identity.logic.policy.patterns import Piece
    from volano.services.identity.logic.policy.statements import PolicySet, ResourceElement

_KNOWN = {"identity", "boundary", "session", "resource", "service_control", "resource_control"}


def effect_under(policies: PolicySet, permission: str, prefix: str) -> Effect | None:
    """What `evaluate` says for every resource that begins with `prefix` and any facts."""
    for statement in policies.for_action(permission):
        covered = True if statement.resources is None else _covers(statement.resources, prefix)
        if covered is False:
            continue
        if covered is None or statement.conditions:
            return None
        return Effect.DENY if statement.deny else Effect.ALLOW
    return Effect.NONE


def is_allowed_under(policies: Policies, permission: str, prefix: str, *, is_root: bool) -> bool:
    """Whether `decide` allows all that begins with `prefix`, in the asker's own account.

    False where it cannot be told at once, and for resources with a policy.
    """
    assert {each.name for each in fields(Policies)} == _KNOWN, "a kind of policy is new here"
    if policies.resource is not None or policies.resource_control:
        return False
    limits = [*policies.service_control]
    limits += [one for one in (policies.boundary, policies.session) if one is not None]
    if any(effect_under(one, permission, prefix) is not Effect.ALLOW for one in limits):
        return False
    if policies.identity is None:
        return is_root
    identity = effect_under(policies.identity, permission, prefix)
    return identity is Effect.ALLOW or (is_root and identity is Effect.NONE)


def _covers(element: ResourceElement, prefix: str) -> bool | None:
    """Whether the element matches all (True) or nothing (False) that begins with `prefix`."""
    found: bool | None = False
    for tokens in element.tokens:
        one = _matches(tokens, prefix)
        if one:
            found = True
            break
        if one is None:
            found = None
    return found if found is None or not element.negated else not found


def _matches(tokens: tuple[Piece, ...], prefix: str) -> bool | None:
    if tokens == (STAR,):
        return True
    if not tokens:
        return False
    literal = tokens[0]
    if not isinstance(literal, str):
        return None
    if len(tokens) == 1:
        return None if literal.startswith(prefix) else False
    if tokens[1] is STAR and len(tokens) == 2 and prefix.startswith(literal):
        return True
    return None if literal.startswith(prefix) or prefix.startswith(literal) else False
